"""What went wrong in the database, in the words of the person who has to fix it."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import NoReturn

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError, SQLAlchemyError

from mailroom.errors import InvalidInputError, StoreBusyError, StoreError, StoreUnavailableError

_GONE = ("57P01", "57P02", "57P03", "57P05", "25P03")  # shutdown, crash, starting up, idle timeouts
_REPEAT = (
    "40001",
    "40P01",
    "23505",
)  # serialization failure, deadlock, a unique key someone else was quicker with
_SPACE = ("53100", "53200", "53300", "53400", "54000")
_TOO_LARGE = "22003"
_LOGIN = ("28P01", "28000", "3D000", "42501", "25006")


def sqlstate(error: BaseException) -> str:
    """The SQLSTATE of a PostgreSQL error, or an empty text."""
    original = error.orig if isinstance(error, DBAPIError) else error
    details = original.args[0] if original is not None and original.args else None
    return str(details.get("C", "")) if isinstance(details, dict) else ""


def not_storable(error: BaseException) -> InvalidInputError | None:
    """The error for a value that fits no column, which is a mistake of whoever gave it; None for any other error.

    SQLite's driver notices such a value before it asks, PostgreSQL says so.
    """
    if isinstance(error, UnicodeEncodeError):
        return InvalidInputError("A text holds half a character, which no database takes: type it again.")
    if (isinstance(error, OverflowError) and "SQLite INTEGER" in str(error)) or sqlstate(error) == _TOO_LARGE:
        return InvalidInputError("A number is larger than any number in the store: correct it.")
    return None


def is_conflict(error: BaseException) -> bool:
    """PostgreSQL chose this transaction as the victim; the whole of it may be repeated."""
    return sqlstate(error) in _REPEAT


def is_connection_loss(error: BaseException) -> bool:
    """The server or the way to it went away; whether a commit under way arrived is not known."""
    if isinstance(error, DBAPIError) and isinstance(error.orig, sqlite3.Error):
        return False
    state = sqlstate(error)
    if state:
        return state in _GONE or state.startswith("08")
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or isinstance(error, InterfaceError)
    return isinstance(error, ConnectionError | TimeoutError | EOFError)


def as_store_error(error: BaseException, url: URL) -> StoreError:
    """A typed error saying what happened and what to do about it."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if url.get_backend_name() == "sqlite":
        return _sqlite_error(original, url.database or "")
    return _postgresql_error(original, url)


def _sqlite_error(error: BaseException, path: str) -> StoreError:
    name = str(getattr(error, "sqlite_errorname", "") or "")
    text = str(error)
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")) or "is locked" in text:
        return StoreBusyError(
            f"The store {path} is locked by another process and stayed so for the whole waiting time; this batch was "
            "rolled back. Find the process (fuser, lsof), let it end or stop it, then run again."
        )
    if name.startswith(("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_SHMSIZE")) or (
        "disk is full" in text or "No space left" in text
    ):
        return StoreUnavailableError(
            f"The disk (or the quota) of {path} is full; this batch was rolled back and nothing is half-written. "
            "Free space there, then run again: it goes on where it stopped."
        )
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "malformed" in text or "not a database" in text:
        return corrupt(path, text)
    if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return StoreUnavailableError(not_writable(Path(path)))
    if isinstance(error, sqlite3.OperationalError):
        return StoreUnavailableError(
            f"The store {path} could not be used: {text} ({name or 'SQLite'}). Check the file system, then run again."
        )
    return StoreError(f"The store {path} refused a statement: {text} ({name}). This is a defect; please report it.")


def corrupt(path: str, detail: str) -> StoreError:
    """The file is damaged: stop, never guess."""
    return StoreError(
        f"The store {path} is damaged ({detail}). Nothing was changed. Keep a copy of the file, restore the last good "
        "backup (or recover with `sqlite3 ... .recover`), then run ingestion: missing items are found again by their "
        "keys, and actions already carried out are recognised from the product's own logs, not repeated."
    )


def not_writable(path: Path) -> str:
    """Why `path` cannot be written by this user, and what to do."""
    place = path if os.access(path, os.F_OK) else path.parent  # `exists` fails in a folder that may not be entered
    try:
        owner = f"owner uid {place.stat().st_uid}, mode {place.stat().st_mode & 0o777:o}"
    except OSError as error:
        owner = str(error.strerror or error)
    return (
        f"The store {path} cannot be written by this user (uid {os.getuid()}; {place}: {owner}). Give the folder and "
        "its files to this user, choose another path, or mount the file system writable."
    )


def _postgresql_error(error: BaseException, url: URL) -> StoreError:
    where = url.render_as_string(hide_password=True)
    details = error.args[0] if error.args and isinstance(error.args[0], dict) else {}
    text = str(details.get("M") or error).rstrip(".")
    state = str(details.get("C", ""))
    if state in _LOGIN:
        return StoreUnavailableError(
            f"PostgreSQL at {where} refused this user: {text}. Check user, password and database name in the store's "
            "URL, and that the user may write."
        )
    if state in _SPACE:
        return StoreUnavailableError(
            f"PostgreSQL at {where} has run out of a resource: {text}. This batch was rolled back. "
            "Free it, then run again."
        )
    if state in _REPEAT:
        return StoreBusyError(
            f"PostgreSQL at {where} undid this transaction several times because others touched the same rows: {text}. "
            "Nothing was written. Run again, with fewer workers at once."
        )
    if state.startswith("XX") or state in {"58030", "58P01"}:
        return StoreError(
            f"PostgreSQL at {where} reports damage: {text}. Stop, keep the data folder, restore the last good backup."
        )
    if state == "55P03":
        return StoreBusyError(f"Rows at {where} stayed locked for the whole waiting time: {text}. Run again.")
    if not state or is_connection_loss(error):
        return StoreBusyError(
            f"PostgreSQL at {where} cannot be reached or went away: {text}. Nothing of this step is left half-written. "
            "Start it (or check host, port and network), then run again."
        )
    return StoreError(
        f"PostgreSQL at {where} refused a statement: {text} ({state}). This is a defect; please report it."
    )


DATABASE_ERRORS = (SQLAlchemyError, sqlite3.Error, ConnectionError, TimeoutError)
"""What a database call may raise by itself."""
VALUE_ERRORS = (OverflowError, UnicodeEncodeError)
"""What it may raise about a value; so may the code around it."""


def raise_in_words(error: Exception, url: URL) -> NoReturn:
    """Raise what a transaction ended with as a typed error; what is none of the database's, as it is.

    Raises:
        StoreError: what happened, and what to do about it.
        InvalidInputError: a value fits no column.
    """
    if refused := not_storable(error):
        raise refused from error
    if isinstance(error, DATABASE_ERRORS):
        raise as_store_error(error, url) from error
    raise error
