"""Refused logins of this process: an action that is mapped over a hundred mails tries a wrong password once.

Actions on mails name no store in which a refusal could be remembered for other processes as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.mail.account import MailAccount
from mailroom.mail.entering import enter, login_name
from mailroom.mail.imap import ImapSession
from mailroom.store.logins import PAUSE


@dataclass(frozen=True, slots=True)
class _Refused:
    tried_at: datetime
    next_try_at: datetime


class RefusalsHere:
    """As `store.logins`, for the threads of one process. The first login of a name is tried by one thread alone."""

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._refused: dict[str, _Refused] = {}
        self._proven: set[str] = set()
        self._first = threading.Lock()

    @contextmanager
    def entered(self, account: MailAccount) -> Iterator[ImapSession]:
        """The mailbox, logged in.

        Raises:
            CredentialsError: the login was refused, now or a short while ago.
            MailroomError: as `ImapSession.open`.
        """
        if login_name(account.need_imap()) in self._proven:
            session = enter(account, self)
        else:
            with self._first:
                session = enter(account, self)
        with session:
            yield session

    def may_try(self, name: str) -> _Refused | None:
        """None: try."""
        known = self._refused.get(name)
        return known if known is not None and known.next_try_at > self._clock.now() else None

    def refused(self, name: str) -> _Refused:
        """The login was refused just now."""
        now = self._clock.now()
        self._proven.discard(name)
        self._refused[name] = refusal = _Refused(now, now + PAUSE)
        return refusal

    def worked(self, name: str) -> None:
        """The login worked."""
        self._refused.pop(name, None)
        self._proven.add(name)

    def forget(self) -> None:
        """As a new process begins."""
        self._refused.clear()
        self._proven.clear()


HERE = RefusalsHere()
