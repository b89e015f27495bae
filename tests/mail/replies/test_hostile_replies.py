"""No text makes the reading of replies slow, and none makes it fail."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailroom.mail.model import Mail, MailAddress
from mailroom.mail.replies import QuestionIndex, classify, extract_answer, forwarded, match
from mailroom.mail.replies.user_regex import first_value

TEXTS = {
    "lines On": "On \n" * 5_000,
    "attributions": "On x wrote:\n" * 8_000,
    "empty lines": "\n" * 100_000,
    "one word": "a" * 100_000,
    "quote marks": ">" * 100_000,
    "quoted lines": ">\n" * 50_000,
    "labels": "From: a\n" * 12_000,
    "blocks": "From: a@b.c\nTo: x\n\n" * 5_000,
    "colons": ":\n" * 50_000,
    "addresses": "a@b.c wrote:\n" * 8_000,
    "dashes": "-----\n" * 17_000,
    "markers": "--\n" * 33_000,
    "one long attribution": "On Mon, Jan 1, 2024 at 10:00 " + "x " * 48_000 + " wrote:",
    "interleaved": "> a\nb\n" * 16_000,
    "phones": "Sent from my iPhone\n" * 5_000,
    "forwards": "---------- Forwarded message ----------\n" * 2_500,
    "a forward of nothing": "---------- Forwarded message ---------\nFrom: a <a@b.c>\nSubject: x\n" + "\n" * 300_000,
    "dates": "until 1.1. " * 9_000,
    "doubtful attributions": "Bob wrote on 2 March 2024:\n" * 4_000,
    "doubtful blocks": "Subject: yes\nSender: known\n\n" * 4_000,
    "pasted headers": "Received: x\nFrom: a@b.c\nTo: d\n\n" * 4_000,
    "names and times": "Ann Lee wrote 2024-03-04 10:12:\n" * 4_000,
    "codes": "550 5.1.1 " * 10_000,
    "brackets": "<" * 100_000,
    "open tags": "<a@b\n" * 20_000,
    "nested quotes": "<blockquote>" * 8_000,
    "gmail quotes": '<div class="gmail_quote">' * 4_000,
    "tokens": "ABCDEFGHIJKLMNOPQRSTUVWXYZ " * 3_700,
    "blanks": " " * 100_000 + "x",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_hundred_kilobytes_of_anything_are_read_quickly(text: str) -> None:
    author = (MailAddress("mailer-daemon@x.example"),)
    mails = (
        Mail("", 0, (("From", text), ("In-Reply-To", text)), subject=text[:5_000], text=text, from_=author),
        Mail("", 0, subject="Fwd: x", html=text.replace("\n", "<br>")),
    )
    index = QuestionIndex()
    for mail in mails:
        for read in (extract_answer, classify, forwarded, lambda found: match(found, index)):
            # Processor time, because other work on the machine must not decide; 0.5 s is the aim, alone on a machine.
            start = time.process_time()
            read(mail)
            assert time.process_time() - start < 2.0


def test_ten_times_the_text_takes_about_ten_times_as_long() -> None:
    def spent(times: int) -> float:
        mail = Mail("", 0, text="Some words of a person, nothing more.\n> quoted\n\n" * times)
        start = time.process_time()
        extract_answer(mail)
        return time.process_time() - start

    assert min(spent(10_000) for _ in range(3)) < 40 * max(min(spent(1_000) for _ in range(3)), 0.002)


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet=st.sampled_from("On Am wrote:<>@.\n-_ 2024/1>From:To:Re–\u200b\xa0 a"), max_size=400))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    mail = Mail("", 0, (("From", text), ("Subject", text)), subject=text, text=text)
    answer = extract_answer(mail)
    assert answer.text_full == text
    classify(mail)
    forwarded(mail)
    extract_answer(Mail("", 0, html=text))


def test_an_operators_expression_cannot_hang() -> None:
    start = time.process_time()
    assert first_value(r"(a+)+$")("a" * 50_000 + "b") is None
    assert first_value(r"(?=x)(a|aa)+$")("a" * 50_000 + "b") is None
    assert time.process_time() - start < 5
