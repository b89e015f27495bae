"""Mails forwarded inside mails, attached or as text."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailroom.errors import InvalidInputError
from mailroom.mail.model import Mail, MailAddress
from mailroom.mail.replies import ForwardRegexes, forwarded
from mailroom.mail.replies.people import parse_people

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


def test_what_stands_below_a_quoted_mail_is_not_part_of_it() -> None:
    head = "> From: Eve <eve@evil.example>\n> Date: 4 March 2024\n> Subject: Invoice\n>\n"
    text = f"Look.\n\nBegin forwarded message:\n\n{head}> Pay\nnow.\n>\n> Eve\n\nShould I pay? Kim\n"
    (found,) = forwarded(Mail("", 0, subject="Fwd: Invoice", text=text))
    assert found.text == "Pay\nnow.\n\nEve"


def test_a_body_that_is_quoted_below_a_plain_header_loses_its_marks() -> None:
    head = "---------- Forwarded message ----------\nFrom: Eve <eve@evil.example>\nSubject: Invoice\n"
    text = f"{head}\n> Pay now.\n>\n> Eve\n"
    (found,) = forwarded(Mail("", 0, subject="Fwd: Invoice", text=text))
    assert found.text == "Pay now.\n\nEve"


@pytest.mark.parametrize("subject", ["", "Strange mail", "[EXTERNAL] FW: Invoice", "Redir.: Invoice", "转发：Invoice"])
def test_a_header_block_below_words_that_answer_nothing_is_a_forward(subject: str) -> None:
    text = "Is this real?\n\nFrom: Eve <eve@evil.example>\nSent: 4 March 2024 10:12\nTo: Kim\nSubject: Invoice\n\nPay."
    (found,) = forwarded(Mail("", 0, subject=subject, text=text))
    assert (found.sender.address, found.subject, found.text) == ("eve@evil.example", "Invoice", "Pay.")


def test_a_timetable_is_no_forward() -> None:
    text = "Your ticket\n\nFrom: Berlin\nTo: Paris\nDate: 4 March 2024 10:12\n\nHave a good trip."
    assert forwarded(Mail("", 0, subject="Booking", text=text)) == []


def test_a_second_header_below_the_first_is_a_mail_of_its_own() -> None:
    first = "From: Kim <kim@northwind.example>\nSent: 5 March 2024\nTo: soc@northwind.example\nSubject: FW: Invoice"
    second = "From: Eve <eve@evil.example>\nSent: 4 March 2024\nTo: kim@northwind.example\nSubject: Invoice"
    chain = forwarded(Mail("", 0, subject="FW: FW: Invoice", text=f"{first}\n\n{second}\n\nPay now.\n"))
    assert [(item.sender.address, item.subject) for item in chain] == [
        ("kim@northwind.example", "FW: Invoice"),
        ("eve@evil.example", "Invoice"),
    ]


def test_labels_that_follow_each_other_without_a_blank_are_told_apart() -> None:
    text = (
        "----- Messaggio inoltrato ----- Da: Eve <eve@evil.example>A: Kim <kim@northwind.example>CC: Lee "
        "<lee@northwind.example>Inviato: 4 marzo 2024Oggetto: Invoice\nPay now."
    )
    (found,) = forwarded(Mail("", 0, subject="I: Invoice", text=text))
    assert (found.sender.address, found.to[0].address, found.cc[0].address, found.subject) == (
        "eve@evil.example",
        "kim@northwind.example",
        "lee@northwind.example",
        "Invoice",
    )


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Op 4/3/2024 10:12 heeft Eve Bad <eve@evil.example> geschreven:", "Eve Bad"),
        ("4/3/2024 10:12 időpontban Eve Bad (eve@evil.example) ezt írta:", "Eve Bad"),
        ("Le 4/3/2024 10:12, «\xa0Eve Bad\xa0» <eve@evil.example> a écrit :", "Eve Bad"),
    ],
)
def test_a_forward_under_an_attribution_line_names_its_sender(line: str, name: str) -> None:
    (found,) = forwarded(Mail("", 0, subject="FW: Invoice", text=f"{line}\n\n    Pay now.\n"))
    assert (found.sender.address, found.sender.name) == ("eve@evil.example", name)


def test_a_comma_in_a_name_parts_no_people() -> None:
    people = parse_people("'Bad, Eve' <eve@evil.example>, kim@northwind.example, Lee <lee@northwind.example>; Ann")
    assert [(one.name, one.address) for one in people] == [
        ("Bad, Eve", "eve@evil.example"),
        ("", "kim@northwind.example"),
        ("Lee", "lee@northwind.example"),
        ("Ann", ""),
    ]


@pytest.mark.parametrize(
    ("written", "month"),
    [("2024. március 4., hétfő 10:12", 3), ("E, 4. märts 2024 kell 10:12", 3), ("pon, 4. lis 2024. u 10:12", 10)],
)
def test_dates_of_header_blocks_are_read_as_they_are_written(written: str, month: int) -> None:
    text = f"---------- Forwarded message ---------\nFrom: Eve <eve@evil.example>\nDate: {written}\nSubject: a\n\nPay."
    (found,) = forwarded(Mail("", 0, subject="Fwd: a", text=text))
    assert found.sent_at == datetime(2024, month, 4, 10, 12, tzinfo=UTC)


@pytest.mark.parametrize("written", ["Fri, 31 Dec 9999 23:59:59 -1400", "31 December 9999 23:59 GMT-12:00"])
def test_a_date_that_some_time_zone_cannot_express_is_none(written: str) -> None:
    (found,) = forwarded(
        Mail("", 0, subject="Fwd: x", text=HEADS["gmail"].replace("Mon, Mar 4, 2024 at 10:12 AM", written))
    )
    assert found.sent_at is None


@pytest.mark.parametrize(
    "comment",
    [
        "Subject: invoice\nSender: unknown\nPlease check.",
        "Here is what Bob wrote on 4 March 2024:\nit is not ours",
        "From: nobody I know\nSubject: strange",
    ],
)
@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
def test_a_comment_that_reads_like_a_header_is_not_the_mail_that_was_forwarded(comment: str, head: str) -> None:
    with_comment = forwarded(Mail("", 0, subject="Fwd: Offer", text=f"{comment}\n\n{head}\n\nPay now."))
    without = forwarded(Mail("", 0, subject="Fwd: Offer", text=f"{head}\n\nPay now."))
    assert [one.sender for one in with_comment] == [one.sender for one in without]


def test_a_header_without_an_address_or_a_date_counts_when_no_other_follows() -> None:
    (found,) = forwarded(Mail("", 0, subject="Fwd: Offer", text="From: Bob\nSubject: Offer\n\nPay now."))
    assert (found.sender.name, found.subject, found.text) == ("Bob", "Offer", "Pay now.")


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Missatge de Bob Ode <bob@contoso.example> del dia dl., 4 de març 2024 a les 10:12:", "Bob Ode"),
        ("Wiadomość napisana przez Bob Ode <bob@contoso.example> w dniu 4 mar 2024, o godz. 10:12:", "Bob Ode"),
        ("2024/03/04 10:12、Bob Ode <bob@contoso.example>のメール:", "Bob Ode"),
        ("在 2024年3月4日，10:12，Bob Ode <bob@contoso.example> 写道：", "Bob Ode"),
        ("4. März 2024, 10:12 von bob@contoso.example:", ""),
        ("Mar 4, 2024, 10:12 by bob@contoso.example:", ""),
    ],
)
def test_the_sender_in_an_attribution_line_is_named_without_the_words_before(line: str, name: str) -> None:
    (found,) = forwarded(Mail("", 0, subject="Fwd: Offer", text=f"{line}\n\n> Pay now."))
    assert (found.sender.address, found.sender.name) == ("bob@contoso.example", name)
