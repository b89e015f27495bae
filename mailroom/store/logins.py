"""Refused logins, remembered across processes, so that a wrong password does not lock the account out.

One row of `leases` per mailbox login. It appears with the first refusal and is free again after a login that worked.
While it is there, one try per `PAUSE` is given out, whoever asks: connector, watcher, on any machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from mailroom.store.database import Database
from mailroom.store.schema import leases

PAUSE = timedelta(minutes=15)
"""Time between two tries of a login that was refused."""

_OWNER = "refused login"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A login that was refused: since when, and when it may be tried again."""

    tried_at: datetime
    next_try_at: datetime


class Logins:
    """Says whether a login may be tried. Times go by the database where it has a clock."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def may_try(self, name: str) -> Refusal | None:
        """None: try. Otherwise wait; after a refusal, each pause gives its one try to whoever asks first.

        Args:
            name: Names the login, such as `soc@imap.example.com:993`.
        """
        row = select(leases).where(leases.c.name == _key(name))
        if self._db.first(row.where(leases.c.owner == _OWNER)) is None:
            return None

        def take(tx: Connection) -> Refusal | None:
            held = tx.execute(row.with_for_update()).first()
            if held is None or held.owner != _OWNER:
                return None
            now = self._db.now(tx)
            if held.expires_at > now:
                return Refusal(held.acquired_at, held.expires_at)
            self._set(tx, name, now, now + PAUSE)
            return None

        return self._db.run(take)

    def refused(self, name: str) -> Refusal:
        """The login was refused just now. Effect: writes the store; the pause begins."""

        def note(tx: Connection) -> Refusal:
            now = self._db.now(tx)
            row = {"name": _key(name), "owner": _OWNER, "token": 1, "acquired_at": now, "expires_at": now + PAUSE}
            if tx.execute(self._db.insert_or_ignore(leases), row).rowcount != 1:
                self._set(tx, name, now, now + PAUSE)
            return Refusal(now, now + PAUSE)

        return self._db.run(note)

    def worked(self, name: str) -> None:
        """The login worked: forget what was before. Effect: writes the store, if there is something to forget."""
        mine = (leases.c.name == _key(name)) & (leases.c.owner == _OWNER)
        if self._db.first(select(leases.c.name).where(mine)) is not None:
            self._db.run(lambda tx: tx.execute(leases.update().where(mine).values(owner="")))

    def _set(self, tx: Connection, name: str, tried_at: datetime, until: datetime) -> None:
        values = {"owner": _OWNER, "acquired_at": tried_at, "expires_at": until, "token": leases.c.token + 1}
        tx.execute(leases.update().where(leases.c.name == _key(name)).values(**values))


def _key(name: str) -> str:
    return f"login:{name}"
