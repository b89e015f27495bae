"""Big mails are read in a second thread, small ones right here."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor

from mailroom.connectors.mailbox.reading import Reader
from mailroom.mail.imap import FetchedMail
from mailroom.store.intake import Taken, Waiting

_BIG = 128 * 1024
"""Octets from which decoding and hashing, which let other threads run, take most of the time."""
_AHEAD = 8 * 1024 * 1024
"""Octets of mails that may be on their way; one mail more when it is bigger by itself."""


class TwoReaders:
    """Reads mails as `Reader` does, the big ones beside the others."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._thread: ThreadPoolExecutor | None = None
        self._coming: deque[tuple[int, Future[Taken]]] = deque()
        self._octets = 0

    def read(self, mail: FetchedMail, of: Waiting) -> list[Taken]:
        """Results that are ready now, not always of this mail: see `rest`."""
        if len(mail.raw) < _BIG:
            return [self._reader.read(mail, item_id=of.id, attempts=of.attempts)]
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="big-mails")
        coming = self._thread.submit(self._reader.read, mail, item_id=of.id, attempts=of.attempts)
        self._coming.append((len(mail.raw), coming))
        self._octets += len(mail.raw)
        ready = []
        while self._octets > _AHEAD:
            ready.append(self._next())
        return ready

    def rest(self) -> list[Taken]:
        """Wait for the results that are still to come."""
        return [self._next() for _ in range(len(self._coming))]

    def close(self) -> None:
        """End the second thread."""
        if self._thread is not None:
            self._thread.shutdown()

    def _next(self) -> Taken:
        octets, coming = self._coming.popleft()
        self._octets -= octets
        return coming.result()
