"""What the receiving server writes on top of a mail: where it came from, and what it thinks of the sender.

The Authentication-Results header of `AUTHSERV_ID` can be trusted: one with that name that came in with the mail is
removed, as RFC 8601 demands, unless the caller wants to see a careless server.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import cache

AUTHSERV_ID = "mx.northwind.example"
_FOLD = re.compile(rb"\r?\n[ \t]+")
_FIELD_START = re.compile(rb"(?<=\n)(?![ \t])")


@dataclass(frozen=True)
class Origin:
    """How a mail reached the server.

    Attributes:
        envelope_sender: Empty for the null sender.
        ip: Of the host that handed it in.
        helo: What that host called itself.
        spf, dkim, dmarc: Results to write down; empty derives them: `pass` for what our own people send and for
            outsiders that do not use our domains, `fail` for outsiders that do.
        user: The account that handed it in by submission; empty for mail from outside.
    """

    envelope_sender: str = ""
    ip: str = "192.0.2.25"
    helo: str = ""
    spf: str = ""
    dkim: str = ""
    dmarc: str = ""
    user: str = ""


def header_value(raw: bytes, name: str) -> str:
    """The first header of that name, unfolded; empty when there is none."""
    found = _field(name).search(_head(raw))
    return "" if found is None else _FOLD.sub(b" ", found[1]).strip().decode("utf-8", "replace")


def author(raw: bytes) -> str:
    """The address of the From header, lower case; empty when there is none."""
    value = header_value(raw, "From")
    return (value.rpartition("<")[2].partition(">")[0] if "<" in value else value).strip().lower()


def received(
    raw: bytes,
    recipient: str,
    origin: Origin,
    at: datetime,
    own_domains: tuple[str, ...],
    *,
    number: int,
    keep_forged_results: bool = False,
) -> bytes:
    """The mail as it lies in the mailbox.

    Args:
        raw: As it was handed in.
        recipient: Envelope recipient.
        origin: Where it came from.
        at: When.
        own_domains: Domains that only our own people may use.
        number: For the queue id.
        keep_forged_results: Leave headers in that pretend to be ours.
    """
    if not keep_forged_results:
        raw = without_results_of(raw, AUTHSERV_ID)
    sender = origin.envelope_sender
    domain = (sender or author(raw)).rpartition("@")[2] or "unknown.example"
    helo = origin.helo or f"mail.{domain}"
    how = "ESMTPSA" if origin.user else "ESMTPS"
    lines = [
        f"Return-Path: <{sender}>",
        f"Delivered-To: {recipient}",
        f"Received: from {helo} ({helo} [{origin.ip}])\r\n\tby {AUTHSERV_ID} with {how} id Q{number:07}\r\n"
        f"\tfor <{recipient}>; {format_datetime(at)}",
        f"Authentication-Results: {results(raw, origin, own_domains)}",
    ]
    return "\r\n".join(lines).encode("utf-8", "replace") + b"\r\n" + raw


def results(raw: bytes, origin: Origin, own_domains: tuple[str, ...]) -> str:
    """The value of our Authentication-Results header, folded."""
    writer = author(raw).rpartition("@")[2]
    mail_from = origin.envelope_sender.rpartition("@")[2].lower() or writer or "unknown.example"
    forged = writer in own_domains and not origin.user
    spf = origin.spf or ("fail" if forged and mail_from in own_domains else "pass")
    dkim = origin.dkim or ("none" if forged else "pass")
    dmarc = origin.dmarc or ("fail" if forged else "pass")
    parts = [
        AUTHSERV_ID,
        f"spf={spf} smtp.mailfrom={origin.envelope_sender or mail_from}",
        f"dkim={dkim}" + (f" header.d={writer} header.s=s1" if dkim != "none" else ""),
        f"dmarc={dmarc} header.from={writer or 'unknown.example'}",
    ]
    if origin.user:
        parts.insert(1, f"auth=pass smtp.auth={origin.user}")
    return ";\r\n\t".join(parts)


def without_results_of(raw: bytes, authserv_id: str) -> bytes:
    """The mail without Authentication-Results headers of that name."""
    head = _head(raw)
    kept = b"".join(field for field in _FIELD_START.split(head) if not _claims(field, authserv_id.encode()))
    return raw if len(kept) == len(head) else kept + raw[len(head) :]


@cache
def _field(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"(?im)^" + re.escape(name).encode() + rb"[ \t]*:(.*(?:\n[ \t].*)*)")


def _claims(field: bytes, authserv_id: bytes) -> bool:
    name, _, value = field.partition(b":")
    if name.strip().lower() != b"authentication-results":
        return False
    words = value.partition(b";")[0].split()
    return bool(words) and words[0].lower() == authserv_id


def _head(raw: bytes) -> bytes:
    """Everything before the empty line, with the last line's end."""
    ends = [at for at in (raw.find(b"\r\n\r\n"), raw.find(b"\n\n")) if at >= 0]
    if not ends:
        return raw
    at = min(ends)
    return raw[: at + (2 if raw[at : at + 2] == b"\r\n" else 1)]
