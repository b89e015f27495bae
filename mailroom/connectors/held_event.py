"""One held message, as an alert: hold entry, tracking record and message info put into one event.

The event is plain JSON. A key that is missing means "not fetched" (the rules call it unknown); `None` means that the
source was asked and had nothing. Every text in it is hostile data and stays data.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mailroom.mimecast.models import Address, HeldMessage, MessageInfo, TrackedEmail
from mailroom.store.alerts import NewAlert

PRODUCT = "Mimecast"
EVENT_NAME = "Held message"

SEED_PRIORITY = {None: -1, "negligible": -1, "low": 40, "medium": 60, "high": 80}
"""Risk given by the source to priority; no risk information is Informational (-1)."""

_TEXT_LIMIT = 4_000  # no field of an event needs more; the raw item is kept beside it


def event_of(held: HeldMessage, tracked: TrackedEmail | None, info: MessageInfo | None) -> dict[str, Any]:
    """Everything the triage may look at, from the three answers that describe one hold entry."""
    event: dict[str, Any] = {
        "schema": 1,
        "level": "T1" if info is None else "T2",
        "hold_id": held.id,
        "tracking_id": tracked.id if tracked else "",
        "message_id": info.message_id if info else None,
        "header_from": address_of(held.from_header),
        "envelope_from": held.from_envelope.address or None,
        "recipient": held.to.address,
        "recipients": _recipients(held, tracked, info),
        "subject": cut(held.subject),
        "received_at": instant(held.received_at),
        "route": held.route,
        "size": held.size,
        "has_attachments": held.has_attachments,
        "hold_reason": cut(held.reason),
        "hold_reason_code": held.reason_code,
        "policy": cut(held.policy),
    }
    if tracked is not None:
        event |= {
            "sent_at": instant(tracked.sent_at),
            "sender_ip": tracked.sender_ip,
            "spam_score": tracked.spam_score,
            "detection_level": tracked.detection_level,
        }
    if info is not None:
        event |= info_fields(info)
    return event


def info_fields(info: MessageInfo) -> dict[str, Any]:
    """What the message info alone says, for the event of a held or a tracked message."""
    return {
        "from_headers": [cut(value) for value in info.from_headers],
        "reply_to": _header(info, "reply-to"),
        "return_path": _header(info, "return-path"),
        "components": [
            {
                "name": part.name[-_TEXT_LIMIT:],  # the end says the type
                "type": part.type,
                "mime_type": part.mime_type,
                "size": part.size,
                "sha256": part.sha256,
            }
            for part in info.components
        ],
        "components_cut": info.components_cut,
        "hold_group": info.hold_group,
        "queue_reason": info.queue_reason,
        "queue_detail_status": info.queue_detail_status,
        "spam_score": info.spam_score,
        "detection_level": info.detection_level,
        "risk": info.risk,
        "categories": list(info.categories),
        "spam_detail": dict(info.spam_detail),
        "grey_email": info.grey_email,
        "authentication_results": [cut(value) for value in info.authentication_results],
        "headers": [[name, cut(value)] for name, value in info.headers],
        "expires_at": instant(info.retention_expires),
    }


def alert_of(
    held: HeldMessage,
    tracked: TrackedEmail | None,
    info: MessageInfo | None,
    *,
    tenant: str,
    environment: str,
    group_key: str,
    defects: tuple[str, ...] = (),
) -> NewAlert:
    """The alert row of one hold entry."""
    event = event_of(held, tracked, info)
    if defects:
        event["defects"] = list(defects)
    priority = SEED_PRIORITY.get(info.risk if info else None, -1)
    sender = held.from_header.address or held.from_envelope.address
    return NewAlert(
        external_key=held.id,
        tenant=tenant,
        title=cut(held.subject, 500),
        sender=cut(sender, 320),
        sender_domain=sender.rpartition("@")[2].lower()[:255],
        recipient=cut(held.to.address, 320),
        received_at=held.received_at,
        seed_priority=priority,
        priority=priority,
        environment=environment,
        product=PRODUCT,
        event_name=EVENT_NAME,
        group_key=group_key,
        level=event["level"],
        event=event,
        hold_id=held.id,
        tracking_id=event["tracking_id"],
    )


def _recipients(held: HeldMessage, tracked: TrackedEmail | None, info: MessageInfo | None) -> list[str]:
    everyone = [held.to.address]
    everyone += [address.address for address in tracked.to] if tracked else []
    everyone += info.recipients if info else []
    return list(dict.fromkeys(address.lower() for address in everyone if address))


def address_of(address: Address) -> dict[str, str]:
    """One address, as events show it."""
    return {"address": cut(address.address, 1_000), "display_name": cut(address.display_name, 1_000)}


def _header(info: MessageInfo, wanted: str) -> str | None:
    return next((cut(value) for name, value in info.headers if name.lower() == wanted), None)


def instant(moment: datetime | None) -> str | None:
    """A time, as events show it."""
    return moment.isoformat() if moment else None


def cut(text: str, limit: int = _TEXT_LIMIT) -> str:
    """The beginning of a text that is too long for an event."""
    return text if len(text) <= limit else text[:limit]
