"""The documented shape of a tracked message's alert and events, computed from our event.

The documented connector flattens Mimecast's own answer: nested names are joined by `_`, list entries are numbered from
1. One event `Message` per recipient, with `deliveredMessage` of that recipient; one event per component of the mail,
named by the component's type. What our event does not keep (server greetings, times of single steps) is not there.
"""

from __future__ import annotations

from typing import Any

VENDOR = "Mimecast"
PRODUCT = "Mimecast"
RULE = "Mimecast Message"
"""Of an alert whose message is in no queue."""


def as_documented(event: dict[str, Any], *, environment: str = "", priority: int = -1) -> dict[str, Any]:
    """An alert as the documented connector makes it, from the event of a tracked alert.

    Returns:
        `ticket_id`, `name`, `reason`, `description`, `device_vendor`, `device_product`, `priority`, `rule_generator`,
        `environment`, `start_time`, `end_time` and `events`, each event flat.
    """
    return {
        "ticket_id": event.get("message_id") or event.get("tracking_id", ""),
        "name": f"{str(event.get('status') or 'unknown').capitalize()} Message",
        "reason": event.get("policy", ""),
        "description": event.get("hold_reason", ""),
        "device_vendor": VENDOR,
        "device_product": PRODUCT,
        "priority": priority,
        "rule_generator": event.get("policy") or RULE,
        "environment": environment,
        "start_time": event.get("received_at"),
        "end_time": event.get("received_at"),
        "events": events(event),
    }


def events(event: dict[str, Any]) -> list[dict[str, Any]]:
    """The flat events: one per recipient, then one per component; at least one."""
    whole = _answer(event)
    made = [
        flat(whole | {"event_type": "Message", "deliveredMessage": _delivery(one)})
        for one in event.get("deliveries") or ()
    ]
    made += [flat(_component(part, event)) for part in event.get("components") or ()]
    return made or [message_event(event)]


def message_event(event: dict[str, Any]) -> dict[str, Any]:
    """The message itself, flat, without its recipients."""
    return flat(_answer(event) | {"event_type": "Message"})


def flat(nested: dict[str, Any]) -> dict[str, Any]:
    """`{"a": {"b": [1, 2]}}` as `{"a_b_1": 1, "a_b_2": 2}`; None becomes an empty text."""
    found: dict[str, Any] = {}
    # Not recursive: what is flattened may come from an answer of any depth.
    todo: list[tuple[str, Any]] = [("", nested)]
    while todo:
        name, value = todo.pop()
        if isinstance(value, dict):
            todo += [(f"{name}_{key}" if name else str(key), one) for key, one in reversed(value.items())]
        elif isinstance(value, list):
            todo += [(f"{name}_{number}", one) for number, one in reversed(list(enumerate(value, 1)))]
        else:
            found[name] = "" if value is None else value
    return found


def _answer(event: dict[str, Any]) -> dict[str, Any]:
    """The parts of Mimecast's answer that our event keeps, under Mimecast's names."""
    spam = event.get("spam_detail") or {}
    sender = event.get("header_from") or {}
    return {
        "id": event.get("tracking_id"),
        "status": event.get("status"),
        "recipientInfo": {
            "messageInfo": {
                "fromHeader": sender.get("address"),
                "fromEnvelope": event.get("envelope_from"),
                "to": event.get("recipients"),
                "subject": event.get("subject"),
                "sent": event.get("sent_at"),
                "processed": event.get("processed_at"),
                "route": event.get("route"),
            },
            "txInfo": {
                "queueDetailStatus": event.get("queue_detail_status"),
                "transmissionSize": event.get("size"),
                "remoteIp": event.get("sender_ip"),
            },
        },
        "queueInfo": {
            "id": event.get("hold_id"),
            "heldGroup": event.get("hold_group"),
            "reason": event.get("queue_reason"),
        },
        "spamInfo": {
            "spamScore": event.get("spam_score"),
            "detectionLevel": event.get("detection_level"),
            "spamProcessingDetail": {
                **{theirs: {"info": spam.get(ours)} for theirs, ours in _SPAM.items() if ours in spam},
                "greyEmail": event.get("grey_email"),
                "verdict": {"risk": event.get("risk"), "categories": event.get("categories")},
            },
        },
    }


_SPAM = {
    "rbl": "rbl",
    "spf": "spf",
    "dkim": "dkim",
    "dmarc": "dmarc",
    "permittedSender": "permitted_sender",
    "managedSender": "managed_sender",
}


def _component(part: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    return {
        "fileName": part.get("name"),
        "fileType": part.get("type"),
        "mimeType": part.get("mime_type"),
        "txSize": part.get("size"),
        "hash": part.get("sha256"),
        "received_time": event.get("received_at"),
        "event_type": str(part.get("type") or "").replace(" ", ""),
    }


def _delivery(one: dict[str, Any]) -> dict[str, Any]:
    return {
        "recipient": one.get("recipient"),
        "messageInfo": {"route": one.get("route")},
        "policyInfo": [
            {"policyType": policy.get("type"), "policyName": policy.get("name")} for policy in one.get("policies", ())
        ],
        "txInfo": {"txEvent": one.get("event"), "queueDetailStatus": one.get("status")},
    }
