"""Send Email, and Forward Email and Send Thread Reply, which are made from a mail that came in: each sent once."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Literal

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.effects.mail_outcome import SendOutcome, content_digest, slot_of
from mailroom.effects.send_mail import send_once
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.mail.account import MailAccount
from mailroom.mail.by_message_id import naming
from mailroom.mail.compose import OutgoingMail, forward, reply
from mailroom.mail.entering import enter
from mailroom.mail.html_text import html_to_text
from mailroom.mail.imap import UNKNOWN_TIME, ImapSession
from mailroom.mail.model import Mail
from mailroom.mail.threading_headers import MESSAGE_ID, new_message_id
from mailroom.store import Store

How = Literal["attached", "inline"]
_AN_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Post:
    """What sending works with, and what is written down about it."""

    store: Store
    account: MailAccount
    key: str
    """Unique for this mail; the same key is the same mail."""
    tenant: str = ""
    alert_id: int | None = None
    requested_by: str = ""
    clock: Clock = SYSTEM_CLOCK


def send_new(post: Post, mail: OutgoingMail) -> SendOutcome:
    """Send a mail of our own writing, once.

    Effect: sends mail. Twice under the same key sends nothing again.

    Raises:
        InvalidInputError: it cannot be composed.
        RefusedError: a guard, or another mail has this key.
    """
    return _send(post, mail, sent_in_thread=0)


def send_forward(
    post: Post,
    parent: Mail,
    raw: bytes,
    *,
    to: tuple[str, ...],
    cc: tuple[str, ...] = (),
    bcc: tuple[str, ...] = (),
    comment: str = "",
    subject: str = "",
    how: How = "attached",
) -> SendOutcome:
    """Pass a mail on, once.

    Effect: sends mail. Twice under the same key sends nothing again.

    Args:
        post: With what, and under which key.
        parent: The mail.
        raw: Its source.
        to: Recipients.
        cc: Cc.
        bcc: Bcc; in no header.
        comment: Text above it.
        subject: Instead of `Fwd: ...`.
        how: `attached`: the original byte by byte as a file, which is safe for suspicious mail; `inline`: its text,
            HTML and attachments as they came.

    Raises:
        InvalidInputError: no recipient, or something that cannot be composed.
        RefusedError: a guard, or another mail has this key.
    """
    if not (to or cc or bcc):
        raise InvalidInputError("the forward has no recipient; name at least one")
    if how not in ("attached", "inline"):
        raise InvalidInputError(f"forwarding {how!r}: write attached or inline")
    mail = forward(
        parent, sender=post.account.sender, to=to, cc=cc, bcc=bcc, comment=comment,
        raw=raw if how == "attached" else None,
    )  # fmt: skip
    return _send(post, replace(mail, subject=subject.strip() or mail.subject), sent_in_thread=0)


def send_reply(
    post: Post,
    parent: Mail,
    *,
    text: str = "",
    html: str = "",
    to_all: bool = False,
    recipients: tuple[str, ...] = (),
    quote: bool = True,
) -> SendOutcome:
    """Answer in the thread of a mail, once.

    Effect: sends mail. Twice under the same key sends nothing again.

    Args:
        post: With what, and under which key.
        parent: The mail that is answered.
        text: The answer; made from the HTML when empty.
        html: The answer as HTML.
        to_all: Also to everybody in To and Cc.
        recipients: Exactly these instead of those the mail names.
        quote: The parent's text follows.

    Raises:
        InvalidInputError: nothing is said, or the mail names nobody to answer to.
        RefusedError: a guard (a loop of mails, a mail server's address, ourselves), or another mail has this key.
    """
    if not text.strip() and not html.strip():
        raise InvalidInputError("the reply is empty; write what to answer")
    if not text and html:
        text = html_to_text(html)  # the quoted text follows it, so it cannot be left to be derived
    mail = _reply(post.account, parent, text=text, html=html, to_all=to_all, recipients=recipients, quote=quote)
    return _send(post, mail, sent_in_thread=_sent_in_thread(post, parent))


def _reply(
    account: MailAccount, parent: Mail, *, text: str, html: str, to_all: bool, recipients: tuple[str, ...], quote: bool
) -> OutgoingMail:
    try:
        mail = reply(
            parent, sender=account.sender, text=text, html=html, to_all=to_all and not recipients,
            own_addresses=account.own_addresses, quote=quote,
        )  # fmt: skip
    except InvalidInputError:
        if not recipients:
            raise
        # It names nobody itself; the thread's headers do not depend on whom it came from.
        known = replace(parent, reply_to=(replace(parent.author, address="nobody@invalid.example", valid=True),))
        mail = reply(known, sender=account.sender, text=text, html=html, quote=quote)
    return replace(mail, to=recipients, cc=()) if recipients else mail


def _send(post: Post, mail: OutgoingMail, *, sent_in_thread: int) -> SendOutcome:
    known = post.store.ledger.in_slot(post.tenant, slot_of(post.key))
    message_id = known.target if known else new_message_id(post.account.domain)
    return send_once(
        post.store, post.account, replace(mail, message_id=message_id), key=post.key, digest=content_digest(mail),
        tenant=post.tenant, alert_id=post.alert_id, requested_by=post.requested_by, sent_in_thread=sent_in_thread,
        clock=post.clock,
    )  # fmt: skip


def _sent_in_thread(post: Post, parent: Mail) -> int:
    """Mails of ours in this thread during the last hour, by the copies in Sent; 0 where nobody can tell."""
    ids = [one for one in (*parent.references[-5:], *parent.in_reply_to[:1], parent.message_id)
           if MESSAGE_ID.fullmatch(one)]  # fmt: skip
    if not ids or post.account.imap is None:
        return 0
    try:
        with enter(post.account, post.store.logins, clock=post.clock) as session:
            return _count(session, post.account, list(dict.fromkeys(ids)), post.clock)
    except NotFoundError:
        return 0  # no Sent folder


def _count(session: ImapSession, account: MailAccount, ids: list[str], clock: Clock) -> int:
    since = clock.now() - _AN_HOUR
    session.open(session.resolve(account.sent_folder or "Sent"))
    found = naming(session, ids, ("References",), since=since)
    return sum(since <= light.internal_date != UNKNOWN_TIME for light in found.mails)
