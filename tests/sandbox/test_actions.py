from __future__ import annotations

import http.client
from hashlib import sha256
from threading import Thread
from urllib.parse import urlsplit

import pytest

RELEASE = "/api/gateway/hold-release"
REJECT = "/api/gateway/hold-reject"
LOGS = "/api/gateway/get-held-release-logs"
TO_SANDBOX = "/api/message-finder/release-held-email-to-sandbox"
FINDER_REJECT = "/api/message-finder/reject-held-email"
REPORT = "/api/message-finder/report-message"
DETAIL = "/api/gateway/message/get-message-detail"


@pytest.fixture
def hold_ids(caller):
    return caller.tenant.add_message(to=["a@northwind.example", "b@northwind.example"], subject="two copies")


def test_a_release_happens_once_and_leaves_a_log(either, hold_ids):
    first, second = hold_ids

    assert either.call(RELEASE, {"id": first}).data == [{"id": first, "release": True}]
    again = either.call(RELEASE, {"id": first})

    assert (again.data, again.code) == ([], "err_hold_message_not_found")
    assert again.json["fail"][0]["key"] == {"id": first}
    assert either.tenant.times_applied("release", first) == 1
    assert second in [row["id"] for row in either.hold_list()]
    (log,) = either.call(LOGS, {}).data[0]["heldReleaseLogs"]
    assert (log["status"], log["subject"]) == ("released", "two copies")
    assert log["to"] == [{"emailAddress": "a@northwind.example"}]


def test_items_succeed_and_fail_each_for_itself(caller, hold_ids):
    caller.tenant.admin_release(hold_ids[0])

    answer = caller.call(RELEASE, {"id": hold_ids[0]}, {"id": hold_ids[1]})

    assert answer.data == [{"id": hold_ids[1], "release": True}]
    assert [entry["key"]["id"] for entry in answer.json["fail"]] == [hold_ids[0]]


def test_a_gone_message_can_answer_false_instead(caller, hold_ids):
    caller.tenant.gone_is_false = True
    caller.tenant.expire(hold_ids[0])

    assert caller.call(RELEASE, {"id": hold_ids[0]}).data == [{"id": hold_ids[0], "release": False}]


def test_a_tracking_id_releases_only_where_the_switch_says_so(caller, hold_ids):
    tracking_id = caller.tenant.tracking_id(hold_ids[0])
    assert caller.call(RELEASE, {"id": tracking_id}).code == "xdk_failure"

    caller.tenant.hold_release_accepts_tracking_id = True

    assert caller.call(RELEASE, {"id": tracking_id}).data == [{"id": tracking_id, "release": True}]
    assert [caller.tenant.times_applied("release", hold_id) for hold_id in hold_ids] == [1, 1]


def test_a_reject_takes_a_list_and_keeps_note_and_reason(either, hold_ids):
    item = {
        "ids": hold_ids,
        "message": "call us",
        "reasonType": "INAPPROPRIATE COMMUNICATION",
        "notify": False,
    }

    assert either.call(REJECT, item).data == [{"id": hold_id, "reject": True} for hold_id in hold_ids]

    effect = either.tenant.effects[-1]
    assert (effect.kind, effect.params["message"]) == ("reject", "call us")
    log = either.call(LOGS, {"filterBy": [{"fieldName": "status", "value": "rejected"}]}).data[0]
    assert log["heldReleaseLogs"][0]["rejectReason"] == "INAPPROPRIATE COMMUNICATION"


@pytest.mark.parametrize(
    "change",
    [
        {"notes": "the field of the other generation"},
        {"reason": "inappropriate_communication"},
        {"reasonType": "BECAUSE"},
        {"notify": "false"},
        {"ids": "not-a-list"},
        {"ids": []},
        {"ids": None},
    ],
)
def test_a_reject_with_a_wrong_field_changes_nothing(caller, hold_ids, change):
    answer = caller.call(REJECT, {"ids": hold_ids, **change})

    assert answer.code.startswith("err_validation")
    assert caller.tenant.effects == []


def test_the_functions_of_the_first_generation_act_on_all_copies(caller, hold_ids):
    tracking_id = caller.tenant.tracking_id(hold_ids[0])

    assert caller.call(TO_SANDBOX, {"id": tracking_id}).data == [{"id": tracking_id}]

    assert [caller.tenant.times_applied("release_to_sandbox", hold_id) for hold_id in hold_ids] == [1, 1]
    assert caller.call(TO_SANDBOX, {"id": tracking_id}).json["meta"]["status"] == 404


