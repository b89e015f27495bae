"""Fetched mails, the big ones with the hash of their octets, which another thread computes while others are read."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future

from mailroom.errors import MailroomError
from mailroom.mail.imap import FetchedMail
from mailroom.mail.parse.hashing import BESIDE_FROM, begin_sha256

_AHEAD = 8 * 1024 * 1024
"""Octets of mails that may wait for their hash; one mail more when it is bigger by itself."""


def hashed(mails: Iterable[FetchedMail]) -> Iterator[tuple[FetchedMail, Future[str] | None]]:
    """Each mail once; big ones come when their hash is there, small ones at once and without.

    Raises:
        MailroomError: Of `mails`, after everything that came before it was handed out.
    """
    waiting: deque[tuple[FetchedMail, Future[str]]] = deque()
    octets = 0
    failed: MailroomError | None = None
    try:
        for mail in mails:
            if len(mail.raw) < BESIDE_FROM:
                yield mail, None
            else:
                waiting.append((mail, begin_sha256(mail.raw)))
                octets += len(mail.raw)
            del mail  # not kept while the next one is fetched
            while waiting and (octets > _AHEAD or waiting[0][1].done()):
                octets -= len(waiting[0][0].raw)
                yield waiting.popleft()
    except MailroomError as error:
        failed = error
    while waiting:
        yield waiting.popleft()
    if failed is not None:
        raise failed
