"""Bring the schema to what this version of the code needs, or refuse with advice.

All steps run in ONE transaction on both databases, under a lock: a killed migration leaves the old schema, and two
processes that start at once migrate once. An ordinary start reads one row and never loads Alembic.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from mailroom.errors import SchemaError
from mailroom.faults import faultpoint
from mailroom.store.database import Database
from mailroom.store.migrations import REVISIONS

HEAD = REVISIONS[-1]
_LOCK = 0x6D61696C  # one number per application, any will do


def current_revision(tx: Connection) -> str | None:
    """The revision the database says it has; None when it has no schema of ours."""
    if not inspect(tx).has_table("alembic_version"):
        return None
    return tx.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def prepare(db: Database, *, migrate: bool) -> bool:
    """Make sure the schema fits; returns whether it was changed.

    Raises:
        SchemaError: it is newer than the code, unknown, half-made, or older and `migrate` is off.
    """
    revision = db.read(_checked_revision)
    if revision == HEAD:
        return False
    if not migrate:
        msg = (
            f"The store has schema {revision or 'none'}, this version needs {HEAD}. Stop all workers, take a backup, "
            "then open the store with migration on (the command line does)."
        )
        raise SchemaError(msg)
    return db.run(_upgrade, keyed=False)


def _checked_revision(tx: Connection) -> str | None:
    revision = current_revision(tx)
    if revision is None:
        foreign = [name for name in inspect(tx).get_table_names() if not name.startswith(("sqlite_", "alembic_"))]
        if foreign:
            msg = (
                f"This database holds tables ({', '.join(sorted(foreign)[:5])}) but no schema version of ours: it "
                "belongs to something else, or someone repaired it by hand. Use a database of its own, or restore "
                "a backup."
            )
            raise SchemaError(msg)
    elif revision not in REVISIONS:
        msg = (
            f"The store has schema {revision}, which this version of the code (up to {HEAD}) does not know: a newer "
            "version has used it. Upgrade this installation, or restore the backup taken before the upgrade."
        )
        raise SchemaError(msg)
    return revision


def _upgrade(tx: Connection) -> bool:
    if tx.dialect.name == "postgresql":
        tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
    if _checked_revision(tx) == HEAD:
        return False  # another process was quicker
    from alembic import command  # slow to import, and needed once in a store's life
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = tx
    command.upgrade(config, "head")
    faultpoint("migration.before_commit")
    return True
