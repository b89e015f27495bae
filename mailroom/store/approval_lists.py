"""Approvals by the many: for people, for whoever goes on with them, and what nobody has asked for yet. Reads only."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import select

from mailroom.chunks import chunks
from mailroom.store.actions import Action, action_of
from mailroom.store.approval_rows import OPEN, UNDECIDED, USED, StoredApproval, approval_of
from mailroom.store.database import CHUNK, Database
from mailroom.store.schema import actions, approval_actions, approvals

_NOT_DONE = ("intended", "sending", "unknown", "not_applied")


class ApprovalLists:
    """The reading half of `Approvals` that concerns many approvals at once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def list(
        self, *, states: Collection[str] = (), after_id: int = 0, limit: int = 200
    ) -> builtins.list[StoredApproval]:
        """Approvals, oldest first, from `after_id` on."""
        query = select(approvals).where(approvals.c.id > after_id)
        if states:
            query = query.where(approvals.c.state.in_(tuple(states)))
        rows = self._db.rows(query.order_by(approvals.c.id).limit(limit))
        return [approval_of(row) for row in rows]

    def every(self, *states: str, tenants: Collection[str] | None = None) -> Iterator[StoredApproval]:
        """All approvals in these states (and of these tenants), oldest first, read some at a time."""
        after = 0
        while page := self.list(states=states, after_id=after, limit=CHUNK):
            after = page[-1].id
            yield from (one for one in page if tenants is None or one.tenant in tenants)

    def newest(self, limit: int = 100) -> builtins.list[StoredApproval]:
        """Approvals of every state, newest first."""
        query = select(approvals).order_by(approvals.c.id.desc()).limit(limit)
        return [approval_of(row) for row in self._db.rows(query)]

    def open_among(self, ids: Iterable[int]) -> set[int]:
        """Those of these that nobody has decided."""
        found = set[int]()
        for some in chunks(sorted(set(ids)), CHUNK):
            query = select(approvals.c.id).where(approvals.c.id.in_(some), approvals.c.state == OPEN)
            found.update(self._db.values(query))
        return found

    def unasked(
        self, tenant: str, *, kinds: Collection[str], mode: str | None = None, requested_by: str | None = None,
        limit: int = 2_000,
    ) -> builtins.list[Action]:  # fmt: skip
        """Proposals of these kinds and this origin that no undecided approval covers, oldest first.

        The database looks for them: proposals of others, or asked for already, are not in the way, however many.
        """
        asked = (
            select(approval_actions.c.action_id)
            .join(approvals, approvals.c.id == approval_actions.c.approval_id)
            .where(approval_actions.c.action_id == actions.c.id, approvals.c.state.in_(UNDECIDED))
        )
        query = select(actions).where(actions.c.tenant == tenant, actions.c.state == "proposed", ~asked.exists())
        query = query.where(actions.c.kind.in_(tuple(kinds)))
        if mode is not None:
            query = query.where(actions.c.mode == mode)
        if requested_by is not None:
            query = query.where(actions.c.requested_by == requested_by)
        rows = self._db.rows(query.order_by(actions.c.id).limit(limit))
        return [action_of(row) for row in rows]

    def unfinished(self) -> builtins.list[StoredApproval]:
        """Approvals that were used and of which an action is still to be done or looked up, oldest first."""
        open_still = (
            select(actions.c.approval_id)
            .where(actions.c.approval_id.is_not(None), actions.c.state.in_(_NOT_DONE))
            .distinct()
        )
        query = select(approvals).where(approvals.c.state == USED, approvals.c.id.in_(open_still))
        rows = self._db.rows(query.order_by(approvals.c.id))
        return [approval_of(row) for row in rows]

    def to_tell(self) -> builtins.list[StoredApproval]:
        """Decided approvals whose suspended run has not been told yet, oldest first."""
        waiting = (approvals.c.state != OPEN) & (approvals.c.flow_run_id != "")
        query = select(approvals).where(waiting, approvals.c.plan["told"].as_boolean().is_not(True))
        rows = self._db.rows(query.order_by(approvals.c.id))
        return [approval_of(row) for row in rows]
