"""Mails forwarded inside mails, attached or as text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mail.model import Mail, MailAddress
from mailroom.mail.replies import ForwardRegexes, forwarded

HEADS = {
    "gmail": "---------- Forwarded message ---------\nFrom: Eve Bad <eve@evil.example>\nDate: Mon, Mar 4, 2024 "
    "at 10:12 AM\n"
    "Subject: Invoice\nTo: <kim@northwind.example>, lee@northwind.example\n",
    "apple": "> Begin forwarded message:\n>\n> From: Eve Bad <eve@evil.example>\n> Subject: Invoice\n"
    "> Date: 4 March 2024 at 10:12:00 GMT\n> To: kim@northwind.example, Lee <lee@northwind.example>\n>",
    "outlook, German": "\nVon: Eve Bad <eve@evil.example>\nGesendet: Montag, 4. März 2024 10:12\n"
    "An: kim@northwind.example; Lee <lee@northwind.example>\nBetreff: Invoice\n",
    "old outlook": "\nFrom: Eve Bad [mailto:eve@evil.example]\nSent: 04 March 2024 10:12\n"
    "To: 'kim@northwind.example' <kim@northwind.example>; Lee <lee@northwind.example<mailto:lee@northwind.example>>\n"
    "Subject: Invoice\n",
    "thunderbird, French": "-------- Message transféré --------\nSujet : \tInvoice\nDate : \tMon, 4 Mar 2024 "
    "11:12:00 +0100\n"
    "De : \tEve Bad <eve@evil.example>\nPour : \tkim@northwind.example, lee@northwind.example\n",
    "japanese": "---------- 転送メッセージ ---------\n差出人：Eve Bad <eve@evil.example>\n日付：2024年3月4日 "
    "10:12\n件名：Invoice\n"
    "宛先：kim@northwind.example, lee@northwind.example\n",
    "yahoo, one line": "   ----- Forwarded Message ----- From: Eve Bad <eve@evil.example>To: kim@northwind.example; "
    "lee@northwind.exampleSent: Monday, March 4, 2024, 10:12:00 AM GMTSubject: Invoice\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_the_original_header_is_read_from_forwards_of_every_mail_program(head: str) -> None:
    quoted = head.startswith(">")
    body = "> Pay now.\n> Eve" if quoted else "Pay now.\nEve"
    (found,) = forwarded(Mail("", 0, subject="WG: Invoice", text=f"Look at this.\n\n{head}\n{body}\n"))
    assert found.how == "inline"
    assert (found.sender.address, found.sender.name) == ("eve@evil.example", "Eve Bad")
    assert found.sent_at == datetime(2024, 3, 4, 10, 12, tzinfo=UTC)
    assert [person.address.removesuffix("sent") for person in found.to] == [
        "kim@northwind.example",
        "lee@northwind.example",
    ]
    assert (found.subject, found.text) == ("Invoice", "Pay now.\nEve")


def test_a_chain_of_forwards_is_given_from_the_outside_in() -> None:
    text = (
        "FYI\n\n---------- Forwarded message ---------\nFrom: Kim <kim@northwind.example>\nDate: 5 March 2024\n"
        "Subject: Fwd: Invoice\nTo: soc@northwind.example\n\nStrange?\n\n---------- Forwarded message ---------\n"
        "From: Eve <eve@evil.example>\nDate: 4 March 2024\nSubject: Invoice\nTo: kim@northwind.example\n\nPay now.\n"
    )
    chain = forwarded(Mail("", 0, subject="Fwd: Fwd: Invoice", text=text))
    assert [item.sender.address for item in chain] == ["kim@northwind.example", "eve@evil.example"]
    assert chain[-1].text == "Pay now."


def test_an_attached_mail_is_preferred_to_text() -> None:
    inner = Mail("i", 1, subject="Invoice", from_=(MailAddress("eve@evil.example"),), text="Pay now.")
    outer = Mail("o", 2, subject="Fwd: x", text="From: a@b.example\nTo: c\nSubject: d\n\nother", nested=(inner,))
    (found,) = forwarded(outer)
    assert (found.how, found.mail, found.sender.address) == ("attached", inner, "eve@evil.example")


def test_a_mail_attached_to_an_attached_mail_follows_it() -> None:
    third = Mail("3", 1, subject="c")
    second = Mail("2", 1, subject="b", nested=(third,))
    assert [item.subject for item in forwarded(Mail("1", 1, nested=(second,)))] == ["b", "c"]


def test_the_mail_inside_a_bounce_was_not_forwarded() -> None:
    inner = Mail("i", 1, subject="Held mail")
    assert forwarded(Mail("o", 2, report_type="delivery-status", nested=(inner,))) == []


def test_a_reply_is_no_forward() -> None:
    text = "Yes.\n\nFrom: SOC <soc@northwind.example>\nSent: Monday\nTo: Kim\nSubject: Held mail\n\nIs this expected?"
    assert forwarded(Mail("", 0, subject="Re: Held mail", text=text)) == []


def test_a_forward_in_html_is_read_as_well() -> None:
    html = (
        '<div>Look</div><div class="gmail_quote">---------- Forwarded message ---------<br>From: <b>Eve</b> '
        "&lt;eve@evil.example&gt;<br>Date: Mon, 4 Mar 2024<br>Subject: Invoice<br>To: kim@x.example<br><br>Pay</div>"
    )
    (found,) = forwarded(Mail("", 0, subject="Fwd: Invoice", html=html))
    assert (found.sender.address, found.subject, found.text) == ("eve@evil.example", "Invoice", "Pay")


def test_the_operators_expressions_replace_what_was_detected() -> None:
    regexes = ForwardRegexes.from_json(r'{"subject": "(?<=Titel: ).*", "from": "Absender: (.*)", "to": "Ziel: (.*)"}')
    assert regexes is not None
    text = "Absender: Eve <eve@evil.example>\nZiel: kim@northwind.example\nTitel: Invoice\n"
    (found,) = forwarded(Mail("", 0, text=text), regexes=regexes)
    assert (found.sender.address, found.subject) == ("eve@evil.example", "Invoice")
    assert found.to[0].address == "kim@northwind.example"
    assert forwarded(Mail("", 0, text="nothing here"), regexes=regexes) == []


def test_no_expressions_are_no_error_and_bad_ones_say_what_is_wrong() -> None:
    assert ForwardRegexes.from_json("  ") is None
    for text, message in (("[1]", "JSON object"), ("{", "not JSON"), ('{"cc": "x"}', "subject, from and to")):
        with pytest.raises(InvalidInputError, match=message):
            ForwardRegexes.from_json(text)
    with pytest.raises(InvalidInputError, match="not valid"):
        ForwardRegexes.from_json('{"subject": "(unclosed"}')
