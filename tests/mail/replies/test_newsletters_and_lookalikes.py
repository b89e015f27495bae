"""Two things that are easily taken for something else."""

from __future__ import annotations

from mailroom.mail.parse import parse
from mailroom.mail.replies import classify, forwarded

NEWSLETTER = (
    b"From: News <offers@shop.example>\r\nTo: soc@northwind.example\r\nSubject: Deals\r\nList-Id: <l.shop.example>\r\n"
    b"List-Unsubscribe: <https://shop.example/u>\r\nPrecedence: bulk\r\n\r\nHello\r\n"
)
POST = NEWSLETTER.replace(b"Precedence: bulk", b"Precedence: bulk\r\nList-Post: <mailto:l@shop.example>")


def test_a_newsletter_is_bulk_and_a_post_to_a_discussion_list_is_written_by_a_person() -> None:
    assert classify(parse(NEWSLETTER)).kind == "bulk"
    assert classify(parse(POST)).kind == "human"


def test_the_last_angle_brackets_hold_the_address_of_a_forwarded_sender_however_the_name_looks() -> None:
    mail = parse(
        b"From: ann@northwind.example\r\nSubject: Fwd: Hi\r\n\r\n---------- Forwarded message ---------\r\n"
        b"From: helpdesk@northwind.example <admin@evil.example>\r\nDate: Mon, 2 Nov 2026 10:00\r\nSubject: Hi\r\n"
        b"To: <ann@northwind.example>\r\n\r\nClick\r\n"
    )
    assert forwarded(mail)[0].sender.address == "admin@evil.example"
