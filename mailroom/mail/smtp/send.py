"""Handing one mail to a submission server."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import InvalidInputError, NotOfferedError
from mailroom.mail.compose.addresses import Mailbox, parse_mailbox, parse_mailboxes
from mailroom.mail.compose.message import ascii_only, compose, envelope_recipients, is_international
from mailroom.mail.compose.outgoing import OutgoingMail, completed
from mailroom.mail.smtp.login import session
from mailroom.mail.smtp.report import SendReport
from mailroom.mail.smtp.settings import SmtpSettings
from mailroom.mail.smtp.transaction import Deadline, Envelope, OnRefusals, deliver
from mailroom.mail.smtp.wire import Wire


def send(
    settings: SmtpSettings,
    mail: OutgoingMail,
    *,
    recipients: Iterable[str] | None = None,
    clock: Clock = SYSTEM_CLOCK,
    on_refusals: OnRefusals | None = None,
    on_handover: Callable[[], None] | None = None,
    within: float | None = None,
) -> SendReport:
    """Send `mail` once, and say what the server answered for each recipient.

    Effect: sends mail. Twice sends it twice: to try again, keep `mail.message_id` and name in `recipients` only those
    the report calls `open`.

    Args:
        settings: The server and the login.
        mail: Without Message-ID or date, it gets new ones; the report names the id.
        recipients: The envelope; None: everyone of To, Cc and Bcc.
        clock: For the date.
        on_refusals: Told who was refused, before the mail is handed over for the others.
        on_handover: Called right before the mail is handed over; until then nothing can have been sent.
        within: Seconds that all of it may take; None: what its size and the settings allow.

    Raises:
        InvalidInputError: The mail cannot be composed, or has no recipient.
        TransientError: The server cannot be reached, is too slow, or was lost before the mail was complete; nothing
            was sent.
        OutcomeUnknownError: The connection was lost after the mail was complete and before the answer: it may be on
            its way. Look for its Message-ID; never send it again blindly.
        CredentialsError: The login is not accepted.
        AccessError: TLS or the server's policy stands in the way.
        NotOfferedError: The sender or Reply-To needs SMTPUTF8, or the way of logging in is not offered.
        RejectedError: The mail is larger than the server takes (code `size`).
        ResponseError: The server does not speak SMTP.
    """
    mail = completed(mail, clock)
    envelope = _envelope(mail.sender, envelope_recipients(mail) if recipients is None else parse_mailboxes(recipients))
    raw = compose(mail)  # before connecting: a mail that cannot be composed costs nothing
    deadline = Deadline.of(settings, len(raw), within)
    with session(settings, deadline.complete) as wire:
        international, eight_bit = "SMTPUTF8" in wire.features, "8BITMIME" in wire.features
        if not raw.isascii() and not (international and eight_bit):
            raw = _recomposed(mail, wire, international=international, eight_bit=eight_bit)
        return deliver(wire, settings, envelope, raw, mail.message_id, deadline, on_refusals, on_handover)


def _envelope(sender: str, recipients: tuple[Mailbox, ...]) -> Envelope:
    if not recipients:
        raise InvalidInputError("the mail has no recipient; name at least one in to, cc or bcc")
    return Envelope(parse_mailbox(sender), recipients)


def _recomposed(mail: OutgoingMail, wire: Wire, *, international: bool, eight_bit: bool) -> bytes:
    if not international:
        if any(is_international(one) for one in (mail.sender, *_texts(mail.reply_to))):
            raise NotOfferedError(
                f"{wire.name} takes no addresses with letters beyond ASCII before the @ (SMTPUTF8); use another sender"
            )
        mail = ascii_only(mail)
    return compose(mail, eight_bit=eight_bit)


def _texts(addresses: str | tuple[str, ...]) -> tuple[str, ...]:
    return (addresses,) if isinstance(addresses, str) else addresses
