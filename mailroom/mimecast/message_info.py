"""The answer of get-message-info: one message, its headers, its verdict, what became of it for each recipient."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast

from mailroom.errors import ResponseError
from mailroom.mimecast.dates import parse_date
from mailroom.mimecast.header_block import HeaderBlock, read_header_block
from mailroom.mimecast.reading import bool_of, dict_of, int_of, known, list_of, note_drift, text_of
from mailroom.mimecast.statuses import RISKS, ROUTES, TRACKING_STATUSES

Risk = Literal["negligible", "low", "medium", "high"]

_MOST_ENTRIES = 1_000
_SPAM_DETAIL = {
    "rbl": "rbl",
    "spf": "spf",
    "dkim": "dkim",
    "dmarc": "dmarc",
    "permittedSender": "permitted_sender",
    "managedSender": "managed_sender",
}
_EXPIRATION = re.compile(r"(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})")


@dataclass(frozen=True, slots=True)
class Component:
    """One part of the message as Mimecast lists it; contents are never included."""

    name: str
    type: str
    mime_type: str
    size: int | None
    """Bytes."""
    sha256: str


@dataclass(frozen=True, slots=True)
class MessageInfo:
    """One message. Any block may be missing in the answer; what is absent is empty or None."""

    id: str
    status: str
    risk: Risk | None
    """None: no risk information, or a value this version does not know (then counted as drift)."""
    categories: list[str]
    spam_score: int | None
    detection_level: str
    spam_detail: dict[str, str]
    """Of `rbl`, `spf`, `dkim`, `dmarc`, `permitted_sender`, `managed_sender`: those that the answer has."""
    grey_email: bool | None
    hold_id: str | None
    """`queueInfo.id`: of the same kind as the ids of the hold list."""
    queue_reason: str
    queue_detail_status: str
    hold_group: str
    headers: list[tuple[str, str]]
    """Top first, unfolded, unescaped once, cut at the limits of `header_block`."""
    header_defects: tuple[str, ...]
    message_id: str
    """The first Message-ID header as written, usually in angle brackets."""
    from_headers: list[str]
    authentication_results: list[str]
    recipients: list[str]
    components: list[Component]
    components_cut: bool
    """The answer lists more parts than are kept, or some that cannot be read."""
    delivered: dict[str, str]
    """What happened, by recipient."""
    retention_expires: datetime | None
    subject: str
    route: str
    from_envelope: str
    from_header: str
    return_path: str
    sender_ip: str
    size: int | None
    sent_at: datetime | None
    processed_at: datetime | None
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> MessageInfo:
        """Read one answer item.

        Raises:
            ResponseError: Not an object, or without id.
        """
        if not isinstance(raw, dict):
            raise ResponseError(f"message info: the item is not an object but {type(raw).__name__}")
        tracking_id = raw.get("id")
        if not isinstance(tracking_id, str) or not tracking_id:
            raise ResponseError("message info: the item has no id")
        recipient = dict_of(raw.get("recipientInfo"))
        message = dict_of(recipient.get("messageInfo"))
        sending = dict_of(recipient.get("txInfo"))
        meta = dict_of(recipient.get("recipientMetaInfo"))
        queue = dict_of(raw.get("queueInfo"))
        spam = dict_of(raw.get("spamInfo"))
        detail = dict_of(spam.get("spamProcessingDetail"))
        verdict = dict_of(detail.get("verdict"))
        delivered = dict_of(raw.get("deliveredMessage"))
        listed = _components(sending, meta, delivered)
        parts = [_component(entry) for entry in listed[:_MOST_ENTRIES] if isinstance(entry, dict)]
        block = read_header_block(message.get("transmissionInfo"))
        return cls(
            id=tracking_id,
            status=known("message status", raw.get("status"), TRACKING_STATUSES),
            risk=_risk(verdict),
            categories=_categories(verdict),
            spam_score=int_of(spam.get("spamScore")),
            detection_level=text_of(spam.get("detectionLevel")),
            spam_detail=_spam_detail(detail),
            grey_email=bool_of(detail.get("greyEmail")),
            hold_id=text_of(queue.get("id")) or None,
            queue_reason=text_of(queue.get("reason")),
            queue_detail_status=text_of(
                sending.get("queueDetailStatus") or sending.get("bounceType") or raw.get("bounceType")
            ),
            hold_group=text_of(queue.get("heldGroup")),
            headers=block.headers,
            header_defects=block.defects,
            message_id=_message_id(block),
            from_headers=block.all("from"),
            authentication_results=block.all("authentication-results"),
            recipients=_recipients(message, sending, delivered),
            components=parts,
            components_cut=len(parts) < len(listed),
            delivered={address: _event(dict_of(result)) for address, result in delivered.items()},
            retention_expires=_expires(message, dict_of(raw.get("retentionInfo"))),
            subject=text_of(message.get("subject") or queue.get("subject")),
            route=known("message route", message.get("route") or queue.get("route"), ROUTES),
            from_envelope=text_of(message.get("fromEnvelope")),
            from_header=text_of(message.get("fromHeader")),
            return_path=text_of(sending.get("returnPath")),
            sender_ip=text_of(sending.get("remoteIp") or meta.get("remoteIp")),
            size=int_of(sending.get("transmissionSize") or meta.get("transmissionSize") or queue.get("size")),
            sent_at=parse_date(message.get("sent")),
            processed_at=parse_date(message.get("processed")),
            raw=raw,
        )


def _risk(verdict: dict[str, Any]) -> Risk | None:
    text = text_of(verdict.get("risk")).strip().lower()
    if text in RISKS:
        return cast("Risk", text)
    if text:
        note_drift("risk", text)
    return None


def _categories(verdict: dict[str, Any]) -> list[str]:
    """Names of categories, subcategories (`spam/content`) and augmentations (`spam/content/header_forged`)."""
    names: list[str] = []
    for category in list_of(verdict.get("categories"))[:_MOST_ENTRIES]:
        top = text_of(dict_of(category).get("name")) or text_of(category)
        names.append(top)
        for sub in list_of(dict_of(category).get("subcategories"))[:_MOST_ENTRIES]:
            second = f"{top}/{text_of(dict_of(sub).get('name'))}"
            names.append(second)
            names.extend(
                f"{second}/{text_of(dict_of(mark).get('name'))}"
                for mark in list_of(dict_of(sub).get("augmentations"))[:_MOST_ENTRIES]
            )
    return [name for name in names if name][:_MOST_ENTRIES]


def _spam_detail(detail: dict[str, Any]) -> dict[str, str]:
    found = {}
    for theirs, ours in _SPAM_DETAIL.items():
        block = detail.get(theirs)
        if isinstance(block, dict):
            found[ours] = text_of(block.get("info"))
    return found


def _message_id(block: HeaderBlock) -> str:
    values = block.all("message-id")
    return values[0] if values else ""


def _recipients(message: dict[str, Any], sending: dict[str, Any], delivered: dict[str, Any]) -> list[str]:
    found: dict[str, str] = {}
    addresses = [*list_of(message.get("to")), *delivered] or list_of(sending.get("to"))
    for address in addresses[:_MOST_ENTRIES]:
        text = text_of(address) or text_of(dict_of(address).get("emailAddress"))
        if text:
            found.setdefault(text.lower(), text)
    return list(found.values())


def _components(sending: dict[str, Any], meta: dict[str, Any], delivered: dict[str, Any]) -> list[Any]:
    entries = list_of(sending.get("transmissionComponents")) or list_of(meta.get("components"))
    for result in delivered.values():
        if entries:
            break
        entries = list_of(dict_of(dict_of(result).get("deliveryMetaInfo")).get("components"))
    return entries


def _component(entry: dict[str, Any]) -> Component:
    return Component(
        text_of(entry.get("fileName") or entry.get("name")),
        text_of(entry.get("fileType") or entry.get("type")),
        text_of(entry.get("mimeType")),
        int_of(entry.get("txSize") if "txSize" in entry else entry.get("size")),
        text_of(entry.get("hash")).lower(),
    )


def _event(result: dict[str, Any]) -> str:
    meta = dict_of(result.get("deliveryMetaInfo"))
    return text_of(dict_of(result.get("txInfo")).get("txEvent") or meta.get("deliveryEvent"))


def _expires(message: dict[str, Any], retention: dict[str, Any]) -> datetime | None:
    """`contentExpiration` is written `2025-03-15 09:01:02 (59 Days)`, taken as UTC."""
    match = _EXPIRATION.match(text_of(message.get("contentExpiration")))
    if match:
        try:
            return datetime.fromisoformat(f"{match[1]}T{match[2]}").replace(tzinfo=UTC)
        except ValueError:
            pass
    return parse_date(retention.get("currentPurgeDate"))
