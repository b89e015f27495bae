"""Leases: one writer per source, with a fencing token that a paused old worker cannot get past.

Work that falls into parts nobody shares (the messages of each tenant) has a lease per part: different parts are held
side by side, the whole only alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from mailroom.errors import BusyError, LeaseLostError
from mailroom.store.database import Database
from mailroom.store.owners import owner_is_dead, process_owner
from mailroom.store.schema import leases

DEFAULT_TTL = timedelta(minutes=5)
_OF = " of "


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for `name`, as long as nobody took it over with a higher token."""

    name: str
    owner: str
    token: int


class Leases:
    """Gives out, renews and checks leases. Expiry goes by the database's time where it has one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def acquire(self, name: str, owner: str = "", ttl: timedelta = DEFAULT_TTL, *, part: str | None = None) -> Lease:
        """Take the lease at once or not at all.

        It is free when nobody holds it, when it has expired, or when its owner was a process of this machine that is
        dead (see `owners.process_owner`, which also makes a name when `owner` is empty).

        Args:
            name: Of the work.
            owner: Who takes it.
            ttl: How long it is held without being renewed.
            part: Of work that has parts: which one, or "" for all of them. A lease on the whole, also one that was
                taken without a word about parts, excludes every part.

        Raises:
            BusyError: somebody holds it; the message names who and until when.
        """
        owner = owner or process_owner(name)

        def take(tx: Connection) -> Lease:
            now = self._db.now(tx)
            if part is not None:
                self._make_room(tx, name, part, now)
            mine = f"{name}{_OF}{part}" if part else name
            fresh = {"owner": owner, "acquired_at": now, "expires_at": now + ttl}
            if tx.execute(self._db.insert_or_ignore(leases), {"name": mine, "token": 1, **fresh}).rowcount == 1:
                return Lease(mine, owner, 1)
            held = tx.execute(select(leases).where(leases.c.name == mine).with_for_update()).one()
            _refuse_if_held(held, now)
            token = int(held.token) + 1
            tx.execute(leases.update().where(leases.c.name == mine).values(token=token, **fresh))
            return Lease(mine, owner, token)

        return self._db.run(take)

    def _make_room(self, tx: Connection, name: str, part: str, now: datetime) -> None:
        """Nobody holds the whole while a part is taken, or a part while the whole is; who slept too long loses it."""
        free = {"name": name, "owner": "", "token": 1, "acquired_at": now, "expires_at": now}
        tx.execute(self._db.insert_or_ignore(leases), free)
        # Whoever takes a part or the whole waits for this row, so that none of them overlooks another.
        whole = tx.execute(select(leases).where(leases.c.name == name).with_for_update()).all()
        parts = select(leases).where(leases.c.name.startswith(name + _OF, autoescape=True)).order_by(leases.c.name)
        for other in whole if part else tx.execute(parts.with_for_update()).all():
            _refuse_if_held(other, now)
            if other.owner:
                tx.execute(leases.update().where(leases.c.name == other.name).values(owner="", token=other.token + 1))

    def renew(self, lease: Lease, ttl: timedelta = DEFAULT_TTL) -> None:
        """Hold the lease for another `ttl` from now. Raises LeaseLostError when it was taken over."""

        def extend(tx: Connection) -> None:
            self.check(tx, lease)
            mine = (leases.c.name == lease.name) & (leases.c.token == lease.token)
            tx.execute(leases.update().where(mine).values(owner=lease.owner, expires_at=self._db.now(tx) + ttl))

        self._db.run(extend)

    def release(self, lease: Lease) -> None:
        """Give the lease back. Harmless when it was lost meanwhile."""

        def give_back(tx: Connection) -> None:
            mine = (leases.c.name == lease.name) & (leases.c.token == lease.token)
            tx.execute(leases.update().where(mine).values(owner="", expires_at=self._db.now(tx)))

        self._db.run(give_back)

    def check(self, tx: Connection, lease: Lease) -> None:
        """Refuse to go on inside `tx` when the lease was taken over; nobody can take it until `tx` ends.

        An expired lease that nobody took is still good: the token decides, not the clock.

        Raises:
            LeaseLostError: a higher token exists.
        """
        query = select(leases.c.token, leases.c.owner).where(leases.c.name == lease.name)
        row = tx.execute(query.with_for_update(read=True)).first()
        if row is None or row.token != lease.token or row.owner != lease.owner:
            holder = (row.owner or "nobody now") if row else "nobody: its row is gone"
            msg = (
                f"The lease on {lease.name!r} (token {lease.token}) was lost while this worker was not looking; held "
                f"by {holder}. Nothing of this batch was written; stop and let the other worker finish."
            )
            raise LeaseLostError(msg)


def _refuse_if_held(row: Row[Any], now: datetime) -> None:
    if row.owner and row.expires_at > now and not owner_is_dead(row.owner):
        msg = (
            f"{row.name!r} is being worked on by {row.owner} until {row.expires_at:%Y-%m-%d %H:%M:%S} UTC at the "
            "latest. Nothing to do; the next scheduled run goes on from there."
        )
        raise BusyError(msg)
