"""The ledger: every effect on the outside world, written down before it happens.

At most one live action per (tenant, slot), by a unique index. What was sent and not confirmed is `unknown` and is
resolved by looking at the product, never by sending again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select, true

from mailroom.chunks import chunks
from mailroom.errors import NotFoundError, RefusedError
from mailroom.faults import faultpoint
from mailroom.store.actions import CLAIMABLE, OPEN_EFFECTS, Action, ActionResult, NewAction, action_of
from mailroom.store.alerts import Alerts
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events
from mailroom.store.intents import Intents
from mailroom.store.labels import Labels
from mailroom.store.owners import owner_is_dead
from mailroom.store.schema import LIVE_STATES, actions, alerts
from mailroom.store.transitions import Transitions

ORPHANED_AFTER = timedelta(minutes=15)
"""A `sending` row this old is nobody's any more: three times the longest a call may take."""


DONE = ("applied", "already_done")
"""States in which it is as wanted, by us or by others."""


class Ledger:
    """Intents, claims and results of actions."""

    def __init__(self, db: Database, events: Events, alert_store: Alerts, labels: Labels) -> None:
        self._db = db
        self._intents = Intents(db, events)
        self._transitions = Transitions(db, events, alert_store, labels)

    def intend(self, new: NewAction, tx: Connection | None = None) -> Action:
        """Write an intent down, or return the equal one that is there (`created` is False then).

        Raises:
            RefusedError: another action, live, holds the same slot.
        """
        answer = self.intend_many([new], tx)[0]
        if isinstance(answer, RefusedError):
            raise answer
        return answer

    def intend_many(self, wanted: Sequence[NewAction], tx: Connection | None = None) -> list[Action | RefusedError]:
        """`intend` for many, in one transaction; refusals are returned in their place."""
        faultpoint("ledger.before_intent")
        answers = self._db.write(lambda c: self._intents.enter(c, wanted, "intended"), tx)
        faultpoint("ledger.after_intent")
        return answers

    def begin(self, new: NewAction, *, owner: str) -> tuple[Action, bool]:
        """`intend` and `claim` in one transaction, for whoever sends at once: one commit less before the effect.

        Returns:
            The action as it is now, and whether it was claimed for `owner`.

        Raises:
            RefusedError: another action, live, holds the same slot.
        """

        def enter(c: Connection) -> tuple[Action | RefusedError, bool]:
            answer = self._intents.enter(c, [new], "intended", owner=owner)[0]
            if isinstance(answer, RefusedError) or (answer.created and answer.state == "sending"):
                return answer, True
            claimed = self._transitions.claim(c, [answer.id], owner)
            return (replace(claimed[0], created=answer.created), True) if claimed else (answer, False)

        faultpoint("ledger.before_intent")
        action, is_claimed = self._db.write(enter)
        if isinstance(action, RefusedError):
            raise action
        faultpoint("ledger.claimed")
        return action, is_claimed

    def propose_many(self, wanted: Sequence[NewAction], tx: Connection | None = None) -> list[Action | RefusedError]:
        """Write proposals down (advise mode). Intending an equal action later promotes the proposal."""
        return self._db.write(lambda c: self._intents.enter(c, wanted, "proposed"), tx)

    def claim(self, action_ids: Iterable[int], *, owner: str, tx: Connection | None = None) -> list[Action]:
        """Take intended, not applied or retryable failed actions for sending; `attempt` grows by one.

        Compare and set in one transaction: of several claimers exactly one gets each action. Those that are not to be
        had (taken, settled, or their slot is held by another action) are simply missing from the answer.
        """
        ids = list(dict.fromkeys(action_ids))
        claimed = self._db.write(lambda c: self._transitions.claim(c, ids, owner), tx) if ids else []
        faultpoint("ledger.claimed")
        return claimed

    def settle(self, results: Sequence[ActionResult], tx: Connection | None = None, *, who: str = "") -> list[int]:
        """Record results, with events and optional handling of the alerts, in one transaction.

        Returns:
            Ids whose result was not taken: the action was settled otherwise, or a newer attempt exists. An event on
            the wall says so.
        """
        faultpoint("ledger.before_settle")
        ignored = self._db.write(lambda c: self._transitions.settle(c, results, who), tx) if results else []
        faultpoint("ledger.after_settle")
        return ignored

    def adopt_orphans(
        self, older_than: timedelta = ORPHANED_AFTER, alive: Callable[[str], bool] | None = None
    ) -> list[Action]:
        """Turn `sending` actions of dead owners into `unknown`, so that someone looks them up.

        Dead is whom `alive` denies (by default: a process of this machine that has ended), and every `sending` row
        older than `older_than` by the database's time.
        """
        is_alive = alive or (lambda owner: not owner_is_dead(owner))
        return self._db.run(lambda tx: self._transitions.adopt(tx, self._db.now(tx) - older_than, is_alive))

    def end_at(self, action_id: int, expires_at: datetime, *, who: str) -> Action:
        """Say when what an applied action made is over, with an event; whatever is not applied stays as it is."""
        self._db.write(lambda c: self._transitions.end_at(c, action_id, expires_at, who))
        return self.get(action_id)

    def open_effects(
        self, states: Sequence[str] = OPEN_EFFECTS, *, kinds: Collection[str] | None = None, limit: int = 10_000
    ) -> list[Action]:
        """Actions (of these kinds) that may or may not have happened, oldest first."""
        return self._select(and_(actions.c.state.in_(tuple(states)), _of(kinds)), limit=limit)

    def get(self, action_id: int, tx: Connection | None = None) -> Action:
        """The action. Raises NotFoundError."""
        found = self._select(actions.c.id == action_id, limit=1, tx=tx)
        if not found:
            msg = f"There is no action {action_id} in the ledger."
            raise NotFoundError(msg)
        return found[0]

    def in_slot(self, tenant: str, slot: str) -> Action | None:
        """The newest action that is, or was, in this slot."""
        query = select(actions).where(actions.c.tenant == tenant, actions.c.slot == slot).order_by(actions.c.id.desc())
        row = self._db.first(query.limit(1))
        return action_of(row) if row is not None else None

    def get_many(self, action_ids: Iterable[int]) -> dict[int, Action]:
        """Those of the actions that exist, by id."""
        ids, found = list(action_ids), dict[int, Action]()
        for some in chunks(ids, CHUNK):
            chunk = self._select(actions.c.id.in_(some), limit=CHUNK)
            found.update({action.id: action for action in chunk})
        return found

    def for_alert(self, alert_id: int) -> list[Action]:
        """All actions concerning an alert, oldest first."""
        return self._select(actions.c.alert_id == alert_id, limit=10_000)

    def to_do(
        self,
        limit: int = 500,
        *,
        after_id: int = 0,
        max_attempts: int | None = None,
        max_failures: int | None = None,
        kinds: Collection[str] | None = None,
        states: Collection[str] = CLAIMABLE,
        tenants: Collection[str] | None = None,
    ) -> list[Action]:
        """What still waits to be sent: intended, not applied, failed but retryable. Oldest first.

        `max_failures` leaves out what the product refused at that many attempts; what never reached it stays in.
        `states` and `tenants` leave out the others; pages go on behind `after_id`.
        """
        condition = and_(
            actions.c.id > after_id, claimable(), _of(kinds), _in(tenants), actions.c.state.in_(tuple(states))
        )
        if max_attempts is not None:
            condition = and_(condition, actions.c.attempt < max_attempts)
        if max_failures is not None:
            condition = and_(condition, or_(actions.c.state != "failed", actions.c.attempt < max_failures))
        return self._select(condition, limit=limit)

    def given_up(
        self, max_failures: int, *, kinds: Collection[str] | None = None, tenants: Collection[str] | None = None
    ) -> int:
        """How many retryable actions failed at so many attempts that `to_do(max_failures=...)` leaves them out."""
        condition = and_(claimable(), actions.c.state == "failed", actions.c.attempt >= max_failures)
        query = select(func.count()).select_from(actions).where(condition, _of(kinds), _in(tenants))
        return int(self._db.value(query))

    def list(
        self, *, state: str | None = None, kind: str | None = None, limit: int = 100, offset: int = 0
    ) -> ActionList:
        """Actions, newest first."""
        query = select(actions).order_by(actions.c.id.desc()).limit(limit).offset(offset)
        if state:
            query = query.where(actions.c.state == state)
        if kind:
            query = query.where(actions.c.kind == kind)
        return [action_of(row) for row in self._db.rows(query)]

    def find(
        self, tenant: str, *, kinds: Collection[str], states: Collection[str], target: str | None = None,
        result_id: str | None = None, limit: int = 1_000, tx: Connection | None = None,
    ) -> ActionList:  # fmt: skip
        """Actions of these kinds and states on one target, or whose result has this `id`; oldest first."""
        condition = and_(actions.c.tenant == tenant, _of(kinds), actions.c.state.in_(tuple(states)))
        if target is not None:
            condition = and_(condition, actions.c.target == target)
        if result_id is not None:
            condition = and_(condition, actions.c.result["id"].as_string() == result_id)
        return self._select(condition, limit=limit, tx=tx)

    def expiring(
        self, before: datetime, *, tenant: str | None = None, kinds: Collection[str] | None = None, limit: int = 500
    ) -> ActionList:
        """Applied actions whose end is not later than `before`, the earliest end first."""
        query = select(actions).where(
            actions.c.expires_at.is_not(None), actions.c.expires_at <= before, actions.c.state == "applied", _of(kinds)
        )
        if tenant is not None:
            query = query.where(actions.c.tenant == tenant)
        query = query.order_by(actions.c.expires_at, actions.c.id).limit(limit)
        return [action_of(row) for row in self._db.rows(query)]

    def undoing(self, action_id: int) -> ActionList:
        """The actions that take this one back, or tried to; oldest first."""
        return self._select(actions.c.undoes_id == action_id, limit=1_000)

    def keep(
        self, action_id: int, attempt: int, result: dict[str, Any], *, states: Collection[str] = ("sending",)
    ) -> None:
        """Note something about an action while it is being sent, e.g. what was there before: a kill would lose it."""
        change = actions.update().where(
            actions.c.id == action_id, actions.c.attempt == attempt, actions.c.state.in_(tuple(states))
        )
        self._db.write(lambda tx: tx.execute(change.values(result=result)))

    def now(self) -> datetime:
        """The time that `claimed_at` is told in."""
        return self._db.read(self._db.now)

    def counts_since(
        self, when: datetime, kind: str | None = None, *, mode: str | None = None,
        tenants: Collection[str] | None = None,
    ) -> int:  # fmt: skip
        """How many actions (of these tenants) were entered since `when` and are live (sent or about to be)."""
        query = select(func.count()).select_from(actions).where(actions.c.created_at >= when, _in(tenants))
        query = query.where(actions.c.state.in_(LIVE_STATES))
        if kind:
            query = query.where(actions.c.kind == kind)
        if mode:
            query = query.where(actions.c.mode == mode)
        return int(self._db.value(query))

    def recent_for_domain(
        self, domain: str, kind: str | None, since: datetime, *, tenants: Collection[str] | None = None
    ) -> int:
        """How many live actions of this kind (and of these tenants) concern alerts of one sender domain."""
        query = (
            select(func.count())
            .select_from(actions.join(alerts, alerts.c.id == actions.c.alert_id))
            .where(
                alerts.c.sender_domain == domain,
                actions.c.created_at >= since,
                actions.c.state.in_(LIVE_STATES),
                _in(tenants),
            )
        )
        if kind:
            query = query.where(actions.c.kind == kind)
        return int(self._db.value(query))

    def undo_list(self, *, limit: int = 500, kind: str | None = None) -> ActionList:
        """Applied actions, newest first; `reversible`, `undo` and `undo_expires_at` say how to take each back.

        What has been taken back, or has ended, is not among them.
        """
        query = select(actions).where(actions.c.state == "applied").order_by(actions.c.id.desc()).limit(limit)
        if kind:
            query = query.where(actions.c.kind == kind)
        return [action_of(row) for row in self._db.rows(query)]

    def counts(self) -> dict[str, dict[str, int]]:
        """Actions by kind and state."""
        query = select(actions.c.kind, actions.c.state, func.count()).group_by(actions.c.kind, actions.c.state)
        found: dict[str, dict[str, int]] = {}
        for kind, state, number in self._db.rows(query.order_by(actions.c.kind, actions.c.state)):
            found.setdefault(kind, {})[state] = int(number)
        return found

    def _select(self, condition: ColumnElement[bool], *, limit: int, tx: Connection | None = None) -> ActionList:
        query = select(actions).where(condition).order_by(actions.c.id).limit(limit)
        return [action_of(row) for row in self._db.rows(query, tx=tx)]


ActionList = list[Action]  # `Ledger.list` hides the builtin inside the class


def _of(kinds: Collection[str] | None) -> ColumnElement[bool]:
    return true() if kinds is None else actions.c.kind.in_(tuple(kinds))


def _in(tenants: Collection[str] | None) -> ColumnElement[bool]:
    return true() if tenants is None else actions.c.tenant.in_(tuple(tenants))


def claimable() -> ColumnElement[bool]:
    """The condition under which an action may be sent: nothing else is, or was, done in its place."""
    holder = actions.alias("holder")
    held = select(holder.c.id).where(
        holder.c.tenant == actions.c.tenant, holder.c.slot == actions.c.slot, holder.c.id != actions.c.id,
        holder.c.state.in_(LIVE_STATES),
    )  # fmt: skip
    may_be_sent = and_(actions.c.state.in_(CLAIMABLE), or_(actions.c.state != "failed", actions.c.retryable))
    return and_(may_be_sent, ~held.exists())
