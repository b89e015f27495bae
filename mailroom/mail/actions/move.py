"""Move Email To Folder: on one open session, after every criterion was checked on the parsed mail."""

from __future__ import annotations

from mailroom.errors import InvalidInputError
from mailroom.mail.actions.criteria import MailCriteria
from mailroom.mail.actions.left_behind import STAYS, set_aside
from mailroom.mail.actions.rows import ChangeReport, MailRow
from mailroom.mail.actions.selecting import missing_of, search, select_for_change
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
    if create and not dry_run:
        session.create(destination.strip())
    target = destination.strip() if create and dry_run else session.resolve(destination)
    rows: list[MailRow] = []
    for name in criteria.folders:
        folder = session.resolve(name)
        if folder == target:
            raise InvalidInputError(f"{folder} is both source and destination")
        session.open(folder, readonly=dry_run)
        chosen = select_for_change(session, criteria, folder, what="moving", several=several, most=most)
        rows += (
            [row.became("would move", f"to {target}") for row in chosen] if dry_run else _moved(session, chosen, target)
        )
    missing = missing_of(criteria, rows)
    if missing and criteria.message_ids and not (create and dry_run):
        there = MailCriteria(folders=(target,), message_ids=criteria.message_ids)
        known = {row.message_id for row in rows}
        arrived = [row for row in search(session, there) if row.message_id not in known]
        rows += [row.became("already there") for row in arrived]
        missing = missing_of(criteria, rows)
    return ChangeReport(tuple(rows), dry_run, missing)


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
