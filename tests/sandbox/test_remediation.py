"""Remediation: an incident goes on with looks and with time, and copies really leave the mailboxes."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sandbox import Fault, Tenant
from sandbox.data.mail import Component

CREATE = "/api/ttp/remediation/create"
CREATE_V2 = "/api/ttp/remediation/v2/create"
GET = "/api/ttp/remediation/get-incident"
FIND = "/api/ttp/remediation/find-incidents"
HASH = "/api/ttp/remediation/search-hash"
SEARCH = "/api/archive/search"
DETAIL = "/api/archive/get-message-detail"
PEOPLE = [f"p{n}@northwind.example" for n in range(20)]
FILE = Component("PDF", "Invoice.pdf", "application/pdf", 900, "evil")
BY_ID = {"reason": "case 42", "searchBy": "messageId", "hashOrMessageId": "<bad@evil.example>"}


def archived_row(caller):
    query = (
        "<xmlquery><metadata><return-fields><return-field>id</return-field><return-field>status</return-field>"
        '</return-fields></metadata><muse><sent select="from">evil.example</sent></muse></xmlquery>'
    )
    return caller.call(SEARCH, {"admin": True, "query": query}).data[0]["items"]


@pytest.fixture
def mail(caller):
    caller.tenant.add_message(
        status="archived",
        to=[*PEOPLE, "out@elsewhere.example"],
        from_addr="eve@evil.example",
        message_id="<bad@evil.example>",
        url="https://evil.example/login",
        components=[FILE],
    )


def counters(row):
    return row["identified"], row["successful"], row["failed"]


def test_an_incident_grows_with_every_look_until_it_is_done(either, mail):
    (made,) = either.call(CREATE, BY_ID).data
    assert (made["code"][:3], made["type"], counters(made)) == ("TR-", "manual", (0, 0, 0))
    assert made["searchCriteria"]["messageId"] == "<bad@evil.example>"

    seen = [counters(either.call(GET, {"id": made["id"]}).data[0]) for _ in range(6)]

    assert seen[0] == (10, 0, 0)
    assert seen == sorted(seen)
    assert seen[-1] == seen[-2]
    identified, successful, failed = seen[-1]
    assert (identified, successful + failed) == (20, 20)
    assert failed > 0
    assert either.tenant.incidents()[0]["successful"] == successful
    assert sum(effect.kind == "remediate" for effect in either.tenant.effects) == successful


def test_an_incident_also_goes_on_with_time(caller, mail):
    (made,) = caller.call(CREATE, BY_ID).data

    caller.tenant.advance(timedelta(minutes=10))

    assert counters(caller.tenant.incidents()[0])[0] == 20
    assert caller.tenant.times_applied("create_incident", "case 42") == 1
    assert caller.tenant.times_applied("create_incident", made["code"]) == 1


def finish(caller, item, path=CREATE):
    (made,) = caller.call(path, item).data
    for _ in range(caller.tenant.remediation_steps):
        row = caller.call(GET, {"id": made["id"]}).data[0]
    return row


def test_pulled_copies_are_marked_or_gone(caller, mail):
    caller.tenant.remediation_fails = 0
    caller.tenant.add_message(
        status="archived", to=PEOPLE[:1], from_addr="eve@evil.example", message_id="<bad@evil.example>"
    )

    assert counters(finish(caller, BY_ID)) == (21, 21, 0)

    marked, kept = archived_row(caller)
    assert {marked["status"], kept["status"]} == {"REMEDIATED", "ARCHIVED"}  # the outsider keeps his copy
    caller.tenant.remediated_vanish = True
    assert [row["status"] for row in archived_row(caller)] == ["ARCHIVED"]
    gone = marked if marked["status"] == "REMEDIATED" else kept
    assert caller.call(DETAIL, {"id": gone["id"]}).json["meta"]["status"] == 404


def test_a_second_incident_finds_only_what_is_left(caller, mail):
    first, second = finish(caller, BY_ID), finish(caller, BY_ID)

    assert second["identified"] == first["failed"]
    assert second["id"] != first["id"]


@pytest.mark.parametrize(
    ("by", "value"),
    [("hash", {"hashOrMessageId": FILE.sha256}), ("url", {"url": "https://evil.example/login"})],
)
def test_files_and_links_are_found_too(caller, mail, by, value):
    assert finish(caller, {"reason": "r", "searchBy": by, **value})["identified"] == 20


def test_the_newer_function_takes_several_message_ids_and_exists_only_there(caller, mail):
    item = {"reason": "r", "searchBy": "message_ids", "messageIds": ["<bad@evil.example>", "<other@evil.example>"]}
    assert caller.call(CREATE_V2, item).status == 404

    caller.generation = "2.0"

    assert finish(caller, item, CREATE_V2)["identified"] == 20


@pytest.mark.parametrize(
    "change",
    [
        {"reason": None},
        {"reason": ""},
        {"hashOrMessageId": "bad@evil.example"},
        {"hashOrMessageId": None},
        {"searchBy": "subject"},
        {"searchBy": "hash"},
        {"messageId": "<bad@evil.example>"},
    ],
)
def test_a_wrong_field_begins_nothing(caller, mail, change):
    assert caller.call(CREATE, {**BY_ID, **change}).code.startswith("err_validation")
    assert caller.tenant.incidents() == []


def test_a_window_that_misses_finds_nothing(caller, mail):
    item = {**BY_ID, "start": "2024-12-20T00:00:00+0000", "end": "2024-12-21T00:00:00+0000"}

    assert counters(finish(caller, item)) == (0, 0, 0)


def test_incidents_are_found_by_reason_code_and_hash(either, mail):
    one = either.call(CREATE, BY_ID).data[0]
    either.call(CREATE, {"reason": "other", "searchBy": "hash", "hashOrMessageId": FILE.sha256})

    def find(**item):
        return [row["reason"] for block in either.call(FIND, item).data for row in block["incidents"]]

    assert find(searchBy=[{"fieldName": "reason", "value": "CASE"}]) == ["case 42"]
    assert find(searchBy=[{"fieldName": "code", "value": one["code"]}]) == ["case 42"]
    assert find(searchBy=[{"fieldName": "file_hash", "value": FILE.sha256}]) == ["other"]
    assert find(filterBy=[{"fieldName": "type", "value": "manual"}]) == ["other", "case 42"]
    assert either.call(FIND, {}).code == "err_validation_at_least_one_not_null"


def test_hashes_are_looked_up(either, mail):
    answer = either.call(HASH, {"hashes": [FILE.sha256, "0" * 64, "nonsense"]}).data[0]

    assert answer == {
        "hashStatus": [{"hash": FILE.sha256, "detected": True}, {"hash": "0" * 64, "detected": False}],
        "failedHashes": ["nonsense"],
    }


def test_an_incident_goes_on_where_it_was_after_a_restart(tmp_path, connect):
    first = Tenant.load_or_generate(tmp_path, messages=5)
    caller = connect(first)
    first.add_message(status="archived", to=PEOPLE, from_addr="eve@evil.example", message_id="<bad@evil.example>")
    first.faults.add(Fault("apply_then_fail", CREATE, how="status", status=504))
    assert caller.call(CREATE, BY_ID).status == 504
    incident_id = first.incidents()[0]["id"]
    for _ in range(2):
        caller.call(GET, {"id": incident_id})
    first.close()

    second = Tenant.load_or_generate(tmp_path, messages=5)

    assert second.incidents() == first.incidents()
    assert second.effects == first.effects
    assert archived_row(connect(second)) == archived_row(caller)
