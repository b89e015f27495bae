"""Bounces: mails in which a server says what became of a mail of ours."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from mailroom.mail.model import Mail
from mailroom.mail.replies.bounced_text import (
    ADDRESS,
    ENHANCED,
    HEADER_START,
    SMTP_CODE,
    code_near,
    named_recipients,
    own_text,
)
from mailroom.mail.replies.facts import message_ids
from mailroom.mail.replies.phrases import (
    BOUNCE_BODY,
    BOUNCE_HINTS,
    BOUNCE_LOCALS,
    BOUNCE_NAMES,
    BOUNCE_SUBJECTS,
    SYSTEM_LOCALS,
)

Action = Literal["failed", "delayed", "delivered", "relayed", "expanded"]
_ACTIONS: dict[str, Action] = {
    "failed": "failed",
    "failure": "failed",
    "fail": "failed",
    "expired": "failed",
    "error": "failed",
    "delayed": "delayed",
    "deferred": "delayed",
    "delay": "delayed",
    "delivered": "delivered",
    "deliverable": "delivered",
    "relayed": "relayed",
    "expanded": "expanded",
    "success": "delivered",
}
_DELAYED = re.compile(
    r"delayed|not yet (?:been )?delivered|still (?:trying|being retried)|will (?:keep|continue) (?:trying|to try)|"
    r"warning message only|do not need to resend|will continue to (?:try|be made)|will retry|has been postponed|"
    r"verzögert|retardé|temporarily deferred|will be retried|"
    r"delivery (?:is )?delay",
    re.IGNORECASE,
)
_PREFIXED = re.compile(r"\s*(?:re|aw|fwd?|wg|tr|rv|sv|antw|odp)\s?:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BouncedRecipient:
    """What became of the mail for one recipient."""

    address: str
    """Lower case; empty when the report does not say."""
    action: Action
    status: str = ""
    """Enhanced status code such as `5.1.1`; empty when unknown."""
    diagnostic: str = ""


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report about one mail of ours."""

    recipients: tuple[BouncedRecipient, ...]
    original_message_id: str = ""
    """With angle brackets; empty when the report does not say."""
    envelope_id: str = ""
    suspected: bool = False
    """Read from free text, not from a machine-readable report."""

    @property
    def failed(self) -> tuple[BouncedRecipient, ...]:
        """Recipients who will not get the mail."""
        return tuple(item for item in self.recipients if item.action == "failed")


def cause_of(status: str) -> str:
    """A status code in a word: bad_address, disabled, full, too_big, routing, policy, temporary or other."""
    if status.startswith("4"):
        return "temporary"
    for prefix, word in (
        ("5.1.", "bad_address"),
        ("5.2.1", "disabled"),
        ("5.2.2", "full"),
        ("5.2.3", "too_big"),
        ("5.3.4", "too_big"),
        ("5.4.", "routing"),
        ("5.7.", "policy"),
    ):
        if status.startswith(prefix):
            return word
    return "other"


def find_bounce(mail: Mail) -> tuple[Bounce, tuple[str, ...]] | None:
    """The bounce this mail is, with the reasons; None when it is none. A forwarded bounce is none."""
    machine = _machine_sender(mail)
    if mail.delivery_status and (mail.report_type in {"", "delivery-status"}) and not _is_disposition(mail):
        top = mail.report_type == "delivery-status" or mail.content_type == "multipart/report"
        if top or machine:
            recipients = _from_blocks(mail)
            if recipients:
                return _bounce(mail, recipients, suspected=False), ("delivery status report",)
    if mail.report_type == "delivery-status":
        return _bounce(mail, _from_text(mail), suspected=True), ("delivery status report without recipients",)
    reasons = _text_reasons(mail, machine=machine)
    if not reasons:
        return None
    return _bounce(mail, _from_text(mail), suspected=True), reasons


def find_refusal(mail: Mail) -> Bounce | None:
    """The bounce that a recipient's filter sent as a disposition notification (`reject` of RFC 3028), or None."""
    words = f"{mail.header('Auto-Submitted')} {mail.text[:2_000]}".casefold()
    if not _is_disposition(mail) or not any(word in words for word in ("(rejected)", "rejected:", "was refused")):
        return None
    kinds = [
        value.casefold() for block in mail.delivery_status for name, value in block if name.lower() == "disposition"
    ]
    if not any("automatic-action" in kind and "deleted" in kind for kind in kinds):
        return None
    refused = tuple(BouncedRecipient(item.address, "failed", "", item.diagnostic) for item in _from_blocks(mail))
    return _bounce(mail, refused or _from_text(mail), suspected=False)


def _is_disposition(mail: Mail) -> bool:
    return any(name.lower() == "disposition" for block in mail.delivery_status for name, _ in block)


