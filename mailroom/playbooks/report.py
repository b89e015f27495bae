"""What a run did: one table, one summary and one set of counts, the same in the terminal, the UI and JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mailroom.playbooks.harmless import harmless
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.store.verdicts import Verdict

INGEST_COLUMNS = ("fetched", "alerted", "duplicate", "filtered", "quarantined", "gone", "waiting", "seconds")
CONSERVED = ("fetched", "alerted", "duplicate", "filtered", "quarantined", "gone")
MOST_ROWS = 500
"""Rows of a table that people look at; the store has all of them."""

PRIORITY_NAMES = {-1: "Informational", 40: "Low", 60: "Medium", 80: "High", 100: "Critical"}


def table_rows(store: Store, alert_ids: Iterable[int], limit: int = MOST_ROWS) -> list[dict[str, str]]:
    """One row per alert, the most urgent first. Every text is harmless; no recipient is named."""
    ids = list(alert_ids)
    verdicts = store.verdicts.current_many(ids)
    ranked = sorted(verdicts.values(), key=lambda verdict: (-verdict.priority, -verdict.risk, verdict.alert_id))[:limit]
    alerts = store.alerts.get_many([verdict.alert_id for verdict in ranked])
    return [_row(store, alerts[verdict.alert_id], verdict) for verdict in ranked]


def folded(rows: Sequence[dict[str, str]], limit: int) -> list[dict[str, str]]:
    """At most so many rows, those that differ only in the alert's number as one: "358 and 4 more"."""
    alike: dict[tuple[str, ...], list[dict[str, str]]] = {}
    for row in rows:
        alike.setdefault(tuple(text for name, text in row.items() if name != "alert"), []).append(row)
    shown = list(alike.values())[:limit]
    return [
        same[0] | ({"alert": f"{same[0]['alert']} and {len(same) - 1} more"} if len(same) > 1 else {}) for same in shown
    ]


def _row(store: Store, alert: Alert, verdict: Verdict) -> dict[str, str]:
    actions = store.ledger.for_alert(alert.id)
    name = (alert.event.get("header_from") or {}).get("display_name", "")
    evidence = "; ".join(str(entry.get("text", "")) for entry in verdict.evidence[:3])
    done = f"{actions[-1].kind}: {actions[-1].state}" if actions else f"{verdict.proposed_action} (not done)"
    return {
        "alert": str(alert.id),
        "verdict": verdict.verdict,
        "action": done,
        "risk": str(verdict.risk),
        "priority": PRIORITY_NAMES.get(verdict.priority, str(verdict.priority)),
        "subject": harmless(alert.title, 80),
        "sender": harmless(name, 40),
        "domain": harmless(alert.sender_domain, 60),
        "why": harmless(evidence or verdict.proposed_reason, 200),
    }


def counts_of(
    ingested: Mapping[str, Any],
    verdicts: Mapping[str, int],
    outcomes: Sequence[Mapping[str, str]],
    *,
    unknown: int,
    seconds: float,
) -> dict[str, Any]:
    """The counts of a run, as printed by `make demo ONCE=1` and stored with the run."""
    actions = Counter(f"{row['kind']}_{row['state']}" for row in outcomes)
    return {
        **{name: int(ingested.get(name, 0)) for name in CONSERVED},
        "verdicts": dict(sorted(verdicts.items())),
        "actions": dict(sorted(actions.items())),
        "unknown": unknown,
        "seconds": round(seconds, 2),
    }


def markdown_summary(counts: Mapping[str, Any], warnings: Sequence[str], outcomes: Sequence[Mapping[str, str]]) -> str:
    """A summary for the UI. Contains no text from any mail."""
    lines = ["## Held messages", "", "| " + " | ".join(CONSERVED) + " |", "|" + " ---: |" * len(CONSERVED)]
    lines += ["| " + " | ".join(str(counts[name]) for name in CONSERVED) + " |", ""]
    if counts["verdicts"]:
        lines += ["## Verdicts", "", "| verdict | messages |", "| --- | ---: |"]
        lines += [f"| {name} | {number} |" for name, number in counts["verdicts"].items()] + [""]
    lines += ["## Actions", ""]
    if counts["actions"]:
        lines += ["| action | messages |", "| --- | ---: |"]
        lines += [f"| {name.replace('_', ' ')} | {number} |" for name, number in counts["actions"].items()] + [""]
    else:
        lines += ["Nothing was changed in the tenant.", ""]
    failed = [row for row in outcomes if row["state"] == "failed"]
    if failed:
        lines += [f"**{len(failed)} actions were not applied. Retry redoes only these.**", ""]
        lines += [f"- alert {row['alert_id']}: {row['kind']}: {harmless(row['message'], 300)}" for row in failed[:20]]
        lines += [""]
    if counts["unknown"]:
        lines += [f"**{counts['unknown']} outcomes are unknown.** They are looked up by the next run.", ""]
    lines += [f"- {harmless(warning, 300)}" for warning in warnings]
    return "\n".join(lines)
