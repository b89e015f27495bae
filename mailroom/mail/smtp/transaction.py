"""MAIL, RCPT, DATA: the part of the conversation where it matters at which point it ends."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from mailroom.errors import (
    CredentialsError,
    OutcomeUnknownError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.faults import faultpoint
from mailroom.mail.compose.addresses import Mailbox
from mailroom.mail.smtp.report import Answer, RecipientResult, SendReport, make_report
from mailroom.mail.smtp.settings import SmtpSettings
from mailroom.mail.smtp.wire import LostError, Wire

log = logging.getLogger(__name__)

_LOGIN_WANTED = {530, 534, 535, 538}
_CLOSING = 421
_GO_ON = 354
_NOT_INTERNATIONAL = Answer(553, "5.6.7 the server takes no addresses beyond ASCII (SMTPUTF8); use another one")
_WHOLE = 10
"""Everything up to the end of the mail may take that many times the patience for one answer ..."""
_SLOWEST = 16 * 1024
"""... and more for a big mail: octets per second that a server must keep up."""
_BEFORE_THE_ANSWER = 2 / 3
"""Of the time given; the rest is for the answer to the mail."""
_ENVELOPE_ID = re.compile(r"[!-~]{1,100}")

OnRefusals = Callable[[tuple[RecipientResult, ...]], None]


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom."""

    sender: Mailbox
    recipients: tuple[Mailbox, ...]


@dataclass(frozen=True, slots=True)
class Deadline:
    """When a transaction is given up, on `time.monotonic`."""

    complete: float
    """The last octet of the mail must have gone; before that nothing is sent."""
    answered: float
    """The answer to it must be here; else nobody knows."""

    @classmethod
    def of(cls, settings: SmtpSettings, octets: int, within: float | None = None) -> Deadline:
        """For a mail of so many octets; `within` so many seconds in any case."""
        now, longest = time.monotonic(), _WHOLE * settings.read_timeout + octets / _SLOWEST
        if within is None:
            return cls(now + longest, now + longest + settings.final_timeout)
        return cls(now + min(longest, within * _BEFORE_THE_ANSWER), now + within)


def deliver(
    wire: Wire, settings: SmtpSettings, envelope: Envelope, raw: bytes, message_id: str, deadline: Deadline,
    on_refusals: OnRefusals | None = None, on_handover: Callable[[], None] | None = None,
) -> SendReport:  # fmt: skip
    """One transaction on a connection that is ready for mail.

    Where some of the recipients are refused and others not, `on_refusals` is told before the mail is handed over.
    `on_handover` is called right before that in any case: until then nothing can have been sent.
    Where the server offers DSN, bounces are asked to name the mail: the envelope id is its Message-ID.

    Raises:
        TransientError: The connection was lost or the time was up before the final dot; nothing was sent.
        OutcomeUnknownError: That was after the final dot.
        CredentialsError: The server wants a login first.
        RejectedError: The mail is larger than the server takes (code `size`).
        ResponseError: The server does not speak SMTP.
    """
    _check_size(wire, raw)
    answers: dict[str, Answer] = {}
    try:
        last = _agree(wire, envelope, raw, message_id, answers)
        taken = [address for address, answer in answers.items() if answer.status == "accepted"]
        if taken:
            if on_refusals is not None and len(taken) < len(answers):
                on_refusals(make_report(message_id, answers, last).per_recipient)
            faultpoint("smtp.before_data")
            if on_handover is not None:
                on_handover()
            last = wire.answer("DATA")
            if last.code == _GO_ON:
                last = _transmit(wire, raw, message_id, settings.final_timeout, deadline)
            elif last.status == "accepted":
                raise ResponseError(f"{wire.name} answers DATA with {last}; it does not speak SMTP, nothing was sent")
            answers.update(dict.fromkeys(taken, last))
    except LostError as error:
        raise TransientError(
            f"{wire.name}: the connection was lost ({error}) before the mail was complete; it was not sent, try again "
            "with the same Message-ID"
        ) from error
    report = make_report(message_id, answers, last, settings.host)
    log.info(
        "mail %s: %s took %d of %d recipients", message_id, wire.name, len(report.accepted), len(report.per_recipient)
    )
    return report


def _check_size(wire: Wire, raw: bytes) -> None:
    limit = wire.features.get("SIZE", "").split(" ")[0]
    if limit.isdecimal() and 0 < int(limit) < len(raw):
        raise RejectedError(
            f"the mail is {len(raw)} bytes, {wire.name} takes {limit}; send less, or share the attachments", "size"
        )


def _agree(wire: Wire, envelope: Envelope, raw: bytes, message_id: str, answers: dict[str, Answer]) -> Answer:
    """MAIL and RCPT; fills `answers` and returns the last one."""
    answer = wire.answer(f"MAIL FROM:<{envelope.sender.address}>{_options(wire, envelope, raw, message_id)}")
    if answer.code in _LOGIN_WANTED:
        raise CredentialsError(
            f"{wire.name} wants a login before mail ({answer}); switch SMTP login on, with password or token"
        )
    if answer.status != "accepted":
        answers.update({one.address: answer for one in envelope.recipients})
        return answer
    for recipient in envelope.recipients:
        if recipient.international and "SMTPUTF8" not in wire.features:
            answers[recipient.address] = _NOT_INTERNATIONAL
            continue
        notices = " NOTIFY=FAILURE,DELAY" if "DSN" in wire.features else ""
        answer = wire.answer(f"RCPT TO:<{recipient.address}>{notices}")
        answers[recipient.address] = answer
        if answer.code == _CLOSING:  # the whole transaction is gone, whatever was said before
            answers.update({one.address: answer for one in envelope.recipients})
            break
    return answer


def _options(wire: Wire, envelope: Envelope, raw: bytes, message_id: str) -> str:
    options = [f"SIZE={len(raw)}"] if "SIZE" in wire.features else []
    if not raw.isascii() and "8BITMIME" in wire.features:
        options.append("BODY=8BITMIME")
    if "SMTPUTF8" in wire.features and (
        any(one.international for one in (envelope.sender, *envelope.recipients))
        or not raw.partition(b"\r\n\r\n")[0].isascii()
    ):
        options.append("SMTPUTF8")
    if "DSN" in wire.features:
        options.append(
            "RET=HDRS"
        )  # with the header comes the Message-ID, without the body what was asked stays with us
        envelope_id = message_id.strip("<>")
        if _ENVELOPE_ID.fullmatch(envelope_id):
            options.append("ENVID=" + "".join(f"+{ord(one):02X}" if one in "+=" else one for one in envelope_id))
    return "".join(f" {option}" for option in options)


def _transmit(wire: Wire, raw: bytes, message_id: str, patience: float, deadline: Deadline) -> Answer:
    """The mail, the final dot, and the answer to it."""
    stuffed = raw.replace(b"\r\n.", b"\r\n..")
    if stuffed.startswith(b"."):
        stuffed = b"." + stuffed
    if not stuffed.endswith(b"\r\n"):
        stuffed += b"\r\n"
    try:
        wire.write(stuffed)
    except BaseException:
        wire.close()  # no QUIT: it would become a line of the mail
        raise
    wire.until = deadline.answered
    try:
        # From here on nobody but the server knows: the dot alone makes the mail complete.
        wire.write(b".\r\n")
        faultpoint("smtp.after_dot")
        return wire.answer(patience=patience)
    except (LostError, ResponseError) as error:
        raise OutcomeUnknownError(
            f"{wire.name}: no answer after the whole mail {message_id} was handed over ({error}); it may be on its "
            "way. Look for its Message-ID in Sent and wait for a bounce; do not send it again"
        ) from error
