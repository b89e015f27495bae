"""Numbers about the whole store, for a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, func, select

from mailroom.store.database import Database
from mailroom.store.schema import (
    actions,
    alerts,
    case_events,
    cases,
    cursors,
    items,
    playbook_runs,
    runs,
    sources,
    verdicts,
)


class Stats:
    """Counts over all tables."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def overview(self) -> dict[str, Any]:
        """Sources with their cursor, and items, alerts, verdicts, actions, cases, runs and events by state."""
        return self._db.read(_overview)


def _grouped(tx: Connection, column: Any, *conditions: Any) -> dict[str, int]:
    query = select(column, func.count()).where(*conditions).group_by(column).order_by(column)
    return {str(row[0]): int(row[1]) for row in tx.execute(query)}


def _overview(tx: Connection) -> dict[str, Any]:
    by_kind: dict[str, dict[str, int]] = {}
    query = select(actions.c.kind, actions.c.state, func.count()).group_by(actions.c.kind, actions.c.state)
    for kind, state, number in tx.execute(query.order_by(actions.c.kind, actions.c.state)):
        by_kind.setdefault(kind, {})[state] = int(number)
    known = select(sources, cursors.c.position).outerjoin(cursors, cursors.c.source_id == sources.c.id)
    return {
        "sources": [
            {
                "id": row.id, "tenant": row.tenant, "connector": row.connector, "name": row.name,
                "generation": row.generation, "cursor": row.position.isoformat() if row.position else None,
            }
            for row in tx.execute(known.order_by(sources.c.id))
        ],
        "items": _grouped(tx, items.c.state),
        "alerts": _grouped(tx, alerts.c.handling),
        "verdicts": _grouped(tx, verdicts.c.verdict, verdicts.c.is_current),
        "actions": by_kind,
        "cases": _grouped(tx, cases.c.state),
        "playbooks": _grouped(tx, playbook_runs.c.state),
        "runs": _grouped(tx, runs.c.state),
        "events": int(tx.execute(select(func.count()).select_from(case_events)).scalar_one()),
    }  # fmt: skip
