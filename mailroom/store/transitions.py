"""From one state of an action to the next: claims, results, orphans. Each writes an event in the same transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError
from mailroom.store.actions import CLAIMABLE, NEXT_STATES, Action, ActionResult, action_of
from mailroom.store.alerts import Alerts
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.intents import moved
from mailroom.store.labels import Labels
from mailroom.store.schema import LIVE_STATES, actions

_LOCKED = (
    select(actions).where(actions.c.id.in_(bindparam("ids", expanding=True))).order_by(actions.c.id).with_for_update()
)

_DISPOSITIONS = ("release", "release_to_sandbox", "reject")


class Transitions:
    """Carries out `Ledger.claim`, `Ledger.settle`, `Ledger.adopt_orphans` and `Ledger.end_at`."""

    def __init__(self, db: Database, events: Events, alert_store: Alerts, labels: Labels) -> None:
        self._db = db
        self._labels = labels
        self._events = events
        self._alerts = alert_store

    def claim(self, tx: Connection, ids: Sequence[int], owner: str) -> list[Action]:
        """See `Ledger.claim`."""
        now = self._db.now(tx)
        claimed: dict[int, Action] = {}
        events: list[NewEvent] = []
        for some in chunks(ids, CHUNK):
            rows = self._locked(tx, some)
            held = self._held_slots(tx, [row for row in rows.values() if row.state not in LIVE_STATES])
            taken: list[Action] = []
            for action_id in some:
                old = rows.get(action_id)
                if old is None or old.state not in CLAIMABLE or (old.state == "failed" and not old.retryable):
                    continue
                slot = (old.tenant, old.slot)
                if old.state not in LIVE_STATES:
                    if slot in held:
                        continue
                    held.add(slot)
                new = replace(
                    old, state="sending", attempt=old.attempt + 1, owner=owner, claimed_at=now, updated_at=now,
                    settled_at=None,
                )  # fmt: skip
                taken.append(new)
                claimed[action_id] = new
                events.append(moved(new, old.state, owner, f"attempt {new.attempt}"))
            self._db.update_rows(tx, actions, [_columns(new) for new in taken])
        self._events.add_many(tx, events, at=now)
        return list(claimed.values())

    def settle(self, tx: Connection, results: Sequence[ActionResult], who: str) -> list[int]:
        """See `Ledger.settle`."""
        now = self._db.now(tx)
        events: list[NewEvent] = []
        handling: dict[str, list[tuple[int, str, str]]] = {}
        by_people: list[tuple[int, str, str]] = []
        ignored: list[int] = []
        for chunk in chunks(results, CHUNK):
            rows = self._locked(tx, [result.action_id for result in chunk])
            changed: dict[int, Action] = {}
            for result in chunk:
                old = changed.get(result.action_id) or rows.get(result.action_id)
                if old is None:
                    msg = f"There is no action {result.action_id} in the ledger; none of these results was recorded."
                    raise InvalidInputError(msg)
                late = result.attempt is not None and result.attempt != old.attempt
                if old.state == result.state and not late:
                    continue
                if late or result.state not in NEXT_STATES.get(old.state, ()):
                    ignored.append(result.action_id)
                    events.append(_late(old, result, who))
                    continue
                new = replace(
                    old, state=result.state, detail=result.detail, code=result.code, settled_at=now, updated_at=now,
                    retryable=result.retryable, result=old.result if result.result is None else result.result,
                )  # fmt: skip
                changed[new.id] = new
                events.append(moved(new, old.state, who or old.owner or old.requested_by, result.detail))
                if result.handling and new.alert_id is not None:
                    by = who or old.requested_by or old.mode
                    why = result.handling_reason or result.detail
                    handling.setdefault(by, []).append((new.alert_id, result.handling, why))
                if new.state == "applied" and new.mode == "manual" and new.kind in _DISPOSITIONS and new.alert_id:
                    by_people.append((new.alert_id, new.kind, new.requested_by))
            self._db.update_rows(tx, actions, [_columns(new) for new in changed.values()])
        for by, changes in handling.items():
            events += self._alerts.apply_handling(tx, changes, by)
        if by_people:
            events += self._labels.from_dispositions(tx, by_people)
        self._events.add_many(tx, events, at=now)
        return ignored

    def adopt(self, tx: Connection, before: datetime, is_alive: Callable[[str], bool]) -> list[Action]:
        """See `Ledger.adopt_orphans`."""
        now = self._db.now(tx)
        query = select(actions).where(actions.c.state == "sending").order_by(actions.c.id).with_for_update()
        adopted: list[Action] = []
        for old in map(action_of, tx.execute(query).all()):
            too_old = old.claimed_at is None or old.claimed_at <= before
            if too_old or not is_alive(old.owner):
                detail = "sent by a process that ended before it could say what happened"
                adopted.append(replace(old, state="unknown", detail=detail, updated_at=now))
        self._db.update_rows(tx, actions, [_columns(new) for new in adopted])
        self._events.add_many(tx, [moved(new, "sending", "ledger", new.detail) for new in adopted], at=now)
        return adopted

    def end_at(self, tx: Connection, action_id: int, expires_at: datetime, who: str) -> None:
        """See `Ledger.end_at`."""
        old = self._locked(tx, [action_id]).get(action_id)
        if old is None or old.state != "applied" or old.expires_at == expires_at:
            return
        now = self._db.now(tx)
        change = actions.update().where(actions.c.id == action_id)
        tx.execute(change.values(expires_at=expires_at, updated_at=now))
        before = old.expires_at.isoformat() if old.expires_at else None
        moved_end = NewEvent(
            "action.end_moved", who, f"{old.kind}: another end", old.alert_id, action_id=action_id, before=before,
            after=expires_at.isoformat(),
        )  # fmt: skip
        self._events.add_many(tx, [moved_end], at=now)

    def _locked(self, tx: Connection, ids: Sequence[int]) -> dict[int, Action]:
        return {row.id: action_of(row) for row in tx.execute(_LOCKED, {"ids": list(ids)}).all()}

    def _held_slots(self, tx: Connection, some: Sequence[Action]) -> set[tuple[str, str]]:
        """Slots of `some` that another, live action occupies."""
        if not some:
            return set()
        query = select(actions.c.tenant, actions.c.slot).where(
            actions.c.tenant.in_({one.tenant for one in some}), actions.c.slot.in_({one.slot for one in some}),
            actions.c.state.in_(LIVE_STATES),
        )  # fmt: skip
        return {(row.tenant, row.slot) for row in tx.execute(query)}


_CHANGING = (
    "id", "state", "attempt", "owner", "claimed_at", "settled_at", "updated_at", "retryable", "detail", "code",
    "result",
)  # fmt: skip


def _columns(action: Action) -> dict[str, Any]:
    return {name: getattr(action, name) for name in _CHANGING}


def _late(action: Action, result: ActionResult, who: str) -> NewEvent:
    return NewEvent(
        "action.result_ignored", who or "ledger", f"{action.kind}: result {result.state} ignored", action.alert_id,
        action_id=action.id, before=action.state, after=action.state,
        why=f"the action is {action.state} (attempt {action.attempt}); the result was for attempt {result.attempt}",
    )  # fmt: skip
