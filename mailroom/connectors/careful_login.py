"""Logging in to a mailbox without locking it: after a refusal, one try in fifteen minutes, for all processes together.

People who ask for a test (`mailroom mail ping`) are not held back, and a test that succeeds ends the pause. A watcher
that sends treats its server the same way, and one that is down like one that refuses.
"""

from __future__ import annotations

from datetime import datetime

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.errors import TransientError
from mailroom.mail.account import MailAccount
from mailroom.mail.actions.ping import PingReport
from mailroom.mail.entering import enter, login_name
from mailroom.mail.imap import ImapSession, ImapSettings
from mailroom.store import Store


def open_carefully(
    account: MailAccount, store: Store, *, clock: Clock = SYSTEM_CLOCK, imap: ImapSettings | None = None
) -> ImapSession:
    """Log in to IMAP, unless the same login was refused a short while ago.

    Effect: reads the mailbox; a refusal is remembered in the store, and forgotten when a login works.

    Args:
        account: Which mailbox. The caller closes the session.
        store: Where refusals are remembered.
        clock: Where time comes from.
        imap: Settings to use instead of the account's, such as with other time limits.

    Raises:
        CredentialsError: the login was refused, now or a short while ago; says when it is tried next, and how to try
            at once.
        MailroomError: as `ImapSession.open`.
    """
    return enter(account, store.logins, clock=clock, imap=imap)


class SendingPausedError(TransientError):
    """The sending server failed a short while ago and is left alone."""


def may_send(account: MailAccount, store: Store) -> None:
    """To be asked by a watcher right before it sends.

    Effect: reads the store; when the pause is over, the next try is the caller's, and the next pause begins.

    Raises:
        SendingPausedError: the server failed a short while ago; says when it is tried next.
    """
    if waits := store.logins.may_try(_sending_name(account)):
        raise SendingPausedError(
            f"mailbox {account.name!r}: its sending server failed at {_time(waits.tried_at)} and is not tried again "
            f"before {_time(waits.next_try_at)}"
        )


def sending_failed(account: MailAccount, store: Store) -> None:
    """The sending server refused the login or could not be reached. Effect: writes the store; a pause begins."""
    store.logins.refused(_sending_name(account))


def sending_worked(account: MailAccount, store: Store) -> None:
    """A mail went out. Effect: writes the store, if there is a pause to end."""
    store.logins.worked(_sending_name(account))


def remember_ping(account: MailAccount, store: Store, report: PingReport) -> None:
    """A test that could log in ends the pause. Effect: writes the store, if there was a refusal.

    A test that could not begins no pause: its settings may not be those of connector and watcher.
    """
    if account.smtp is not None and report.logged_in("smtp"):
        sending_worked(account, store)
    if account.imap is not None and report.logged_in("imap"):
        store.logins.worked(login_name(account.imap))


def _sending_name(account: MailAccount) -> str:
    smtp = account.need_smtp()
    return f"smtp:{smtp.username}@{smtp.host}:{smtp.port}".lower()


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
