"""Bounces that no machine can read: whom they name, for how long, and who only talks about them."""

from __future__ import annotations

import pytest

from mailroom.mail.parse import parse
from mailroom.mail.replies import Classification, classify

KIM = ["kim@fabrikam.example"]


def read(sender: str, subject: str, body: str, **headers: str) -> Classification:
    lines = [f"From: {sender}", "To: soc@northwind.example", f"Subject: {subject}", "Content-Type: text/plain"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return classify(parse(("\r\n".join(lines) + "\r\n\r\n" + body.replace("\n", "\r\n")).encode()))


def addresses(found: Classification) -> list[str]:
    assert found.kind == "bounce", found
    assert found.bounce is not None
    return [item.address for item in found.bounce.recipients]


NAMED = {
    "a copy is mentioned before the address": "The following addresses did not receive a copy of your message:\n\n"
    "> kim@fabrikam.example\n\n 550 no such user\n",
    "in quotes": "The message to 'kim@fabrikam.example' failed, it was not collected for 30 days.\n",
    "sender shown beside it": "550 - no such user\n\n  MAIL FROM: jane@northwind.example\n"
    "  RCPT TO: kim@fabrikam.example\n  From: bob@northwind.example\n",
    "header of the returned mail repeated": "Your message\n\n  To:      staff@northwind.example\n  Subject: Offer\n\n"
    "did not reach the following recipient(s):\n\nkim@fabrikam.example on Monday\n    Unknown recipient\n",
    "an old kind of address": "did not reach the following recipient(s):\n\nc=US;a= ;p=X;dda:SMTP=kim@fabrikam.example;"
    " on Monday\n    Unknown recipient\n",
    "somebody to ask": "Unknown user: kim@fabrikam.example\n\nAsk helpdesk@fabrikam.example if you need help.\n",
    "the mail below an mbox line": "Mailbox full\ntarget mail address: kim@fabrikam.example\n\nbounced E-Mail:\n\n"
    "From a+b=c.example@northwind.example  Sat Oct  4 08:00:07 2025\nFrom: Jane <jane@northwind.example>\n",
}


@pytest.mark.parametrize("body", NAMED.values(), ids=NAMED)
def test_only_the_recipient_who_was_not_reached_is_named(body: str) -> None:
    assert addresses(read("MAILER-DAEMON@mx.example", "Delivery failure", body)) == KIM


def test_several_recipients_keep_their_own_codes() -> None:
    body = (
        "<kim@fabrikam.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "<sam@fabrikam.example>:\nRemote host said: 552 5.2.2 quota\n"
    )
    bounce = read("MAILER-DAEMON@mx.example", "failure notice", body).bounce
    assert bounce is not None
    assert [(item.address, item.status) for item in bounce.failed] == [
        ("kim@fabrikam.example", "5.1.1"),
        ("sam@fabrikam.example", "5.2.2"),
    ]


def test_the_version_of_a_server_is_no_status_and_a_full_stop_belongs_to_no_status() -> None:
    body = "This is mail server 4.94.2.\n\n<kim@fabrikam.example>: 550 no such user, that is 5.1.1.\n"
    bounce = read("MAILER-DAEMON@mx.example", "failure notice", body).bounce
    assert bounce is not None
    assert bounce.failed[0].status == "5.1.1"


@pytest.mark.parametrize(
    "words",
    [
        "Delivery attempts will continue to be made for 5 days.",
        "The server will retry for 46 more hours.",
        "Delivery has been postponed due to a full mailbox.",
    ],
)
def test_a_server_that_goes_on_trying_has_not_given_up(words: str) -> None:
    body = f"Your message could not be delivered to the following recipients:\n\nkim@fabrikam.example\n\n{words}\n"
    found = read("MAILER-DAEMON@mx.example", "Delivery Warning", body)
    assert addresses(found) == KIM
    assert found.bounce is not None
    assert found.bounce.failed == ()


def test_a_sender_without_an_address_and_a_list_of_recipients_are_a_bounce() -> None:
    body = "Your mail cannot be delivered to the following address(es):\n\nkim@fabrikam.example\n"
    assert addresses(read('"Mail Service" <>', "Mail Error", body)) == KIM
    assert addresses(read("gateway@fabrikam.example", "Delivery failure notification", body)) == KIM


def test_a_filter_that_refuses_by_a_disposition_notification_is_a_bounce() -> None:
    body = (
        "--B\nContent-Type: text/plain\n\nYour message to <kim@fabrikam.example> was automatically rejected:\nToo big\n"
        "--B\nContent-Type: message/disposition-notification\n\nFinal-Recipient: rfc822; kim@fabrikam.example\n"
        "Disposition: automatic-action/MDN-sent-automatically; deleted\n--B--\n"
    )
    report = "From: admin@fabrikam.example\nSubject: Rejected mail\nContent-Type: multipart/report; boundary=B; "
    mail = parse(f"{report}report-type=disposition-notification\n\n{body}".encode())
    assert addresses(classify(mail)) == KIM
    unread = parse(f"{report}report-type=disposition-notification\n\n{body}".replace("rejected:", "unread:").encode())
    assert classify(unread).kind == "receipt"


@pytest.mark.parametrize(
    ("sender", "subject", "body"),
    [
        ("kim@northwind.example", "Undeliverable mail to Sam", "My mails come back with 550 5.1.1 user unknown. Help!"),
        ("kim@northwind.example", "Failure notice", "> 550 5.1.1 user unknown\n\nThat came back. What does it mean?"),
        ("kim@northwind.example", "Delivery status notification", "What does status 5.1.1 mean in undelivered mail?"),
        ("postmaster@isp.example", "Re: your mail", "We removed the block, the 550 should be gone."),
        (
            "postmaster@northwind.example",
            "On hold: 3 mails",
            "Recipient: you. From: kim@fabrikam.example. Reason: spam",
        ),
        (
            "postmaster@northwind.example",
            "Your mailbox is nearly full",
            "It exceeded 90 %. Your message limit is 20 MB.",
        ),
        ("support@northwind.example", "Message blocked by a filter", "The block is gone and the 550 5.7.1 with it."),
        ("kim@northwind.example", "Delivery failure", "The parcel service failed again, the recipient was out."),
    ],
)
def test_who_writes_about_undelivered_mail_is_a_person(sender: str, subject: str, body: str) -> None:
    assert read(sender, subject, body, In_Reply_To="<q@northwind.example>").kind == "human"
    assert read(sender, subject, body).kind == "human"


@pytest.mark.parametrize(
    ("sender", "subject", "body", "headers"),
    [
        (
            "MAILER-DAEMON@airmail.example",
            "mail failed, returning to sender",
            "|--- Message log follows: ---|\n no valid recipients were found for this message\n"
            "|--- Failed addresses follow: ---|\n kim@fabrikam.example ... unknown host\n",
            {},
        ),
        (
            "antispam@fabrikam.example",
            "RE: Held mail : non remis (delivery failed)",
            "Votre message n'a pas pu etre delivre a\nkim@fabrikam.example\n",
            {},
        ),
        (
            "gateway@fabrikam.example",
            "Held mail",
            "Your message could not be delivered to kim@fabrikam.example, who is unknown here.",
            {"Return_Path": "<>"},
        ),
    ],
)
def test_a_server_that_says_whom_it_could_not_reach_sends_a_bounce(
    sender: str, subject: str, body: str, headers: dict[str, str]
) -> None:
    assert addresses(read(sender, subject, body, **headers)) == KIM


def test_a_group_that_takes_no_mail_sends_a_bounce() -> None:
    body = "Hello soc@northwind.example,\n\nthe group you tried to contact (staff) may not exist.\n"
    assert read("mailer-daemon@googlemail.com", "Delivery Status Notification (Failure)", body).kind == "bounce"


@pytest.mark.parametrize(
    "body", ["您发送给{}的邮件被退回，550 5.1.1", "{}宛てのメールは送信できませんでした。550 5.1.1"]
)
def test_an_address_within_a_sentence_without_blanks_is_read(body: str) -> None:
    lines = "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
    raw = f"{lines}Content-Type: text/plain; charset=utf-8\r\n\r\n{body.format(KIM[0])}"
    assert addresses(classify(parse(raw.encode()))) == KIM


@pytest.mark.parametrize("address", ["иван@пример.рф", "jürgen@müller.example", "संपर्क@उदाहरण.भारत"])
def test_an_address_of_any_script_with_blanks_is_read(address: str) -> None:
    lines = "From: MAILER-DAEMON@mx.example\r\nSubject: Undelivered Mail Returned to Sender\r\n"
    raw = f"{lines}Content-Type: text/plain; charset=utf-8\r\n\r\n<{address}>: 550 5.1.1 User unknown"
    assert addresses(classify(parse(raw.encode()))) == [address]


def test_a_person_who_pastes_a_mail_services_notification_is_a_person() -> None:
    body = '{"notificationType":"Bounce","bounce":{"bounceType":"Permanent"}}'
    assert read("no-reply@sns.example", "Notification", body).kind == "bounce"
    answer = read(
        "kim@fabrikam.example", "Re: Held mail", f"Yes, it said:\n{body}", In_Reply_To="<q@northwind.example>"
    )
    assert answer.kind == "human"


@pytest.mark.parametrize(
    ("subject", "body"),
    [
        ("Bounce?", "Hi,\nmy mail to your colleague could not be delivered to\nkim@fabrikam.example\nWhom to ask?"),
        ("Your mail", "My answer was not delivered to kim@fabrikam.example\nCan you help?"),
        ("Return of goods", "The goods could not be delivered to kim@fabrikam.example"),
        ("Message blocked", "Hello, my mail cannot be delivered to kim@fabrikam.example\nPlease have a look."),
    ],
)
def test_a_person_who_tells_of_mail_that_did_not_arrive_sends_no_bounce(subject: str, body: str) -> None:
    assert read("ann@northwind.example", subject, body).kind == "human"
