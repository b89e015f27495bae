"""The wall as a file: one JSON object per line, which anybody can check without the database.

The first line says what the file is, the last one gives the head of the chain. Kept elsewhere, the file, or only its
last line, shows when somebody rewrites the database as a whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TextIO

from mailroom.errors import InvalidInputError
from mailroom.store.events import Event, Events, event_hash

FORMAT = "mailroom wall"
VERSION = 1
MOST_PROBLEMS = 10
_LONGEST_LINE = 32 << 20
_PAGE = 500
_LARGEST_ID = 2**63 - 1
_CHOICES = ("all", "cases", "alert")
_STRANGE = (KeyError, TypeError, ValueError, OverflowError, RecursionError)
"""What a line may raise that somebody made up."""
_FIELDS = (
    "id", "at", "alert_id", "case_id", "action_id", "kind", "who", "what", "before", "after", "why",
    "prev_hash", "hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Written:
    """What was exported."""

    events: int
    head_id: int
    head_hash: str


@dataclass(frozen=True, slots=True)
class FileCheck:
    """What a file says and what is wrong with it; each problem is a sentence."""

    events: int
    head_id: int
    head_hash: str
    whole: bool
    """The file claims to hold every event."""
    compared: bool
    """The store was asked about every event of the file."""
    problems: tuple[str, ...]

    @property
    def proves(self) -> str:
        """What a file without problems proves, and what it does not."""
        if self.compared:
            if self.whole:
                return "the file is whole, and the store has every event as the file has it"
            return "the store has every event of the file as the file has it; what is missing in the file does not show"
        if self.whole:
            return (
                "the file is whole in itself; that nobody wrote all of it anew shows only against the store, or when "
                "its head is one that you noted elsewhere"
            )
        return (
            "no line was damaged, and no more: whoever can change a part of the wall can also make its lines fit; "
            "without --alone the store is asked about each event"
        )


def write_wall(
    events: Events, out: TextIO, *, after_id: int = 0, case_ids: Iterable[int] = (), alert_id: int | None = None
) -> Written:
    """Write events as lines of JSON, oldest first. Memory stays flat. Effect: reads the store.

    Args:
        events: The wall.
        out: Where to.
        after_id: Only later ones: what was exported before need not be written again.
        case_ids: Only those of these cases and their alerts; the file then proves each event, not that none is missing.
        alert_id: Only those of this alert; the same.
    """
    only = list(case_ids)
    head_id, head_hash = events.head()  # the wall only grows: what stands up to here stays as it is
    chosen = "cases" if only else "alert" if alert_id is not None else "all"
    _line(out, {"file": FORMAT, "version": VERSION, "events": chosen, "after": after_id})
    number = 0
    for event in events.walk(after_id=after_id, until_id=head_id, case_ids=only, alert_id=alert_id):
        _line(out, as_json(event))
        number += 1
    _line(out, {"head": {"events": head_id, "hash": head_hash}, "written": number})
    return Written(number, head_id, head_hash)


def as_json(event: Event) -> dict[str, Any]:
    """An event as plain values."""
    values = {name: getattr(event, name) for name in _FIELDS}
    return values | {"at": event.at.isoformat()}


def check_file(lines: TextIO, events: Events | None = None) -> FileCheck:
    """Check a file of `write_wall`: every hash, the chain, the end; with `events` also that the store says the same.

    The hashes in a file prove nothing against somebody who can rewrite it; the store's hashes of the same events do.

    Effect: reads. Memory stays flat; at most ten problems are named.

    Raises:
        InvalidInputError: this is no such file.
    """
    rows = _rows(lines)
    header = next(rows, None)
    if header is None or header.get("file") != FORMAT:
        raise InvalidInputError(
            "This is no exported wall: its first line does not say so. `mailroom wall export` makes one."
        )
    if header.get("version") != VERSION:
        raise InvalidInputError(
            f"This wall was exported in format {header.get('version')}; this version reads {VERSION}."
        )
    after_id = header.get("after", 0)
    if header.get("events") not in _CHOICES or type(after_id) is not int or not 0 <= after_id <= _LARGEST_ID:
        raise InvalidInputError(
            "The first line of this wall was changed: it does not say which events are in it. Export the wall anew."
        )
    check = _Check(events, whole=header["events"] == "all", after_id=after_id)
    for row in rows:
        check.take(row)
        if len(check.problems) >= MOST_PROBLEMS:
            break
    else:
        check.end()
    return FileCheck(
        check.number, check.head_id, check.head_hash, check.whole, events is not None,
        tuple(check.problems[:MOST_PROBLEMS]),
    )  # fmt: skip


class _Check:
    """Goes through the lines once."""

    def __init__(self, events: Events | None, *, whole: bool, after_id: int) -> None:
        self._store = events
        self._unasked: dict[int, Any] = {}
        self.whole = whole
        self.number = 0
        self.head_id, self.head_hash = 0, ""
        self.problems: list[str] = []
        self._ended: dict[str, Any] | None = None
        self._last_id, self._last_hash = after_id, "" if not after_id else None

    def take(self, row: dict[str, Any]) -> None:
        if self._ended is not None:
            self.problems.append("There are lines after the head of the wall.")
        elif "head" in row:
            self._ended = row
        else:
            try:
                self._event(row)
            except _STRANGE:
                self.problems.append(f"Line {self.number + 2} is no event.")

    def _event(self, row: dict[str, Any]) -> None:
        self.number += 1
        event_id, at = row["id"], datetime.fromisoformat(row["at"])
        if type(event_id) is not int or not 0 < event_id <= _LARGEST_ID:
            raise ValueError("no number of an event")
        if row["hash"] != event_hash(row["prev_hash"], event_id, at, row):
            self.problems.append(f"Event {event_id} was changed after it was written.")
        if self.whole and event_id != self._last_id + 1:
            self.problems.append(f"Events {self._last_id + 1} to {event_id - 1} are missing.")
        elif event_id <= self._last_id:
            self.problems.append(f"Event {event_id} does not stand in order.")
        elif event_id == self._last_id + 1 and self._last_hash not in (None, row["prev_hash"]):
            self.problems.append(f"Event {event_id} does not follow the one before it.")
        self._last_id, self._last_hash = event_id, row["hash"]
        self._compare(event_id, row["hash"])

    def end(self) -> None:
        """Check the last line, and ask the store about what is left."""
        ended = self._ended or {}
        head = ended.get("head")
        head_id = head.get("events") if isinstance(head, dict) else None
        if not isinstance(head, dict) or type(head_id) is not int or not 0 <= head_id <= _LARGEST_ID:
            self.problems.append(
                "The last line, with the head of the wall, is missing or damaged: the file was cut off."
            )
        else:
            self.head_id, self.head_hash = head_id, str(head.get("hash") or "")
            if ended.get("written") != self.number:
                self.problems.append(f"The file says that it holds {str(ended.get('written'))[:20]} events.")
            if self.whole and self._last_id != self.head_id:
                self.problems.append(f"The file ends at event {self._last_id}, but {self.head_id} were written.")
            elif self._last_id == self.head_id and self.number and self._last_hash != self.head_hash:
                self.problems.append("The last event does not fit the head of the wall.")
            if self.head_id:
                self._compare(self.head_id, self.head_hash)
        self._ask_the_store()

    def _compare(self, event_id: int, digest: Any) -> None:
        """Have the store asked about an event, many at a time."""
        if self._store is not None:
            self._unasked.setdefault(event_id, digest)
            if len(self._unasked) >= _PAGE:
                self._ask_the_store()

    def _ask_the_store(self) -> None:
        if self._store is None or not self._unasked:
            return
        there = self._store.hashes_of(self._unasked)
        for event_id, digest in self._unasked.items():
            if event_id not in there:
                self.problems.append(f"The store has no event {event_id}: its wall is shorter than this file.")
            elif there[event_id] != digest:
                self.problems.append(
                    f"Event {event_id} in the store is not the one in this file: one of them was rewritten."
                )
        self._unasked.clear()


def _rows(lines: TextIO) -> Iterator[dict[str, Any]]:
    while line := lines.readline(_LONGEST_LINE):
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            row = None
        yield row if isinstance(row, dict) else {}


def _line(out: TextIO, value: dict[str, Any]) -> None:
    out.write(json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":")) + "\n")
