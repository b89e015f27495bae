"""Which mails an action is about, as people write it in a form or on a command line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailroom.comma_list import comma_list
from mailroom.errors import InvalidInputError
from mailroom.mail import providers
from mailroom.mail.imap import Criterion, ImapSession, MailFilters, parse_list
from mailroom.mail.imap.criteria import And, Header, MessageId, Or, Since, Uid, Unseen
from mailroom.mail.threading_headers import MESSAGE_ID

_BRACKETED = re.compile(r"<[^<>]{1,998}>")
_LABEL = re.compile(r"^\s*message-id:", re.IGNORECASE)
_MOST_IDS = 500
_UID = re.compile(r"[1-9][0-9]{0,9}")


@dataclass(frozen=True)
class MailCriteria:
    """What is wanted: a mail must satisfy everything that is set. The server only narrows; `MailFilters` decides."""

    folders: tuple[str, ...] = ("INBOX",)
    """As people write them."""
    message_ids: tuple[str, ...] = ()
    """Any of them; without angle brackets."""
    uids: tuple[int, ...] = ()
    """Any of them; only with exactly one folder."""
    filters: MailFilters = field(default_factory=MailFilters)
    only_unread: bool = False
    since: datetime | None = None
    """Arrived at or after this instant, by the server's clock."""

    def __post_init__(self) -> None:
        if not self.folders:
            raise InvalidInputError("no folder is named; write INBOX, or the folder the mails lie in")
        if self.uids and len(self.folders) != 1:
            raise InvalidInputError("a UID belongs to one folder: name exactly that folder")
        if len(self.message_ids) + len(self.uids) > _MOST_IDS:
            raise InvalidInputError(f"more than {_MOST_IDS} ids at once; do it in several calls")

    @property
    def names_mails(self) -> bool:
        """It names single mails."""
        return bool(self.message_ids or self.uids)

    @property
    def narrows(self) -> bool:
        """Something says which mails are meant. Unread, age and NOT filters alone do not: they fit almost any mail."""
        wanted = self.filters
        return self.names_mails or bool(
            wanted.from_ or wanted.to or wanted.subject or wanted.body or (wanted.header and wanted.header[1])
        )

    def server_part(self, session: ImapSession) -> Criterion | None:
        """What the server is asked so that nothing wanted is missing; None is everything."""
        parts: list[Criterion] = []
        if self.uids:
            parts.append(Uid(self.uids))
        if self.message_ids:
            parts.append(Or(*map(_asked_id, self.message_ids)))
        if self.only_unread:
            parts.append(Unseen())
        if self.since is not None:
            parts.append(Since(self.since))
        asked = self.filters.server_part(ask_text=finds_parts_of_words(session))
        if asked is not None:
            parts.append(asked)
        return And(*parts) if parts else None


def criteria_from(
    *,
    folders: str = "",
    message_id: str = "",
    email_uid: str = "",
    subject: str = "",
    sender: str = "",
    recipient: str = "",
    body: str = "",
    only_unread: bool = False,
    within: timedelta | None = None,
    now: datetime | None = None,
) -> MailCriteria:
    r"""The criteria of a form.

    Args:
        folders: Separated by commas; empty: INBOX.
        message_id: One or more, separated by commas; angle brackets may be left out.
        email_uid: One or more, separated by commas.
        subject: Text the subject contains; case does not matter.
        sender: Addresses, domains or parts of names, separated by commas; any of them.
        recipient: The same for To.
        body: Text the body or the name of an attachment contains.
        only_unread: Unread mails only.
        within: Arrived at most this long ago.
        now: The current instant; needed with `within`.

    Raises:
        InvalidInputError: something is not as it should be; the message says what.
    """
    if within is not None and within <= timedelta(0):
        raise InvalidInputError("the time frame must be longer than nothing; leave it out for mail of any age")
    if within is not None and now is None:
        raise InvalidInputError("a time frame needs the current instant")
    try:
        since = now - within if within is not None and now is not None else None
    except OverflowError:
        since = None  # longer ago than any mail
    return MailCriteria(
        folders=parse_list(folders) or ("INBOX",),
        message_ids=message_ids(message_id),
        uids=_uids(email_uid),
        filters=MailFilters(
            from_=parse_list(sender), to=parse_list(recipient), subject=_one(subject), body=_one(body)
        ),
        only_unread=only_unread,
        since=since,
    )  # fmt: skip


def message_ids(text: str) -> tuple[str, ...]:
    """Ids from `<a@b>, <c@d>` or `a@b, c@d`, also mixed or as a header field, without brackets."""
    text = _LABEL.sub("", text)
    found = [*_BRACKETED.findall(text), *parse_list(_BRACKETED.sub(",", text))]
    return tuple(dict.fromkeys(bare for one in found if (bare := bare_id(one))))


def bare_id(message_id: str) -> str:
    """An id for comparing: without angle brackets and white space around it."""
    return message_id.strip().strip("<>").strip()


def finds_parts_of_words(session: ImapSession) -> bool:
    """Whether the server can be asked for text."""
    client = session.client
    greeting = (client.welcome or b"").decode("utf-8", "replace")
    return providers.finds_parts_of_words(client.host, session.capabilities, greeting)


def _asked_id(bare: str) -> Criterion:
    full = f"<{bare}>"
    return MessageId(full) if MESSAGE_ID.fullmatch(full) else Header("Message-ID", bare)


def _uids(text: str) -> tuple[int, ...]:
    found = comma_list(text)
    wrong = next((one for one in found if not _UID.fullmatch(one) or int(one) >= 1 << 32), None)
    if wrong is not None:
        raise InvalidInputError(f"Email UID {wrong[:40]!r}: expected a number such as 1234, or several with commas")
    return tuple(dict.fromkeys(map(int, found)))


def _one(text: str) -> tuple[str, ...]:
    return (text.strip(),) if text.strip() else ()
