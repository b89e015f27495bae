"""Questions by the many: lists for people, what a watcher keeps in memory, counts. Reads only."""

from __future__ import annotations

import builtins
from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, literal_column, or_, select, true

from mailroom.chunks import chunks
from mailroom.store.database import CHUNK, Database
from mailroom.store.schema import answers, waits
from mailroom.store.wait_rows import EARLIER_TOKENS, LINE_COLUMNS, OPEN, Wait, WaitLine, line_of, wait_of

_MOST_OF_ONE_PERSON = 50
_LIGHT = (waits.c.id, waits.c.changed_at)


class WaitLists:
    """The reading half of `Waits` that concerns many questions at once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def list(
        self, *, state: str | None = None, mailbox: str | None = None, limit: int = 100, after_id: int | None = None
    ) -> builtins.list[Wait]:
        """Questions, newest first; with `after_id` older than that one."""
        query = select(waits).order_by(waits.c.id.desc()).limit(limit)
        if state:
            query = query.where(waits.c.state == state)
        if mailbox:
            query = query.where(waits.c.mailbox == mailbox)
        if after_id is not None:
            query = query.where(waits.c.id < after_id)
        return [wait_of(row) for row in self._db.rows(query)]

    def lines(
        self, *, state: str | None = None, limit: int | None = 100, before_id: int | None = None
    ) -> builtins.list[WaitLine]:
        """Questions in short, newest first; with `before_id` older than that one; all of them without a limit."""
        # `+ 0` keeps SQLite from walking through every settled question to find the few open ones.
        query = select(*(waits.c[name] for name in LINE_COLUMNS)).order_by((waits.c.id + 0).desc()).limit(limit)
        if state:
            query = query.where(
                waits.c.state == literal_column(f"'{OPEN}'") if state == OPEN else waits.c.state == state
            )
        if before_id is not None:
            query = query.where(waits.c.id < before_id)
        return [line_of(row) for row in self._db.rows(query)]

    def get_many(self, ids: Iterable[int]) -> dict[int, Wait]:
        """Those of the questions that exist, by id."""
        wanted, found = builtins.list(ids), dict[int, Wait]()
        for some in chunks(wanted, CHUNK):
            query = select(waits).where(waits.c.id.in_(some))
            found.update({row.id: wait_of(row) for row in self._db.rows(query)})
        return found

    def replied(self, ids: Iterable[int]) -> dict[int, int]:
        """How many of the people asked have answered in time, for those questions where anybody has."""
        wanted, found = builtins.list(ids), dict[int, int]()
        counts = (answers.c.accepted, ~answers.c.late, answers.c.classification == "human")
        for some in chunks(wanted, CHUNK):
            query = (
                select(answers.c.wait_id, func.count(answers.c.recipient.distinct()))
                .where(answers.c.wait_id.in_(some), *counts)
                .group_by(answers.c.wait_id)
            )
            found.update({int(row[0]): int(row[1]) for row in self._db.rows(query)})
        return found

    def to_handle(
        self, kind: str, limit: int = 500, *, mailbox: str | None = None, after_id: int = 0,
        tenants: Collection[str] | None = None,
    ) -> builtins.list[Wait]:  # fmt: skip
        """Settled questions of this kind whose outcome nobody has made use of yet, oldest first."""
        query = select(waits).where(
            waits.c.kind == kind, waits.c.state != literal_column(f"'{OPEN}'"), waits.c.handled_at.is_(None),
            waits.c.id > after_id, _of(tenants),
        )  # fmt: skip
        if mailbox is not None:
            query = query.where(waits.c.mailbox == mailbox)
        query = query.order_by(waits.c.id).limit(limit)
        return [wait_of(row) for row in self._db.rows(query)]

    def open_keys(self, kind: str) -> dict[int, str]:
        """The key of every open question of this kind, by id."""
        is_open = waits.c.state == literal_column(f"'{OPEN}'")
        query = select(waits.c.id, waits.c.key).where(is_open, waits.c.kind == kind)
        return {int(row[0]): str(row[1]) for row in self._db.rows(query)}

    def asked_since(self, prefix: str, since: datetime) -> builtins.list[Wait]:
        """Questions whose keys begin so, put since then, newest first."""
        query = select(waits).where(self._begins(prefix), waits.c.created_at >= since)
        query = query.order_by(waits.c.id.desc()).limit(_MOST_OF_ONE_PERSON)
        return [wait_of(row) for row in self._db.rows(query)]

    def count_since(self, kind: str, since: datetime, *, tenants: Collection[str] | None = None) -> int:
        """How many questions of this kind (and of these tenants) were put since then."""
        wanted = waits.c.kind == kind, waits.c.created_at >= since, _of(tenants)
        query = select(func.count()).select_from(waits).where(*wanted)
        return int(self._db.value(query))

    def of_alerts(self, alert_ids: Iterable[int], kind: str) -> dict[int, Wait]:
        """The newest question of this kind about each of the alerts about which there is one."""
        wanted, found = builtins.list(alert_ids), dict[int, Wait]()
        for some in chunks(wanted, CHUNK):
            query = select(waits).where(waits.c.alert_id.in_(some), waits.c.kind == kind)
            rows = self._db.rows(query.order_by(waits.c.id))
            found.update({row.alert_id: wait_of(row) for row in rows})
        return found

    def _begins(self, prefix: str) -> ColumnElement[bool]:
        """Keys that begin so, by the index where the database can: SQLite compares text by its bytes."""
        if self._db.is_sqlite:
            return and_(waits.c.key >= prefix, waits.c.key < prefix[:-1] + chr(ord(prefix[-1]) + 1))
        return waits.c.key.startswith(prefix, autoescape=True)

    def counts(self) -> dict[str, int]:
        """Questions by state."""
        query = select(waits.c.state, func.count()).group_by(waits.c.state).order_by(waits.c.state)
        return {str(row[0]): int(row[1]) for row in self._db.rows(query)}

    def live(self, mailbox: str, resolved_since: datetime) -> builtins.list[tuple[int, datetime]]:
        """(id, changed_at) of every open question of the mailbox, and of those resolved lately (late answers)."""
        query = select(*_LIGHT).where(
            waits.c.mailbox == mailbox, or_(waits.c.state == OPEN, waits.c.resolved_at >= resolved_since)
        )
        return [(row.id, row.changed_at) for row in self._db.rows(query)]

    def known_by(self, resolved_since: datetime) -> builtins.list[tuple[int, tuple[str, ...], tuple[str, ...]]]:
        """(id, token hashes, Message-IDs) of every question of any mailbox that is open or was settled lately."""
        earlier = waits.c.question[EARLIER_TOKENS].label("earlier")
        query = select(waits.c.id, waits.c.token_hash, waits.c.message_ids, earlier).where(
            or_(waits.c.state == OPEN, waits.c.resolved_at >= resolved_since)
        )
        rows = self._db.rows(query)
        return [
            (row.id, tuple(one for one in (row.token_hash, *(row.earlier or ())) if one), tuple(row.message_ids or ()))
            for row in rows
        ]

    def changed(self, mailbox: str, since: datetime) -> builtins.list[tuple[int, datetime]]:
        """(id, changed_at) of the questions that changed at or after `since`, whatever their state."""
        query = select(*_LIGHT).where(waits.c.changed_at >= since, waits.c.mailbox == mailbox)
        return [(row.id, row.changed_at) for row in self._db.rows(query)]


def _of(tenants: Collection[str] | None) -> ColumnElement[bool]:
    return true() if tenants is None else waits.c.tenant.in_(tuple(tenants))
