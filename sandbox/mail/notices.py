"""What machines write back: bounces, warnings of delay, automatic replies, read receipts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

from sandbox.data.headers import encoded
from sandbox.mail import phrases
from sandbox.mail.delivery import AUTHSERV_ID
from sandbox.mail.mime import Draft, mailbox, multipart, write
from sandbox.mail.people import Person
from sandbox.mail.quoting import Question
from sandbox.mail.reading import headers_only

STYLES = ("postfix", "gmail", "exchange")
_FAILURES = {
    "postfix": (
        "5.1.1",
        "smtp; 550 5.1.1 <{address}>: Recipient address rejected: User unknown in virtual mailbox table",
    ),
    "gmail": ("5.1.1", "smtp; 550-5.1.1 The email account that you tried to reach does not exist."),
    "exchange": (
        "5.1.10",
        "smtp; 550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
    ),
}
_SENDERS = {
    "postfix": ("Mail Delivery System", f"MAILER-DAEMON@{AUTHSERV_ID}"),
    "gmail": ("Mail Delivery Subsystem", "mailer-daemon@googlemail.com"),
    "exchange": ("Microsoft Outlook", "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@northwind.example"),
}
_SUBJECTS = {
    "postfix": "Undelivered Mail Returned to Sender",
    "gmail": "Delivery Status Notification (Failure)",
    "exchange": "Undeliverable: {subject}",
}
_DELAYED = ("4.4.1", "smtp; 451 4.4.1 connect to mail.example: Connection timed out")


@dataclass(frozen=True)
class Report:
    """A bounce or a warning of delay.

    Attributes:
        recipient: Who did not get the mail.
        action: `failed` or `delayed`.
        style: One of `STYLES`.
        to: Who wrote the mail that did not arrive.
        raw: That mail.
        subject: Of that mail, decoded.
        original_id: Its Message-ID.
        at: When the report is written.
        message_id: Of the report.
    """

    recipient: str
    action: str
    style: str
    to: str
    raw: bytes
    subject: str
    original_id: str
    at: datetime
    message_id: str


def delivery_report(report: Report) -> bytes:
    """A multipart/report as that kind of server writes it."""
    failed = report.action == "failed"
    status, diagnostic = _FAILURES[report.style] if failed else _DELAYED
    diagnostic = diagnostic.replace("{address}", report.recipient)
    words = "could not be delivered" if failed else "has not been delivered yet; we keep trying for three days"
    human = (
        f"This is the mail system at host {AUTHSERV_ID}.\r\n\r\n"
        f"Your message to {report.recipient} {words}.\r\n\r\n{diagnostic.partition('; ')[2]}\r\n"
    )
    per_message = f"Reporting-MTA: dns; {AUTHSERV_ID}\r\nArrival-Date: {format_datetime(report.at)}\r\n"
    if report.style == "gmail":
        per_message += f"X-Original-Message-ID: {report.original_id}\r\n"
    per_recipient = (
        f"Final-Recipient: rfc822; {report.recipient}\r\nOriginal-Recipient: rfc822;{report.recipient}\r\n"
        f"Action: {report.action}\r\nStatus: {status}\r\nRemote-MTA: dns; mail.example\r\n"
        f"Diagnostic-Code: {diagnostic}\r\n"
    )
    if not failed:
        per_recipient += f"Will-Retry-Until: {format_datetime(report.at + timedelta(days=3))}\r\n"
    original = (
        b"Content-Type: message/rfc822\r\n\r\n" + report.raw
        if report.style == "exchange"
        else b"Content-Type: text/rfc822-headers\r\n\r\n" + headers_only(report.raw)
    )
    parts = [
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + human.encode(),
        b"Content-Type: message/delivery-status\r\n\r\n" + (per_message + "\r\n" + per_recipient).encode(),
        original,
    ]
    subject = _SUBJECTS[report.style] if failed else "Warning: could not send message for past 4 hours"
    head = [
        ("From", mailbox(_SENDERS[report.style])),
        ("To", report.to),
        ("Subject", encoded(subject.replace("{subject}", report.subject))),
        ("Date", format_datetime(report.at)),
        ("Message-ID", report.message_id),
        ("Auto-Submitted", "auto-replied"),
    ]
    if report.style != "postfix" and report.original_id:
        head += [("In-Reply-To", report.original_id), ("References", report.original_id)]
    if report.style == "gmail":
        head.append(("X-Failed-Recipients", report.recipient))
    lines = "".join(f"{name}: {value}\r\n" for name, value in [*head, ("MIME-Version", "1.0")])
    return lines.encode("utf-8") + multipart(
        "report", parts, report.message_id, parameters=" report-type=delivery-status;"
    )


def away(person: Person, question: Question, at: datetime, message_id: str) -> bytes:
    """An automatic reply of somebody who is not there."""
    language = person.habit.language
    prefix, words = phrases.AWAY[language]
    text = words.replace("{day}", phrases.plain_day(at + timedelta(days=6), language)) + f"\n\n{person.name}\n"
    marks = [("Auto-Submitted", "auto-replied"), ("X-Auto-Response-Suppress", "All")]
    if person.habit.client in ("gmail", "thunderbird"):
        marks = [("Auto-Submitted", "auto-replied"), ("Precedence", "bulk"), ("X-Autoreply", "yes")]
    if question.message_id:
        marks.append(("In-Reply-To", question.message_id))
        marks.append(("References", " ".join((*question.references, question.message_id)[-20:])))
    return write(
        Draft(
            sender=person.sender,
            to=(question.reply_to,),
            subject=prefix + question.subject,
            date=phrases.local(at, language),
            message_id=message_id,
            text=text,
            headers=tuple(marks),
        )
    )


def read_receipt(person: Person, question: Question, at: datetime, message_id: str) -> bytes:
    """A message disposition notification: displayed."""
    human = (
        f"Your message\r\n\r\n  To: {person.address}\r\n  Subject: {question.subject}\r\n\r\n"
        f"was read on {format_datetime(at)}.\r\n"
    )
    status = (
        f"Reporting-UA: {AUTHSERV_ID}; Microsoft Outlook\r\nFinal-Recipient: rfc822;{person.address}\r\n"
        f"Original-Message-ID: {question.message_id}\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n"
    )
    parts = [
        b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + human.encode(),
        b"Content-Type: message/disposition-notification\r\n\r\n" + status.encode(),
    ]
    head = [
        ("From", mailbox(person.sender)),
        ("To", mailbox(question.reply_to)),
        ("Subject", encoded(f"Read: {question.subject}")),
        ("Date", format_datetime(at)),
        ("Message-ID", message_id),
        ("In-Reply-To", question.message_id),
        ("References", question.message_id),
        ("MIME-Version", "1.0"),
    ]
    lines = "".join(f"{name}: {value}\r\n" for name, value in head)
    return lines.encode() + multipart("report", parts, message_id, parameters=" report-type=disposition-notification;")
