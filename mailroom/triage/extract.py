"""From an alert's event to facts: every field of `fields.FIELDS` that can be known, and nothing guessed.

A field that cannot be known is absent from `Facts` and reads as `UNKNOWN`. Event values are hostile: any type may
arrive in any place, so every access is tolerant, and a value of the wrong type is treated as missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from mailroom.rulelang.domains import root_domain, within
from mailroom.rulelang.from_header import canonical_address, decode_words, find_addresses
from mailroom.rulelang.ternary import UNKNOWN, Unknown
from mailroom.rulelang.text import has_invisible, has_styled_letters
from mailroom.triage.attachments import read_attachments
from mailroom.triage.authentication import read_authentication
from mailroom.triage.body import read_body
from mailroom.triage.context import Context
from mailroom.triage.sender import Sender, read_sender
from mailroom.triage.vendor import IMPERSONATION_HEADER, header_map, hold_reason, impersonation_hits, says_malware

_PROGRAM = "exe"
"""What stands among the risky extensions for a program whose name does not say that it is one."""
_MAX_SUBJECT = 4_096
_MAX_HEADERS = 1_000
_MAX_RECIPIENTS = 1_000
_REPLY_PREFIXES = ("re:", "fw:", "fwd:", "aw:", "wg:", "sv:", "rv:", "tr:", "odp:", "回复", "答复")


@dataclass(frozen=True, slots=True)
class History:
    """What our own store knows about a sender. `None` = not known."""

    benign: int = 0
    malicious: int = 0
    first_contact: bool | None = None
    group_size: int = 1
    solicited: bool | None = None


class Facts(dict[str, Any]):
    """Field name -> value. A field that is not known reads as `UNKNOWN`; `None` means known to be absent.

    Lists in it are shared between messages: read them only.
    """

    def __missing__(self, name: str) -> Unknown:
        return UNKNOWN


def extract(
    event: Mapping[str, Any],
    context: Context,
    history: History | None = None,
    *,
    now: datetime | None = None,
) -> Facts:
    """Derive every signal from an event, as far as its level carries them.

    Args:
        event: An alert's `event` mapping. A missing key means unknown.
        context: The site's lists (`ruleset.context`).
        history: The store's knowledge of the sender; without it history fields stay unknown.
        now: Needed for `hours_to_expiry` only.

    Returns:
        The facts. Never raises on any event content.
    """
    facts = Facts()
    level = str(event.get("level"))
    level = level if level in ("T2", "T3") else "T1"
    facts["level"] = level
    _plain(facts, event)
    _subject(facts, event)
    sender = _sender(facts, event, context)
    _envelope(facts, event)
    _recipients(facts, event, context)
    _vendor(facts, event)
    _attachments(facts, event, context)
    if level != "T1":
        _headers(facts, event, context)
        _authentication(facts, event, context, sender)
    if level == "T3":
        facts.update(read_body(event, facts.get("from.root_domain")))
    if history is not None:
        _history(facts, history)
    expires = _time(event.get("expires_at"))
    if now is not None and expires is not None:
        facts["hours_to_expiry"] = (expires - now).total_seconds() / 3600
    return facts


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _pairs(value: Any) -> list[tuple[str, str]]:
    pairs = value if isinstance(value, list) else []
    return [
        (pair[0], pair[1])
        for pair in pairs[:_MAX_HEADERS]
        if isinstance(pair, (list, tuple)) and len(pair) == 2 and isinstance(pair[0], str) and isinstance(pair[1], str)
    ]


def _texts(value: Any, limit: int = 1_000) -> list[str]:
    return [item for item in value[:limit] if isinstance(item, str)] if isinstance(value, (list, tuple)) else []


def _time(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if moment is not None and moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment


def _plain(facts: Facts, event: Mapping[str, Any]) -> None:
    for field, key in (("route", "route"), ("message_id", "message_id"), ("hold.policy", "policy")):
        if isinstance(event.get(key), str):
            facts[field] = event[key].lower() if field == "route" else event[key]
    if isinstance(event.get("hold_group"), str):
        facts["hold.group"] = event["hold_group"].lower()
    if isinstance(event.get("sender_ip"), str):
        facts["sender.ip"] = event["sender_ip"]
    if isinstance(event.get("size"), int):
        facts["size"] = event["size"]


def _subject(facts: Facts, event: Mapping[str, Any]) -> None:
    if not isinstance(event.get("subject"), str):
        return
    subject = decode_words(event["subject"][:_MAX_SUBJECT])
    facts["subject"] = subject
    facts["subject.invisible"] = has_invisible(subject)
    facts["subject.styled"] = has_styled_letters(subject)
    facts["subject.claims_reply"] = subject.lstrip().lower().startswith(_REPLY_PREFIXES)


def _sender(facts: Facts, event: Mapping[str, Any], context: Context) -> Sender:
    vendor = event.get("header_from")
    vendor = vendor if isinstance(vendor, Mapping) else {}
    raw = event.get("from_headers")
    values = _texts(raw) if isinstance(raw, list) else None
    sender = read_sender(values, _text(vendor.get("address")), _text(vendor.get("display_name")), context)
    facts.update(sender.facts)
    return sender


def _envelope(facts: Facts, event: Mapping[str, Any]) -> None:
    if "envelope_from" not in event:
        return
    address = canonical_address(_text(event["envelope_from"]))
    root = root_domain(address.rpartition("@")[2]) if address else None
    facts["envelope.address"] = address or None
    facts["envelope.root_domain"] = root
    sender = facts["from.root_domain"]
    facts["envelope.differs"] = bool(root) and bool(sender) and root != sender


def _recipients(facts: Facts, event: Mapping[str, Any], context: Context) -> None:
    recipient = canonical_address(_text(event.get("recipient")))
    everyone = {canonical_address(text) for text in _texts(event.get("recipients"), _MAX_RECIPIENTS)}
    everyone = (everyone | {recipient}) - {""}
    if recipient:
        facts["recipient.address"] = recipient
        facts["recipient.is_vip"] = recipient in context.vip_addresses
    if everyone:
        facts["recipients.count"] = len(everyone)
        facts["recipients.all_internal"] = all(
            within(address.rpartition("@")[2], context.own_domains) for address in everyone
        )
    elif "recipients" in event or "recipient" in event:
        facts["recipients.count"] = 0
        facts["recipients.all_internal"] = False


def _vendor(facts: Facts, event: Mapping[str, Any]) -> None:
    texts = [
        _text(event.get(key)) for key in ("hold_reason_code", "hold_reason", "queue_reason", "queue_detail_status")
    ]
    if any(texts) or "hold_reason_code" in event or "hold_reason" in event:
        facts["hold_reason"] = hold_reason(texts[0], texts[1] or texts[3])
        facts["hold.is_malware"] = says_malware(texts)
    if "risk" in event:
        facts["vendor.risk"] = _text(event["risk"]).lower() or None
    score = event.get("spam_score")
    if isinstance(score, (int, float)) and not isinstance(score, bool):
        facts["vendor.spam_score"] = score
    if isinstance(event.get("detection_level"), str):
        facts["vendor.detection_level"] = event["detection_level"].lower()
    if isinstance(event.get("categories"), list):
        facts["vendor.categories"] = [text.lower() for text in _texts(event["categories"], 100)]
    if facts["level"] != "T1":
        if isinstance(event.get("grey_email"), bool):
            facts["vendor.graymail"] = event["grey_email"]
        detail = event.get("spam_detail")
        if isinstance(detail, Mapping):
            facts["vendor.permitted"] = _text(detail.get("permitted_sender")).lower() or None


def _attachments(facts: Facts, event: Mapping[str, Any], context: Context) -> None:
    present = event.get("has_attachments")
    components = event.get("components")
    if not isinstance(components, list):
        if present is False:
            components = []
        else:
            if isinstance(present, bool):
                facts["attachments.present"] = present
            return
    files = read_attachments(components, context.risky_extensions)
    # The gateway may say that there are files and name none of them, name some of them, or cut the list short.
    listed = files.is_complete and event.get("components_cut") is not True
    if files.number or present is True or listed:
        facts["attachments.present"] = files.number > 0 or present is True
    risky = [kind for kind in files.extensions if kind in context.risky_extensions]
    if files.is_program and not risky:
        risky = [_PROGRAM]
    found = {
        "attachments.names": list(files.names),
        "attachments.extensions": list(files.extensions),
        "attachments.risky": risky,
        "attachments.double_extension": files.double_extension,
        "attachments.deceptive_name": files.deceptive_name,
        "attachments.encrypted": files.encrypted,
        "attachments.type_mismatch": files.type_mismatch,
        "attachments.hashes": list(files.hashes),
    }
    if listed and (files.number or present is not True):
        facts.update(found)
        facts["attachments.count"] = files.number
    else:  # what was found holds; what was not found is not known
        facts.update({name: value for name, value in found.items() if value})


def _headers(facts: Facts, event: Mapping[str, Any], context: Context) -> None:
    if "reply_to" in event:
        found = find_addresses(decode_words(_text(event["reply_to"])[:8_192]))
        address = found[0] if found else None
        roots = {root_domain(entry.rpartition("@")[2]) for entry in found}
        facts["reply_to.present"] = bool(event["reply_to"])
        facts["reply_to.address"] = address
        facts["reply_to.root_domain"] = root_domain(address.rpartition("@")[2]) if address else None
        facts["reply_to.differs"] = bool(roots - {facts["from.root_domain"]})
        facts["reply_to.is_free_mail"] = any(within(entry.rpartition("@")[2], context.free_mail) for entry in found)
    if "return_path" in event:
        address = canonical_address(_text(event["return_path"]))
        facts["return_path.root_domain"] = root_domain(address.rpartition("@")[2]) if address else None
    if not isinstance(event.get("headers"), list):
        return
    headers = _pairs(event["headers"])
    values = header_map(headers)
    facts["header.names"] = list(values)
    facts["header.precedence"] = values.get("precedence", "").strip().lower() or None
    facts["header.auto_submitted"] = values.get("auto-submitted", "").strip().lower() or None
    facts["header.list_unsubscribe"] = "list-unsubscribe" in values
    facts["header.has_references"] = "references" in values or "in-reply-to" in values
    facts["header.mailer"] = values.get("x-mailer") or values.get("user-agent")
    hits = impersonation_hits(headers) if IMPERSONATION_HEADER in values else []
    facts["impersonation.hits"] = hits
    facts["impersonation.count"] = len(hits)


def _authentication(facts: Facts, event: Mapping[str, Any], context: Context, sender: Sender) -> None:
    raw = event.get("authentication_results")
    if not isinstance(raw, list) and isinstance(event.get("headers"), list):
        raw = [value for name, value in _pairs(event["headers"]) if name.lower() == "authentication-results"]
    detail = event.get("spam_detail")
    detail = detail if isinstance(detail, Mapping) else None
    if not isinstance(raw, list) and detail is None:
        return
    read = read_authentication(_texts(raw), detail, context.trusted_authserv_ids, context.own_domains)
    facts["auth.present"] = bool(read.source)
    facts["auth.foreign_servers"] = list(read.foreign)
    facts["auth.forged"] = "forged_results" in read.defects
    if not read.source:
        return
    facts["auth.source"] = read.source
    for name, value in (("spf", read.spf), ("dkim", read.dkim), ("dmarc", read.dmarc)):
        if value is not None:
            facts[f"auth.{name}"] = value
    if read.source == "header":
        facts["auth.dkim_domains"] = list(read.dkim_domains)
        facts["auth.dkim_aligned"] = any(sender.is_of(domain) for domain in read.dkim_domains)
        facts["auth.spf_aligned"] = read.spf == "pass" and sender.is_of(read.spf_domain)
        speaks_of_another = bool(read.dmarc_domain) and not sender.is_of(read.dmarc_domain)
        proved = read.dmarc == "pass" and sender.single and not read.defects
        facts["auth.dmarc_pass"] = proved and not speaks_of_another
    elif read.dmarc is not None and read.dmarc != "pass":
        facts["auth.dmarc_pass"] = False  # the vendor's "allow" alone never proves identity


def _history(facts: Facts, history: History) -> None:
    facts["sender.benign_count"] = history.benign
    facts["sender.malicious_count"] = history.malicious
    facts["group.size"] = history.group_size
    if history.first_contact is not None:
        facts["sender.first_contact"] = history.first_contact
    if history.solicited is not None:
        facts["sender.solicited"] = history.solicited
