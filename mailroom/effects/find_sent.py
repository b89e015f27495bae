"""Was this mail sent? Looked up in the mailbox by its Message-ID; and our own copy in the Sent folder."""

from __future__ import annotations

from dataclasses import dataclass

from mailroom.errors import InvalidInputError, NotFoundError, RejectedError
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSession
from mailroom.mail.imap.criteria import Body, Header, MessageId, Or


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` says in words what was found. `conclusive`: the Sent folder was there and could be searched."""

    found: bool
    where: str
    conclusive: bool = False


def find_sent(session: ImapSession, account: MailAccount, message_id: str) -> Finding:
    """Look for traces of a mail of ours: a copy in Sent, an answer, a bounce. Effect: reads."""
    sent = _sent_folder(session, account)
    if sent:
        session.open(sent)
        if session.search(MessageId(message_id)):
            return Finding(True, f"a copy lies in {sent}")
    bare = message_id.strip("<>")
    traces = Or(
        Header("In-Reply-To", bare), Header("References", bare), Header("X-Original-Message-ID", bare),
        MessageId(message_id), Body(bare),
    )  # fmt: skip
    for folder in account.folders:
        try:
            session.open(session.resolve(folder))
        except NotFoundError:
            continue
        if session.search(traces):
            return Finding(True, f"a mail in {folder} refers to it")
    return Finding(False, "" if sent else "there is no Sent folder to look in", conclusive=bool(sent))


def keep_copy(session: ImapSession, account: MailAccount, message_id: str, raw: bytes) -> bool:
    r"""File a copy in Sent, marked as read, unless one is there. Effect: changes the mailbox; repeating is harmless."""
    sent = _sent_folder(session, account)
    if not sent:
        return False
    session.open(sent)
    if session.search(MessageId(message_id)):
        return False
    session.append(sent, raw, ("\\Seen",))
    return True


def _sent_folder(session: ImapSession, account: MailAccount) -> str:
    try:
        return session.resolve(account.sent_folder or "Sent")
    except (NotFoundError, RejectedError, InvalidInputError):
        return ""
