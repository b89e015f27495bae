from __future__ import annotations

import base64
import html
import json
import zlib
from datetime import timedelta
from email import message_from_string

import pytest

from sandbox import Tenant

SEARCH = "/api/message-finder/search"
INFO = "/api/message-finder/get-message-info"


def test_a_message_has_one_record_with_all_its_recipients(caller):
    people = ["a@northwind.example", "b@northwind.example", "c@northwind.example"]
    hold_ids = caller.tenant.add_message(to=people, subject="to three")

    (row,) = [row for row in caller.search(status=["held"]) if row["subject"] == "to three"]
    info = caller.call(INFO, {"id": row["id"]}).data[0]

    assert len(hold_ids) == 3
    assert [entry["emailAddress"] for entry in row["to"]] == people
    assert info["queueInfo"]["id"] == hold_ids[0]
    assert list(info["deliveredMessage"]) == people


def test_the_status_filter_and_the_route_filter_narrow(caller):
    assert {row["status"] for row in caller.search(status=["held"])} == {"held"}
    every = caller.search()
    assert {row["route"] for row in every} > {"inbound"}
    assert caller.search(route=["outbound"]) == [row for row in every if row["route"] == "outbound"]


def test_a_domain_matches_exactly_and_not_its_subdomains(caller):
    caller.tenant.add_message(to=["x@sub.northwind.example"], subject="sub")

    rows = caller.search(advancedTrackAndTraceOptions={"to": "northwind.example"})

    assert rows
    assert "sub" not in [row["subject"] for row in rows]


def test_a_misspelt_option_is_ignored_and_an_empty_one_is_a_failure(caller):
    ignored = caller.search(advancedTrackAndTraceOptions={"to": "northwind.example", "senderIp": "1.2.3.4"})
    assert ignored

    answer = caller.call(SEARCH, {**caller.window(), "advancedTrackAndTraceOptions": {}})
    assert answer.code == "err_validation_at_least_one_not_null"


@pytest.mark.parametrize(("days", "fails"), [(29.9, False), (30, True), (31, True)])
def test_a_search_reaches_back_just_under_thirty_days(caller, days, fails):
    answer = caller.call(SEARCH, caller.window(days))

    assert answer.status == 200
    assert bool(answer.json["fail"]) is fails
    if fails:
        assert answer.code == "err_track_and_trace_invalid_start_date"


def test_pages_of_a_search_hold_every_record_once(caller):
    seen, page = [], {"pageSize": 13}
    while page:
        answer = caller.call(SEARCH, caller.window(), page=page)
        seen += [row["id"] for row in answer.data[0]["trackedEmails"]]
        after = answer.json["meta"]["pagination"].get("next")
        page = {"pageSize": 13, "pageToken": after} if after else {}

    assert len(seen) == len(set(seen)) == 72


def test_a_capped_search_hides_the_rest_without_a_hint(connect):
    caller = connect(Tenant.generate(messages=60, seed=7, tracking_page_cap=20))

    answer = caller.call(SEARCH, caller.window(), page={"pageSize": 200})

    assert len(answer.data[0]["trackedEmails"]) == 20
    assert "next" not in answer.json["meta"]["pagination"]


def test_an_unpaged_search_answers_all_at_once(connect):
    caller = connect(Tenant.generate(messages=60, seed=7, tracking_paged=False))

    answer = caller.call(SEARCH, caller.window(), page={"pageSize": 5})

    assert len(answer.data[0]["trackedEmails"]) == 72
    assert answer.json["meta"]["pagination"] == {"pageSize": 0}


def test_the_header_block_is_escaped_once_and_folded(caller):
    caller.tenant.add_message(
        to=["a@northwind.example"], subject="Grüße & <Küsse>", from_name="Ann", from_addr="ann@fabrikam.example"
    )
    row = next(row for row in caller.search() if row["subject"] == "Grüße & <Küsse>")

    block = caller.call(INFO, {"id": row["id"]}).data[0]["recipientInfo"]["messageInfo"]["transmissionInfo"]

    assert block.startswith("<pre>\n")
    assert "&lt;ann@fabrikam.example&gt;" in block
    text = html.unescape(block.removeprefix("<pre>\n").removesuffix("</pre>"))
    mail = message_from_string(text)
    assert mail["From"] == "Ann <ann@fabrikam.example>"
    assert mail["Authentication-Results"].startswith("relay.mimecast.com;")
    assert "\r\n\t" in text


def test_the_risk_is_missing_on_some_held_messages_and_on_all_others(caller):
    risks = set()
    for row in caller.search():
        detail = caller.call(INFO, {"id": row["id"]}).data[0]["spamInfo"]["spamProcessingDetail"]
        risks.add((row["status"] == "held", detail.get("verdict", {}).get("risk")))

    assert {(True, "high"), (True, "low"), (True, "negligible"), (True, "medium"), (True, None)} <= risks
    assert {risk for held, risk in risks if not held} == {None}


def test_archived_messages_carry_the_other_block(caller):
    row = next(row for row in caller.search(status=["archived"]))

    info = caller.call(INFO, {"id": row["id"]}).data[0]

    assert "txInfo" not in info["recipientInfo"]
    assert info["recipientInfo"]["recipientMetaInfo"]["components"][0]["mimeType"] == "text/plain"
    assert "queueInfo" not in info


def test_a_tracking_id_stops_resolving_when_the_status_changes(caller):
    (hold_id,) = caller.tenant.add_message(to=["a@northwind.example"])
    old = caller.tenant.tracking_id(hold_id)
    caller.tenant.admin_release(hold_id)

    gone = caller.call(INFO, {"id": old})
    assert (gone.status, gone.json["meta"]["status"], gone.data) == (200, 404, [])
    assert caller.call(INFO, {"id": caller.tenant.tracking_id(hold_id)}).data[0]["status"] == "archived"

    caller.tenant.tracking_id_survives = True
    assert caller.call(INFO, {"id": old}).data[0]["status"] == "archived"


def test_a_damaged_id_is_http_400_with_an_empty_body(caller):
    tracking_id = caller.search()[0]["id"]

    for bad in (tracking_id[:-4], tracking_id.lower(), "x", tracking_id[:40] + "A" + tracking_id[41:]):
        answer = caller.call(INFO, {"id": bad})
        assert (answer.status, answer.body) == (400, b"")


def test_ids_decode_like_the_real_ones_and_tell_their_kind(caller):
    def decoded(text):
        return json.loads(zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))))

    tracking_id, hold_id = caller.search(status=["held"])[0]["id"], caller.hold_list()[0]["id"]

    assert tracking_id.startswith("eN")
    assert decoded(tracking_id)["messageStatusType"] == "held"
    assert "hldqid" in decoded(hold_id)


def test_a_late_message_is_not_found_by_its_id_either(caller):
    (hold_id,) = caller.tenant.add_late_message(timedelta(minutes=10))

    answer = caller.call(INFO, {"id": caller.tenant.tracking_id(hold_id)})

    assert answer.json["meta"]["status"] == 404
