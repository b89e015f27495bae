"""Drift never crashes a reader: either a model or a `ResponseError`."""

from __future__ import annotations

import copy
import dataclasses
import math
import random

import pytest

from mailroom.errors import ResponseError
from mailroom.mimecast.dates import format_date, parse_date
from mailroom.mimecast.models import Account, HeldMessage, MessageInfo, ReleaseLogEntry, TrackedEmail
from mailroom.mimecast.reading import drift, int_of, text_of

ADDRESS = {"emailAddress": "a@example.net", "displayableName": "A"}
HELD = {
    "id": "h1",
    "reason": "Message Hold Applied - Spam Signature policy",
    "reasonId": "MESSAGE_HOLD_APPLIED",
    "from": ADDRESS,
    "fromHeader": ADDRESS,
    "to": ADDRESS,
    "subject": "Invoice",
    "route": "INBOUND",
    "hasAttachments": True,
    "size": 7543,
    "dateReceived": "2025-01-14T09:01:02+0000",
    "policyInfo": "Relaxed",
}
TRACKED = {
    "id": "t1",
    "status": "held",
    "route": "inbound",
    "received": "2025-01-14T09:01:02+0000",
    "sent": None,
    "subject": "x",
    "senderIP": "192.0.2.1",
    "attachments": False,
    "spamScore": 3,
    "fromEnv": ADDRESS,
    "fromHdr": None,
    "to": [ADDRESS, None],
}
LOG = {"id": "l1", "status": "released", "released": "2025-01-14T09:01:02+0000", "operator": ADDRESS, "to": [ADDRESS]}
INFO = {
    "id": "t1",
    "status": "held",
    "recipientInfo": {
        "messageInfo": {"to": ["a@b.example"], "transmissionInfo": "<pre>A: b</pre>"},
        "txInfo": {"transmissionComponents": [{"fileName": "a", "txSize": 1}]},
    },
    "deliveredMessage": {"a@b.example": {"txInfo": {"txEvent": "x"}}},
    "queueInfo": {"id": "h1"},
    "spamInfo": {"spamScore": 1, "spamProcessingDetail": {"spf": {"info": "x"}, "verdict": {"risk": "low"}}},
}
ACCOUNT = {"accountCode": "C1", "packages": ["a", {"name": "b"}, None]}
READERS = [
    (HeldMessage.parse, HELD),
    (TrackedEmail.parse, TRACKED),
    (ReleaseLogEntry.parse, LOG),
    (MessageInfo.parse, INFO),
    (Account.parse, ACCOUNT),
]
ODD = [None, True, 0, -1, 1e400, math.pi, "", "x", "\x00", "\ud800", "9" * 50, [], {}, [[]], {"a": {}}, [None], 10**30]


def paths(value, here=()):
    """Every place inside a nested value."""
    if here:
        yield here
    steps = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, inner in steps:
        yield from paths(inner, (*here, step))


@pytest.mark.parametrize(("parse", "sample"), READERS, ids=lambda value: getattr(value, "__qualname__", ""))
def test_any_single_field_may_be_of_any_type(parse, sample):
    parse(copy.deepcopy(sample))
    for path in paths(sample):
        for odd in ODD:
            value = copy.deepcopy(sample)
            inner = value
            for step in path[:-1]:
                inner = inner[step]
            inner[path[-1]] = odd
            try:
                model = parse(value)
            except ResponseError:
                continue
            for name in ("size", "spam_score", "max_retention"):
                number = getattr(model, name, None)
                assert number is None or (isinstance(number, int) and abs(number) <= 2**53)


@pytest.mark.parametrize(("parse", "sample"), READERS, ids=lambda value: getattr(value, "__qualname__", ""))
def test_many_wrong_fields_at_once_do_not_crash_either(parse, sample):
    chooser = random.Random(7)
    for _ in range(300):
        value = copy.deepcopy(sample)
        for key in chooser.sample(sorted(value), k=min(4, len(value))):
            value[key] = chooser.choice(ODD)
        try:
            parse(value)
        except ResponseError:
            continue


def test_models_are_frozen_and_keep_the_raw_answer():
    message = HeldMessage.parse(HELD)
    assert message.raw is HELD
    assert message.reason_code == "message_hold_applied"
    with pytest.raises(dataclasses.FrozenInstanceError):
        message.subject = "other"


def test_unknown_values_are_counted():
    before = drift["hold list route=sideways"]
    assert HeldMessage.parse(HELD | {"route": "SIDEWAYS"}).route == "other"
    assert drift["hold list route=sideways"] == before + 1


def test_giant_texts_are_cut_in_models_and_whole_in_raw():
    message = HeldMessage.parse(HELD | {"subject": "x" * 10_000_000})
    assert len(message.subject) == 65_536
    assert len(message.raw["subject"]) == 10_000_000


def test_numbers_are_taken_only_when_they_are_numbers():
    assert [int_of(value) for value in (7, "7", 7.0, "x", True, None, 10**30, float("inf"))] == [
        7, 7, 7, None, None, None, None, None,
    ]  # fmt: skip
    assert [text_of(value) for value in ("a", 7, None, True, [])] == ["a", "7", "", "", ""]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-01-14T09:01:02+0000", "2025-01-14T09:01:02+0000"),
        ("2025-01-14T09:01:02Z", "2025-01-14T09:01:02+0000"),
        ("2025-01-14T09:01:02.123+01:00", "2025-01-14T08:01:02+0000"),
        ("2025-01-14T09:01:02", "2025-01-14T09:01:02+0000"),
    ],
)
def test_dates_of_every_form_become_utc(text, expected):
    moment = parse_date(text)
    assert moment is not None
    assert format_date(moment) == expected


@pytest.mark.parametrize(
    "text", ["", "yesterday", None, 7, "0001-01-01T00:00:00+2300", "9999-12-31T23:59:59-2300", "2025-13-01T00:00:00Z"]
)
def test_what_is_no_date_is_none(text):
    assert parse_date(text) is None
