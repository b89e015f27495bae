"""Mark Email: read, unread, flagged, answered, or a keyword."""

from __future__ import annotations

from typing import Literal, get_args

from mailroom.errors import InvalidInputError
from mailroom.mail.actions.choosing import Chosen, changed, choose, folders_of
from mailroom.mail.actions.criteria import MailCriteria
from mailroom.mail.actions.move import MOST
from mailroom.mail.actions.rows import ChangeReport, MailRow
from mailroom.mail.actions.selecting import missing_of
from mailroom.mail.imap import ImapSession

Mark = Literal["read", "unread", "flagged", "unflagged", "answered", "keyword", "no keyword"]
_FLAGS = {
    "read": ("+", "\\Seen"), "unread": ("-", "\\Seen"), "flagged": ("+", "\\Flagged"), "unflagged": ("-", "\\Flagged"),
    "answered": ("+", "\\Answered"),
}  # fmt: skip


def mark(
    session: ImapSession,
    criteria: MailCriteria,
    mark_as: Mark = "read",
    *,
    keyword: str = "",
    dry_run: bool = False,
    several: bool = True,
    most: int = MOST,
) -> ChangeReport:
    """Mark the mails that fit.

    Effect: changes the mailbox. Repeating is harmless.

    Args:
        session: An open account.
        criteria: Which mails.
        mark_as: What they become.
        keyword: For `keyword` and `no keyword`, such as `$Done`.
        dry_run: Only say what would be marked.
        several: More than one mail may fit although none is named by id.
        most: Refuse when more fit in one folder.

    Raises:
        InvalidInputError: the mark or the keyword is none.
        NotFoundError: a folder does not exist.
        NotOfferedError: the folder keeps no such keyword.
        RefusedError: no criterion, or it fits more than is allowed; nothing was marked.
    """
    sign, flag = _wanted(mark_as, keyword)
    chosen = choose(
        session, criteria, folders_of(session, criteria), what="marking", several=several, most=most, readonly=dry_run
    )

    def marked(one: Chosen) -> list[MailRow]:
        todo = [row for row in one.rows if row.has_flag(flag) != (sign == "+")]
        if todo and not dry_run:
            change = session.set_flags if sign == "+" else session.clear_flags
            change([row.uid for row in todo], flag)
        outcome = "would mark" if dry_run else "marked"
        return [row.became(outcome, f"as {keyword or mark_as}") if row in todo else row.became("already marked")
                for row in one.rows]  # fmt: skip

    rows = [row for one in chosen for row in marked(one)] if dry_run else list(changed(session, chosen, marked))
    return ChangeReport(tuple(rows), dry_run, missing_of(criteria, rows))


def _wanted(mark_as: str, keyword: str) -> tuple[str, str]:
    if mark_as in _FLAGS:
        return _FLAGS[mark_as]
    if mark_as not in get_args(Mark):
        raise InvalidInputError(f"mark {mark_as!r} is not known; write one of {', '.join(get_args(Mark))}")
    if not keyword or keyword.startswith("\\"):
        raise InvalidInputError("a keyword is letters, digits and $ _ . - such as $Done; it does not begin with \\")
    return ("+" if mark_as == "keyword" else "-"), keyword
