"""Approvals: bound to digests, single use, expiring. Each step is one transaction with its events on the wall."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError, NotFoundError, RefusedError
from mailroom.faults import faultpoint
from mailroom.store.actions import Action, action_of
from mailroom.store.approval_lists import ApprovalLists
from mailroom.store.approval_rows import (
    GRANTED,
    OPEN,
    RUNS_ENDED,
    UNDECIDED,
    USED,
    Member,
    NewApproval,
    StoredApproval,
    approval_of,
    unwritten,
)
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.schema import LIVE_STATES, actions, approval_actions, approvals

_OVER = "its time was over"


class Approvals(ApprovalLists):
    """Opens, decides and uses approvals."""

    def __init__(self, db: Database, events: Events) -> None:
        super().__init__(db)
        self._events = events

    # -- asking ---------------------------------------------------------------------------------------------------

    def open(self, new: NewApproval) -> StoredApproval:
        """Ask for an approval. An undecided one with the same digest is the same one (`created` is False then).

        Raises:
            InvalidInputError: It covers nothing.
        """
        if not new.members:
            raise InvalidInputError("an approval needs at least one action that it covers")

        def write(tx: Connection) -> StoredApproval:
            now = self._db.now(tx)
            row = {
                "tenant": new.tenant, "kind": new.kind, "summary": new.summary, "digest": new.digest,
                "plan": new.plan, "targets": len(new.members), "wide": new.wide, "proposer": new.proposer,
                "state": OPEN, "case_id": new.case_id, "created_at": now, "expires_at": new.expires_at,
            }  # fmt: skip
            same = (approvals.c.tenant == new.tenant) & (approvals.c.digest == new.digest)
            undecided = select(approvals).where(same, approvals.c.state.in_(UNDECIDED)).with_for_update()
            while not (made := self._db.insert_rows(tx, approvals, [row], approvals.c.id)):
                found = tx.execute(undecided).first()
                if found is None:  # it was in the way a moment ago, and somebody has just decided it
                    continue
                known = approval_of(found)
                if known.expires_at > now:
                    return known
                self._write(tx, known, state="expired", reason=_OVER, decided_at=now)
            approval_id = int(made[0].id)
            covered = [{"approval_id": approval_id, "action_id": one.action_id, "digest": one.digest}
                       for one in new.members]  # fmt: skip
            self._db.insert_rows(tx, approval_actions, covered, approval_actions.c.action_id, ignore=False)
            opened = self._one(tx, approvals.c.id == approval_id)
            self._tell(tx, opened, new.members, new.proposer, f"until {new.expires_at:%Y-%m-%d %H:%M} UTC")
            return replace(opened, created=True)

        opened = self._db.run(write)
        faultpoint("approval.opened")
        return opened

    def would_open(self, new: NewApproval) -> StoredApproval:
        """What `open` would give: the undecided one that is there, or one without a number. Effect: reads."""

        def look(tx: Connection) -> StoredApproval:
            now = self._db.now(tx)
            same = (approvals.c.tenant == new.tenant) & (approvals.c.digest == new.digest)
            undecided = same & approvals.c.state.in_(UNDECIDED) & (approvals.c.expires_at > now)
            found = tx.execute(select(approvals).where(undecided)).first()
            return approval_of(found) if found is not None else unwritten(new, now)

        return self._db.read(look)

    # -- looking --------------------------------------------------------------------------------------------------

    def get(self, approval_id: int) -> StoredApproval:
        """The approval. Raises NotFoundError."""
        return self._db.read(lambda tx: self._one(tx, approvals.c.id == approval_id))

    def members(self, approval_id: int) -> builtins.list[Member]:
        """What it covers, by action."""
        return self._db.read(lambda tx: self._members(tx, approval_id))

    def digest_of(self, approval_id: int, action_id: int) -> str:
        """What was shown of this action; empty when the approval does not cover it."""
        query = select(approval_actions.c.digest).where(
            approval_actions.c.approval_id == approval_id, approval_actions.c.action_id == action_id
        )
        return str(self._db.value(query) or "")

    def now(self) -> datetime:
        """The time that `expires_at` is held against."""
        return self._db.read(self._db.now)

    # -- deciding -------------------------------------------------------------------------------------------------

    def grant(self, approval_id: int, *, digest: str, by: str, channel: str, note: str = "") -> StoredApproval:
        """A named person says yes to what this digest names. Twice by the same person is once.

        Raises:
            RefusedError: It is decided already, expired, or for another digest.
        """
        return self._decide(approval_id, GRANTED, digest=digest, by=by, channel=channel, note=note)

    def decline(self, approval_id: int, *, digest: str, by: str, channel: str, note: str = "") -> StoredApproval:
        """A named person says no, also to what is granted and not used. Its proposals are closed. Errors as `grant`."""
        return self._decide(approval_id, "declined", digest=digest, by=by, channel=channel, note=note)

    def void(self, approval_id: int, why: str) -> StoredApproval:
        """What it was about has changed: it counts for nothing. Its actions stay proposals. Twice is harmless."""
        return self._end(approval_id, "void", why)

    def expire(self, limit: int = 1_000) -> builtins.list[StoredApproval]:
        """End every undecided approval whose time is over; returns them."""

        def due(tx: Connection) -> Sequence[int]:
            late = approvals.c.state.in_(UNDECIDED) & (approvals.c.expires_at <= self._db.now(tx))
            return tx.execute(select(approvals.c.id).where(late).order_by(approvals.c.id).limit(limit)).scalars().all()

        return [self._end(known, "expired", _OVER) for known in self._db.read(due)]

    # -- using ----------------------------------------------------------------------------------------------------

    def use(self, approval_id: int, wanted: Sequence[int], dropped: Mapping[int, str]) -> StoredApproval:
        """Turn the approved proposals into intents, once. One transaction: used means wanted, and the other way round.

        Args:
            approval_id: A granted approval. One that is used is returned as it is, and nothing changes.
            wanted: Its actions as the caller has just found them to be exactly what was approved.
            dropped: Its other actions, and why each is not what was approved; they stay proposals.

        Raises:
            RefusedError: It is not granted, or its time is over.
        """

        def write(tx: Connection) -> StoredApproval:
            known = self._locked(tx, approval_id)
            now = self._db.now(tx)
            if known.state == USED:
                return known
            if known.state != GRANTED:
                raise RefusedError(_not_to_be_had(known))
            if known.expires_at <= now:
                return self._write(tx, known, state="expired", reason=_OVER, decided_at=now)
            covered = {one.action_id: one for one in self._members(tx, approval_id)}
            why = dict(dropped)
            ready = self._ready(tx, [one for one in wanted if one in covered], why)
            who = f"{known.proposer}, approved by {known.approver}"[:200]
            self._db.update_rows(tx, actions, [
                {"id": one.id, "state": "intended", "mode": "manual", "approval_id": approval_id,
                 "requested_by": who, "updated_at": now}
                for one in ready
            ])  # fmt: skip
            self._events.add_many(tx, [
                NewEvent("action.intended", who, f"{one.kind} intended", one.alert_id, action_id=one.id,
                         before="proposed", after="intended", why=f"approval {approval_id}")
                for one in ready
            ] + [
                NewEvent("approval.void", "approvals", f"approval {approval_id} does not cover this any more",
                         covered[action_id].alert_id, action_id=action_id, why=text)
                for action_id, text in why.items() if action_id in covered
            ])  # fmt: skip
            plan = known.plan | {"dropped": {str(one): text for one, text in why.items()}}
            if not ready:
                reason = next(iter(why.values()), "nothing of it is a proposal any more")
                return self._write(tx, known, state="void", reason=reason, plan=plan)
            return self._write(tx, known, state=USED, used_at=now, plan=plan)

        used = self._db.run(write)
        faultpoint("approval.used")
        return used

    # -- who waits for it -----------------------------------------------------------------------------------------

    def attach(self, approval_id: int, *, wait_id: int | None = None, flow_run_id: str | None = None) -> StoredApproval:
        """Note the question by mail, or the suspended run, that belongs to it. Twice is harmless."""

        def write(tx: Connection) -> StoredApproval:
            known = self._locked(tx, approval_id)
            values: dict[str, Any] = {}
            if wait_id is not None and known.wait_id != wait_id:
                values["wait_id"] = wait_id
            if flow_run_id is not None and known.flow_run_id != flow_run_id:
                values |= {"flow_run_id": flow_run_id, "plan": known.plan | {"told": False}}
            return self._change(tx, known, values) if values else known

        return self._db.run(write)

    def told(self, approval_id: int) -> None:
        """The run knows, or there is none any more."""
        self._db.run(lambda tx: self._mark_told(tx, approval_id))

    def leave_run(self, approval_id: int, flow_run_id: str) -> None:
        """This run is gone or has ended: whoever looks after approvals goes on without it. Twice is once."""

        def write(tx: Connection) -> None:
            known = self._locked(tx, approval_id)
            if known.flow_run_id == flow_run_id:  # it may belong to another one by now
                ended = {"plan": known.plan | {RUNS_ENDED: known.runs_ended + 1}} if known.is_open else {}
                self._change(tx, known, {"flow_run_id": "", **ended})

        self._db.run(write)

    # -- inside ---------------------------------------------------------------------------------------------------

    def _mark_told(self, tx: Connection, approval_id: int) -> None:
        known = self._locked(tx, approval_id)
        self._change(tx, known, {"plan": known.plan | {"told": True}})

    def _decide(self, approval_id: int, state: str, *, digest: str, by: str, channel: str, note: str) -> StoredApproval:
        if not by.strip():
            raise InvalidInputError("a decision needs the name of whoever makes it")

        def write(tx: Connection) -> StoredApproval:
            known = self._locked(tx, approval_id)
            now = self._db.now(tx)
            if known.digest != digest:
                raise RefusedError(
                    f"Approval {approval_id} is about something else than what was shown; look at it again."
                )
            same = known.approver == by and known.state in {state, USED if state == GRANTED else state}
            if same:
                return known
            if known.state not in (UNDECIDED if state == "declined" else (OPEN,)):
                raise RefusedError(_not_to_be_had(known))
            if known.expires_at <= now:
                return self._write(tx, known, state="expired", reason=_OVER, decided_at=now)
            if state == "declined":
                self._close_proposals(tx, approval_id, by, note, now)
            return self._write(
                tx, known, who=by, state=state, approver=by, channel=channel, reason=note, decided_at=now
            )

        decided = self._db.run(write)
        faultpoint("approval.decided")
        if decided.state == "expired":
            raise RefusedError(_not_to_be_had(decided))
        return decided

    def _close_proposals(self, tx: Connection, approval_id: int, by: str, note: str, now: datetime) -> None:
        why = f"declined by {by}{f': {note}' if note else ''}"
        open_still = [one for one in self._actions(tx, approval_id) if one.state == "proposed"]
        self._db.update_rows(tx, actions, [
            {"id": one.id, "state": "refused", "detail": why, "code": "declined", "retryable": False,
             "settled_at": now, "updated_at": now, "approval_id": approval_id}
            for one in open_still
        ])  # fmt: skip
        self._events.add_many(tx, [
            NewEvent("action.refused", by, f"{one.kind} refused", one.alert_id, action_id=one.id, before="proposed",
                     after="refused", why=why)
            for one in open_still
        ])  # fmt: skip

    def _end(self, approval_id: int, state: str, why: str) -> StoredApproval:
        def write(tx: Connection) -> StoredApproval:
            known = self._locked(tx, approval_id)
            if known.state not in UNDECIDED:
                return known
            return self._write(tx, known, state=state, reason=why, decided_at=known.decided_at or self._db.now(tx))

        return self._db.run(write)

    def _ready(self, tx: Connection, wanted: Sequence[int], why: dict[int, str]) -> builtins.list[Action]:
        """Those that are proposals still and whose place is free; the others are added to `why`."""
        rows: dict[int, Action] = {}
        for ids in chunks(wanted, CHUNK):
            chunk = select(actions).where(actions.c.id.in_(ids))
            rows |= {row.id: action_of(row) for row in tx.execute(chunk.order_by(actions.c.id).with_for_update())}
        taken: set[tuple[str, str]] = set()
        slots = sorted({one.slot for one in rows.values()})
        for some in chunks(slots, CHUNK):
            held = select(actions.c.tenant, actions.c.slot).where(
                actions.c.slot.in_(some), actions.c.state.in_(LIVE_STATES)
            )
            taken |= {(row.tenant, row.slot) for row in tx.execute(held)}
        ready: builtins.list[Action] = []
        for action_id in wanted:
            one = rows.get(action_id)
            if one is None or one.state != "proposed":
                why[action_id] = f"it is {one.state if one else 'gone'}, and no proposal any more"
            elif (one.tenant, one.slot) in taken:
                why[action_id] = "another action has its place by now"
            else:
                taken.add((one.tenant, one.slot))
                ready.append(one)
        return ready

    def _write(self, tx: Connection, known: StoredApproval, *, who: str = "", **values: Any) -> StoredApproval:
        changed = self._change(tx, known, values)
        self._tell(tx, changed, self._members(tx, known.id), who or changed.approver or "approvals", changed.reason,
                   before=known.state)  # fmt: skip
        return changed

    def _change(self, tx: Connection, known: StoredApproval, values: dict[str, Any]) -> StoredApproval:
        tx.execute(approvals.update().where(approvals.c.id == known.id).values(**values))
        return replace(known, **values)

    def _tell(
        self, tx: Connection, approval: StoredApproval, members: Sequence[Member], who: str, why: str, before: str = ""
    ) -> None:
        what = f"approval {approval.id} of {approval.kind}: {approval.state}"
        self._events.add_many(tx, [
            NewEvent(f"approval.{approval.state}", who, what, one.alert_id, approval.case_id, one.action_id,
                     before=before, after=one.digest if approval.is_open else approval.state, why=why)
            for one in members
        ])  # fmt: skip

    def _one(self, tx: Connection, condition: ColumnElement[bool]) -> StoredApproval:
        row = tx.execute(select(approvals).where(condition)).first()
        if row is None:
            raise NotFoundError("There is no such approval; `mailroom approvals` lists them.")
        return approval_of(row)

    def _locked(self, tx: Connection, approval_id: int) -> StoredApproval:
        row = tx.execute(select(approvals).where(approvals.c.id == approval_id).with_for_update()).first()
        if row is None:
            raise NotFoundError(f"There is no approval {approval_id}; `mailroom approvals` lists them.")
        return approval_of(row)

    def _members(self, tx: Connection, approval_id: int) -> builtins.list[Member]:
        columns = approval_actions.c.action_id, approval_actions.c.digest, actions.c.alert_id
        query = select(*columns).join(actions, actions.c.id == approval_actions.c.action_id)
        query = query.where(approval_actions.c.approval_id == approval_id).order_by(approval_actions.c.action_id)
        return [Member(*row) for row in tx.execute(query)]

    def _actions(self, tx: Connection, approval_id: int) -> builtins.list[Action]:
        covered = select(approval_actions.c.action_id).where(approval_actions.c.approval_id == approval_id)
        query = select(actions).where(actions.c.id.in_(covered)).order_by(actions.c.id).with_for_update()
        return [action_of(row) for row in tx.execute(query)]


def _not_to_be_had(known: StoredApproval) -> str:
    by = f" by {known.approver}" if known.approver else ""
    why = f" ({known.reason})" if known.reason else ""
    return f"Approval {known.id} is {known.state}{by}{why}; it cannot be decided or used any more. Ask again."
