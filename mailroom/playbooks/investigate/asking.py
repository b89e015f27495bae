"""One source asked: with a time of its own, a limit, and a reason when it cannot be asked."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from mailroom.mimecast import MimecastClient
from mailroom.playbooks.investigate.inquiry import Inquiry, Period
from mailroom.playbooks.investigate.sightings import Click, Sighting
from mailroom.store import Store

Row = TypeVar("Row")
State = Literal["asked", "asked in part", "could not be asked", "not needed"]
OnProgress = Callable[[str, int, int | None], None]
"""(source, rows so far, None): called from the threads that ask."""

MOST_READ = 50_000
"""Rows read of a log that cannot be filtered by the tenant."""


@dataclass
class Asked:
    """What one source said, and how far it could be asked."""

    name: str
    state: State = "asked"
    found: int = 0
    offered: bool = True
    """False: this API generation does not have it, so no right of any account would help."""
    detail: str = ""
    """Why it could not be asked, or not to its end, and what to do."""
    notes: list[str] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    loose: list[Sighting] = field(default_factory=list)
    """May be meant and may be not: they count only where another source knows the message."""
    clicks: list[Click] = field(default_factory=list)

    def cut(self, why: str) -> None:
        """There may be more than was read."""
        self.state = "asked in part"
        self.detail = why


@dataclass
class Context:
    """What all sources need. Used by many threads at once."""

    client: MimecastClient
    store: Store
    inquiry: Inquiry
    period: Period
    most: int
    seconds: float
    tenant: str = ""
    trusted: tuple[str, ...] = ()
    """Servers whose `Authentication-Results` are believed."""
    own_domains: frozenset[str] = frozenset()
    details: int = 25
    progress: OnProgress = lambda _source, _done, _total: None
    stop: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._until = self.client.clock.monotonic() + self.seconds

    @property
    def left(self) -> float:
        """Seconds left for asking; at least one, so that a call has a chance to say why it fails."""
        return max(1.0, self._until - self.client.clock.monotonic())

    @property
    def is_over(self) -> bool:
        """The time is up, or somebody wants to stop."""
        return self.stop.is_set() or self.client.clock.monotonic() >= self._until

    def hurried(self) -> MimecastClient:
        """A client whose calls end when the time is up."""
        return self.client.within(self.left)

    def read(self, asked: Asked, walk: Iterable[list[Row]], *, most: int = 0) -> Iterator[Row]:
        """The rows of a walk until the limit or the time is reached, which is said then."""
        most = most or self.most
        count = 0
        for page in walk:
            for row in page:
                if count >= most:
                    asked.cut(f"only the newest {most} rows were read: ask for a shorter period, or raise the limit")
                    return
                count += 1
                yield row
            self.progress(asked.name, count, None)
            if self.is_over:
                asked.cut(
                    f"only {count} rows were read in {self.seconds:.0f} s: ask for a shorter period, or for more time"
                )
                return
