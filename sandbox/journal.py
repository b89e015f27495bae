"""An append-only file of everything that changed the tenant, so that a restart remembers."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox.data import Component, Mail
from sandbox.holdqueue import Message


class Journal:
    """One JSON object per line.

    Args:
        path: The file; None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._handle: int | None = None

    def read(self) -> list[dict[str, Any]]:
        """All records. A last line that was cut by a crash is dropped, in the file too."""
        if self._path is None or not self._path.exists():
            return []
        raw = self._path.read_bytes()
        whole = raw[: raw.rfind(b"\n") + 1]
        if len(whole) != len(raw):
            self._path.write_bytes(whole)
        return [json.loads(line) for line in whole.splitlines()]

    def append(self, record: dict[str, Any]) -> None:
        """Add a record. It survives the end of the process, not the end of power."""
        if self._path is None:
            return
        if self._handle is None:
            self._handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(self._handle, json.dumps(record, separators=(",", ":")).encode() + b"\n")

    def close(self) -> None:
        """Release the file."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None


_FIELDS = (
    "number",
    "category",
    "content",
    "received",
    "recipients",
    "status",
    "visible_at",
    "nasty",
    "route",
)


def message_record(message: Message) -> dict[str, Any]:
    """A message that was added by hand, as a journal record."""
    record: dict[str, Any] = {"event": "message"}
    for name in _FIELDS:
        record[name] = getattr(message, name)
    record["given"] = asdict(message.given) if message.given else None
    return record


def message_from(record: dict[str, Any]) -> Message:
    """The message of a journal record."""
    fields = {name: value for name, value in record.items() if name != "event"}
    given = fields.pop("given")
    if given is not None:
        given["components"] = [Component(**part) for part in given["components"]]
        given["recipients"] = [(name, address) for name, address in given["recipients"]]
        given["extra_headers"] = [(name, value) for name, value in given["extra_headers"]]
        given["impersonation"] = tuple(given["impersonation"]) if given["impersonation"] is not None else None
        fields["given"] = Mail(**given)
    return Message(**fields)
