"""Move Email To Folder: on one open session, after every criterion was checked on the parsed mail."""

from __future__ import annotations

from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.mail.actions.choosing import changed, choose, folders_of
from mailroom.mail.actions.criteria import MailCriteria
from mailroom.mail.actions.left_behind import STAYS, set_aside
from mailroom.mail.actions.rows import ChangeReport, MailRow
from mailroom.mail.actions.selecting import missing_of, search
from mailroom.mail.imap import ImapSession

MOST = 500
"""Mails moved, deleted or marked by one call unless more are allowed."""


def move(
    session: ImapSession,
    criteria: MailCriteria,
    destination: str,
    *,
    dry_run: bool = False,
    several: bool = True,
    most: int = MOST,
    create: bool = False,
) -> ChangeReport:
    """Move the mails that fit to a folder.

    Effect: changes the mailbox. Repeating is harmless: what was moved is not there any more. Only where the server
    cannot MOVE, a connection lost half-way may leave a copy behind.

    Args:
        session: An open account.
        criteria: Which mails; the folders they lie in are named there.
        destination: As people write it.
        dry_run: Only say what would be moved.
        several: More than one mail may fit although none is named by id.
        most: Refuse when more fit in one folder.
        create: Make the destination when it is missing.

    Raises:
        NotFoundError: a folder does not exist.
        RefusedError: no criterion, or it fits more than is allowed; nothing was changed.
        OutcomeUnknownError: the connection was lost while mails were copied.
    """
    if not destination.strip():
        raise InvalidInputError("the destination folder is empty; name the folder to move to")
    target, is_there = _target(session, destination, create=create)
    folders = folders_of(session, criteria)
    if target in folders:
        raise InvalidInputError(f"{target} is both source and destination")
    chosen = choose(session, criteria, folders, what="moving", several=several, most=most, readonly=dry_run)
    if dry_run:
        rows = [row.became("would move", f"to {target}") for one in chosen for row in one.rows]
    else:
        if not is_there:
            session.create(target)
            target = session.resolve(target)
        rows = list(changed(session, chosen, lambda one: _moved(session, one.rows, target)))
    missing = missing_of(criteria, rows)
    if missing and criteria.message_ids and is_there:
        there = MailCriteria(folders=(target,), message_ids=criteria.message_ids)
        known = {row.message_id for row in rows}
        arrived = [row for row in search(session, there) if row.message_id not in known]
        rows += [row.became("already there") for row in arrived]
        missing = missing_of(criteria, rows)
    return ChangeReport(tuple(rows), dry_run, missing)


def _target(session: ImapSession, destination: str, *, create: bool) -> tuple[str, bool]:
    """The destination as the server names it, and whether it is there."""
    try:
        return session.resolve(destination), True
    except NotFoundError:
        if not create:
            raise
        return destination.strip(), False


def _moved(session: ImapSession, chosen: list[MailRow], target: str) -> list[MailRow]:
    todo, rows = set_aside(session, chosen)
    if not todo:
        return rows
    result = session.move([row.uid for row in todo], target)
    for row in todo:
        if row.uid not in result.moved:
            rows.append(row.became("gone", "somebody else was first"))
            continue
        new = result.moved[row.uid]
        detail = f"to {target}" + (f", UID {new} there" if new else "")
        if result.how == "copy only":
            detail += f"; {STAYS}"
        rows.append(row.became("moved", detail))
    return rows