def _machine_sender(mail: Mail) -> str:
    """Why the sender looks like a mail system, or an empty text."""
    local = mail.author.address.partition("@")[0]
    name = mail.author.name.casefold()
    raw = mail.header("From").casefold()
    if local in BOUNCE_LOCALS or local.startswith(("mailer-daemon", "postmaster", "mdaemon")):
        return f"sender {local}@"
    if any(name.startswith(word) for word in BOUNCE_NAMES):
        return f"sender named {name[:40]}"
    if any(word in raw for word in ("mailer-daemon", "postmaster", "mail delivery")):
        return "sender is a mail system"
    if "<>" in raw and not local:
        return "sender without an address"
    return ""


def _text_reasons(mail: Mail, *, machine: str) -> tuple[str, ...]:
    """Reasons to take a mail without a machine-readable report for a bounce; empty when they do not suffice."""
    if mail.header("X-Failed-Recipients"):
        return ("header X-Failed-Recipients",)
    subject = mail.subject.casefold().strip()
    answered = bool(_PREFIXED.match(subject))
    named = any(phrase in subject for phrase in BOUNCE_SUBJECTS)
    subject_hit = named and not answered
    null_path = mail.header("Return-Path").strip() == "<>"
    if not (machine or named or null_path or '"bounce' in mail.text[:12_000].casefold()):
        return ()
    text = own_text(mail)
    body = text.casefold()
    if _NOTIFICATION.search(body) and (body.lstrip().startswith("{") or not mail.in_reply_to):
        return ("bounce notification of a mail service",)
    says_so = any(phrase in body for phrase in BOUNCE_BODY)
    body_hit = says_so or any(phrase in body for phrase in BOUNCE_HINTS)
    coded = bool(ENHANCED.search(body) or SMTP_CODE.search(body))
    returned = bool(mail.returned_headers or mail.nested or HEADER_START.search(mail.text[:200_000]))
    system = mail.author.address.partition("@")[0] in SYSTEM_LOCALS
    facts = (
        (bool(machine), machine),
        (subject_hit, "subject of a bounce"),
        (body_hit or coded, "text of a bounce"),
        (returned, "returned mail inside"),
        (null_path, "null sender"),
    )
    if machine:
        told = coded and (not answered or bool(_CODE_LINE.search(body)))
        meant = null_path or bool(named_recipients(text, _own_addresses(mail)))
        enough = told or returned or (subject_hit and says_so)
        enough = enough or (meant and (subject_hit or says_so or (null_path and body_hit)))
    elif null_path or system:
        told = coded if null_path else bool(_CODE_LINE.search(body))
        enough = subject_hit and (returned or told or _specific(subject)) and (body_hit or coded)
    else:
        shown = returned or bool(_LISTED.search(body)) or bool(_CODE_LINE.search(body))
        enough = _specific(subject) and shown and body_hit and not mail.in_reply_to
    if null_path and _NOT_DELIVERED.search(body):
        enough = True
    if named and not mail.in_reply_to and _NOT_DELIVERED_BELOW.search(body):
        enough = True
    if mail.content_type == "multipart/report" and not mail.report_type and (machine or subject_hit):
        enough = True
    if mail.header("X-MLServer") and subject_hit:
        enough = True
    return tuple(reason for holds, reason in facts if holds) if enough else ()


_LISTED = re.compile(r"following (?:recipient|address)[^@]{0,160}@")
"""`the following recipients:` and, below it, the first of them."""
_NOT = (
    r"(?:could not|couldn't|cannot|can not|can't|was not|wasn't|not been|unable to|n'a pas pu)\s(?:be\s|être\s|etre\s)?"
    r"(?:deliver|d[eé]livr|remis|distribu)[a-zé]{0,5}\s(?:to|a|à)\b"
)
_NOT_DELIVERED = re.compile(rf"{_NOT}[^@.]{{0,60}}\s<?[^\s@<>]{{1,64}}@")
_NOT_DELIVERED_BELOW = re.compile(
    rf"^[^>\n]{{0,40}}\b(?:your|votre)\s(?:e-?mail|mail|message|courriel)\b[^>\n]{{0,40}}{_NOT}:?"
    r"[ \t\r]{0,8}\n\s{0,8}<?[^\s@<>]{1,64}@[^\s@<>]{1,190}>?\s{0,4}$",
    re.M,
)
"""The same of *your* message, with the address alone on the next line, as people do not write it."""
_CODE_LINE = re.compile(r"^[^\w\n>]{0,8}(?:smtp |error )?[45][0-5]\d[ \-]", re.MULTILINE)
"""A line that begins with a server's answer; people put codes into their sentences."""
_NOTIFICATION = re.compile(r'"(?:notificationtype|eventtype)\\?"\s?:\s?\\?"bounce')
_SPECIFIC = (
    "undeliverable",
    "undelivered",
    "delivery status notification",
    "delivery failure",
    "failure notice",
    "returned mail",
    "mail delivery failed",
    "mail system error",
    "nondeliverable",
    "could not be delivered",
    "unzustellbar",
    "delivery notification",
    "mail delivery failure",
    "delivery has failed",
    "ignored not ml",
    "non-delivery",
    "mail could not be delivered",
    "message status - undeliverable",
    "returning message to sender",
    "user unknown",
    "message you sent",
)


