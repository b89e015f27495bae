"""What one child had to load, its parent loads for those that follow.

Forking takes milliseconds; a database driver or a parser that every child loads anew takes longer than the whole cycle.
Nobody keeps a list of them: a child that comes to its end says what it loaded.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path


class Warmth:
    """Belongs to a parent that forks."""

    def __init__(self) -> None:
        self._place = tempfile.TemporaryDirectory(prefix="mailroom-warmth-")
        self._loaded: set[str] = set()

    def begin(self) -> None:
        """In the parent, before a fork."""
        self._loaded = set(sys.modules)

    def end(self) -> None:
        """In the child, at its end."""
        if new := set(sys.modules) - self._loaded:
            Path(self._place.name, str(os.getpid())).write_text("\n".join(sorted(new)))

    def learn(self) -> None:
        """In the parent, when a child has ended."""
        for said in Path(self._place.name).iterdir():
            for name in said.read_text().split("\n"):
                with suppress(Exception):  # what cannot be loaded by its name is loaded by the children, as before
                    importlib.import_module(name)
            said.unlink()
            gc.freeze()  # a collector that touches an object copies its page in every child
