"""Into a mailbox without locking it: a login that was refused a short while ago is not tried again.

What runs by itself goes this way, whatever it wants there. Who remembers refusals is the caller's business: the store
for all processes together, or a process for itself. Only a test (`mail.actions.ping`) and a person's command do not.
"""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import CredentialsError
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSession, ImapSettings

_AT_ONCE = (
    "Correct user name, password or token in the mailbox's settings; then `mailroom mail ping`, or the flow `check "
    "connections`, tries at once and ends the wait"
)


class Refusal(Protocol):
    """A login that was refused."""

    @property
    def tried_at(self) -> datetime:
        """When."""

    @property
    def next_try_at(self) -> datetime:
        """When it may be tried again."""


class Refusals(Protocol):
    """Who remembers refused logins."""

    def may_try(self, name: str) -> Refusal | None:
        """None: try; when a pause is over, its one try is the caller's."""

    def refused(self, name: str) -> Refusal:
        """The login was refused just now."""

    def worked(self, name: str) -> None:
        """The login worked."""


def login_name(settings: ImapSettings) -> str:
    """The same for every process that logs in there with this name, whatever it calls the mailbox."""
    return f"{settings.username}@{settings.host}:{settings.port}".lower()


def enter(
    account: MailAccount, refusals: Refusals, *, clock: Clock = SYSTEM_CLOCK, imap: ImapSettings | None = None
) -> ImapSession:
    """Log in to IMAP, unless the same login was refused a short while ago.

    Effect: reads the mailbox; a refusal is remembered, and forgotten when the login works.

    Args:
        account: Which mailbox. The caller closes the session.
        refusals: Remembers them; `store.logins` does for all processes together.
        clock: Where time comes from.
        imap: Settings to use instead of the account's, such as with other time limits.

    Raises:
        CredentialsError: the login was refused, now or a short while ago; says when it is tried next, and how to try
            at once.
        MailroomError: as `ImapSession.open`.
    """
    settings = imap or account.need_imap()
    name = login_name(settings)
    if waits := refusals.may_try(name):
        raise CredentialsError(
            f"mailbox {account.name!r}: the login was refused at {_time(waits.tried_at)} and is not tried again before "
            f"{_time(waits.next_try_at)}, so that the account is not locked. {_AT_ONCE}."
        )
    try:
        session = ImapSession.open(settings, clock=clock)
    except CredentialsError as error:
        refusal = refusals.refused(name)
        said = str(error).rstrip(".")
        error.args = (f"{said}. The next try is at {_time(refusal.next_try_at)}. {_AT_ONCE}.", *error.args[1:])
        raise
    refusals.worked(name)
    return session


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
