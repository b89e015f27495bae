"""What kind of mail came back: a person's, or one of the many kinds machines write."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from mailroom.mail.model import Mail
from mailroom.mail.replies.answer import extract_answer
from mailroom.mail.replies.auto_reply import (
    MEDIUM,
    STRONG,
    THRESHOLD,
    Signal,
    auto_reply_signals,
    body_text,
    find_return_date,
)
from mailroom.mail.replies.bounces import Bounce, find_bounce, find_refusal
from mailroom.mail.replies.phrases import (
    CHALLENGES,
    MACHINE_LOCALS,
    RECEIPT_BODY,
    RECEIPT_SUBJECTS,
    TALK_OF_CHALLENGES,
)
from mailroom.mail.replies.senders import base_address

Kind = Literal["human", "auto_reply", "bounce", "receipt", "challenge", "bulk", "own", "unreadable"]
_POSITIVE = {"delivered", "relayed", "expanded"}


@dataclass(frozen=True, slots=True)
class Classification:
    """The kind of a mail and why."""

    kind: Kind
    reasons: tuple[str, ...] = ()
    bounce: Bounce | None = None
    """For bounces, and for receipts that are delivery reports."""
    return_date: date | None = None
    """For automatic replies: when the person is back, if the text says so."""


def classify(
    mail: Mail, *, own_addresses: Sequence[str] = (), question_sent_at: datetime | None = None
) -> Classification:
    """Tell a person's reply from everything else. Never raises.

    Args:
        mail: The mail.
        own_addresses: Addresses we send from; mail from them is `own`.
        question_sent_at: When the question was sent (aware); an answer within seconds is a hint, never proof.
    """
    if mail.report_type == "feedback-report":
        return Classification("bulk", ("abuse report",))
    if mail.report_type == "disposition-notification" or _has_disposition(mail):
        refusal = find_refusal(mail)
        if refusal is not None:
            return Classification("bounce", ("refused by the recipient's filter",), refusal)
        return Classification("receipt", ("disposition notification",))
    found = find_bounce(mail)
    if found is not None and not _only_an_auto_reply(mail, found[0]):
        bounce, reasons = found
        if bounce.recipients and all(item.action in _POSITIVE for item in bounce.recipients):
            return Classification("receipt", (*reasons, "delivered"), bounce)
        return Classification("bounce", reasons, bounce)
    if mail.calendar_method == "REPLY":
        return Classification("receipt", ("answer to a meeting request",))
    own = {base_address(address) for address in own_addresses}
    if mail.author.address and base_address(mail.author.address) in own:
        return Classification("own", (f"sent by {mail.author.address}",))
    signals = auto_reply_signals(mail, question_sent_at=question_sent_at)
    total = sum(signal.weight for signal in signals)
    reasons = tuple(signal.reason for signal in signals)
    challenge = _challenge(
        mail, automatic=any(signal.weight >= STRONG or signal.reason.startswith("sender ") for signal in signals)
    )
    if challenge and (total or mail.in_reply_to or mail.references):
        return Classification("challenge", (challenge, *reasons))
    receipt = _receipt(mail)
    if receipt:
        return Classification("receipt", (receipt, *reasons))
    bulk = _bulk(mail, signals)
    if total >= THRESHOLD and not (bulk and _only_bulk_signals(signals)):
        return Classification("auto_reply", reasons, return_date=find_return_date(mail))
    if bulk:
        return Classification("bulk", bulk)
    if mail.encrypted and not mail.text.strip() and not mail.html.strip():
        return Classification("unreadable", ("encrypted",))
    return Classification("human", reasons)


def _has_disposition(mail: Mail) -> bool:
    return mail.content_type == "multipart/report" and any(
        name.lower() == "disposition" for block in mail.delivery_status for name, _ in block
    )


def _only_an_auto_reply(mail: Mail, bounce: Bounce) -> bool:
    """A vacation program that runs as postmaster or with a null sender is not a bounce."""
    if not bounce.suspected or mail.report_type:
        return False
    signals = auto_reply_signals(mail)
    return any(signal.reason.startswith("subject of a") for signal in signals) and not mail.header(
        "X-Failed-Recipients"
    )


def _challenge(mail: Mail, *, automatic: bool) -> str:
    """Why the mail asks its sender to prove that somebody wrote it; people only talk about those who do."""
    if mail.header("X-Challenge-Response") or mail.header("X-TMDA-Confirm-Done"):
        return "header of a challenge"
    if mail.header("List-Post") or mail.header("X-BeenThere"):
        return ""
    phrases = CHALLENGES + TALK_OF_CHALLENGES if automatic else CHALLENGES
    hits = _said(phrases, mail, body_text(mail))
    if hits:  # in the answer, or only in the question quoted below it?
        hits = _said(hits, mail, extract_answer(mail).text)
    return f"text says {hits[0]!r}" if hits else ""


def _said(phrases: Sequence[str], mail: Mail, body: str) -> list[str]:
    text = f"{mail.subject}\n{body[:3_000]}".casefold()
    return [phrase for phrase in phrases if phrase in text]


def _receipt(mail: Mail) -> str:
    subject = mail.subject.casefold().lstrip()
    if not subject.startswith(RECEIPT_SUBJECTS):
        return ""
    body = " ".join(mail.text[:2_000].casefold().split())
    exchange = any(name.lower().startswith("x-ms-exchange-") for name, _ in mail.headers)
    if any(phrase in body for phrase in RECEIPT_BODY):
        return "text of a receipt"
    return (
        "subject of a receipt from Exchange"
        if exchange and len(body) < 400 and mail.content_type == "multipart/report"
        else ""
    )


def _bulk(mail: Mail, signals: Sequence[Signal]) -> tuple[str, ...]:
    """Reasons to call a mail bulk; empty for posts to discussion lists and for replies."""
    if mail.in_reply_to or mail.references or re.match(r"\s*(?:re|aw|sv|antw)\s?:", mail.subject, re.IGNORECASE):
        return ()
    discussion = bool(mail.header("List-Post") or mail.header("X-BeenThere") or mail.header("X-Mailman-Version"))
    discussion = discussion or mail.header("X-Mailing-List") != "" or mail.header("Mailing-List") != ""
    local = mail.author.address.partition("@")[0]
    machine = local in MACHINE_LOCALS or local.startswith(("noreply", "no-reply", "donotreply", "newsletter", "news@"))
    discussion = discussion or mail.header("Sender").casefold().lstrip("<").startswith("owner-")
    reasons = [f"header {name}" for name in _MARKETING if mail.header(name)]
    if mail.header("Precedence").strip().lower() in {"bulk", "junk"}:
        reasons.append("Precedence: bulk")
    if machine:
        reasons.append(f"sender {local[:40]}@")
        if any(signal.reason.startswith("Precedence") for signal in signals) or mail.header("List-Id"):
            reasons.append("sent to a list")
    if discussion and not machine:
        return ()
    return tuple(reasons) if len(reasons) >= 2 else ()


_MARKETING = (
    "List-Unsubscribe", "List-Unsubscribe-Post", "Feedback-ID", "X-Campaign", "X-CampaignId", "X-Campaign-Id",
    "X-Mailgun-Sid", "X-SG-EID", "X-CSA-Complaints", "X-MC-User", "X-Report-Abuse-To", "X-EmailType-Id",
)  # fmt: skip


def _only_bulk_signals(signals: Sequence[Signal]) -> bool:
    return all(signal.weight <= MEDIUM and signal.reason.startswith(("Precedence", "sender ")) for signal in signals)
