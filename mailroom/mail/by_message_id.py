"""Mails of the open folder whose headers name a Message-ID: the server's search narrows, the headers themselves decide.

Some servers refuse to search headers (Yahoo), and every mail is a hit then; others find parts of words. So no hit
counts that does not name the id itself; and where not every hit could be looked at, that is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailroom.mail.imap import ImapSession, LightMail
from mailroom.mail.imap.criteria import And, Criterion, Header, MessageId, Or, Since
from mailroom.mail.parse import parse

NEWEST = 2_000
"""Hits that are looked at, the newest ones. There are more only where the server cannot search headers."""

REPLACED_IDS = ("X-Original-Message-ID", "X-Microsoft-Original-Message-ID", "X-Google-Original-Message-ID")
"""Where servers keep the id of a mail that they gave another one."""


@dataclass(frozen=True, slots=True)
class Named:
    """What was found.

    Attributes:
        mails: Those that name an id, ascending by UID.
        complete: Every mail that could be one was looked at, so no other one is there.
    """

    mails: tuple[LightMail, ...]
    complete: bool


def naming(
    session: ImapSession, message_ids: Sequence[str], fields: Sequence[str], *, since: datetime | None = None
) -> Named:
    """The mails of the open folder that name one of these ids in one of these headers. Effect: reads.

    Args:
        session: A folder is open in it.
        message_ids: With angle brackets.
        fields: Such as `Message-ID`, `References`.
        since: Only mails that arrived after that; the server compares days, so some older ones may be among them.

    Raises:
        InvalidInputError: an id cannot be searched for.
    """
    asked: Criterion = Or(*(_asked(one, name) for one in message_ids for name in fields))
    found = session.search(asked if since is None else And(asked, Since(since)))
    chosen = found[-NEWEST:]
    # Date is in every mail: without any header line nobody could tell whether the server has left them out.
    lights = session.fetch_light(chosen, (*fields, "Date")) if chosen else []
    wanted = tuple(map(_closed_up, message_ids))
    mails = tuple(light for light in lights if _names(light, wanted, fields))
    return Named(mails, len(found) == sum(bool(light.header.strip()) for light in lights))


def _asked(message_id: str, name: str) -> Criterion:
    return MessageId(message_id) if name.lower() == "message-id" else Header(name, message_id.strip("<>"))


def _names(light: LightMail, wanted: tuple[str, ...], fields: Sequence[str]) -> bool:
    head = parse(light.header + b"\r\n")
    said = [_closed_up(value) for name in fields for value in head.header_all(name)]
    return any(one in value for one in wanted for value in said)


def _closed_up(text: str) -> str:
    """Without the blanks of folding; ids have none."""
    return "".join(text.split())