def _specific(subject: str) -> bool:
    return not _PREFIXED.match(subject) and any(phrase in subject for phrase in _SPECIFIC)


def _bounce(mail: Mail, recipients: tuple[BouncedRecipient, ...], *, suspected: bool) -> Bounce:
    envelope = ""
    for block in mail.delivery_status[:1]:
        envelope = next((value.strip() for name, value in block if name.lower() == "original-envelope-id"), "")
    return Bounce(recipients, _original_id(mail), envelope, suspected)


def _original_id(mail: Mail) -> str:
    candidates = [value for name, value in mail.returned_headers if name.lower() == "message-id"]
    candidates += [nested.message_id for nested in mail.nested]
    candidates += [
        value
        for block in mail.delivery_status
        for name, value in block
        if name.lower() in {"x-original-message-id", "original-message-id"}
    ]
    found = re.search(
        r"^[> \t]{0,8}message-id:\s{0,20}(<[^<>\s]{1,400}>)", mail.text[:300_000], re.IGNORECASE | re.MULTILINE
    )
    if found:
        candidates.append(found[1])
    candidates += [mail.header("X-Microsoft-Original-Message-ID"), mail.header("X-Original-Message-ID")]
    candidates += [*mail.in_reply_to, *reversed(mail.references)]
    for candidate in candidates:
        ids = message_ids(candidate)
        if ids:
            return ids[0]
    return ""


def _from_blocks(mail: Mail) -> tuple[BouncedRecipient, ...]:
    found: list[BouncedRecipient] = []
    for block in mail.delivery_status:
        fields = {name.lower(): value for name, value in reversed(block)}
        written = fields.get("final-recipient") or fields.get("original-recipient") or fields.get("x-actual-recipient")
        if written is None:
            continue
        address = _bare_address(written)
        original = _bare_address(fields.get("original-recipient", ""))
        if "@" not in address and "@" in original:
            address = original
        status = ENHANCED.search(fields.get("status", ""))
        diagnostic = " ".join(fields.get("diagnostic-code", fields.get("x-notes-diagnostic-code", "")).split())[:1_000]
        code = status[1] if status else (ENHANCED.search(diagnostic) or [""] * 2)[1]
        words = re.findall(r"[a-z]+", fields.get("action", "").lower())
        action = next((_ACTIONS[word] for word in words if word in _ACTIONS), None) or _action_of(code)
        found.append(BouncedRecipient(address, action, code, diagnostic))
    return tuple(found)


def _own_addresses(mail: Mail) -> list[str]:
    """Addresses of the bounce's own header: who sent it and who got it."""
    return [item.address for item in (*mail.from_, *mail.to, *mail.cc)]


def _bare_address(value: str) -> str:
    kind, semicolon, rest = value.partition(";")
    text = (rest if semicolon else kind).strip()
    found = ADDRESS.search(text)
    return (found[0] if found else text.strip("<>\"' ")).lower()


def _action_of(status: str) -> Action:
    return "delayed" if status.startswith("4") else "delivered" if status.startswith("2") else "failed"


def _from_text(mail: Mail) -> tuple[BouncedRecipient, ...]:
    """Recipients named in free text, with the codes that stand near them."""
    text = own_text(mail)
    action: Action = "delayed" if _DELAYED.search(f"{mail.subject}\n{text}") else "failed"
    named = [item.lower() for item in ADDRESS.findall(mail.header("X-Failed-Recipients")[:20_000])]
    named = named or named_recipients(text, _own_addresses(mail))
    if not named:
        named = named_recipients(text, ())
    if not named:
        returned = " ".join(value for name, value in mail.returned_headers if name.lower() == "to")
        named = [item.lower() for item in ADDRESS.findall(returned)]
        named += [item.address for nested in mail.nested[:1] for item in nested.to if not named]
    found: list[BouncedRecipient] = []
    for address in list(dict.fromkeys(named))[:20]:
        code, diagnostic = code_near(text, address)
        found.append(BouncedRecipient(address, action, code, diagnostic))
    return tuple(found) or (BouncedRecipient("", action),)
