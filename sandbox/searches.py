"""Who searched for what and who looked at which message: the tenant watches its administrators."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any

from sandbox.clock import TenantClock
from sandbox.journal import Journal

_MOST = 20_000


@dataclass(frozen=True, slots=True)
class SearchRow:
    """One search. `source` is archive or tracking."""

    at: float
    operator: str
    source: str
    text: str
    reason: str = ""
    query: str = ""


@dataclass(frozen=True, slots=True)
class ViewRow:
    """One look at a message."""

    at: float
    operator: str
    message: int
    what: str


class Searches:
    """The newest searches and views, oldest first. Those of the archive are kept in the journal.

    Args:
        clock: Tenant time.
        journal: Remembers archive searches and views.
    """

    event = "look"

    def __init__(self, clock: TenantClock, journal: Journal) -> None:
        self._clock = clock
        self._journal = journal
        self.searches: deque[SearchRow] = deque(maxlen=_MOST)
        self.views: deque[ViewRow] = deque(maxlen=_MOST)

    def search(self, operator: str, query: str, text: str) -> None:
        """Remember a search of the archive."""
        self._keep({"kind": "search", "operator": operator, "text": text, "query": query})

    def view(self, operator: str, message: int, what: str) -> None:
        """Remember that somebody looked at a message."""
        self._keep({"kind": "view", "operator": operator, "message": message, "what": what})

    def track(self, operator: str, text: str, reason: str) -> None:
        """Remember a search of message tracking, not over a restart: there are too many of them."""
        self.searches.append(SearchRow(self._clock.epoch(), operator, "tracking", text, reason))

    def _keep(self, record: dict[str, Any]) -> None:
        record = {"event": self.event, "at": self._clock.epoch(), **record}
        self._journal.append(record)
        self.replay(record)

    def replay(self, record: dict[str, Any]) -> None:
        """Apply one journaled look; also used when a tenant is loaded again."""
        at, operator = record["at"], record["operator"]
        if record["kind"] == "search":
            self.searches.append(SearchRow(at, operator, "archive", record["text"], query=record["query"]))
        else:
            self.views.append(ViewRow(at, operator, record["message"], record["what"]))
