"""One mail as the bytes that go over the wire."""

from __future__ import annotations

from dataclasses import replace
from email.utils import format_datetime

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import InvalidInputError
from mailroom.mail.compose.addresses import Mailbox, parse_mailbox, parse_mailboxes
from mailroom.mail.compose.header_text import address_header, checked_name, id_header, text_header
from mailroom.mail.compose.mime import Boundaries, attachment_part, multipart, text_part
from mailroom.mail.compose.outgoing import OutgoingMail, completed
from mailroom.mail.html_text import html_to_text
from mailroom.mail.threading_headers import MESSAGE_ID, shortened

_LARGEST = 35 << 20
_MOST_HEADERS = 100


def compose(
    mail: OutgoingMail, *, clock: Clock = SYSTEM_CLOCK, max_bytes: int = _LARGEST, eight_bit: bool = True
) -> bytes:
    r"""The mail as bytes: CRLF line ends, no line over 998 octets, no Bcc, the same bytes for the same fields.

    A text part is derived from the HTML when there is none. Attachments with a `content_id` stand beside the HTML.
    Only addresses with letters beyond ASCII before the @, and attached mails with 8-bit text, make it more than ASCII.

    Args:
        mail: What to send. Without Message-ID or date, new ones are made.
        clock: For the date.
        max_bytes: Larger results are refused.
        eight_bit: Attached mails with 8-bit text may stay as they are; False for servers without 8BITMIME.

    Raises:
        InvalidInputError: A field cannot go into a mail; the message says which. Line breaks in addresses, subject,
            header names and values, and file names are refused.
    """
    mail = completed(mail, clock)
    total = sum(len(attachment.content) for attachment in mail.attachments)
    if total * 4 // 3 > max_bytes:
        raise InvalidInputError(f"the attachments are {total >> 20} MiB, too large for a mail; share them another way")
    raw = b"".join([*_headers(mail), b"MIME-Version: 1.0\r\n", _body(mail, eight_bit)])
    if len(raw) > max_bytes:
        raise InvalidInputError(f"the mail is {len(raw) >> 20} MiB, more than the {max_bytes >> 20} MiB allowed")
    return raw


def envelope_recipients(mail: OutgoingMail) -> tuple[Mailbox, ...]:
    """Everyone of To, Cc and Bcc, each once.

    Raises:
        InvalidInputError: An address is not valid.
    """
    return parse_mailboxes([*mail.to, *mail.cc, *mail.bcc])


def is_international(address: str) -> bool:
    """True when only a server with SMTPUTF8 takes the address."""
    return any(one.international for one in parse_mailboxes(address))


def ascii_only(mail: OutgoingMail) -> OutgoingMail:
    """`mail` without the To and Cc addresses that only SMTPUTF8 could write into a header."""

    def kept(addresses: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_written(one) for one in parse_mailboxes(addresses) if not one.international)

    return replace(mail, to=kept(mail.to), cc=kept(mail.cc))


def _written(mailbox: Mailbox) -> str:
    if not mailbox.name:
        return mailbox.address
    escaped = mailbox.name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}" <{mailbox.address}>'


def _headers(mail: OutgoingMail) -> list[bytes]:
    lines = [address_header("From", [parse_mailbox(mail.sender)])]
    to, cc = parse_mailboxes(mail.to), parse_mailboxes(mail.cc)
    parse_mailboxes(mail.bcc)  # not written anywhere, but refused here rather than at sending
    if not to and not cc:
        lines.append(b"To: undisclosed-recipients:;\r\n")
    for name, mailboxes in (("To", to), ("Cc", cc), ("Reply-To", parse_mailboxes(mail.reply_to))):
        if mailboxes:
            lines.append(address_header(name, mailboxes))
    lines.append(text_header("Subject", mail.subject))
    assert mail.date is not None  # noqa: S101 - `completed` has set it
    if mail.date.tzinfo is None:
        raise InvalidInputError("the date of a mail needs a time zone; use an aware datetime")
    lines.append(f"Date: {format_datetime(mail.date)}\r\n".encode("ascii"))
    lines.append(id_header("Message-ID", [_checked_id(mail.message_id)]))
    if mail.in_reply_to:
        lines.append(id_header("In-Reply-To", [_checked_id(mail.in_reply_to)]))
    if mail.references:
        lines.append(id_header("References", shortened(tuple(_checked_id(one) for one in mail.references))))
    if len(mail.headers) > _MOST_HEADERS:
        raise InvalidInputError(f"{len(mail.headers)} extra headers are more than {_MOST_HEADERS}")
    lines += [text_header(checked_name(name), value) for name, value in mail.headers]
    return lines


def _checked_id(message_id: str) -> str:
    if not MESSAGE_ID.fullmatch(message_id):
        raise InvalidInputError(f"message id {message_id[:100]!a} is not one; write <something@example.com>")
    return message_id


def _body(mail: OutgoingMail, eight_bit: bool) -> bytes:
    boundary = Boundaries(mail.message_id)
    inline = [one for one in mail.attachments if one.content_id and mail.html]
    files = [one for one in mail.attachments if one not in inline]
    alternatives: list[bytes] = []
    if mail.text or not mail.html:
        alternatives.append(text_part(mail.text, "plain"))
    else:
        alternatives.append(text_part(html_to_text(mail.html, keep_hidden=False), "plain"))
    if mail.html:
        pictures = [attachment_part(one, inline=True, eight_bit=eight_bit) for one in inline]
        alternatives.append(multipart("related", [text_part(mail.html, "html"), *pictures], boundary, type="text/html"))
    content = multipart("alternative", alternatives, boundary)
    attached = [attachment_part(one, inline=False, eight_bit=eight_bit) for one in files]
    return multipart("mixed", [content, *attached], boundary)
