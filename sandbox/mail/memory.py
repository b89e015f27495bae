"""What the mail server remembers over restarts: how it began, and every change since."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sandbox.journal import Journal

FORMAT = 1


class Memory:
    """A folder with the facts of the beginning and a journal; or nothing at all.

    Args:
        folder: None remembers nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._journal = Journal(folder / "mail.jsonl" if folder else None)
        self._mute = False

    def begin(self, *, messages: int, seed: int, now: datetime) -> datetime:
        """When this world began: now, or as written down.

        Raises:
            ValueError: The folder holds a world of another size or seed.
        """
        if self._folder is None:
            return now
        self._folder.mkdir(parents=True, exist_ok=True)
        facts = self._folder / "mail.json"
        wanted = {"format": FORMAT, "messages": messages, "seed": seed}
        if facts.exists():
            known = json.loads(facts.read_text())
            if {name: known.get(name) for name in wanted} != wanted:
                raise ValueError(
                    f"{self._folder} holds a mail server with messages={known.get('messages')} and "
                    f"seed={known.get('seed')}: use these values or another folder"
                )
            return datetime.fromtimestamp(known["base"], UTC)
        partial = facts.with_suffix(".new")
        partial.write_text(json.dumps({**wanted, "base": now.timestamp()}))
        partial.replace(facts)
        return now

    def keep(self, record: dict[str, Any]) -> None:
        """Write down a change; during `replay` nothing is written."""
        if not self._mute:
            self._journal.append(record)

    def replay(self, repeat: Callable[[dict[str, Any]], None]) -> None:
        """Hand over every change since the beginning, oldest first."""
        self._mute = True
        try:
            for record in self._journal.read():
                repeat(record)
        finally:
            self._mute = False

    def close(self) -> None:
        """Release the file."""
        self._journal.close()
