"""One tracked message as an alert: the record and the message info in one event, in our own words.

The documented shape of the connector is a view on it (`documented.as_documented`). `None` means that the source was
asked and had nothing. Every text in it is hostile data and stays data.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailroom.connectors.held_detail import group_key
from mailroom.connectors.held_event import PRODUCT, SEED_PRIORITY, address_of, cut, info_fields, instant
from mailroom.connectors.tracked import documented
from mailroom.connectors.tracked.settings import TrackedSettings
from mailroom.mimecast.models import MessageInfo, TrackedEmail
from mailroom.mimecast.reading import dict_of, text_of
from mailroom.store.alerts import NewAlert

EVENT_NAME = "Message"
LEVEL = "T2"
_MOST_RECIPIENTS = 1_000
_DEFAULT_FIELDS = frozenset({"Product Name", "event_type"})
"""No event has the one, and the other always says `Message`."""


def event_of(record: TrackedEmail, info: MessageInfo) -> dict[str, Any]:
    """Everything known about one message."""
    results = _results(info)
    recipients = _recipients(record, info, results)
    event: dict[str, Any] = {
        "schema": 1,
        "level": LEVEL,
        "tracking_id": record.id,
        "hold_id": info.hold_id or "",
        "message_id": info.message_id or None,
        "status": record.status if record.status != "other" else text_of(record.raw.get("status"))[:80],
        "route": record.route if record.route != "other" else text_of(record.raw.get("route"))[:80],
        "info": cut(record.info),
        "header_from": address_of(record.from_header),
        "envelope_from": record.from_envelope.address or None,
        "recipient": recipients[0] if recipients else "",
        "recipients": recipients,
        "recipient_names": {
            one.address.lower(): cut(one.display_name, 1_000) for one in record.to if one.address and one.display_name
        },
        "deliveries": results,
        "subject": cut(record.subject),
        "received_at": instant(record.received_at),
        "sent_at": instant(record.sent_at or info.sent_at),
        "processed_at": instant(info.processed_at),
        "sender_ip": record.sender_ip,
        "size": info.size,
        "has_attachments": record.attachments,
        "hold_reason": cut(info.queue_detail_status),
        "policy": cut(info.queue_reason),
    }
    event |= info_fields(info)
    if event["spam_score"] is None:
        event["spam_score"] = record.spam_score
    event["detection_level"] = event["detection_level"] or record.detection_level
    return event


def alert_of(
    record: TrackedEmail, info: MessageInfo, settings: TrackedSettings, *, tenant: str, defects: Sequence[str] = ()
) -> NewAlert:
    """The alert of one message, for all its recipients."""
    event = event_of(record, info)
    if defects:
        event["defects"] = list(defects)
    priority = SEED_PRIORITY.get(info.risk, -1)
    sender = record.from_header.address or record.from_envelope.address
    return NewAlert(
        external_key=record.id,
        tenant=tenant,
        title=cut(record.subject, 500),
        sender=cut(sender, 320),
        sender_domain=sender.rpartition("@")[2].lower()[:255],
        recipient=cut(event["recipient"], 320),
        received_at=record.received_at,
        seed_priority=priority,
        priority=priority,
        environment=environment_of(settings, event, record),
        product=_named(event, settings.product_field, PRODUCT),
        event_name=_named(event, settings.event_field, EVENT_NAME),
        group_key=group_key(record),
        level=LEVEL,
        event=event,
        # The hold id stays in the event: the triage of the hold queue has alerts of its own.
        tracking_id=record.id,
        message_id=cut(info.message_id, 1_000),
    )


def environment_of(settings: TrackedSettings, event: dict[str, Any], record: TrackedEmail) -> str:
    """The environment that a field names; the default one when there is no field, no value or no pattern."""
    if not settings.environment_field or settings.environment_regex is None:
        return settings.environment
    value = event.get(settings.environment_field)
    if value is None:
        value = documented.flat(record.raw).get(settings.environment_field)
    if isinstance(value, list):
        value = " ".join(map(str, value))
    text = "" if value is None or isinstance(value, dict) else str(value)
    found = next((one for one in settings.environment_regex.findall(text, limit=1) if one), "")
    return found.strip()[:200] or settings.environment


def _named(event: dict[str, Any], name: str, otherwise: str) -> str:
    """The value of a field of the documented event; the default fields are constants and cost nothing."""
    if name in _DEFAULT_FIELDS:
        return otherwise
    return str(documented.message_event(event).get(name) or otherwise)[:200]


def _results(info: MessageInfo) -> list[dict[str, Any]]:
    """What became of the message for each recipient: the answer keys it by address."""
    found = []
    for address, raw in list(dict_of(info.raw.get("deliveredMessage")).items())[:_MOST_RECIPIENTS]:
        result = dict_of(raw)
        sending, meta = dict_of(result.get("txInfo")), dict_of(result.get("deliveryMetaInfo"))
        policies = [dict_of(one) for one in _list(result.get("policyInfo"))]
        found.append({
            "recipient": cut(str(address), 1_000),
            "event": cut(info.delivered.get(address, "")),
            "status": cut(text_of(sending.get("queueDetailStatus") or sending.get("bounceType"))),
            "route": text_of(dict_of(result.get("messageInfo")).get("route"))[:80],
            "policies": [
                {"type": cut(text_of(one.get("policyType"))), "name": cut(text_of(one.get("policyName")))}
                for one in policies
            ],
            "remote_ip": text_of(meta.get("remoteIp") or sending.get("remoteIp"))[:80],
        })  # fmt: skip
    return found


def _list(value: object) -> list[Any]:
    return value[:100] if isinstance(value, list) else []


def _recipients(record: TrackedEmail, info: MessageInfo, results: Sequence[dict[str, Any]]) -> list[str]:
    everyone = [one.address for one in record.to]
    everyone += info.recipients
    everyone += [one["recipient"] for one in results]
    return list(dict.fromkeys(address.lower() for address in everyone if address))[:_MOST_RECIPIENTS]
