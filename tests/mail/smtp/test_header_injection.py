"""Nothing a caller (or an attacker quoted by a caller) writes can add a header, a recipient or a command."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_sound import assert_sound

from mailroom.errors import InvalidInputError
from mailroom.mail.compose import OutgoingAttachment, OutgoingMail, compose, parse_mailbox, parse_mailboxes
from mailroom.mail.compose.header_text import checked_name

PLAIN = OutgoingMail(sender="soc@northwind.example", to=("ann@northwind.example",), message_id="<m1@northwind.example>")
BREAKS = ["\r\n", "\n", "\r", "\x00"]


@pytest.mark.parametrize("mark", BREAKS)
@pytest.mark.parametrize(
    "change",
    [
        lambda bad: {"subject": f"a{bad}Bcc: evil@x.example"},
        lambda bad: {"subject": f"trailing{bad}"},
        lambda bad: {"to": (f"ann@x.example{bad}Bcc: evil@x.example",)},
        lambda bad: {"to": (f"ann@x.example{bad}",)},
        lambda bad: {"cc": (f"Ann{bad}Bcc: evil@x.example <ann@x.example>",)},
        lambda bad: {"bcc": (f"{bad}ann@x.example",)},
        lambda bad: {"sender": f"soc@x.example>{bad}RCPT TO:<evil@x.example"},
        lambda bad: {"reply_to": f"a@x.example{bad}X: y"},
        lambda bad: {"headers": ((f"X-A{bad}Bcc", "v"),)},
        lambda bad: {"headers": (("X-A", f"v{bad}Bcc: evil@x.example"),)},
        lambda bad: {"message_id": f"<a@x.example>{bad}Bcc: evil@x.example"},
        lambda bad: {"in_reply_to": f"<a@x.example{bad}>"},
        lambda bad: {"references": ("<a@x.example>", f"<b{bad}@x.example>")},
        lambda bad: {"attachments": (OutgoingAttachment(f"a{bad}.pdf", b"x"),)},
        lambda bad: {"attachments": (OutgoingAttachment("a.pdf", b"x", f"application/pdf{bad}X: y"),)},
        lambda bad: {"html": "<b>", "attachments": (OutgoingAttachment("a.png", b"x", "image/png", f"c{bad}X: y"),)},
    ],
)
def test_a_line_break_is_refused_in_every_field(mark: str, change: Any) -> None:
    with pytest.raises(InvalidInputError):
        compose(replace(PLAIN, **change(mark)))


@pytest.mark.parametrize(
    "name",
    ["Bcc", "bcc", "From", "Sender", "To", "Date", "Message-ID", "Content-Type", "Received", "DKIM-Signature",
     "Return-Path", "MIME-Version", "X A", "X-A:", "", "X-Ä", "X-" + "a" * 80],
)  # fmt: skip
def test_header_names_that_would_take_over_are_refused(name: str) -> None:
    with pytest.raises(InvalidInputError):
        checked_name(name)


def test_ordinary_extra_headers_pass() -> None:
    for name in ("X-SOC-Ref", "Auto-Submitted", "Importance", "Thread-Index", "x-anything-1"):
        assert checked_name(name) == name


def test_exotic_line_separators_do_not_break_a_line() -> None:
    raw = compose(replace(PLAIN, subject="a\x0bb\x0cc\x1cd\x85e\u2028f", headers=(("X-A", "a\u2029b\x1e"),)))

    assert raw.count(b"\r\n\r\n") == 1
    assert all(32 <= octet < 127 for octet in raw.replace(b"\r\n", b""))


@pytest.mark.parametrize(
    "address",
    ["", "ann", "@x.example", "ann@", "a b@x.example", "a@b@x.example", "ann@x..example", "ann@-x.example",
     '"a b"@x.example', "ann@x.example, bob@x.example", "<ann@x.example", "ann@x.example>", "ann@[127.0.0.1]",
     "a..b@x.example",
     "ann@x.example SIZE=1", "ann\u200b@x.example", "ann\u00a0@x.example", "\u202eann@x.example", "ann@x_.example",
     "a" * 65 + "@x.example", "ann@" + "x." * 130 + "example", "ann@\u2024example",
     "Ann <ann@x.example> <b@x.example>"],
)  # fmt: skip
def test_odd_addresses_are_refused(address: str) -> None:
    with pytest.raises(InvalidInputError):
        parse_mailbox(address)


@pytest.mark.parametrize(
    ("text", "name", "address"),
    [
        ("ann@x.example", "", "ann@x.example"),
        (" <ann@x.example> ", "", "ann@x.example"),
        ("Ann <ann@X.Example>", "Ann", "ann@x.example"),
        ('"Ann, \\"the\\" Boss" <ann+tag@x.example>', 'Ann, "the" Boss', "ann+tag@x.example"),
        ('Ann "the" Boss <ann@x.example>', 'Ann "the" Boss', "ann@x.example"),
        ("o'neil@x.example.", "", "o'neil@x.example"),
        ("soc@localhost", "", "soc@localhost"),
        ("ann@bücher.example", "", "ann@xn--bcher-kva.example"),
        ("jörg@x.example", "", "jörg@x.example"),
    ],
)
def test_ordinary_addresses_are_read(text: str, name: str, address: str) -> None:
    found = parse_mailbox(text)

    assert (found.name, found.address) == (name, address)


def test_lists_are_cut_outside_quotes_and_each_address_counts_once() -> None:
    found = parse_mailboxes('"Last, First" <a@x.example>; b@x.example,A@x.example , ,"c;d" <c@x.example>')

    assert [one.address for one in found] == ["a@x.example", "b@x.example", "c@x.example"]


def test_a_flood_of_addresses_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="2000"):
        parse_mailboxes(f"a{n}@x.example" for n in range(2_001))


@given(st.text(max_size=60), st.text(max_size=60))
@settings(max_examples=300, deadline=None)
def test_whatever_is_written_the_headers_stay_ours(name: str, value: str) -> None:
    mail = replace(PLAIN, to=(f"{value} <ann@x.example>",), subject=value, headers=((f"X-{name}", value),))
    try:
        raw = compose(mail)
    except InvalidInputError:
        return
    assert_sound(raw)
    names = [line.split(b":")[0] for line in raw.partition(b"\r\n\r\n")[0].split(b"\r\n") if line[:1] != b" "]
    assert names[:5] == [b"From", b"To", b"Subject", b"Date", b"Message-ID"]
    assert names[5].startswith(b"X-")
    assert names[6:] == [b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding"]
