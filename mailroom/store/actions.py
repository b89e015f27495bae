"""The words of the ledger: what an action is, its states, and which state may follow which.

proposed -> intended -> sending -> applied | failed | unknown | not_applied | already_done | refused
                           ^           unknown -> applied | not_applied | already_done | failed
                           +---------- not_applied, failed (retryable)
applied -> undone (taken back, ended, or replaced by the contrary); its place is free again
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from mailroom.store.columns import canonical_json, clean_text
from mailroom.store.schema import LIVE_STATES

OPEN_EFFECTS = ("sending", "unknown")
"""States in which the product may or may not have carried the action out: look, never repeat."""

CLAIMABLE = ("intended", "not_applied", "failed")
"""States from which an action may be sent (`failed` only when it is retryable)."""

_BEFORE_SENDING = ("refused", "already_done")
NEXT_STATES = {
    "proposed": _BEFORE_SENDING,
    "intended": _BEFORE_SENDING,
    "not_applied": _BEFORE_SENDING,
    "failed": _BEFORE_SENDING,
    "sending": ("applied", "failed", "unknown", "not_applied", "already_done", "refused"),
    "unknown": ("applied", "failed", "not_applied", "already_done"),
    "applied": ("undone",),
}
STATES = frozenset(NEXT_STATES) | {after for states in NEXT_STATES.values() for after in states}


@dataclass(frozen=True, slots=True)
class NewAction:
    """Something to be done. `slot` is what at most one live action may occupy, e.g. `disposition:<hold id>`."""

    tenant: str
    alert_id: int | None
    kind: str
    target: str
    slot: str
    parameters: dict[str, Any] = field(default_factory=dict)
    mode: str = "auto"
    verdict_id: int | None = None
    rule_digest: str = ""
    approval_id: int | None = None
    requested_by: str = ""
    undo: str = ""
    undo_expires_at: datetime | None = None
    expires_at: datetime | None = None
    """When what it makes ends, so that somebody takes it back."""
    undoes_id: int | None = None
    """The action that it takes back."""

    @property
    def digest(self) -> str:
        """SHA-256 over kind, target and parameters: two equal ones want the same."""
        wanted = canonical_json([self.kind, clean_text(self.target), self.parameters])
        return hashlib.sha256(wanted.encode("ascii")).hexdigest()


@dataclass(frozen=True, slots=True)
class ActionResult:
    """What became of an action. With `attempt`, a result of an older attempt than the latest is ignored.

    `result` is what the product made of it (an id, for example); None leaves what is recorded.
    """

    action_id: int
    state: str
    detail: str = ""
    code: str = ""
    retryable: bool = True
    attempt: int | None = None
    handling: str = ""
    handling_reason: str = ""
    result: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Action:
    """One row of the ledger. `created` is False when an equal one was there already."""

    id: int
    tenant: str
    alert_id: int | None
    kind: str
    target: str
    slot: str
    parameters: dict[str, Any]
    digest: str
    mode: str
    verdict_id: int | None
    rule_digest: str
    approval_id: int | None
    requested_by: str
    state: str
    attempt: int
    owner: str
    retryable: bool
    detail: str
    code: str
    reversible: bool
    undo: str
    undo_expires_at: datetime | None
    created_at: datetime
    updated_at: datetime
    claimed_at: datetime | None
    settled_at: datetime | None
    result: dict[str, Any]
    expires_at: datetime | None
    undoes_id: int | None
    created: bool = False

    @property
    def is_live(self) -> bool:
        """Whether it occupies its slot."""
        return self.state in LIVE_STATES


def action_of(row: Row[Any], *, created: bool = False) -> Action:
    """A ledger row as an `Action`."""
    return Action(**row._asdict() | {"result": row.result or {}}, created=created)
