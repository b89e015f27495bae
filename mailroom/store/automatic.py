"""What was done to messages without a person, and by which verdicts: the circuit breaker looks at it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from mailroom.store.database import Database
from mailroom.store.schema import actions, alerts, verdicts

_KINDS = ("release", "reject", "release_to_sandbox")
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Automatic:
    """One applied action that nobody asked for."""

    action_id: int
    alert_id: int
    handling: str
    """What became of the message since."""
    evidence: list[dict[str, Any]]
    """Of the verdict that led to it, whatever was said of the message since."""


class AutomaticActions:
    """Reads automatic dispositions, newest first. What people did is not among them, however much it is."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def with_handling(self, handlings: Collection[str], *, tenants: Collection[str] | None = None) -> list[Automatic]:
        """Those whose message has one of these handlings now."""
        return self._read(_query(alerts.c.handling.in_(tuple(handlings)), *_of(tenants)))

    def before(
        self, action_id: int | None = None, *, tenants: Collection[str] | None = None, limit: int = _PAGE
    ) -> list[Automatic]:
        """The newest ones, or the newest before an action."""
        wanted = () if action_id is None else (actions.c.id < action_id,)
        return self._read(_query(*wanted, *_of(tenants)).limit(limit))

    def _read(self, query: Select[Any]) -> list[Automatic]:
        return [Automatic(row[0], row[1], row[2], row[3] or []) for row in self._db.rows(query)]


def _of(tenants: Collection[str] | None) -> tuple[ColumnElement[bool], ...]:
    return () if tenants is None else (actions.c.tenant.in_(tuple(tenants)),)


def _query(*wanted: ColumnElement[bool]) -> Select[Any]:
    return (
        select(actions.c.id, alerts.c.id, alerts.c.handling, verdicts.c.evidence)
        .join(alerts, alerts.c.id == actions.c.alert_id)
        .join(verdicts, verdicts.c.id == actions.c.verdict_id)
        .where(
            actions.c.state == "applied", actions.c.mode == "auto", actions.c.kind.in_(_KINDS),
            *wanted,
        )
        .order_by(actions.c.id.desc())
    )  # fmt: skip
