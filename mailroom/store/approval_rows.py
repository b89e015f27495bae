"""A person's yes to actions of the ledger: the rows and their words.

open -> granted -> used            what was approved is wanted now, in the same transaction
open -> declined | expired | void
granted -> expired | void
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Row

OPEN, GRANTED, USED = "open", "granted", "used"
RUNS_ENDED = "runs_ended"
UNDECIDED = (OPEN, GRANTED)
"""States in which nothing has come of it yet."""


@dataclass(frozen=True, slots=True)
class Member:
    """One action that an approval covers. `digest` names exactly what was shown of it."""

    action_id: int
    digest: str
    alert_id: int | None = None


@dataclass(frozen=True, slots=True)
class NewApproval:
    """An approval about to be asked for.

    Attributes:
        tenant: Whose actions.
        kind: Kind of the actions, or `several`.
        summary: One line for people.
        digest: Over everything that it covers.
        wide: Approver and proposer must be two people.
        proposer: Who wants it.
        expires_at: Aware; afterwards it counts for nothing.
        members: What it covers.
        plan: Plain data beside it; no text of a mail's body.
    """

    tenant: str
    kind: str
    summary: str
    digest: str
    wide: bool
    proposer: str
    expires_at: datetime
    members: tuple[Member, ...]
    plan: dict[str, Any] = field(default_factory=dict)
    case_id: int | None = None


@dataclass(frozen=True, slots=True)
class StoredApproval:
    """One approval as it stands. `created` is False when an equal one was there already."""

    id: int
    tenant: str
    kind: str
    summary: str
    digest: str
    plan: dict[str, Any]
    targets: int
    wide: bool
    proposer: str
    approver: str
    channel: str
    state: str
    reason: str
    case_id: int | None
    wait_id: int | None
    flow_run_id: str
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    used_at: datetime | None
    created: bool = False

    @property
    def is_open(self) -> bool:
        """Nobody has decided."""
        return self.state == OPEN

    @property
    def runs_ended(self) -> int:
        """How many runs waited for it and ended before anybody had decided."""
        return int(self.plan.get(RUNS_ENDED) or 0)


def approval_of(row: Row[Any], *, created: bool = False) -> StoredApproval:
    """A row as a `StoredApproval`."""
    given = row._asdict()
    return StoredApproval(**given | {"plan": given["plan"] or {}}, created=created)


def unwritten(new: NewApproval, now: datetime) -> StoredApproval:
    """What opening `new` would make, without number; for whoever only looks."""
    return StoredApproval(
        id=0, tenant=new.tenant, kind=new.kind, summary=new.summary, digest=new.digest, plan=new.plan,
        targets=len(new.members), wide=new.wide, proposer=new.proposer, approver="", channel="", state=OPEN, reason="",
        case_id=new.case_id, wait_id=None, flow_run_id="", created_at=now, expires_at=new.expires_at, decided_at=None,
        used_at=None,
    )  # fmt: skip
