"""Everything the store knows about one alert: how it came in, what was decided by which rules, what was done."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mailroom.store import Store

_EVENT_FIELDS = (
    "level",
    "hold_reason",
    "policy",
    "queue_reason",
    "route",
    "risk",
    "spam_score",
    "detection_level",
    "spam_detail",
    "authentication_results",
    "expires_at",
    "defects",
)


def _came_in(store: Store, source_id: int, external_key: str) -> dict[str, Any]:
    source = store.sources.get(source_id)
    item = store.items.find(source_id, external_key)
    run = store.runs.get(item.settled_run_id) if item is not None and item.settled_run_id else None
    origin = f"{source.connector} of {source.tenant} ({source.generation}), instance {source.name}" if source else ""
    return {
        "source": origin,
        "listed_at": item.listed_at if item else None,
        "settled_at": item.settled_at if item else None,
        "run": run.id if run else None,
        "flow_run": run.flow_run_id if run else "",
    }


def explain(store: Store, text: str) -> dict[str, Any]:
    """The story of the alert named by its id, hold id or tracking id, as plain data.

    Raises:
        NotFoundError: no alert has this id.
    """
    alert = store.alerts.find(text)
    verdicts = store.verdicts.history(alert.id)
    actions = store.ledger.for_alert(alert.id)
    return {
        "came_in": _came_in(store, alert.source_id, alert.external_key),
        "alert": {
            "id": alert.id,
            "tenant": alert.tenant,
            "hold_id": alert.hold_id,
            "tracking_id": alert.tracking_id,
            "title": alert.title,
            "sender": alert.sender,
            "recipient": alert.recipient,
            "received_at": alert.received_at,
            "seed_priority": alert.seed_priority,
            "priority": alert.priority,
            "handling": alert.handling,
            "handling_reason": alert.handling_reason,
            "handled_by": alert.handled_by,
            "group": store.alerts.group_size(alert.group_key),
        },
        "evidence_available": {name: alert.event[name] for name in _EVENT_FIELDS if alert.event.get(name) is not None},
        "verdicts": [
            {
                "at": verdict.created_at,
                "verdict": verdict.verdict,
                "risk": verdict.risk,
                "confidence": verdict.confidence,
                "priority": verdict.priority,
                "rule_digest": verdict.rule_digest,
                "current": verdict.is_current,
                "proposed": verdict.proposed_action,
                "reason": verdict.proposed_reason,
                "evidence": verdict.evidence,
                "shadow": verdict.shadow,
            }
            for verdict in verdicts
        ],
        "actions": [
            {
                "id": action.id,
                "kind": action.kind,
                "state": action.state,
                "mode": action.mode,
                "attempt": action.attempt,
                "detail": action.detail,
                "requested_by": action.requested_by,
                "undo": action.undo,
                "created_at": action.created_at,
                "settled_at": action.settled_at,
            }
            for action in actions
        ],
        "history": [asdict(event) for event in store.events.for_alert(alert.id)],
    }
