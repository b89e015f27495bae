"""What a change came to, and what a dry run shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.effects.changes.model import Change, Found
from mailroom.store.actions import Action


@dataclass(frozen=True, slots=True)
class ChangeResult:
    """What the ledger says of one change."""

    state: str
    """`applied`, `already_done` (as wanted before we came), `unknown`, `not_applied` (nothing was done; try again),
    `failed` (the product refused), `refused` (a rail), or `undone`."""
    action_id: int
    kind: str
    result: dict[str, Any] = field(default_factory=dict)
    """What the product made of it: ids, above all."""
    detail: str = ""
    code: str = ""
    recorded: bool = False
    """This call did nothing: an earlier one had done it."""
    expires_at: datetime | None = None

    @property
    def is_done(self) -> bool:
        """It is as wanted."""
        return self.state in {"applied", "already_done"}

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "action": self.action_id, "kind": self.kind, "state": self.state, "result": self.result,
            "detail": self.detail, "code": self.code, "recorded": self.recorded, "expires_at": self.expires_at,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preview:
    """What a change would do. Nothing was changed or written for it."""

    kind: str
    parameters: dict[str, Any]
    lines: tuple[str, ...]
    """In sentences."""
    there: Found | None
    """What is there now, where looking is possible."""
    recorded: int | None = None
    """The action that has done just this before."""

    @property
    def would_send(self) -> bool:
        """Whether anything would be sent."""
        return self.recorded is None and (self.there is None or self.there.state != "applied")

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        there = None if self.there is None else {"detail": self.there.detail, "result": self.there.result}
        return {
            "dry_run": True, "kind": self.kind, "parameters": self.parameters, "would_do": list(self.lines),
            "there_now": there, "would_send": self.would_send, "done_by_action": self.recorded,
        }  # fmt: skip


def result_of(action: Action, *, recorded: bool = False) -> ChangeResult:
    """A ledger row as the outcome of a call."""
    detail = action.detail
    if recorded:
        when = f" at {action.settled_at:%Y-%m-%d %H:%M} UTC" if action.settled_at else ""
        detail = f"done before by action {action.id}{when}: {detail}"
    end = None if action.state == "already_done" else action.expires_at  # what others made is never ended from here
    return ChangeResult(action.state, action.id, action.kind, action.result, detail, action.code, recorded, end)


def past_of(change: Change, target: str) -> str:
    """How the ledger says that a change happened."""
    return f"{change.past}: {target}"
