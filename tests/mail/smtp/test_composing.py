"""What our mails look like to a parser that is not ours."""

from __future__ import annotations

import email
import re
from dataclasses import replace
from datetime import UTC, datetime
from email import policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from smtp_sound import assert_sound

from mailroom.errors import InvalidInputError
from mailroom.mail.compose import OutgoingAttachment, OutgoingMail, completed, compose, question_headers

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
PLAIN = OutgoingMail(
    sender="soc@northwind.example",
    to=("ann@northwind.example",),
    subject="hello",
    text="Good morning\n",
    message_id="<m1@northwind.example>",
    date=NOON,
)


def read(raw: bytes) -> EmailMessage:
    assert_sound(raw)
    parsed = cast(EmailMessage, email.message_from_bytes(raw, policy=policy.default))
    for part in parsed.walk():
        assert part.defects == []
    return parsed


def body(parsed: EmailMessage, subtype: str = "plain") -> str:
    part = cast(Any, parsed.get_body((subtype,)))
    return str(part.get_content()).replace("\r\n", "\n")


def test_a_plain_mail_stays_a_plain_mail() -> None:
    raw = compose(PLAIN)

    assert raw == (
        b"From: soc@northwind.example\r\n"
        b"To: ann@northwind.example\r\n"
        b"Subject: hello\r\n"
        b"Date: Sun, 22 Nov 2026 12:00:00 +0000\r\n"
        b"Message-ID: <m1@northwind.example>\r\n"
        b"MIME-Version: 1.0\r\n"
        b'Content-Type: text/plain; charset="us-ascii"\r\n'
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Good morning\r\n"
    )


def test_the_same_mail_is_the_same_bytes() -> None:
    rich = replace(PLAIN, html="<b>x</b>", attachments=(OutgoingAttachment("a.txt", b"a", "text/plain"),))

    assert compose(rich) == compose(rich)


def test_text_html_pictures_and_files_stand_where_clients_expect_them() -> None:
    mail = replace(
        PLAIN,
        html='<p>Grüße <img src="cid:logo"></p>',
        text="Grüße",
        attachments=(
            OutgoingAttachment("logo.png", b"\x89PNG", "image/png", "logo"),
            OutgoingAttachment("report.pdf", b"%PDF" * 1000, "application/pdf"),
        ),
    )
    parsed = read(compose(mail))

    assert [part.get_content_type() for part in parsed.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]
    picture, report = (part for part in parsed.walk() if part.get_filename())
    assert (picture["Content-ID"], picture.get_content_disposition()) == ("<logo>", "inline")
    assert (report.get_content(), report.get_content_disposition()) == (b"%PDF" * 1000, "attachment")
    assert body(parsed) == "Grüße\n"


def test_a_text_is_derived_when_there_is_only_html() -> None:
    parsed = read(compose(replace(PLAIN, text="", html="<p>Please <b>answer</b></p><p>by noon</p>")))

    assert "Please answer" in body(parsed)
    assert "<p>" not in body(parsed)


def test_bcc_never_appears_in_the_bytes() -> None:
    raw = compose(replace(PLAIN, bcc=("Secret Person <hidden@elsewhere.example>",)))

    assert b"hidden" not in raw
    assert b"bcc" not in raw.lower()


def test_a_mail_to_bcc_only_still_has_a_to() -> None:
    assert read(compose(replace(PLAIN, to=(), bcc=("hidden@elsewhere.example",))))["To"] == "undisclosed-recipients:;"


def test_names_are_written_so_that_they_cannot_add_recipients() -> None:
    names = ('"Müller, Jörg" <a@x.example>', '"Last, First" <b@x.example>', "e\u0301vil <evil@x.example>")
    long = '"' + "Very, Long " * 15 + '" <c@x.example>'
    header = read(compose(replace(PLAIN, to=(*names, long))))["To"]

    assert [one.addr_spec for one in header.addresses] == [
        "a@x.example",
        "b@x.example",
        "evil@x.example",
        "c@x.example",
    ]
    assert [one.display_name for one in header.addresses][:2] == ["Müller, Jörg", "Last, First"]


@pytest.mark.parametrize("length", [60, 77, 78, 100, 200, 800, 970])
def test_ids_of_any_length_travel_unbroken(length: int) -> None:
    long = f"<{'r' * (length - 12)}@x.example>"
    raw = compose(replace(PLAIN, message_id=long, in_reply_to=long, references=("<a@x.example>", long)))

    lines = raw.partition(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    assert f"In-Reply-To: {long}" in lines
    assert f"Message-ID: {long}" in lines
    assert "=?" not in raw.decode("ascii")
    assert re.sub(r"\s+", " ", str(read(raw)["References"])) == f"<a@x.example> {long}"


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "Grüße aus Zürich " * 30,
        "日本語の件名です。" * 40,
        "Ответ: срочно",
        "plain but long " * 60,
        "x" * 3_000,
        "  leading and  double  spaces ",
        "=?utf-8?q?not_ours?=",
        "emoji \U0001f469\u200d\U0001f4bb" * 30,
        "tab\tinside",
    ],
)
def test_subjects_come_back_as_written(subject: str) -> None:
    raw = compose(replace(PLAIN, subject=subject))

    assert str(read(raw)["Subject"] or "") == subject.replace("\t", " ")
    assert max(map(len, raw.split(b"\r\n"))) <= 998


@given(st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=("Cs", "Cc")), max_size=200))
@settings(max_examples=200, deadline=None)
def test_any_subject_comes_back_as_written(subject: str) -> None:
    line = compose(replace(PLAIN, subject=subject)).split(b"\r\nSubject:")[1].split(b"\r\nDate:")[0]

    assert str(make_header(decode_header(re.sub(r"\r\n ", " ", line.decode("ascii")).removeprefix(" ")))) == (
        subject if subject.strip(" ") else ""
    )


