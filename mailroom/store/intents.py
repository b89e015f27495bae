"""Intent before effect: putting actions into the ledger, at most one live one per slot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select

from mailroom.chunks import chunks
from mailroom.errors import RefusedError
from mailroom.store.actions import Action, NewAction, action_of
from mailroom.store.columns import clean_text, dump_json, load_json
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.schema import actions
from mailroom.store.undo import undo_of

_SETTLED_FOR_GOOD = ("already_done", "refused")
_NOT_SENT = ("proposed", "intended", "not_applied", "failed")
_STORED = (
    select(actions)
    .where(
        actions.c.tenant.in_(bindparam("tenants", expanding=True)),
        actions.c.slot.in_(bindparam("slots", expanding=True)),
    )
    .order_by(actions.c.id)
)
SUPERSEDED = "superseded"
"""Code of a refused action that was withdrawn because the decision changed; if it changes back, it is wanted anew."""


def action_row(new: NewAction, state: str, now: datetime) -> dict[str, Any]:
    """The columns of a new ledger row."""
    undo = undo_of(new.kind)
    expires = new.undo_expires_at or (now + undo.within if undo.within else None)
    return {
        "tenant": new.tenant, "alert_id": new.alert_id, "kind": new.kind, "target": new.target, "slot": new.slot,
        "parameters": new.parameters, "digest": new.digest, "mode": new.mode, "verdict_id": new.verdict_id,
        "rule_digest": new.rule_digest, "approval_id": new.approval_id, "requested_by": new.requested_by,
        "state": state, "retryable": True, "reversible": undo.reversible, "undo": new.undo or undo.text,
        "undo_expires_at": expires, "expires_at": new.expires_at, "undoes_id": new.undoes_id, "created_at": now,
        "updated_at": now,
    }  # fmt: skip


_UNTRIED: dict[str, Any] = {"attempt": 0, "owner": "", "claimed_at": None}


def _written(row: dict[str, Any], action_id: int) -> Action:
    """The row just inserted, as it would be read back."""
    clean = {name: _as_stored(value) for name, value in row.items()}
    return Action(
        **_UNTRIED | clean | {"parameters": load_json(dump_json(row["parameters"]))}, id=action_id,
        detail="", code="", settled_at=None, result={},
    )  # fmt: skip


def _as_stored(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def unwritten(new: NewAction, now: datetime) -> Action:
    """The row that intending `new` would make, without number; for whoever asks before anything is written."""
    return Action(
        **action_row(new, "intended", now), id=0, attempt=0, owner="", detail="", code="",
        claimed_at=None, settled_at=None, result={},
    )  # fmt: skip


class Intents:
    """Carries out `Ledger.intend_many`, `Ledger.propose_many`, and `Ledger.begin` where nothing is known yet."""

    def __init__(self, db: Database, events: Events) -> None:
        self._db = db
        self._events = events

    def enter(
        self, tx: Connection, wanted: Sequence[NewAction], state: str, *, owner: str = ""
    ) -> list[Action | RefusedError]:
        """Enter actions as `intended` or `proposed`; equal ones are returned as they are, contrary ones refused.

        With `owner`, what is new is entered and claimed in one: it is `sending` already.
        """
        answers: list[Action | RefusedError] = []
        for some in chunks(wanted, CHUNK):
            answers += self._chunk(tx, some, state, owner)
        return answers

    def _chunk(
        self, tx: Connection, wanted: Sequence[NewAction], state: str, owner: str
    ) -> list[Action | RefusedError]:
        now = self._db.now(tx) if owner else self._db.clock.now()
        claimed = {"state": "sending", "attempt": 1, "owner": owner, "claimed_at": now} if owner else {}
        stored = self._stored(tx, wanted)
        answers: list[Action | RefusedError | None] = [None] * len(wanted)
        fresh: dict[tuple[str, str], list[int]] = {}
        promoted: list[int] = []
        for place, new in enumerate(wanted):
            key = (clean_text(new.tenant), clean_text(new.slot))
            found = _decide(stored.get(key, []), new, state)
            if isinstance(found, Action) and found.state == "proposed" and state == "intended":
                promoted.append(place)
            elif found is not None:
                answers[place] = self._renewed(tx, found, new) if isinstance(found, Action) else found
                continue
            fresh.setdefault(key, []).append(place)
        events: list[NewEvent] = []
        self._promote(tx, [(wanted[place], stored) for place in promoted], now)
        first = {key: places[0] for key, places in fresh.items()}
        rows = [action_row(wanted[place], state, now) | claimed for place in first.values() if place not in promoted]
        inserted = self._db.insert_rows(tx, actions, rows, *actions.c["id", "tenant", "slot"])
        created = {row[0] for row in inserted}
        if promoted or len(created) < len(rows):  # somebody else was quicker: what does the ledger say now?
            stored = self._stored(tx, wanted)
        else:
            by_key = {(clean_text(row["tenant"]), clean_text(row["slot"])): row for row in rows}
            for action_id, tenant, slot in inserted:
                stored.setdefault((tenant, slot), []).append(_written(by_key[tenant, slot], action_id))
        for key, places in fresh.items():
            for place in places:
                found = _decide(stored.get(key, []), wanted[place], state)
                assert found is not None  # noqa: S101 - inserted above, or by someone else
                if isinstance(found, Action) and (found.id in created or place in promoted):
                    created.discard(found.id)
                    found = replace(found, created=True)
                    events += _entered(found)
                answers[place] = found
        self._events.add_many(tx, events)
        return [answer for answer in answers if answer is not None]

    def _stored(self, tx: Connection, wanted: Sequence[NewAction]) -> dict[tuple[str, str], list[Action]]:
        given = {"tenants": list({new.tenant for new in wanted}), "slots": list({new.slot for new in wanted})}
        found: dict[tuple[str, str], list[Action]] = {}
        for row in tx.execute(_STORED, given):
            found.setdefault((row.tenant, row.slot), []).append(action_of(row))
        return found

    def _promote(
        self,
        tx: Connection,
        wanted: list[tuple[NewAction, dict[tuple[str, str], list[Action]]]],
        now: datetime,
    ) -> None:
        for new, stored in wanted:
            for old in stored[(new.tenant, clean_text(new.slot))]:
                if old.state == "proposed" and old.digest == new.digest:
                    change = actions.update().where(actions.c.id == old.id, actions.c.state == "proposed")
                    tx.execute(change.values(
                        state="intended", mode=new.mode, approval_id=new.approval_id, requested_by=new.requested_by,
                        verdict_id=new.verdict_id or old.verdict_id, rule_digest=new.rule_digest or old.rule_digest,
                        updated_at=now,
                    ))  # fmt: skip

    def _renewed(self, tx: Connection, old: Action, new: NewAction) -> Action:
        """What rules want still, bound to the verdict of now; an approved action, or a sent one, stays as it is."""
        by_rules = old.mode == new.mode == "auto" and new.verdict_id is not None and old.approval_id is None
        if not by_rules or old.state not in _NOT_SENT or old.verdict_id == new.verdict_id:
            return old
        change = actions.update().where(
            actions.c.id == old.id, actions.c.state == old.state, actions.c.attempt == old.attempt
        )
        changed = tx.execute(change.values(verdict_id=new.verdict_id, rule_digest=new.rule_digest)).rowcount
        return replace(old, verdict_id=new.verdict_id, rule_digest=new.rule_digest) if changed else old


def _decide(stored: list[Action], new: NewAction, state: str) -> Action | RefusedError | None:
    """What the ledger says to a wish: an equal row, a refusal, or None for "go ahead"."""
    same = [old for old in stored if old.digest == new.digest]
    for old in stored:
        if old.is_live:
            if old.digest == new.digest:
                return old
            return RefusedError(
                f"{new.kind} of {new.target} is refused: action {old.id} ({old.kind}, {old.state}) holds the same "
                "place. A message gets one disposition only; see `mailroom explain` for what was done."
            )
    others = [old for old in stored if old.digest != new.digest and _waits_for_a_person(old)]
    if others and new.mode == "auto" and state == "intended":
        theirs = others[-1]
        return RefusedError(
            f"{new.kind} of {new.target} is refused: {theirs.requested_by or 'a person'} wants {theirs.kind} (action "
            f"{theirs.id}, {theirs.state}), which is tried again."
        )
    for old in reversed(same):
        if old.state in {"failed", "not_applied", "proposed"} and old.retryable:
            return old
        if old.code == SUPERSEDED:
            continue
        if old.state in _SETTLED_FOR_GOOD and (new.mode != "manual" or state == "proposed"):
            return old
        if old.state == "failed" and new.mode != "manual":
            return old
    return None


def _waits_for_a_person(action: Action) -> bool:
    """Whether a person wants it, and it could not be done so far."""
    return action.mode == "manual" and action.state in {"not_applied", "failed"} and action.retryable


def _entered(action: Action) -> list[NewEvent]:
    state = "intended" if action.state == "sending" else action.state
    entered = NewEvent(
        f"action.{state}", action.requested_by or action.mode, f"{action.kind} {state}", action.alert_id,
        action_id=action.id, after=state, why=f"verdict {action.verdict_id}" if action.verdict_id else "",
    )  # fmt: skip
    return [entered] if state == action.state else [entered, moved(action, state, action.owner, "attempt 1")]


def moved(action: Action, before: str, who: str, why: str) -> NewEvent:
    """The event of an action that has left the state `before`."""
    return NewEvent(
        f"action.{action.state}", who, f"{action.kind} {action.state}", action.alert_id, action_id=action.id,
        before=before, after=action.state, why=why,
    )  # fmt: skip
