"""Everything the store knows about one alert: how it came in, what was decided by which rules, what was done, proof.

The same for a held message, a tracked one and a mail.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from mailroom.store import Alert, Store
from mailroom.store.verdicts import Verdict

_EVENT_FIELDS = (
    "level",
    "status",
    "mailbox",
    "folder",
    "hold_reason",
    "policy",
    "queue_reason",
    "route",
    "risk",
    "spam_score",
    "detection_level",
    "spam_detail",
    "authentication_results",
    "report_type",
    "encrypted",
    "truncated",
    "expires_at",
    "defects",
)
_OWN = "each event of this history is as it was written and joins its neighbours on the wall"
_WHOLE = "every event of the wall is as it was written, and none is missing"
_ELSEWHERE = "that no event of this alert is missing, and the rest of the wall: --verify walks all of it"
_NEVER = (
    "that nobody wrote the whole wall anew: compare its head with one noted elsewhere (`mailroom wall export`)",
    "verdicts, actions and all else above the history: they stand in tables of their own that the wall does not cover",
)


def explain(store: Store, text: str, *, verify: bool = False) -> dict[str, Any]:
    """The story of the alert named by its id, hold id or tracking id, as plain data. Effect: reads the store.

    Args:
        store: Where the alert is.
        text: Which alert.
        verify: Walk the whole wall, and not only the alert's own events and their neighbours.

    Raises:
        NotFoundError: no alert has this id.
    """
    alert = store.alerts.find(text)
    events = store.events.for_alert(alert.id)
    last_id, head = store.events.head()
    problems = store.events.verify() if verify else store.events.proof(events)
    return {
        "came_in": _came_in(store, alert),
        "alert": _about(store, alert),
        "evidence_available": {name: alert.event[name] for name in _EVENT_FIELDS if alert.event.get(name) is not None},
        "verdicts": [_verdict(store, verdict) for verdict in store.verdicts.history(alert.id)],
        "people_said": [asdict(one) for one in store.evidence.of(alert.id)],
        "labels": [
            {"at": one.at, "label": one.label, "source": one.source, "who": one.who, "why": one.why,
             "current": one.is_current}
            for one in store.labels.history(alert.id)
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
                "rule_digest": action.rule_digest,
                "approval": action.approval_id,
                "undo": action.undo,
                "created_at": action.created_at,
                "settled_at": action.settled_at,
            }
            for action in store.ledger.for_alert(alert.id)
        ],
        **store.dossiers.of(alert.id),
        "history": [asdict(event) for event in events],
        "proof": {
            "checked": last_id if verify else len(events),
            "wall": last_id,
            "head": head,
            "problems": problems,
            "verified": "" if problems else _WHOLE if verify else _OWN,
            "not_verified": _NEVER if verify else (_ELSEWHERE, *_NEVER),
        },
    }  # fmt: skip


def _came_in(store: Store, alert: Alert) -> dict[str, Any]:
    source = store.sources.get(alert.source_id)
    item = store.items.find(alert.source_id, alert.external_key)
    run = store.runs.get(item.settled_run_id) if item is not None and item.settled_run_id else None
    generation = f" ({source.generation})" if source and source.generation else ""
    origin = f"{source.connector} of {source.tenant}{generation}, instance {source.name}" if source else ""
    return {
        "source": origin,
        "key": alert.external_key,
        "listed_at": item.listed_at if item else None,
        "settled_at": item.settled_at if item else None,
        "run": run.id if run else None,
        "flow_run": run.flow_run_id if run else "",
    }


def _about(store: Store, alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.id,
        "tenant": alert.tenant,
        "connector": alert.connector,
        "hold_id": alert.hold_id,
        "tracking_id": alert.tracking_id,
        "message_id": alert.message_id,
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
    }


def _verdict(store: Store, verdict: Verdict) -> dict[str, Any]:
    return {
        "id": verdict.id,
        "at": verdict.created_at,
        "verdict": verdict.verdict,
        "risk": verdict.risk,
        "confidence": verdict.confidence,
        "priority": verdict.priority,
        "rule_digest": verdict.rule_digest,
        "evidence_digest": verdict.evidence_digest,
        "flow_run": _flow_run(store, verdict.run_id),
        "current": verdict.is_current,
        "proposed": verdict.proposed_action,
        "reason": verdict.proposed_reason,
        "evidence": verdict.evidence,
        "shadow": verdict.shadow,
    }


def _flow_run(store: Store, run_id: int | None) -> str:
    return store.runs.get(run_id).flow_run_id if run_id is not None else ""
