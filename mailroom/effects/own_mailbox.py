"""Into the mailbox on behalf of an effect: to look a mail up, or to file a copy of one."""

from __future__ import annotations

from mailroom.errors import CredentialsError
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSession
from mailroom.store import Store
from mailroom.store.logins import login_name


def open_mailbox(store: Store, account: MailAccount) -> ImapSession:
    """Log in, unless this login was refused a short while ago: many mails must not lock the account over it.

    Effect: reads the mailbox; a refusal is remembered in the store, for the watcher and the connector too, and
    forgotten when the login works. The caller closes the session.

    Raises:
        CredentialsError: the login was refused, now or a short while ago.
        MailroomError: as `ImapSession.open`.
    """
    settings = account.need_imap()
    name = login_name(settings.username, settings.host, settings.port)
    if refusal := store.logins.may_try(name):
        raise CredentialsError(f"mailbox {account.name!r}: the login was refused at {refusal.tried_at:%H:%M:%S} UTC")
    try:
        session = account.open_imap()
    except CredentialsError:
        store.logins.refused(name)
        raise
    store.logins.worked(name)
    return session
