"""The mail that lies there at the start: a mix as an analysts' mailbox gets it, with the truth beside it."""

from __future__ import annotations

import email
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sandbox.mail.incoming import SHARES, incoming
from sandbox.mail.people import LANGUAGES, everybody

NOW = datetime(2025, 1, 14, 9, 30, tzinfo=UTC)
PEOPLE = list(everybody(7).values())


def test_equal_seeds_give_equal_mail() -> None:
    assert list(incoming(60, 7, NOW, PEOPLE)) == list(incoming(60, 7, NOW, PEOPLE))
    assert list(incoming(60, 7, NOW, PEOPLE)) != list(incoming(60, 8, NOW, PEOPLE))


def test_it_is_a_mix_in_order_of_arrival() -> None:
    mails = list(incoming(1_000, 7, NOW, PEOPLE))
    counts = Counter(mail.truth.category for mail in mails)
    assert set(counts) == set(SHARES)
    assert all(abs(counts[name] - share * 10) < 45 for name, share in SHARES.items())
    assert {mail.truth.language for mail in mails} >= set(LANGUAGES)
    assert [mail.at for mail in mails] == sorted(mail.at for mail in mails)
    assert NOW - timedelta(days=14) < mails[0].at < mails[-1].at <= NOW
    assert 0.2 < sum(mail.seen for mail in mails) / 1_000 < 0.4


def test_reported_mails_are_enclosed_byte_for_byte_or_quoted() -> None:
    shapes = Counter()
    for mail in incoming(600, 3, NOW, PEOPLE):
        if not mail.truth.category.startswith("report"):
            continue
        message = email.message_from_bytes(mail.raw)
        kinds = [part.get_content_type() for part in message.walk()]
        if mail.truth.category == "report_inline":
            assert "message/rfc822" not in kinds
            text = "".join(
                part.get_payload(decode=True).decode(part.get_content_charset())
                for part in message.walk()
                if part.get_content_maintype() == "text"
            )
            assert mail.truth.urls[0].replace("&", "&amp;") in text or mail.truth.urls[0] in text
            shapes["inline"] += 1
        elif "message/rfc822" in kinds:
            ids = [str(part.get("Message-ID")) for part in message.walk() if "Received" in part]
            assert ids == list(mail.truth.original_ids)
            shapes["rfc822"] += 1
        else:
            assert kinds.count("application/octet-stream") >= len(mail.truth.original_ids)
            shapes["file"] += 1
        shapes["two"] += len(mail.truth.original_ids) == 2
    assert all(shapes[name] for name in ("inline", "rfc822", "file", "two"))


def test_the_truth_names_the_mail_it_is_about(desk_for: Callable[..., Any]) -> None:
    server = desk_for(messages=120).server
    assert len(server.truths) == 120
    stored = {
        (account, mail.uid): mail
        for account in ("soc", "phish")
        for mail in server.mails(f"{account}@northwind.example")
    }
    for truth in server.truths:
        mail = stored[truth.account.partition("@")[0], truth.uid]
        assert mail.raw.startswith(b"Return-Path: <")
        assert b"Authentication-Results: mx.northwind.example;" in mail.raw
    assert not server.answers
    assert server.pending == 0


def test_lines_are_short_enough_and_end_as_mail_does() -> None:
    for mail in incoming(400, 5, NOW, PEOPLE):
        assert b"\n" not in mail.raw.replace(b"\r\n", b"")
        assert max(map(len, mail.raw.split(b"\r\n"))) <= 998
