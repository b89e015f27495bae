"""Replies, forwards and the headers that hold a thread together."""

from __future__ import annotations

import base64
import email
from datetime import UTC, datetime
from email import policy
from typing import Any

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mail.compose import compose, forward, reply
from mailroom.mail.model import Attachment, Mail, MailAddress
from mailroom.mail.threading_headers import (
    forward_subject,
    new_message_id,
    new_thread_index,
    reply_headers,
    reply_subject,
)

ANN, BOB, SOC = (MailAddress(f"{name}@x.example", name.title()) for name in ("ann", "bob", "soc"))


def parent(**fields: Any) -> Mail:
    defaults: dict[str, Any] = {
        "subject": "AW: Rechnung",
        "from_": (ANN,),
        "to": (SOC, BOB),
        "cc": (MailAddress("carol@x.example"),),
        "date": datetime(2026, 11, 22, 9, 30, tzinfo=UTC),
        "message_id": "<p@x.example>",
        "references": ("<first@x.example>", "<second@x.example>"),
        "text": "Hello\n> older\n\nBye",
    }
    return Mail("0" * 64, 10, **(defaults | fields))


def test_a_reply_names_its_parent_and_the_whole_line() -> None:
    found = reply_headers(parent())

    assert found.in_reply_to == "<p@x.example>"
    assert found.references == ("<first@x.example>", "<second@x.example>", "<p@x.example>")


def test_a_parent_without_references_but_one_in_reply_to_gives_that() -> None:
    found = reply_headers(parent(references=(), in_reply_to=("<q@x.example>",)))
    assert found.references == ("<q@x.example>", "<p@x.example>")
    two = reply_headers(parent(references=(), in_reply_to=("<q@x.example>", "<r@x.example>")))
    assert two.references == ("<p@x.example>",)


@pytest.mark.parametrize(
    "broken", ["", "no-brackets@x", "<a b@x.example>", "<a@x.example>\r\nBcc: e@x.example", "<ä@x>"]
)
def test_a_parent_without_a_usable_id_gives_no_ids(broken: str) -> None:
    found = reply_headers(parent(message_id=broken))

    assert (found.in_reply_to, found.references) == ("", ())


def test_long_threads_keep_the_first_and_the_newest_ids() -> None:
    found = reply_headers(parent(references=tuple(f"<{n}@x.example>" for n in range(500))))
    assert (len(found.references), found.references[0], found.references[-2:]) == (
        20,
        "<0@x.example>",
        ("<499@x.example>", "<p@x.example>"),
    )
    fat = reply_headers(parent(references=tuple(f"<{n}.{'x' * 400}@x.example>" for n in range(30))))
    assert sum(map(len, fat.references)) < 2_100
    assert fat.references[-1] == "<p@x.example>"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("hello", "Re: hello"),
        ("Re: hello", "Re: hello"),
        ("RE: Re: AW: SV: hello", "Re: hello"),
        ("Re[2]: hello", "Re: hello"),
        ("Antw.: hello", "Re: Antw.: hello"),
        ("RE : hello", "Re: hello"),
        ("回复：你好", "Re: 你好"),
        ("Re: Fwd: hello", "Re: Fwd: hello"),
        ("Regarding: hello", "Re: Regarding: hello"),
        ("Release: 1.0", "Re: Release: 1.0"),
        ("", "Re:"),
    ],
)
def test_reply_prefixes_do_not_stack(subject: str, expected: str) -> None:
    assert reply_subject(subject) == expected
    assert reply_subject(expected) == expected


def test_forward_prefixes_do_not_stack() -> None:
    assert forward_subject("WG: Fwd: hello") == "Fwd: hello"
    assert forward_subject("Re: hello") == "Fwd: Re: hello"


def test_a_subject_of_megabytes_is_cut_quickly() -> None:
    assert len(reply_subject("Re: " * 1_000_000 + "x")) < 500


@pytest.mark.parametrize("ref", ["", "case17", "A" * 32])
@pytest.mark.parametrize("domain", ["x.example", "mail.a-rather-long-name.example", "d" * 60 + ".example"])
def test_ids_stay_short_unique_and_usable(ref: str, domain: str) -> None:
    first, second = new_message_id(domain, ref), new_message_id(domain, ref)

    assert first != second
    assert first.endswith(f"@{domain}>")
    assert len(first) <= 70 or len(domain) > 40
    assert len(first.partition("@")[0]) >= 27  # 128 random bits in any case


