"""Files of cases: attachments of mails and what analysts add. The bytes are blobs, named by their SHA-256."""

from __future__ import annotations

import builtins
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, update

from mailroom.errors import NotFoundError
from mailroom.faults import faultpoint
from mailroom.store.blobs import Blobs
from mailroom.store.database import Database
from mailroom.store.events import Events
from mailroom.store.schema import blobs as blob_rows
from mailroom.store.schema import case_files, cases


@dataclass(frozen=True, slots=True)
class NewCaseFile:
    """A file about to be added to a case."""

    name: str
    content: bytes
    content_type: str = ""
    alert_id: int | None = None
    """The alert it came with."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """One file of a case."""

    id: int
    case_id: int
    alert_id: int | None
    sha256: str
    name: str
    content_type: str
    size: int
    added_by: str
    added_at: datetime
    created: bool = False
    """This call added it."""


class CaseFiles:
    """The repository of files of cases."""

    def __init__(self, db: Database, events: Events, blobs: Blobs) -> None:
        self._db = db
        self._events = events
        self._blobs = blobs

    def add(self, case_id: int, new: NewCaseFile, *, who: str, why: str = "") -> CaseFile:
        """Keep a file with a case; the same content under the same name is there once.

        Effect: writes a blob, then the store. Twice is harmless.

        Raises:
            NotFoundError: there is no such case.
            StoreUnavailableError: the blob cannot be written.
        """
        self._check(case_id)
        sha256 = self._blobs.put(new.content)
        faultpoint("case_files.before_commit")
        return self._db.run(lambda tx: self._add(tx, case_id, new, sha256, who, why))

    def add_blob(
        self, case_id: int, sha256: str, *, name: str, size: int, content_type: str = "", alert_id: int | None = None,
        who: str, why: str = "", tx: Connection | None = None,
    ) -> CaseFile:  # fmt: skip
        """The same for bytes that are in the blob store already, such as a saved attachment. Twice is harmless."""
        new = NewCaseFile(name, b"", content_type, alert_id)
        return self._db.write(lambda c: self._add(c, case_id, new, sha256, who, why, size), tx)

    def list(self, case_ids: Iterable[int]) -> builtins.list[CaseFile]:
        """Files of these cases, oldest first."""
        query = select(case_files).where(case_files.c.case_id.in_(builtins.list(case_ids))).order_by(case_files.c.id)
        return [CaseFile(**row._asdict()) for row in self._db.rows(query)]

    def get(self, file_id: int) -> CaseFile:
        """The file's row; its bytes are in the blob store. Raises NotFoundError."""
        query = select(case_files).where(case_files.c.id == file_id)
        row = self._db.first(query)
        if row is None:
            raise NotFoundError(f"There is no file {file_id}; `mailroom case show` lists those of a case.")
        return CaseFile(**row._asdict())

    def remove(self, file_id: int, *, who: str, why: str = "") -> bool:
        """Take a file out of its case; the blob stays. Returns False when it is not there. Twice is harmless."""

        def write(tx: Connection) -> bool:
            row = tx.execute(select(case_files).where(case_files.c.id == file_id)).first()
            if row is None:
                return False
            self._lock(tx, row.case_id)
            if not tx.execute(case_files.delete().where(case_files.c.id == file_id)).rowcount:
                return False
            before = {"name": row.name, "sha256": row.sha256, "size": row.size}
            self._events.add(
                tx, kind="case.file_removed", who=who, what=f"file {file_id} removed", case_id=row.case_id,
                alert_id=row.alert_id, before=before, why=why,
            )  # fmt: skip
            return True

        return self._db.run(write)

    def _add(
        self, tx: Connection, case_id: int, new: NewCaseFile, sha256: str, who: str, why: str, size: int | None = None
    ) -> CaseFile:
        self._lock(tx, case_id)
        now, length = self._db.now(tx), len(new.content) if size is None else size
        blob = {"sha256": sha256, "size": length, "created_at": now}
        tx.execute(self._db.insert_or_ignore(blob_rows), [blob])
        row = {
            "case_id": case_id, "alert_id": new.alert_id, "sha256": sha256, "name": new.name,
            "content_type": new.content_type, "size": length, "added_by": who, "added_at": now,
        }  # fmt: skip
        made = self._db.insert_rows(tx, case_files, [row], case_files.c.id)
        here = (case_files.c.case_id == case_id) & (case_files.c.sha256 == sha256) & (case_files.c.name == new.name)
        found = tx.execute(select(case_files).where(here)).one()
        if made:
            tx.execute(update(cases).where(cases.c.id == case_id).values(updated_at=now))
            after = {"name": new.name, "sha256": sha256, "size": length}
            self._events.add(
                tx, kind="case.file_added", who=who, what=f"file {found.id} added", case_id=case_id,
                alert_id=new.alert_id, after=after, why=why,
            )  # fmt: skip
        return CaseFile(**found._asdict(), created=bool(made))

    def _check(self, case_id: int) -> None:
        if self._db.first(select(cases.c.id).where(cases.c.id == case_id)) is None:
            raise NotFoundError(f"There is no case {case_id}; `mailroom case list` shows them.")

    def _lock(self, tx: Connection, case_id: int) -> None:
        if tx.execute(select(cases.c.id).where(cases.c.id == case_id).with_for_update()).first() is None:
            raise NotFoundError(f"There is no case {case_id}; `mailroom case list` shows them.")
