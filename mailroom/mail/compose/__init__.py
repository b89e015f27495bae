"""Mails of our own: from plain fields to the bytes that go over the wire."""

from mailroom.mail.compose.addresses import Mailbox, parse_mailbox, parse_mailboxes
from mailroom.mail.compose.content_kind import looks_like_html
from mailroom.mail.compose.follow_up import forward, reply
from mailroom.mail.compose.message import compose
from mailroom.mail.compose.outgoing import OutgoingAttachment, OutgoingMail, completed, question_headers

__all__ = [
    "Mailbox",
    "OutgoingAttachment",
    "OutgoingMail",
    "completed",
    "compose",
    "forward",
    "looks_like_html",
    "parse_mailbox",
    "parse_mailboxes",
    "question_headers",
    "reply",
]
