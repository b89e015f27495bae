"""Finding the mails of an action: the server narrows, the parsed mail decides, only then is a UID acted on."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import datetime
from typing import cast

from mailroom.errors import NotFoundError
from mailroom.mail.actions.criteria import MailCriteria, bare_id
from mailroom.mail.actions.rows import MailRow, row_of
from mailroom.mail.imap import UNKNOWN_TIME, FetchedMail, ImapSession, LightMail
from mailroom.mail.model import Mail
from mailroom.mail.parse import parse, parse_safely

_FIELDS = ("Message-ID", "From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date")
_CHUNK = 200
_CUT_HEADER = 60 << 10
"""A header block this long may have been cut: the whole mail decides."""
LARGEST = 64 << 20
"""Octets of a mail that an action reads whole."""


def select(session: ImapSession, criteria: MailCriteria, folder: str, *, limit: int = 0) -> list[MailRow]:
    """The mails of the open folder that fit, newest first. Effect: reads.

    Args:
        session: `folder` is open in it.
        criteria: What is wanted.
        folder: As the server names it.
        limit: Only the newest so many; 0: all.
    """
    opened = session.opened
    assert opened is not None  # noqa: S101 - the callers have opened it
    found = session.search(criteria.server_part(session))
    rows: list[MailRow] = []
    for end in range(len(found), 0, -_CHUNK):
        lights = session.fetch_light(found[max(0, end - _CHUNK) : end], _fields(criteria))
        fitting = [light for light in lights if _light_fits(criteria, light)]
        heads = {light.uid: _head(light) for light in fitting}
        unsure = {light.uid for light in fitting if _needs_whole(criteria, light)}
        sure = {
            uid for uid, head in heads.items() if uid not in unsure and head_fits(criteria, head)
        } | _whole_fits(session, criteria, unsure)  # fmt: skip
        rows += [
            row_of(folder, opened.uidvalidity, light, heads[light.uid]) for light in reversed(fitting)
            if light.uid in sure
        ]  # fmt: skip
        if limit and len(rows) >= limit:
            return rows[:limit]
    return rows


def search(
    session: ImapSession, criteria: MailCriteria, *, limit: int = 0, may_be_missing: bool = False
) -> list[MailRow]:
    """`select` in every folder of the criteria, the newest first; each is opened read-only. Effect: reads.

    Args:
        session: Any folder may be open in it.
        criteria: What is wanted.
        limit: Only the newest so many of all folders together; 0: all.
        may_be_missing: A folder that does not exist is passed over.

    Raises:
        NotFoundError: a folder does not exist.
    """
    rows: dict[str, list[MailRow]] = {}
    for name in criteria.folders:
        try:
            folder = session.resolve(name)
            if folder in rows:
                continue
            session.open(folder)
        except NotFoundError:
            if not may_be_missing:
                raise
            continue
        rows[folder] = select(session, criteria, folder, limit=limit)
    if len(rows) == 1:
        return next(iter(rows.values()))  # as the folder numbers them
    found = sorted((row for some in rows.values() for row in some), key=_arrival, reverse=True)
    return found[:limit] if limit else found


def missing_of(criteria: MailCriteria, rows: Iterable[MailRow]) -> tuple[str, ...]:
    """The ids that were named and are not among the rows."""
    found = list(rows)
    ids = {bare_id(row.message_id) for row in found}
    uids = {row.uid for row in found}
    return (
        *(f"<{one}>" for one in criteria.message_ids if one not in ids),
        *(str(one) for one in criteria.uids if one not in uids),
    )


def read_whole(session: ImapSession, rows: Sequence[MailRow]) -> Iterator[tuple[MailRow, FetchedMail]]:
    """The whole mails, folder by folder, one in memory at a time; those that are gone are left out. Effect: reads.

    The session takes no other command meanwhile.
    """
    for folder in dict.fromkeys(row.folder for row in rows):
        mine = {row.uid: row for row in rows if row.folder == folder}
        opened = session.opened
        if opened is None or opened.name != folder:
            opened = session.open_folder(folder)
        if any(row.uidvalidity != opened.uidvalidity for row in mine.values()):
            continue  # rebuilt since: these UIDs mean other mails now
        mails = cast("Generator[FetchedMail]", session.fetch_raw(mine, max_message=LARGEST))
        with closing(mails):
            for fetched in mails:
                yield mine[fetched.uid], fetched


def parsed(fetched: FetchedMail) -> Mail:
    """A fetched mail, read."""
    known = None if fetched.internal_date == UNKNOWN_TIME else fetched.internal_date
    return parse_safely(fetched.raw, internal_date=known, truncated=fetched.truncated)


def head_fits(criteria: MailCriteria, mail: Mail) -> bool:
    """Whether a mail fits, by what is written in it."""
    if criteria.message_ids and bare_id(mail.message_id) not in criteria.message_ids:
        return False
    return criteria.filters.matches(mail)


def _arrival(row: MailRow) -> datetime:
    return row.received_at or UNKNOWN_TIME


def _whole_fits(session: ImapSession, criteria: MailCriteria, uids: set[int]) -> set[int]:
    if not uids:
        return set()
    mails = cast("Generator[FetchedMail]", session.fetch_raw(sorted(uids), max_message=LARGEST))
    with closing(mails):
        # Of a mail that is cut nobody knows what else is in it: a NOT filter could not be trusted.
        return {one.uid for one in mails if not one.truncated and head_fits(criteria, parsed(one))}


def _light_fits(criteria: MailCriteria, light: LightMail) -> bool:
    if criteria.uids and light.uid not in criteria.uids:
        return False
    if criteria.only_unread and "\\seen" in {flag.lower() for flag in light.flags}:
        return False
    return criteria.since is None or light.internal_date >= criteria.since


def _needs_whole(criteria: MailCriteria, light: LightMail) -> bool:
    return bool(criteria.filters.body or criteria.filters.not_body) or len(light.header) >= _CUT_HEADER


def _head(light: LightMail) -> Mail:
    return parse(
        light.header + b"\r\n", internal_date=None if light.internal_date == UNKNOWN_TIME else light.internal_date
    )


def _fields(criteria: MailCriteria) -> tuple[str, ...]:
    more = [one[0] for one in (criteria.filters.header, criteria.filters.not_header) if one is not None]
    return tuple(dict.fromkeys((*_FIELDS, *more)))
