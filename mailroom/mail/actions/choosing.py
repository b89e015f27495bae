"""Choosing what an action may change: every folder is looked at and judged before any of them is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from mailroom.errors import RefusedError
from mailroom.mail.actions.criteria import MailCriteria
from mailroom.mail.actions.rows import MailRow
from mailroom.mail.actions.selecting import select
from mailroom.mail.imap import ImapSession


@dataclass(frozen=True, slots=True)
class Chosen:
    """The mails of one folder that an action is about."""

    folder: str
    """As the server names it."""
    rows: list[MailRow]


def folders_of(session: ImapSession, criteria: MailCriteria) -> list[str]:
    """The folders of the criteria as the server names them, each once.

    Raises:
        NotFoundError: one does not exist.
    """
    return list(dict.fromkeys(session.resolve(name) for name in criteria.folders))


def choose(
    session: ImapSession, criteria: MailCriteria, folders: Sequence[str], *, what: str, several: bool, most: int,
    readonly: bool,
) -> list[Chosen]:  # fmt: skip
    """The mails to change, folder by folder; refuses whatever could hit more than was meant. Effect: reads.

    Args:
        session: Any folder may be open in it.
        criteria: What is wanted.
        folders: Of `folders_of`.
        what: For messages, `delete` and so on.
        several: More than one mail may be meant although none is named by id.
        most: Mails of one folder that may be changed at once.
        readonly: How the folders are opened.

    Raises:
        RefusedError: no criterion, or it fits more mails than are allowed. Nothing was changed.
    """
    if not criteria.narrows:
        raise RefusedError(
            f"{what} needs a criterion: Message-ID, UID, subject, sender, recipient or text. Nothing was changed."
        )
    found: list[Chosen] = []
    for folder in folders:
        session.open(folder, readonly=readonly)
        found.append(Chosen(folder, select(session, criteria, folder)))
    hit = [one for one in found if one.rows]
    count = sum(len(one.rows) for one in hit)
    if count > 1 and not (several or criteria.names_mails):
        raise RefusedError(
            f"{count} mails in {', '.join(one.folder for one in hit)} fit, and only one was allowed: narrow the "
            "criteria, or allow all that fit. Nothing was changed."
        )
    for one in hit:
        if len(one.rows) > most:
            raise RefusedError(
                f"{len(one.rows)} mails in {one.folder} fit, more than the {most} allowed at once: narrow the "
                "criteria, or raise the limit. Nothing was changed."
            )
    return found


def changed(
    session: ImapSession, chosen: Sequence[Chosen], change: Callable[[Chosen], list[MailRow]]
) -> Iterator[MailRow]:
    """What became of the mails, folder by folder. Effect: that of `change`, which finds the folder open."""
    for one in chosen:
        if not one.rows:
            continue
        opened = session.opened
        if opened is None or opened.name != one.folder:
            opened = session.open(one.folder, readonly=False)
        if any(row.uidvalidity != opened.uidvalidity for row in one.rows):  # its UIDs mean other mails now
            yield from (row.became("gone", "the folder was rebuilt meanwhile") for row in one.rows)
            continue
        yield from change(one)
