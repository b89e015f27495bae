"""Cases: what belongs together and is worked on as one, with every change on the wall.

A merged case keeps its own links, files, tasks and fields; it only points at the case that shows it. So a merge loses
nothing, and taking it back gives exactly what was there. `merged_into_id` says into what it was merged, `root_id` who
shows it in the end; both are changed while the rows of all roots concerned are locked.

Every method locks the case's row first and writes to the wall last.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from mailroom.chunks import chunks
from mailroom.errors import InvalidInputError, NotFoundError, RefusedError
from mailroom.faults import faultpoint
from mailroom.store.case_lists import CaseLists
from mailroom.store.case_rows import MERGED, Case, EventList, IdList, NewCase, case_of, case_row, unique
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.schema import alerts, case_alerts, case_events, cases

Decide = Callable[[Case, datetime], dict[str, Any]]
"""From the locked case and the time to the columns to change; pure, because a transaction may be repeated."""

_SILENT = frozenset({"closed_at", "reason", "updated_at", "state_before"})
"""Columns that follow from another one and need no event of their own."""


class Cases(CaseLists):
    """The repository of cases and of which alerts belong to them."""

    def __init__(self, db: Database, events: Events) -> None:
        super().__init__(db)
        self._events = events

    # -- opening and changing --------------------------------------------------------------------------------------

    def open(self, new: NewCase, *, why: str = "", tx: Connection | None = None, wall: EventList | None = None) -> Case:
        """Open a case, or return the one with the same key (`created` is False then).

        Effect: writes the store. Twice is harmless with a key.

        Args:
            new: What to open.
            why: For the wall.
            tx: The caller's transaction.
            wall: Where events are collected; the caller writes them at the end of `tx`.
        """

        def enter(c: Connection) -> Case:
            made = self._db.insert_rows(c, cases, [case_row(new, self._db.now(c))], cases.c.id)
            query = select(cases).with_for_update()
            if not made:
                return case_of(c.execute(query.where(cases.c.tenant == new.tenant, cases.c.key == new.key)).one())
            found = case_of(c.execute(query.where(cases.c.id == made[0].id)).one())
            after = {"title": new.title, "priority": new.priority, "template": new.template, "key": new.key}
            event = NewEvent("case.opened", new.created_by, "case opened", case_id=found.id, after=after, why=why)
            self._say(c, wall, [event])
            return replace(found, created=True)

        return self._db.write(enter, tx)

    def change(
        self, case_id: int, decide: Decide, *, who: str, why: str = "", tx: Connection | None = None,
        wall: EventList | None = None,
    ) -> Case:  # fmt: skip
        """Change columns of a case as `decide` says; each changed column is an event with before and after.

        Effect: writes the store. Twice is harmless: what is so already is no change and no event.

        Raises:
            NotFoundError: there is no such case.
            RefusedError: it was merged into another one; change that one.
        """

        def write(c: Connection) -> Case:
            case = self._locked(c, [case_id])[case_id]
            if case.is_merged:
                msg = f"Case {case_id} was merged into case {case.shown_id}: change that one, or unmerge it first."
                raise RefusedError(msg)
            return self._apply(c, case, decide(case, self._db.now(c)), who, why, wall)

        return self._db.write(write, tx)

    def note(self, case_id: int, text: str, *, who: str, once: bool = False, tx: Connection | None = None) -> bool:
        """Put a note on the case's wall. Effect: writes the store; each call is a note.

        Args:
            case_id: Which case.
            text: What should be remembered.
            who: For the wall.
            once: Not if the same was noted by the same `who` before; returns False then.
            tx: The caller's transaction.
        """
        if not text.strip():
            raise InvalidInputError("The note is empty: write what should be remembered.")

        def write(c: Connection) -> bool:
            self._locked(c, [case_id])
            if once:
                mine = (case_events.c.case_id == case_id) & (case_events.c.kind == "case.noted")
                said = select(case_events.c.after).where(mine, case_events.c.who == who)
                if text in c.execute(said).scalars().all():
                    return False
            c.execute(update(cases).where(cases.c.id == case_id).values(updated_at=self._db.now(c)))
            self._events.add(c, kind="case.noted", who=who, what="note", case_id=case_id, after=text)
            return True

        return self._db.write(write, tx)

    # -- alerts ----------------------------------------------------------------------------------------------------

    def link(
        self, case_id: int, alert_ids: Sequence[int], *, who: str, why: str = "", tx: Connection | None = None,
        wall: EventList | None = None,
    ) -> IdList:  # fmt: skip
        """Add alerts to a case; returns those that were not in it. A case that was merged away takes them too.

        Effect: writes the store. Twice is harmless.

        Raises:
            NotFoundError: there is no such case or alert; nothing was linked.
        """
        wanted = unique(alert_ids)

        def write(c: Connection) -> IdList:
            self._locked(c, [case_id])
            self._check_alerts(c, wanted)
            now = self._db.now(c)
            rows = [{"case_id": case_id, "alert_id": one, "added_at": now, "added_by": who, "why": why}
                    for one in wanted]  # fmt: skip
            made = sorted(row.alert_id for row in self._db.insert_rows(c, case_alerts, rows, case_alerts.c.alert_id))
            if made:
                c.execute(update(cases).where(cases.c.id == case_id).values(updated_at=now))
            events = [
                NewEvent("case.linked", who, f"alert {one} added to case {case_id}", one, case_id, why=why)
                for one in made
            ]
            self._say(c, wall, events)
            return made

        return self._db.write(write, tx) if wanted else []

    def unlink(
        self, case_id: int, alert_ids: Sequence[int], *, who: str, why: str = "", tx: Connection | None = None
    ) -> IdList:
        """Take alerts out of a case; returns those that were in it. The wall keeps who had added them, and why.

        Effect: writes the store. Twice is harmless.
        """
        wanted = unique(alert_ids)

        def write(c: Connection) -> IdList:
            self._locked(c, [case_id])
            here = (case_alerts.c.case_id == case_id) & case_alerts.c.alert_id.in_(wanted)
            rows = c.execute(select(case_alerts).where(here).order_by(case_alerts.c.alert_id)).all()
            if rows:
                c.execute(case_alerts.delete().where(here))
                c.execute(update(cases).where(cases.c.id == case_id).values(updated_at=self._db.now(c)))
            self._events.add_many(c, [
                NewEvent(
                    "case.unlinked", who, f"alert {row.alert_id} taken out of case {case_id}", row.alert_id, case_id,
                    why=why, before={"added_at": row.added_at, "added_by": row.added_by, "why": row.why},
                )
                for row in rows
            ])  # fmt: skip
            return [row.alert_id for row in rows]

        return self._db.write(write, tx) if wanted else []

    # -- merging ---------------------------------------------------------------------------------------------------

    def merge(
        self, case_id: int, into_id: int, *, who: str, why: str = "", check: Callable[[Case, Case], None] | None = None,
        tx: Connection | None = None,
    ) -> bool:  # fmt: skip
        """Show a case, with all that was merged into it, as a part of another one. Returns False if it is so already.

        Effect: writes the store. Twice is harmless. `unmerge` takes it back without a trace but on the wall.

        Args:
            case_id: The case that disappears from lists.
            into_id: The case that shows both from now on.
            who: For the wall.
            why: For the wall.
            check: Raises when these two must not be merged; called with both cases locked.
            tx: The caller's transaction.

        Raises:
            NotFoundError: there is no such case.
            RefusedError: one of them was merged into another case already, or both are the same.
        """
        if case_id == into_id:
            raise RefusedError(f"Case {case_id} cannot be merged into itself.")

        def write(c: Connection) -> bool:
            both = self._locked(c, [case_id, into_id])
            case, into = both[case_id], both[into_id]
            if case.merged_into_id == into_id:
                return False
            for one in (case, into):
                if one.is_merged:
                    msg = f"Case {one.id} was merged into case {one.shown_id}: merge that one, or unmerge it first."
                    raise RefusedError(msg)
            if check is not None:
                check(case, into)
            now = self._db.now(c)
            shown = {"root_id": into_id}
            c.execute(update(cases).where(cases.c.root_id == case_id).values(**shown))
            mine = {"merged_into_id": into_id, "state": MERGED, "state_before": case.state, "updated_at": now}
            c.execute(update(cases).where(cases.c.id == case_id).values(**shown, **mine))
            c.execute(update(cases).where(cases.c.id == into_id).values(updated_at=now))
            faultpoint("cases.merging")
            self._events.add_many(c, [
                NewEvent("case.merged", who, f"merged into case {into_id}", case_id=case_id,
                         before={"state": case.state}, after={"state": MERGED, "into": into_id}, why=why),
                NewEvent("case.merged", who, f"case {case_id} merged into this one", case_id=into_id, why=why),
            ])  # fmt: skip
            return True

        return self._db.write(write, tx)

    def unmerge(self, case_id: int, *, who: str, why: str = "", tx: Connection | None = None) -> bool:
        """Take a merge back: the case, with all that had been merged into it, is as it was. False: it is not merged.

        Effect: writes the store. Twice is harmless.
        """

        def write(c: Connection) -> bool:
            case = self._locked_with_root(c, case_id)
            if not case.is_merged:
                return False
            now = self._db.now(c)
            below = self._below(c, case)
            if below:
                c.execute(update(cases).where(cases.c.id.in_(below)).values(root_id=case_id))
            back = {"merged_into_id": None, "root_id": None, "state": case.state_before, "state_before": ""}
            c.execute(update(cases).where(cases.c.id == case_id).values(**back, updated_at=now))
            c.execute(update(cases).where(cases.c.id == case.merged_into_id).values(updated_at=now))
            faultpoint("cases.unmerging")
            self._events.add_many(c, [
                NewEvent("case.unmerged", who, f"no longer a part of case {case.merged_into_id}", case_id=case_id,
                         before={"state": MERGED, "into": case.merged_into_id}, after={"state": case.state_before},
                         why=why),
                NewEvent("case.unmerged", who, f"case {case_id} is a case of its own again",
                         case_id=case.merged_into_id, why=why),
            ])  # fmt: skip
            return True

        return self._db.write(write, tx)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _apply(
        self, tx: Connection, case: Case, values: dict[str, Any], who: str, why: str, wall: EventList | None
    ) -> Case:
        changed = {name: value for name, value in values.items() if getattr(case, name) != value}
        if not changed:
            return case
        now = self._db.now(tx)
        tx.execute(update(cases).where(cases.c.id == case.id).values(**changed, updated_at=now))
        self._say(tx, wall, [
            NewEvent(f"case.{name}", who, f"{name.replace('_', ' ')} changed", case_id=case.id,
                     before=getattr(case, name), after=value, why=why)
            for name, value in changed.items() if name not in _SILENT
        ])  # fmt: skip
        return replace(case, **changed, updated_at=now)

    def _say(self, tx: Connection, wall: EventList | None, events: Sequence[NewEvent]) -> None:
        if wall is None:
            self._events.add_many(tx, events)
        else:
            wall.extend(events)

    def _locked(self, tx: Connection, ids: Iterable[int]) -> dict[int, Case]:
        wanted = unique(list(ids))
        query = select(cases).where(cases.c.id.in_(wanted)).order_by(cases.c.id).with_for_update()
        found = {row.id: case_of(row) for row in tx.execute(query)}
        for one in wanted:
            if one not in found:
                raise NotFoundError(f"There is no case {one}; `mailroom case list` shows them.")
        return found

    def _locked_with_root(self, tx: Connection, case_id: int) -> Case:
        """The case, with the case that shows it locked too: nothing can be merged anywhere above it meanwhile."""
        while True:
            root_id = tx.execute(select(cases.c.root_id).where(cases.c.id == case_id)).scalar()
            case = self._locked(tx, [case_id, root_id or case_id])[case_id]
            if case.root_id == root_id:
                return case
            # it was merged further between the two looks: the lock on the old root does no harm

    def _below(self, tx: Connection, case: Case) -> IdList:
        """Everything that was merged into this case, directly or not."""
        query = select(cases.c.id, cases.c.merged_into_id).where(cases.c.root_id == case.root_id)
        children: dict[int, IdList] = {}
        for one, above in tx.execute(query).tuples():
            children.setdefault(above, []).append(one)
        found: IdList = []
        todo = [case.id]
        while todo:
            more = children.get(todo.pop(), [])
            found += more
            todo += more
        return sorted(found)

    def _check_alerts(self, tx: Connection, wanted: IdList) -> None:
        known: set[int] = set()
        for some in chunks(wanted, CHUNK):
            query = select(alerts.c.id).where(alerts.c.id.in_(some))
            known.update(tx.execute(query).scalars())
        for one in wanted:
            if one not in known:
                raise NotFoundError(f"There is no alert {one}; nothing was added to the case.")
