"""Sources (where items come from) and their cursors (how far each has been read)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select, union

from mailroom.store.database import Database
from mailroom.store.schema import cases, cursors, playbook_runs, sources


@dataclass(frozen=True, slots=True)
class Source:
    """One queue or mailbox in one generation: the scope inside which an external key means one item."""

    id: int
    tenant: str
    connector: str
    name: str
    generation: str


_SOURCE = sources.c["id", "tenant", "connector", "name", "generation"]


class Sources:
    """Finds or makes sources."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def ensure(self, tenant: str, connector: str, name: str, generation: str) -> Source:
        """The source with this identity, made when it is new. A new generation is a new source with a new cursor."""
        identity = {"tenant": tenant, "connector": connector, "name": name, "generation": generation}
        found = self.find(**identity)
        if found is not None:
            return found

        def make(tx: Connection) -> Source:
            tx.execute(self._db.insert_or_ignore(sources), {**identity, "created_at": self._db.clock.now()})
            made = self._find(tx, identity)
            assert made is not None  # noqa: S101 - just inserted, or someone else did
            return made

        return self._db.run(make)

    def find(self, tenant: str, connector: str, name: str, generation: str) -> Source | None:
        """The source with this identity, if it is there."""
        identity = {"tenant": tenant, "connector": connector, "name": name, "generation": generation}
        return self._db.read(lambda tx: self._find(tx, identity))

    def get(self, source_id: int, tx: Connection | None = None) -> Source | None:
        """The source with this id."""
        query = select(*_SOURCE).where(sources.c.id == source_id)
        row = self._db.first(query, tx=tx)
        return Source(*row) if row else None

    def tenants_of(self, account: str) -> set[str]:
        """What the tenant with this account code is called in the store: its sources say so."""
        query = select(sources.c.tenant, sources.c.generation).distinct()
        rows = self._db.rows(query)
        return {row.tenant for row in rows if row.generation.partition("/")[0] == account}

    def accounts(self) -> set[str]:
        """The account codes of all tenants that anything came from."""
        found = self._db.values(select(sources.c.generation).distinct())
        return {one.partition("/")[0] for one in found if "/api-" in one}

    def accounts_of(self, tenant: str) -> set[str]:
        """The account codes behind a tenant's name, as far as its sources say so."""
        query = select(sources.c.generation).where(sources.c.tenant == tenant).distinct()
        found = self._db.values(query)
        return {one.partition("/")[0] for one in found if "/api-" in one}

    def tenants(self) -> set[str]:
        """Every name of a tenant that something came from, or that a case or a wish for a playbook belongs to."""
        query = union(*(select(one) for one in (sources.c.tenant, cases.c.tenant, playbook_runs.c.tenant)))
        return {str(one) for one in self._db.read(lambda tx: tx.execute(query).scalars().all()) if one}

    def names(self, connector: str) -> set[str]:
        """The names of all sources of a connector."""
        query = select(sources.c.name).where(sources.c.connector == connector).distinct()
        return set(self._db.read(lambda tx: tx.execute(query).scalars().all()))

    def family(self, names: Collection[str]) -> tuple[frozenset[str], int]:
        """Every name of the tenants that bear these names, account codes among them, and how many tenants these are.

        Names that stand for one account, and accounts that share a name, are one tenant.
        """
        query = select(sources.c.tenant, sources.c.generation).distinct()
        rows = self._db.read(lambda tx: tx.execute(query).all())
        kin = [{row.tenant, row.generation.partition("/")[0]} for row in rows if "/api-" in row.generation]
        found: set[str] = set()
        tenants = 0
        for name in names:
            if name in found:
                continue
            one, before, tenants = {name}, 0, tenants + 1
            while len(one) > before:
                before = len(one)
                one = one.union(*(pair for pair in kin if pair & one))
            found |= one
        return frozenset(found), tenants

    def _find(self, tx: Connection, identity: dict[str, str]) -> Source | None:
        query = select(*_SOURCE)
        for name, value in identity.items():
            query = query.where(sources.c[name] == value)
        row = tx.execute(query).first()
        return Source(*row) if row else None


class Cursors:
    """How far each source has been read. A cursor only grows."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def get(self, source_id: int) -> datetime | None:
        """The position of the source; None when it was never read."""
        query = select(cursors.c.position).where(cursors.c.source_id == source_id)
        position: datetime | None = self._db.value(query)
        return position

    def advance(self, source_id: int, position: datetime, tx: Connection | None = None) -> None:
        """Move the cursor to `position`, unless it is there or further already."""

        def move(c: Connection) -> None:
            now = self._db.clock.now()
            row = {"source_id": source_id, "position": position, "updated_at": now}
            if c.execute(self._db.insert_or_ignore(cursors), row).rowcount == 1:
                return
            behind = (cursors.c.source_id == source_id) & (cursors.c.position < position)
            c.execute(cursors.update().where(behind).values(position=position, updated_at=now))

        self._db.write(move, tx)

    def mark(self, source_id: int) -> int:
        """The highest UID (or other growing number) taken from the source; 0 when it was never read."""
        query = select(cursors.c.mark).where(cursors.c.source_id == source_id)
        return self._db.value(query) or 0

    def advance_mark(self, source_id: int, mark: int, tx: Connection | None = None) -> None:
        """Move the mark to `mark`, unless it is there or further already."""

        def move(c: Connection) -> None:
            now = self._db.clock.now()
            row = {"source_id": source_id, "position": now, "mark": mark, "updated_at": now}
            if c.execute(self._db.insert_or_ignore(cursors), row).rowcount == 1:
                return
            behind = (cursors.c.source_id == source_id) & (cursors.c.mark < mark)
            c.execute(cursors.update().where(behind).values(mark=mark, position=now, updated_at=now))

        self._db.write(move, tx)

    def oldest(self) -> datetime | None:
        """The position of the source that is furthest behind."""
        position: datetime | None = self._db.value(select(func.min(cursors.c.position)))
        return position
