"""Blocked-sender policies: what is sent, what is read, and when two do the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from mimecast_scripted import Answer, ok

from mailroom.errors import InvalidInputError, NotFoundError, ResponseError
from mailroom.mimecast import EffectUnknownError, policies
from mailroom.mimecast.policy_form import as_rest
from mailroom.mimecast.policy_models import BlockPolicy, PolicyWish

CREATE, GET = "/api/policy/blockedsenders/create-policy", "/api/policy/blockedsenders/get-policy"
REST = "/policy-management/cloud-gateway/v1/blocked-senders/policies/"
WISH = {"description": "case 42", "sender": "evil.example", "recipient_type": "Internal Addresses"}
END = datetime(2027, 3, 7, 16, 3, tzinfo=UTC)
SHOWN = {
    "option": "block_sender",
    "id": "eNp",
    "policy": {
        "description": "x", "fromPart": "both", "from": {"type": "email_domain", "emailDomain": "evil.example"},
        "to": {"type": "internal_addresses"}, "fromType": "email_domain", "fromValue": "evil.example",
        "toType": "internal_addresses", "fromEternal": True, "toEternal": True,
        "fromDate": "1900-01-01T00:00:00+0000", "toDate": "2100-01-01T23:59:59+0000", "override": False,
        "bidirectional": False, "conditions": {}, "enabled": True, "enforced": False,
        "createTime": "2025-01-14T09:40:00+0000", "lastUpdated": "2025-01-14T09:40:00+0000",
    },
}  # fmt: skip


def shown(**changes):
    return {**SHOWN, "policy": {**SHOWN["policy"], **changes}}


def test_a_wish_is_sent_nested_with_real_booleans_and_dates_that_are_accepted(server, client):
    server.add(CREATE, ok(SHOWN))

    policies.create_policy(client, PolicyWish(**WISH, end=END.astimezone(timezone(timedelta(hours=2)))))

    assert server.calls(CREATE)[0].item == {
        "option": "block_sender",
        "policy": {
            "description": "case 42", "fromPart": "both",
            "from": {"type": "email_domain", "emailDomain": "evil.example"}, "to": {"type": "internal_addresses"},
            "fromEternal": True, "toEternal": False,
            "toDate": "2027-03-07T16:03:00+0000", "bidirectional": False, "enabled": True, "enforced": False,
            "override": False,
        },
    }  # fmt: skip


def test_a_value_that_its_type_does_not_take_is_ignored():
    wish = PolicyWish(**WISH | {"sender_type": "Everyone", "recipient": "ann@northwind.example"})

    assert (wish.sender, wish.recipient) == ("", "")
    assert wish.item()["policy"]["from"] == {"type": "everyone"}


def test_rest_has_other_names_and_names_everything():
    body = as_rest(PolicyWish(**WISH, end=END, source_ips=("192.0.2.1",)).item())

    assert body["from"] == {"type": "email_domain", "domain": "evil.example"}
    assert (body["toDateTime"], body["toEternal"], body["sourceIPs"]) == (
        "2027-03-07T16:03:00+0000",
        False,
        ["192.0.2.1/32"],
    )
    assert body["comment"] == ""
    assert "policy" not in body


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ({}, True),
        ({"description": "another", "comment": "x"}, True),
        ({"from": {"type": "email_domain", "emailDomain": "EVIL.example"}}, True),
        ({"from": None, "to": None}, True),  # the older flat fields say it too
        ({"fromPart": "header_from"}, False),
        ({"to": {"type": "everyone"}, "toType": "everyone"}, False),
        ({"bidirectional": True}, False),
        ({"enabled": False}, False),
        ({"enforced": True}, False),
        ({"toEternal": False, "toDate": "2027-03-07T16:03:00+0000"}, False),
        ({"conditions": {"sourceIPs": ["192.0.2.0/24"]}}, False),
        ({"conditions": {"hostnames": ["mx.evil.example"]}}, False),
    ],
)
def test_policies_are_equal_when_they_do_the_same(change, same):
    assert PolicyWish(**WISH).same_as(BlockPolicy.parse(shown(**change))) is same


def test_a_policy_can_be_wished_for_again():
    wish = PolicyWish(
        **WISH, end=END, start=END - timedelta(days=9), bidirectional=True, enforced=True, enabled=False, override=True,
        comment="c", extracted_data="From Headers", response="No Action", source_ips=("192.0.2.0/24",),
    )  # fmt: skip
    known = BlockPolicy.parse({"id": "eNp", **wish.item()})

    assert PolicyWish.again(known) == wish
    assert wish.same_as(known)


def test_a_policy_that_cannot_be_written_here_is_not_wished_for_again():
    side = {"type": "address_attribute_value", "attribute": {"id": "a", "value": "v"}}

    with pytest.raises(InvalidInputError, match="use the console"):
        PolicyWish.again(BlockPolicy.parse(shown(**{"from": side, "fromType": "address_attribute_value"})))


@pytest.mark.parametrize("raw", [None, "eN", [], {}, {"id": ""}, {"id": 7}])
def test_an_entry_without_an_id_is_unreadable(raw):
    with pytest.raises(ResponseError):
        BlockPolicy.parse(raw)


@pytest.mark.parametrize("policy", [None, {}, {"from": "x", "to": 7, "conditions": "none", "toDate": "never"}])
def test_odd_policies_are_read_and_equal_nothing(policy):
    known = BlockPolicy.parse({"id": "eNp", "option": None, "policy": policy})

    assert not PolicyWish(**WISH).same_as(known)
    assert known.as_json()["id"] == "eNp"


@pytest.mark.parametrize("answer", [ok(), ok("eN"), ok({"option": "block_sender"}), Answer({"data": None})])
def test_a_creation_whose_answer_names_no_policy_is_unknown(server, client, answer):
    server.add(CREATE, answer)

    with pytest.raises(EffectUnknownError, match="look at the tenant"):
        policies.create_policy(client, PolicyWish(**WISH))


def test_another_policy_than_the_one_asked_for_is_not_taken_for_it(server, client):
    server.add(GET, ok({**SHOWN, "id": "eNother"}))

    with pytest.raises(NotFoundError):
        policies.get_policy(client, "eNp")


def test_an_update_that_cannot_be_read_back_is_unknown(server, client):
    server.add(REST + "eNp", Answer({}))
    server.add(GET, Answer({"fail": [{"code": "err", "message": "no"}]}, 403))

    with pytest.raises(EffectUnknownError):
        policies.update_policy(client, "eNp", PolicyWish(**WISH))
