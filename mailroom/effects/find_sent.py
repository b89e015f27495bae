"""Was this mail sent? Looked up in the mailbox by its Message-ID; and our own copy in the Sent folder."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from mailroom.errors import InvalidInputError, NotFoundError, RejectedError
from mailroom.mail.account import MailAccount
from mailroom.mail.by_message_id import NEWEST, REPLACED_IDS, naming
from mailroom.mail.imap import FetchedMail, ImapSession
from mailroom.mail.imap.criteria import And, Body, Since
from mailroom.mail.parse import parse_safely

_ITS_OWN = ("Message-ID", *REPLACED_IDS)
_ANSWERS = (*_ITS_OWN, "In-Reply-To", "References")
_READ, _READ_OCTETS = 20, 256 << 10
"""Mails whose words are looked through, the newest ones, and how much of each."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` says in words what was found. `conclusive`: the Sent folder was there and was looked through."""

    found: bool
    where: str
    conclusive: bool = False


def find_sent(session: ImapSession, account: MailAccount, message_id: str, *, since: datetime) -> Finding:
    """Look for traces of a mail of ours: a copy in Sent, an answer, a bounce. Effect: reads.

    Args:
        session: Any folder may be open in it.
        account: Whose folders.
        message_id: With angle brackets.
        since: The first attempt to send it; what came before tells nothing of it.
    """
    sent = _sent_folder(session, account)
    doubt = "there is no Sent folder to look in"
    if sent:
        session.open(sent)
        copies = naming(session, (message_id,), _ITS_OWN, since=since)
        if copies.mails:
            return Finding(True, f"a copy lies in {sent}")
        doubt = "" if copies.complete else f"not all of {sent} could be looked through"
    for folder in account.folders:
        try:
            session.open(session.resolve(folder))
        except NotFoundError:
            continue
        if naming(session, (message_id,), _ANSWERS, since=since).mails or _in_words(session, message_id, since):
            return Finding(True, f"a mail in {folder} refers to it")
    return Finding(False, doubt, conclusive=not doubt)


def keep_copy(session: ImapSession, account: MailAccount, message_id: str, raw: bytes) -> bool:
    r"""File a copy in Sent, marked as read, unless one is there. Effect: changes the mailbox; repeating is harmless.

    Where the server cannot search headers, one that lies deeper than the newest mails is not seen.
    """
    sent = _sent_folder(session, account)
    if not sent:
        return False
    session.open(sent)
    if naming(session, (message_id,), ("Message-ID",)).mails:
        return False
    session.append(sent, raw, ("\\Seen",))
    return True


def own_copy(session: ImapSession, account: MailAccount, message_id: str) -> tuple[FetchedMail | None, str]:
    """The copy in Sent of a mail sent earlier; else None, and why there is none. Effect: reads."""
    sent = _sent_folder(session, account)
    if not sent:
        return None, f"{account.address} has no Sent folder"
    session.open(sent)
    copies = naming(session, (message_id,), ("Message-ID",))
    mails = list(session.fetch_raw([light.uid for light in copies.mails[:1]]))
    if mails:
        return mails[0], ""
    if copies.complete:
        return None, f"it is not in the Sent folder of {account.address}"
    return None, f"the server cannot search the Sent folder of {account.address}; the newest {NEWEST} mails are others"


def _in_words(session: ImapSession, message_id: str, since: datetime) -> bool:
    """Whether one of the newest mails names it in its text, as many bounces do."""
    bare = message_id.strip("<>")
    found = session.search(And(Body(bare), Since(since)))[-_READ:]
    mails = cast("Generator[FetchedMail]", session.fetch_raw(found, max_message=_READ_OCTETS))
    with closing(mails):
        return any(bare.encode() in one.raw or bare in parse_safely(one.raw).text for one in mails)


def _sent_folder(session: ImapSession, account: MailAccount) -> str:
    try:
        return session.resolve(account.sent_folder or "Sent")
    except (NotFoundError, RejectedError, InvalidInputError):
        return ""
