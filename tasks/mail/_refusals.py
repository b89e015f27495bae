"""Refused logins of this process: an action that is mapped over a hundred mails tries a wrong password once.

Actions on mails name no store in which a refusal could be remembered for other processes as well.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import datetime

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.mail.account import MailAccount
from mailroom.mail.entering import enter
from mailroom.mail.imap import ImapSession, ImapSettings
from mailroom.store.logins import PAUSE


@dataclass(frozen=True, slots=True)
class _Refused:
    tried_at: datetime
    next_try_at: datetime


class RefusalsHere:
    """As `store.logins`, for the threads of one process. The first login with given settings is one thread's alone.

    Other settings, such as a corrected password, are another login.
    """

    def __init__(self, clock: Clock = SYSTEM_CLOCK) -> None:
        self._clock = clock
        self._refused: dict[ImapSettings, _Refused] = {}
        self._proven: set[ImapSettings] = set()
        self._first = threading.Lock()

    @contextmanager
    def entered(self, account: MailAccount) -> Iterator[ImapSession]:
        """The mailbox, logged in.

        Raises:
            CredentialsError: the login was refused, now or a short while ago.
            MailroomError: as `ImapSession.open`.
        """
        settings = account.need_imap()
        with nullcontext() if settings in self._proven else self._first:
            session = enter(account, _OneLogin(self, settings))
        with session:
            yield session

    def may_try(self, settings: ImapSettings) -> _Refused | None:
        """None: try."""
        known = self._refused.get(settings)
        return known if known is not None and known.next_try_at > self._clock.now() else None

    def refused(self, settings: ImapSettings) -> _Refused:
        """The login was refused just now."""
        now = self._clock.now()
        self._proven.discard(settings)
        self._refused[settings] = refusal = _Refused(now, now + PAUSE)
        return refusal

    def worked(self, settings: ImapSettings) -> None:
        """The login worked."""
        self._refused.pop(settings, None)
        self._proven.add(settings)

    def forget(self) -> None:
        """As a new process begins."""
        self._refused.clear()
        self._proven.clear()


@dataclass(frozen=True, slots=True)
class _OneLogin:
    """The refusals of one login, under whatever name it is asked for."""

    here: RefusalsHere
    settings: ImapSettings

    def may_try(self, _name: str) -> _Refused | None:
        return self.here.may_try(self.settings)

    def refused(self, _name: str) -> _Refused:
        return self.here.refused(self.settings)

    def worked(self, _name: str) -> None:
        self.here.worked(self.settings)


HERE = RefusalsHere()
