"""Rows of answers as a table: flat cells, a pandas DataFrame, a CSV file that no spreadsheet takes for formulas.

What stands in a row was written by strangers. In a CSV file a cell that begins with `=`, `+`, `-`, `@`, a tab or a line
break gets an apostrophe in front, because spreadsheets would run it; control characters become spaces.
"""

from __future__ import annotations

import csv
import json
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    import pandas as pd

Cell = str | int | float | bool | None
Row = Mapping[str, Any]

LONGEST_CELL = 32_000
"""Characters of a cell; spreadsheets take 32,767."""
_FORMULA = re.compile("[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
"""How a cell begins that a spreadsheet would run; the full-width forms are run in some languages."""
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LARGEST = 2**53
_MOST_TRIES = 10_000


def flat(value: object) -> Cell:
    """A value as one cell: people as `Name <address>`, lists with `; ` between, other objects as JSON."""
    try:
        return _flat(value)
    except RecursionError:
        return "(nested too deeply)"


def _flat(value: object) -> Cell:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _LARGEST else str(value)
    if isinstance(value, float):
        return value
    if isinstance(value, str):
        return value[:LONGEST_CELL]
    if isinstance(value, list):
        return "; ".join(str(_flat(one)) for one in value if one is not None)[:LONGEST_CELL]
    if isinstance(value, dict) and (person := _person(value)):
        return person[:LONGEST_CELL]
    return json.dumps(value, ensure_ascii=False, default=str)[:LONGEST_CELL]


def columns_of(rows: Iterable[Row], first: Iterable[str] = ()) -> list[str]:
    """Every key that occurs, in the order it is first met.

    Args:
        rows: The rows.
        first: Columns that come first and are there even when no row has them.
    """
    names = dict.fromkeys(first)
    for row in rows:
        for name in row:
            names.setdefault(str(name))
    return list(names)


def to_frame(rows: Iterable[Row], first: Iterable[str] = ()) -> pd.DataFrame:
    """The rows as a DataFrame with flat cells; every key is a column. Values are as sent: use `CsvFile` to export them.

    Args:
        rows: The rows; all of them are held in memory.
        first: As for `columns_of`.
    """
    import pandas as pd  # costs half a second: only who wants a frame pays for it

    made = [{str(name): flat(value) for name, value in row.items()} for row in rows]
    return pd.DataFrame(made, columns=columns_of(made, first))


def safe_cell(value: object) -> Cell:
    """A cell that a spreadsheet shows and does not run. Numbers stay numbers."""
    cell = flat(value)
    if not isinstance(cell, str):
        return cell
    cell = f"'{cell}" if _FORMULA.match(cell) else cell
    return _CONTROL.sub(" ", cell)


class CsvFile:
    """A CSV file written row by row, in constant memory, with every key as a column.

    Rows are kept in an unnamed file until all columns are known; the CSV appears whole, or not at all. Nothing that is
    there is overwritten. UTF-8 with a byte order mark, every cell quoted, readable by its owner only.

    Example:
        with CsvFile(path) as table:
            for page in pages:
                table.add(page)

    Raises:
        InvalidInputError: The file exists or cannot be written.
    """

    def __init__(self, path: str | Path, first: Iterable[str] = ()) -> None:
        self.path = Path(path).expanduser()
        self.rows = 0
        self._columns = dict.fromkeys(first)
        need_new(self.path)
        try:
            self._kept = tempfile.TemporaryFile("w+", encoding="utf-8", dir=self.path.parent)  # noqa: SIM115
        except OSError as error:
            raise _not_written(self.path, error) from error

    def __enter__(self) -> CsvFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, _error: object, _trace: object) -> None:
        try:
            if kind is None:
                self._write()
        finally:
            self._kept.close()

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows; a key not met before becomes a further column."""
        try:
            for row in rows:
                cells = {str(name): safe_cell(value) for name, value in row.items()}
                for name in cells:
                    self._columns.setdefault(name)
                self._kept.write(json.dumps(cells) + "\n")
                self.rows += 1
        except OSError as error:
            raise _not_written(self.path, error) from error

    def _write(self) -> None:
        try:
            self._kept.seek(0)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(self.path, flags, 0o600), "w", encoding="utf-8-sig", newline="") as stream:
                writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
                writer.writerow(safe_cell(name) for name in self._columns)
                for line in self._kept:
                    cells = json.loads(line)
                    writer.writerow([cells.get(name) for name in self._columns])
        except FileExistsError as error:
            raise _not_written(self.path, error) from error
        except OSError as error:
            self.path.unlink(missing_ok=True)  # half a table would look like a whole one
            raise _not_written(self.path, error) from error


def to_csv(rows: Iterable[Row], path: str | Path, first: Iterable[str] = ()) -> Path:
    """Write rows to a new CSV file that no spreadsheet runs; see `CsvFile`.

    Args:
        rows: The rows; taken one after the other.
        path: File to write; must not exist.
        first: As for `columns_of`.

    Raises:
        InvalidInputError: The file exists or cannot be written.
    """
    with CsvFile(path, first) as table:
        table.add(rows)
    return table.path


def new_csv(folder: str | Path, name: str) -> Path:
    """A path for a CSV file in a folder, made when it is missing: `name.csv`, or with a number when that is there.

    Raises:
        InvalidInputError: The folder cannot be made, or is full of files of this name.
    """
    return _new_file(folder, name, "csv")


def save_text(folder: str | Path, name: str, ending: str, text: str) -> Path:
    """Write a new text file into a folder, made when it is missing; readable by its owner only.

    Args:
        folder: Where to write.
        name: Name of the file; it gets a number when it is there.
        ending: What stands after the dot.
        text: What to write, as UTF-8.

    Raises:
        InvalidInputError: The folder cannot be used, or the file cannot be written.
    """
    return write_text(_new_file(folder, name, ending), text)


def need_new(path: str | Path) -> None:
    """See that a file can be new, before the work whose result it is to hold.

    Raises:
        InvalidInputError: it is there, there is no folder for it, or nobody can tell.
    """
    place = Path(path).expanduser()
    try:
        there, has_folder = place.exists() or place.is_symlink(), place.parent.is_dir()
    except OSError as error:
        raise _not_written(place, error) from error
    if there:
        raise InvalidInputError(f"{place} was not written: it is there already and is not overwritten; name another")
    if not has_folder:
        raise InvalidInputError(f"{place} was not written: there is no folder {place.parent}; make it, or name another")


def write_text(path: str | Path, text: str) -> Path:
    """Write a new text file, readable by its owner only.

    Raises:
        InvalidInputError: It exists or cannot be written.
    """
    place = Path(path).expanduser()
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(place, flags, 0o600), "w", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise _not_written(place, error) from error
    return place


def _new_file(folder: str | Path, name: str, ending: str) -> Path:
    if not str(folder).strip() or "\0" in str(folder):
        raise InvalidInputError("the folder's name is empty or unusable; name a folder")
    place = Path(folder).expanduser().absolute()
    try:
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(f"{place} cannot be used as a folder ({error.strerror}); name another") from error
    try:
        for number in range(1, _MOST_TRIES):
            path = place / (f"{name}.{ending}" if number == 1 else f"{name} ({number}).{ending}")
            if not path.exists() and not path.is_symlink():
                return path
    except OSError as error:
        raise InvalidInputError(f"{place} cannot be used as a folder ({error.strerror}); name another") from error
    raise InvalidInputError(f"{place} holds {_MOST_TRIES} files named {name}; name an empty folder")


def _person(value: dict[str, Any]) -> str:
    address, name = value.get("emailAddress"), value.get("displayableName")
    if not isinstance(address, str) or value.keys() - {"emailAddress", "displayableName"}:
        return ""
    return f"{name} <{address}>" if isinstance(name, str) and name and name != address else address


def _not_written(path: Path, error: OSError) -> InvalidInputError:
    return InvalidInputError(
        f"{path} was not written ({error.strerror}): check folder, owner and space, or name another"
    )
