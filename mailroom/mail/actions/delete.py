"""Delete Email: into the trash, or for good; never without a criterion."""

from __future__ import annotations

from mailroom.errors import NotFoundError
from mailroom.mail.actions.choosing import changed, choose, folders_of
from mailroom.mail.actions.criteria import MailCriteria
from mailroom.mail.actions.left_behind import STAYS, set_aside
from mailroom.mail.actions.move import MOST
from mailroom.mail.actions.rows import ChangeReport, MailRow
from mailroom.mail.actions.selecting import missing_of
from mailroom.mail.imap import ImapSession


def delete(
    session: ImapSession,
    criteria: MailCriteria,
    *,
    dry_run: bool = False,
    several: bool = False,
    permanently: bool = False,
    most: int = MOST,
) -> ChangeReport:
    """Delete the mails that fit.

    Effect: changes the mailbox; `permanently` cannot be undone. Repeating is harmless.

    Args:
        session: An open account.
        criteria: Which mails. Something must say which are meant; unread or age alone is not enough.
        dry_run: Only say what would be deleted.
        several: More than one mail may fit although none is named by id.
        permanently: Remove them instead of moving them to the trash.
        most: Refuse when more fit in one folder.

    Raises:
        NotFoundError: a folder, or the trash, does not exist.
        RefusedError: no criterion, or it fits more than is allowed; nothing was deleted.
    """
    trash = "" if permanently else _trash(session)
    chosen = choose(
        session, criteria, folders_of(session, criteria), what="deleting", several=several, most=most, readonly=dry_run
    )

    def into(folder: str) -> str:
        return "" if folder == trash else trash  # what lies in the trash already is removed from it

    if dry_run:
        rows = [
            row.became("would delete", f"to {into(one.folder)}" if into(one.folder) else "for good")
            for one in chosen
            for row in one.rows
        ]
    else:
        rows = list(changed(session, chosen, lambda one: _deleted(session, one.rows, into(one.folder))))
    return ChangeReport(tuple(rows), dry_run, missing_of(criteria, rows))


def _deleted(session: ImapSession, chosen: list[MailRow], into: str) -> list[MailRow]:
    todo, left = set_aside(session, chosen) if into else (chosen, [])
    result = session.delete([row.uid for row in todo], trash_folder=into or None)
    words = {
        "expunged": ("deleted", "for good"),
        "moved": ("moved to trash", f"to {into}"),
        "copied": ("copied to trash", f"to {into}; {STAYS}"),
        "marked": ("marked as deleted", "the server cannot remove single mails; the next clean-up of the folder will"),
    }
    done = set(result.uids)
    rows = [
        row.became(*words[result.how]) if row.uid in done else row.became("gone", "somebody else was first")
        for row in todo
    ]
    return rows + left


def _trash(session: ImapSession) -> str:
    try:
        return session.resolve("Trash")
    except NotFoundError as error:
        raise NotFoundError(
            f"there is no trash folder to move to ({error}); delete permanently, or make one"
        ) from error