def test_a_reject_by_tracking_id_knows_its_own_reasons(caller, hold_ids):
    tracking_id = caller.tenant.tracking_id(hold_ids[0])
    bad = caller.call(FINDER_REJECT, {"id": tracking_id, "reason": "INAPPROPRIATE COMMUNICATION"})
    assert bad.code == "err_validation_value_not_allowed"

    item = {"id": tracking_id, "notes": "n", "reason": "against_email_policies", "notify": False}
    assert caller.call(FINDER_REJECT, item).json["fail"] == []
    assert caller.tenant.times_applied("reject", hold_ids[1]) == 1


def test_a_report_is_remembered_and_does_not_end_the_holding(caller, hold_ids):
    tracking_id = caller.tenant.tracking_id(hold_ids[0])

    answer = caller.call(REPORT, {"id": tracking_id, "type": "phishing", "comment": "looks odd"})

    assert answer.json["fail"] == []
    assert caller.tenant.times_applied("report", hold_ids[0]) == 1
    assert hold_ids[0] in [row["id"] for row in caller.hold_list()]


def test_release_and_reject_race_and_one_wins(caller, connect, hold_ids):
    others = [connect(caller.tenant) for _ in range(8)]
    threads = [
        Thread(
            target=other.call,
            args=(RELEASE, {"id": hold_ids[0]}) if number % 2 else (REJECT, {"ids": [hold_ids[0]]}),
        )
        for number, other in enumerate(others)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    done = [effect for effect in caller.tenant.effects if effect.hold_id == hold_ids[0]]
    assert len(done) == 1


def test_the_log_can_be_searched_by_recipient_and_page(caller):
    for number in range(7):
        (hold_id,) = caller.tenant.add_message(to=[f"r{number % 2}@northwind.example"])
        caller.call(RELEASE, {"id": hold_id})

    item = {"searchBy": {"fieldName": "to", "value": "r0@northwind.example"}}
    first = caller.call(LOGS, item, page={"pageSize": 3})
    token = first.json["meta"]["pagination"]["next"]
    second = caller.call(LOGS, item, page={"pageToken": token})

    assert [len(page.data[0]["heldReleaseLogs"]) for page in (first, second)] == [3, 1]


def test_a_file_is_fetched_without_credentials_and_has_the_announced_hash(caller):
    held = next(row for row in caller.hold_list() if row["hasAttachments"])
    part = caller.call(DETAIL, {"id": held["id"], "context": "RECEIVED"}).data[0]["attachments"][0]
    url = urlsplit(caller.call("/api/gateway/message/get-file", {"id": part["id"]}).data[0]["urls"][0])
    target = f"{url.path}?{url.query}"

    got = caller.send("GET", target)

    assert (got.status, len(got.body)) == (200, part["size"])
    assert sha256(got.body).hexdigest() == part["sha256"]
    leaked = caller.send("GET", target, b"", {"Authorization": "Bearer secret"})
    assert (leaked.status, caller.tenant.leaks) == (400, [url.path])
    assert caller.send("GET", target.replace("signature=", "signature=0")).status == 403


def test_the_content_of_a_message_that_is_not_held_is_gone(caller, hold_ids):
    caller.tenant.admin_release(hold_ids[0])

    assert caller.call(DETAIL, {"id": hold_ids[0]}).json["meta"]["status"] == 404


def test_the_server_speaks_to_many_clients_at_once(caller):
    plain = http.client.HTTPConnection("127.0.0.1", caller.connection.port, timeout=5)
    plain.request("POST", RELEASE)
    assert plain.getresponse().status == 401
    plain.close()
    assert caller.call("/api/account/get-account").status == 200


@pytest.mark.parametrize(
    ("status", "allowed"), [("archived", True), ("bounced", True), ("rejected", True), ("delivery", False)]
)
def test_messages_of_some_statuses_can_be_reported(caller, status, allowed):
    (hold_id,) = caller.tenant.add_message(status=status, message_id=f"<{status}@x.example>")
    tracking_id = caller.tenant.tracking_id(hold_id)

    answer = caller.call(REPORT, {"id": tracking_id, "type": "spam"})

    assert (answer.json["fail"] == []) is allowed
    assert caller.tenant.times_applied("report", f"<{status}@x.example>") == int(allowed)


def test_reporting_is_not_offered_by_the_second_generation(caller, hold_ids):
    caller.generation = "2.0"

    answer = caller.call(REPORT, {"id": caller.tenant.tracking_id(hold_ids[0]), "type": "spam"})

    assert (answer.status, caller.tenant.effects) == (404, [])
