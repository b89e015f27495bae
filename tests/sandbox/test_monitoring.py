"""What else the gateway tells: rejections, mail on its way, queues, audit, and the mail log."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from urllib.parse import quote, urlsplit

import pytest

from sandbox import Tenant

REJECTIONS = "/api/gateway/get-rejections"
PROCESSING = "/api/gateway/find-processing-messages"
QUEUES = "/api/email/get-email-queues"
AUDIT = "/api/audit/get-audit-events"
SIEM = "/api/audit/get-siem-logs"
EVENTS = "/siem/v1/events/cg"
BATCH = "/siem/v1/batch/events/cg"
REPORTED = "/threat-reporting/v1/reported-emails"


@pytest.fixture
def tenant():
    return Tenant.generate(messages=30, seed=7, tracked=600)


def get(caller, path, **query):
    text = "&".join(f"{name}={quote(str(value))}" for name, value in query.items())
    return caller.send("GET", f"{path}?{text}", b"", {"Authorization": f"Bearer {caller.token()}"})


def test_rejections_of_a_week_are_listed_for_administrators(either):
    rows = either.call(REJECTIONS, {"admin": True, **either.window(29)}, page={"pageSize": 500}).data

    assert 5 < len(rows) == len(either.search(**either.window(7), status=["rejected"]))
    assert either.call(REJECTIONS, either.window(29)).data == []


def test_mail_on_its_way_is_listed_and_counted(either):
    answer = either.call(PROCESSING, either.window(29), page={"pageSize": 500})
    rows = answer.data[0]["messages"]
    assert {row["route"] for row in rows} == {"inbound", "outbound", "internal"}
    assert any("greylisted" in row["info"] for row in rows)
    inbound = either.call(PROCESSING, {**either.window(29), "filterBy": [{"route": "inbound"}]}, page={"pageSize": 500})
    assert inbound.data[0]["messages"] == [row for row in rows if row["route"] == "inbound"]

    queues = either.call(QUEUES, either.window(29)).data[0]

    counted = sum(entry["count"] for side in queues.values() for entry in side)
    assert set(queues) == {"inboundEmailQueue", "outboundEmailQueue"}
    assert counted == len(rows)


def test_audit_events_need_both_dates_and_hold_what_was_done(either):
    span = {"startDateTime": either.window(59)["start"], "endDateTime": either.window(59)["end"]}
    assert either.call(AUDIT, {"startDateTime": span["startDateTime"]}).code == "err_validation_null"
    policy = {"description": "case 42", "from": {"type": "everyone"}, "to": {"type": "everyone"}}
    either.call("/api/policy/blockedsenders/create-policy", {"option": "no_action", "policy": policy})

    span["endDateTime"] = either.window(0)["end"]
    seen, page = [], {"pageSize": 100}
    while page:
        answer = either.call(AUDIT, span, page=page)
        seen += answer.data
        after = answer.json["meta"]["pagination"].get("next")
        page = {"pageToken": after} if after else None

    assert len(seen) > 200
    assert "case 42" in seen[0]["eventInfo"]
    assert set(seen[0]) == {"id", "auditType", "user", "eventTime", "eventInfo", "category"}
    (only,) = either.call(AUDIT, {**span, "query": "case 42", "categories": ["policy_logs"]}).data
    assert only == seen[0]


def test_the_first_generation_hands_the_mail_log_out_in_zips_until_the_last_token(caller):
    token, rows = "", []
    while True:
        answer = caller.call(SIEM, {"type": "MTA", "fileFormat": "json", "compress": True, "token": token})
        token = answer.headers.get("mc-siem-token", "")
        if not token:
            break
        with zipfile.ZipFile(io.BytesIO(answer.body)) as packed:
            for name in packed.namelist():
                rows += [json.loads(line) for line in packed.read(name).decode().splitlines()]

    assert answer.json["meta"]["isLastToken"] is True
    assert len(rows) == len(caller.tenant.world.tracked)
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
    assert caller.call(SIEM, {"type": "MTA", "token": "x"}).code == "err_audit_siem_invalid_token"
    caller.generation = "2.0"
    assert caller.call(SIEM, {"type": "MTA"}).status == 404


def test_the_second_generation_has_a_cursor_and_files(caller):
    days = caller.window(3)
    span = {"dateRangeStartsAt": days["start"], "dateRangeEndsAt": days["end"]}
    rows, cursor = [], {}
    while True:
        body = get(caller, EVENTS, pageSize=40, **span, **cursor).json
        rows += body["value"]
        if body["isCaughtUp"]:
            break
        cursor = {"nextPage": body["@nextPage"]}
    (file,) = get(caller, BATCH, type="receipt", **span).json["value"]
    url = urlsplit(file["url"])

    packed = caller.send("GET", f"{url.path}?{url.query}").body

    assert len(packed) == file["size"]
    assert [json.loads(line) for line in gzip.decompress(packed).splitlines()] == rows
    assert len(rows) > 40
    assert get(caller, EVENTS, pageSize=101).status == 400
    assert get(caller, EVENTS, size=10).status == 400


def test_what_people_reported_is_listed_by_cursor(caller):
    rows, cursor = [], {}
    while True:
        body = get(caller, REPORTED, pageSize=5, **cursor).json
        rows += body["data"]
        after = body["meta"]["pagination"].get("nextPage")
        if not after:
            break
        cursor = {"nextPage": after}

    assert len(rows) > 10
    assert len({row["id"] for row in rows}) == len(rows)
    assert caller.send("GET", REPORTED, b"", caller.signed(REPORTED)).status == 404