@pytest.mark.parametrize(
    ("domain", "ref"), [("x example", ""), ("", ""), ("x.example", "a b"), ("x.example", "a>\r\n")]
)
def test_ids_cannot_be_broken(domain: str, ref: str) -> None:
    with pytest.raises(InvalidInputError):
        new_message_id(domain, ref)


def test_a_thread_index_has_the_shape_outlook_knows() -> None:
    raw = base64.b64decode(new_thread_index(datetime(2026, 11, 22, tzinfo=UTC)))

    assert (len(raw), raw[0]) == (22, 1)


def test_a_reply_goes_to_the_author_and_quotes() -> None:
    mail = reply(parent(), sender="SOC <soc@x.example>", text="Thanks!")

    assert (mail.to, mail.cc, mail.subject) == (("ann@x.example",), (), "Re: Rechnung")
    assert mail.text == "Thanks!\n\nOn 2026-11-22 09:30 +0000, Ann wrote:\n> Hello\n>> older\n>\n> Bye"
    assert email.message_from_bytes(compose(mail), policy=policy.default)["In-Reply-To"] == "<p@x.example>"


def test_a_reply_to_all_leaves_us_out() -> None:
    mail = reply(
        parent(), sender="soc@x.example", text="x", to_all=True, own_addresses=["carol@x.example"], quote=False
    )

    assert (mail.to, mail.cc, mail.text) == (("ann@x.example",), ("bob@x.example",), "x")


def test_reply_to_wins_over_from() -> None:
    assert reply(parent(reply_to=(BOB,)), sender="soc@x.example", text="x").to == ("bob@x.example",)


def test_a_mail_from_nobody_cannot_be_answered() -> None:
    with pytest.raises(InvalidInputError, match="no valid"):
        reply(parent(from_=(MailAddress("", valid=False),)), sender="soc@x.example", text="x")


def test_html_of_the_parent_is_quoted_beside_its_text() -> None:
    mail = reply(parent(html="<p>Hello</p>"), sender="soc@x.example", text="a", html="<p>a</p>")

    assert mail.html.endswith("<blockquote><p>Hello</p></blockquote>")


def test_a_forward_as_attachment_carries_the_exact_bytes() -> None:
    raw = b"Subject: evil\r\n\r\nclick\r\n"
    mail = forward(
        parent(subject="evil/../name\r"), sender="soc@x.example", to=("a@x.example",), comment="look", raw=raw
    )

    (attached,) = mail.attachments
    assert (attached.content, attached.mime_type, attached.name) == (raw, "message/rfc822", "evil_.._name_.eml")
    assert mail.text.startswith("look\n\n---------- Forwarded message")
    assert raw in compose(mail)


def test_an_inline_forward_takes_text_html_and_files_along() -> None:
    picture = Attachment("i.png", 3, "0" * 64, "image/png", content=b"PNG", content_id="i", disposition="inline")
    too_big = Attachment("big.bin", 10**9, "0" * 64, "application/octet-stream")
    original = parent(html='<html><body class="a">Hi <img src="cid:i"></body></html>', attachments=(picture, too_big))

    mail = forward(original, sender="soc@x.example", to=("a@x.example",), comment="1 < 2")

    assert mail.subject == "Fwd: AW: Rechnung"
    assert "From: Ann <ann@x.example>\nDate: 2026-11-22 09:30:00 +0000\nSubject: AW: Rechnung" in mail.text
    assert mail.text.endswith("Hello\n> older\n\nBye")
    assert mail.html.startswith('<html><body class="a"><p>1 &lt; 2</p>')
    assert [one.content_id for one in mail.attachments] == ["i"]
    compose(mail)


def test_what_strangers_wrote_never_stops_an_answer_or_a_forward() -> None:
    odd = Attachment("a.bin", 1, "0" * 64, "what; ever", content=b"x", content_id="a b", disposition="inline")
    strange = parent(
        subject="a\r\nBcc: evil@x.example",
        to=(MailAddress("a@b@c", raw="a@b@c"), BOB),
        attachments=(odd, Attachment("m", 1, "0" * 64, "multipart/mixed", content=b"x")),
        html="<p>x</p>",
    )

    assert reply(strange, sender="soc@x.example", text="x", to_all=True).cc == ("bob@x.example", "carol@x.example")
    assert b"\r\nBcc" not in compose(reply(strange, sender="soc@x.example", text="x"))
    assert b"\r\nBcc" not in compose(forward(strange, sender="soc@x.example", to=("a@x.example",)))