@given(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=400))
@settings(max_examples=200, deadline=None)
def test_any_text_comes_back_with_its_lines(text: str) -> None:
    raw = compose(replace(PLAIN, text=text))

    assert_sound(raw)
    parsed = email.message_from_bytes(raw, policy=policy.compat32)
    found = cast(bytes, parsed.get_payload(decode=True)).decode().replace("\r\n", "\n")
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    assert found == (wanted + "\n" if wanted and not wanted.endswith("\n") else wanted)


def test_long_lines_dots_and_lone_breaks_become_safe() -> None:
    text = "x" * 5_000 + "\n.\n..\r lone\rbreaks \n" + "ü" * 3_000
    raw = compose(replace(PLAIN, text=text))

    assert body(read(raw)) == text.replace("\r", "\n") + "\n"


def test_nul_and_lone_surrogates_are_not_sent() -> None:
    raw = compose(replace(PLAIN, text="a\x00b\udcffc", subject="s\udcff"))

    assert body(read(raw)) == "ab?c\n"
    assert b"\x00" not in raw


def test_an_attached_mail_keeps_every_byte() -> None:
    for original in (
        b"Subject: a\r\n\r\nbody\r\n",
        b"Subject: a\r\n\r\nno break at the end",
        "X: ü\r\n\r\nü\r\n\r\n".encode(),
    ):
        raw = compose(replace(PLAIN, attachments=(OutgoingAttachment("mail.eml", original, "message/rfc822"),)))
        part = list(read(raw).walk())[2]
        assert part.get_content_type() == "message/rfc822"
        boundary = re.findall(rb'boundary="([^"]+)"', raw)[0]
        between = raw.split(b"--" + boundary)[2].partition(b"\r\n\r\n")[2]
        assert between.removesuffix(b"\r\n") == original


@pytest.mark.parametrize(
    "original", [b"Subject: a\n\nunix\n", b"Subject: a\r\n\r\n" + b"x" * 2_000, b"A: b\r\n\r\n\x00"]
)
def test_an_attached_mail_that_cannot_travel_goes_as_a_file(original: bytes) -> None:
    raw = compose(replace(PLAIN, attachments=(OutgoingAttachment("mail.eml", original, "message/rfc822"),)))

    part = list(read(raw).walk())[2]
    assert (part.get_content_type(), part.get_filename()) == ("application/octet-stream", "mail.eml")
    assert part.get_payload(decode=True) == original


def test_without_8bitmime_nothing_is_8_bit() -> None:
    attached = OutgoingAttachment("m.eml", "X: y\r\n\r\nü\r\n".encode(), "message/rfc822")
    mail = replace(PLAIN, subject="ü", text="ü", attachments=(attached,))

    assert not compose(mail).isascii()
    assert compose(mail, eight_bit=False).isascii()


@pytest.mark.parametrize(
    ("given_name", "sent"),
    [
        ("Übersicht 2026.pdf", "Übersicht 2026.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.txt", "a.txt"),
        ('say "hi"; x=y.txt', "say _hi_; x=y.txt"),
        ("invoice\u202efdp.exe", "invoice_fdp.exe"),
        ("", "attachment"),
        ("...", "attachment"),
        ("x" * 400 + ".docx", "x" * 175 + ".docx"),
    ],
)
def test_file_names_arrive_readable_and_harmless(given_name: str, sent: str) -> None:
    raw = compose(replace(PLAIN, attachments=(OutgoingAttachment(given_name, b"x", "application/pdf"),)))

    assert list(read(raw).walk())[2].get_filename() == sent


def test_a_question_asks_machines_to_keep_quiet_without_calling_itself_one() -> None:
    parsed = read(compose(replace(PLAIN, headers=question_headers("case-17"))))

    assert parsed["X-Auto-Response-Suppress"] == "OOF, AutoReply, DR, RN, NRN"
    assert parsed["X-SOC-Ref"] == "case-17"
    assert parsed["Auto-Submitted"] is None


def test_a_new_id_names_the_senders_domain_and_not_this_machine() -> None:
    first, second = (completed(replace(PLAIN, message_id="")).message_id for _ in range(2))

    assert first != second
    assert first.endswith("@northwind.example>")
    assert len(first) <= 70


def test_reply_to_takes_one_address_or_several() -> None:
    assert read(compose(replace(PLAIN, reply_to="soc+x1@northwind.example")))["Reply-To"] == "soc+x1@northwind.example"
    assert (
        read(compose(replace(PLAIN, reply_to=("a@x.example", "b@x.example"))))["Reply-To"] == "a@x.example, b@x.example"
    )


def test_international_domains_become_ascii_and_local_parts_stay() -> None:
    raw = compose(replace(PLAIN, to=("jörg@bücher.example",)))

    assert "To: jörg@xn--bcher-kva.example\r\n".encode() in raw


def test_a_mail_too_large_is_refused_before_it_is_built() -> None:
    big = OutgoingAttachment("a.bin", bytes(3_000_000))
    with pytest.raises(InvalidInputError, match="too large"):
        compose(replace(PLAIN, attachments=(big,)), max_bytes=3_000_000)
    with pytest.raises(InvalidInputError, match="more than"):
        compose(replace(PLAIN, text="x\n" * 700_000), max_bytes=1 << 20)


def test_a_date_needs_a_zone() -> None:
    with pytest.raises(InvalidInputError, match="time zone"):
        compose(replace(PLAIN, date=datetime(2026, 1, 1)))  # noqa: DTZ001 - that is the point
