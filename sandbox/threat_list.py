"""Hashes that a customer allows or blocks by himself (bring your own threat intelligence)."""

from __future__ import annotations

from typing import Any

from sandbox.book import Book, Content


class ThreatList(Book):
    """Hash -> operation; a later batch replaces an earlier one."""

    event = "threat_list"

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self.hashes: dict[str, str] = {}

    def upload(self, operator: str, params: Content) -> None:
        """Take a batch in."""
        self.change("upload_hashes", operator, params)

    def replay(self, record: Content) -> None:
        """Apply one journaled change; also used when a tenant is loaded again."""
        params = record["params"]
        given = [entry["hash"].lower() for entry in params["hashList"]]
        self.hashes |= dict.fromkeys(given, params["operationType"])
        self.note(record, self.mint.other("hashbatch", len(self._effects)), *given)
