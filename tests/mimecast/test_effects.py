"""Outcomes per item, never success by status alone."""

from __future__ import annotations

import pytest
from mimecast_scripted import Answer, fail, ok

from mailroom.errors import InvalidInputError, NotOfferedError, PermissionMissingError, RejectedError
from mailroom.mimecast import EffectUnknownError, held

RELEASE, REJECT = "/api/gateway/hold-release", "/api/gateway/hold-reject"
RULE = {"code": "err_hold_message_not_found", "message": "gone"}


def test_one_of_three_fails_and_the_others_are_released(server, client):
    server.add(
        RELEASE,
        Answer(
            {
                "meta": {"status": 200},
                "data": [{"id": "c", "release": True}, {"id": "a", "release": True}],
                "fail": [{"key": {"id": "b"}, "errors": [RULE]}],
            }
        ),
    )
    outcomes = held.hold_release(client, ["a", "b", "c"])
    assert [(key, outcome.ok, outcome.code) for key, outcome in outcomes.items()] == [
        ("a", True, ""),
        ("b", False, "err_hold_message_not_found"),
        ("c", True, ""),
    ]


def test_release_false_is_not_a_release(server, client):
    server.add(RELEASE, ok({"id": "a", "release": False}))
    assert held.hold_release(client, ["a"])["a"].code == "release_false"


@pytest.mark.parametrize(
    "data",
    [
        [],
        [{"id": "other", "release": True}],
        [{"id": "a"}],
        [{"id": "a", "release": "true"}],
        [{"id": "a", "release": True}, {"id": "a", "release": False}],
        ["a"],
        [None],
    ],
)
def test_an_answer_silent_about_an_item_leaves_it_unknown(server, client, data):
    server.add(RELEASE, ok({"id": "b", "release": True}, *data))
    with pytest.raises(EffectUnknownError, match="nothing clear about 1 of 2") as caught:
        held.hold_release(client, ["a", "b"])
    assert caught.value.unknown == ("a",)
    assert caught.value.outcomes["b"].ok


def test_applied_and_failed_at_once_is_unknown(server, client):
    server.add(RELEASE, fail("x", key={"id": "a"}, data=({"id": "a", "release": True},)))
    with pytest.raises(EffectUnknownError):
        held.hold_release(client, ["a"])


def test_an_answer_without_id_is_accepted_only_for_a_single_item(server, client):
    server.add(RELEASE, ok({"release": True}))
    assert held.hold_release(client, ["a"])["a"].ok
    with pytest.raises(EffectUnknownError) as caught:
        held.hold_release(client, ["a", "b"])
    assert caught.value.unknown == ("a", "b")


def test_all_items_refused_are_outcomes_not_an_exception(server, client):
    server.add(RELEASE, fail("err_hold_message_not_found", "gone", key={"id": "a"}))
    outcome = held.hold_release(client, ["a"])["a"]
    assert (outcome.ok, outcome.code) == (False, "err_hold_message_not_found")
    assert "gone" in outcome.message


def test_a_refused_rejection_repeats_the_whole_item_as_its_key(server, client):
    key = {"ids": ["a", "b"], "notify": False}
    server.add(REJECT, fail("err_hold_message_not_found", key=key))
    outcomes = held.hold_reject(client, ["a", "b"])
    assert [outcome.code for outcome in outcomes.values()] == ["err_hold_message_not_found"] * 2


def test_a_missing_permission_is_named_also_when_the_answer_names_items(server, client):
    server.add(RELEASE, fail("err_forbidden", key={"id": "a"}, status=403))
    with pytest.raises(PermissionMissingError, match=r"Account \| Monitoring \| Held \| Edit"):
        held.hold_release(client, ["a"])


def test_a_missing_product_is_named(server, client):
    server.add(RELEASE, Answer({"fail": [{"code": "app_forbidden", "message": "no"}]}, 403))
    with pytest.raises(PermissionMissingError, match="Email Security Cloud Gateway"):
        held.hold_release(client, ["a"])


def test_an_empty_400_says_that_the_id_was_not_accepted(server, client):
    server.add(RELEASE, Answer(b"", 400))
    with pytest.raises(RejectedError, match="whole id") as caught:
        held.hold_release(client, ["a"])
    assert caught.value.code == "id_not_accepted"


def test_what_a_failing_server_says_failed_is_not_known(server, client):
    entry = {"key": {"id": "b"}, "errors": [RULE]}
    server.add(RELEASE, Answer({"data": [{"id": "a", "release": True}], "fail": [entry]}, 500))
    with pytest.raises(EffectUnknownError) as caught:
        held.hold_release(client, ["a", "b"])
    assert caught.value.unknown == ("b",)
    assert caught.value.outcomes["a"].ok


def test_a_function_of_api_1_is_refused_on_api_2_before_anything_is_sent(server, client):
    with pytest.raises(NotOfferedError, match=r"only by API 1\.0.*hold"):
        held.release_to_sandbox(client, "eNtracking-1")
    assert server.asked == []


def test_a_sandbox_release_is_done_when_the_envelope_has_no_fail(server, client_1):
    path = "/api/message-finder/release-held-email-to-sandbox"
    server.add(path, Answer({"meta": {"status": 200}, "data": [], "fail": []}))
    assert held.release_to_sandbox(client_1, "eNtracking-1").ok
    server.add(path, Answer({"hello": "world"}))
    with pytest.raises(EffectUnknownError) as caught:
        held.release_to_sandbox(client_1, "eNtracking-1")
    assert caught.value.unknown == ("eNtracking-1",)
    server.add(path, fail("err_not_held", key={"id": "eNtracking-1"}))
    with pytest.raises(RejectedError, match="err_not_held"):
        held.release_to_sandbox(client_1, "eNtracking-1")


def test_nothing_is_sent_for_nothing(server, client):
    assert held.hold_release(client, []) == held.hold_reject(client, []) == {}
    assert server.asked == []


@pytest.mark.parametrize("ids", ["eNhold-1", [""], [None], [" "]])
def test_ids_that_cannot_be_ids_are_refused(client, ids):
    with pytest.raises(InvalidInputError, match="ids"):
        held.hold_release(client, ids)


def test_an_unknown_reject_reason_lists_the_known_ones(client):
    with pytest.raises(InvalidInputError, match="Against Email Policy"):
        held.hold_reject(client, ["a"], reason="Because")
