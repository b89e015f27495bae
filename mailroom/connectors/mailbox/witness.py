"""Mails that the server does not send: is it the mail, or can nothing be read just now?

A failure counts against a mail only when another mail of the folder could be read in the same session. A line that
is cut, a server in trouble and an account that is throttled fail at every mail, and say nothing about one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailroom.connectors.mailbox.hashed import hashed
from mailroom.errors import MailroomError
from mailroom.mail.imap import FetchedMail, ImapSession

if TYPE_CHECKING:
    from collections.abc import Iterable
    from concurrent.futures import Future

_LOOKED_THROUGH = 50
_TRIED = 3
_ENOUGH = 1 << 16
"""Octets of a witness that are read."""


@dataclass
class Fetch:
    """The mails of a FETCH, the big ones with their hash. `error`: what ended it before its end."""

    mails: Iterable[FetchedMail]
    error: MailroomError | None = None

    def __iter__(self) -> Iterator[tuple[FetchedMail, Future[str] | None]]:
        try:
            yield from hashed(self.mails)
        except MailroomError as error:
            self.error = error


class Witness:
    """Tells for one open folder whether mails can be read at all."""

    def __init__(self, session: ImapSession) -> None:
        self._session = session
        self.has_read = False
        """A mail of this folder was read in this session."""

    def can_read(self, but: Collection[int], doubtful: Collection[int]) -> bool | None:
        """Whether other mails can be read; the oldest ones are tried when none was read yet. Effect: reads.

        Args:
            but: UIDs of the mails in question.
            doubtful: UIDs of mails that failed before; tried only where there are no others.

        Returns:
            None when there is no other mail in the folder.

        Raises:
            TransientError: The connection was lost over it, so nothing can be read now.
        """
        if self.has_read:
            return True
        others = [uid for uid in self._session.search(limit=_LOOKED_THROUGH + len(but)) if uid not in but]
        for uid in ([uid for uid in others if uid not in doubtful] or others)[:_TRIED]:
            if any(True for _ in self._session.fetch_raw([uid], max_message=_ENOUGH)):
                self.has_read = True
                return True
        return False if others else None
