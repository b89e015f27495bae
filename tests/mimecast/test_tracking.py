"""Search windows: clamped, split when they look cut off, filtered again; message info of every shape."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from mimecast_scripted import Answer, fail, ok

from mailroom.errors import InvalidInputError, NotFoundError, ResponseError
from mailroom.mimecast import tracking
from mailroom.mimecast.dates import format_date, parse_date
from mailroom.mimecast.models import MessageInfo

PATH, INFO = "/api/message-finder/search", "/api/message-finder/get-message-info"


class Tracker:
    """Answers searches from a list of records, newest first, cut at `cap` without a hint."""

    def __init__(self, records, cap):
        self.records, self.cap = records, cap

    def install(self, server):
        take = server.take

        def answer(asked, path):
            if path != PATH:
                return take(asked, path)
            server.asked.append(asked)
            first, last = parse_date(asked.item["start"]), parse_date(asked.item["end"])
            found = [record for record in self.records if first <= parse_date(record["received"]) <= last]
            return ok({"trackedEmails": found[: self.cap]})

        server.take = answer


def record(number, moment, **fields):
    return {"id": f"t{number}", "status": "held", "route": "inbound", "received": format_date(moment)} | fields


def ids(walk):
    return [email.id for emails in walk for email in emails]


def test_a_cut_window_is_split_until_everything_is_found(server, client):
    end = client.now().replace(microsecond=0)
    records = [record(number, end - timedelta(seconds=7 * number)) for number in range(730)]
    Tracker(records, 100).install(server)
    found = ids(tracking.search(client, start=end - timedelta(hours=3), end=end))
    assert sorted(found) == sorted(entry["id"] for entry in records)


def test_a_second_that_cannot_be_listed_is_an_alarm_and_no_endless_search(server, client):
    end = client.now().replace(microsecond=0)
    Tracker([record(number, end - timedelta(seconds=60)) for number in range(300)], 100).install(server)
    warnings = []
    found = ids(tracking.search(client, start=end - timedelta(hours=1), end=end, on_warning=warnings.append))
    assert len(found) == 100
    assert warnings
    assert all("cannot enumerate" in text for text in warnings)
    assert len(server.calls(PATH)) < 60


def test_a_server_that_ignores_the_window_is_noticed(server, client):
    end = client.now()
    server.add(PATH, ok({"trackedEmails": [record(n, end - timedelta(days=3)) for n in range(100)]}))
    warnings = []
    ids(tracking.search(client, start=end - timedelta(hours=1), end=end, on_warning=warnings.append))
    assert len(warnings) == 1
    assert len(server.calls(PATH)) == 1


def test_records_on_the_border_of_two_windows_come_once(server, client):
    end = client.now().replace(microsecond=0)
    border = end - timedelta(seconds=500)
    records = [record(number, border) for number in range(40)] + [
        record(100 + number, end - timedelta(seconds=number)) for number in range(60)
    ]
    Tracker(records, 1_000).install(server)
    found = ids(tracking.search(client, start=end - timedelta(seconds=1_000), end=end))
    assert len(found) == len(set(found)) == 100


def test_a_start_too_far_back_is_moved_and_said(server, client, caplog):
    server.add(PATH, ok({"trackedEmails": []}))
    warnings = []
    now = client.now()
    list(tracking.search(client, start=now - timedelta(days=40), end=now, on_warning=warnings.append))
    start = parse_date(server.calls(PATH)[0].item["start"])
    assert abs(start - (now - timedelta(days=29, hours=23))) < timedelta(seconds=5)
    assert "29 days and 23 hours" in warnings[0]
    assert "29 days and 23 hours" in caplog.text


def test_a_window_wholly_out_of_reach_asks_nothing(server, client):
    now = client.now()
    assert ids(tracking.search(client, start=now - timedelta(days=50), end=now - timedelta(days=40))) == []
    assert server.calls(PATH) == []


def test_status_and_route_are_filtered_again(server, client):
    now = client.now()
    server.add(
        PATH,
        ok(
            {
                "trackedEmails": [
                    record(1, now),
                    record(2, now, status="archived"),
                    record(3, now, route="OUTBOUND"),
                    record(4, now, status="Held", route="INBOUND"),
                ]
            }
        ),
    )
    window = {"start": now - timedelta(hours=1), "end": now}
    assert ids(tracking.search(client, **window, route=("inbound",))) == ["t1", "t4"]
    assert ids(tracking.search(client, **window, status=())) == ["t1", "t2", "t3", "t4"]


@pytest.mark.parametrize("data", [[], [{}], [{"trackedEmails": None}], [None], [{"trackedEmails": []}]])
def test_a_search_without_records_finds_nothing(server, client, data):
    server.add(PATH, ok(*data))
    now = client.now()
    assert ids(tracking.search(client, start=now, end=now)) == []


def test_options_are_checked_before_the_call(client):
    now = client.now()
    with pytest.raises(InvalidInputError, match="senderIp"):
        tracking.search(client, start=now, end=now, options={"senderIp": "192.0.2.1"})
    with pytest.raises(InvalidInputError, match="not by both"):
        tracking.search(client, start=now, end=now, options={"to": "a"}, message_id="<x>")


@pytest.mark.parametrize(
    "answer",
    [
        ok(),
        Answer({"meta": {"status": 404}, "data": [], "fail": []}),
        fail("err_message_not_found", status=404),
        fail("err_message_not_found", key={"id": "x"}),
    ],
)
def test_a_message_that_is_gone_is_not_found(server, client, answer):
    server.add(INFO, answer)
    with pytest.raises(NotFoundError):
        tracking.get_message_info(client, "x")


def info(**blocks):
    return MessageInfo.parse({"id": "t1", "status": "held"} | blocks)


def test_the_reference_answer_is_read_in_full():
    found = info(
        recipientInfo={
            "messageInfo": {
                "fromHeader": "billing@example.net",
                "fromEnvelope": "bounce@example.net",
                "to": ["ann@example.com"],
                "subject": "Invoice 4711",
                "sent": "2025-01-14T09:01:00+0000",
                "route": "inbound",
                "transmissionInfo": "<pre>\nFrom: billing@example.net\r\nMessage-ID: &lt;m1@example.net&gt;\r\n</pre>",
                "contentExpiration": "2025-03-15 09:01:02 (59 Days)",
            },
            "txInfo": {
                "queueDetailStatus": "Message Hold Applied - Spam Signature policy",
                "remoteIp": "192.0.2.10",
                "transmissionSize": 21511,
                "transmissionComponents": [
                    {"fileType": "Plain", "fileName": "body.txt", "txSize": 10100, "hash": "AB12"}
                ],
            },
        },
        deliveredMessage={
            "Ann@example.com": {"txInfo": {"txEvent": "Item currently queued for delivery"}},
            "bob@example.com": {"deliveryMetaInfo": {"deliveryEvent": "Delivered"}},
        },
        queueInfo={"id": "eNhold-1", "heldGroup": "Administrator", "reason": "Default Spam Scanning Definition"},
        spamInfo={
            "spamScore": 12,
            "detectionLevel": "aggressive",
            "spamProcessingDetail": {
                "spf": {"allow": True, "info": "allow"},
                "permittedSender": {"allow": True, "info": "none"},
                "greyEmail": True,
                "verdict": {
                    "risk": "high",
                    "categories": [
                        {"name": "spam", "subcategories": [{"name": "content", "augmentations": [{"name": "forged"}]}]}
                    ],
                },
            },
        },
    )
    assert (found.risk, found.hold_id, found.hold_group) == ("high", "eNhold-1", "Administrator")
    assert found.categories == ["spam", "spam/content", "spam/content/forged"]
    assert found.spam_detail == {"spf": "allow", "permitted_sender": "none"}
    assert found.message_id == "<m1@example.net>"
    assert found.from_headers == ["billing@example.net"]
    assert found.recipients == ["ann@example.com", "bob@example.com"]
    assert found.delivered["bob@example.com"] == "Delivered"
    assert (found.components[0].size, found.components[0].sha256) == (10100, "ab12")
    assert found.retention_expires == datetime(2025, 3, 15, 9, 1, 2, tzinfo=UTC)
    assert (found.sender_ip, found.size) == ("192.0.2.10", 21511)


def test_an_archived_message_has_its_facts_elsewhere():
    found = info(
        status="archived",
        recipientInfo={
            "messageInfo": None,
            "recipientMetaInfo": {
                "remoteIp": "192.0.2.9",
                "components": [{"name": "a.pdf", "mimeType": "x", "size": 7}],
            },
        },
    )
    assert (found.queue_detail_status, found.sender_ip) == ("", "192.0.2.9")
    assert (found.components[0].name, found.components[0].size) == ("a.pdf", 7)


@pytest.mark.parametrize(
    ("listed", "kept", "is_cut"),
    [
        ([{"fileName": "a.pdf"}] * 1_000, 1_000, False),
        ([{"fileName": "a.pdf"}] * 1_001, 1_000, True),
        ([{"fileName": "a.pdf"}, "what is this"], 1, True),
    ],
)
def test_a_list_of_parts_that_is_cut_or_not_readable_says_so(listed, kept, is_cut):
    found = info(recipientInfo={"txInfo": {"transmissionComponents": listed}})

    assert (len(found.components), found.components_cut) == (kept, is_cut)


@pytest.mark.parametrize("nothing", [None, [], "", 7, {}])
def test_any_block_may_be_missing_or_of_another_type(nothing):
    blocks = ("recipientInfo", "deliveredMessage", "queueInfo", "retentionInfo", "spamInfo")
    found = info(**dict.fromkeys(blocks, nothing))
    assert (found.risk, found.hold_id, found.recipients, found.components) == (None, None, [], [])
    for outer in blocks:
        for inner in ("messageInfo", "txInfo", "recipientMetaInfo", "spamProcessingDetail", "a@b.example"):
            info(**{outer: {inner: nothing}})


def test_unknown_values_become_other_or_no_risk_and_are_counted(caplog):
    found = info(
        status="teleported", spamInfo={"spamProcessingDetail": {"verdict": {"risk": "apocalyptic"}}}, newField=1
    )
    assert (found.status, found.risk) == ("other", None)
    assert found.raw["status"] == "teleported"
    assert re.search("teleported|apocalyptic", caplog.text)


@pytest.mark.parametrize("raw", [None, [], "x", {}, {"id": 7}, {"id": ""}])
def test_an_answer_without_identity_is_not_readable(raw):
    with pytest.raises(ResponseError):
        MessageInfo.parse(raw)
