"""Originals that stay where they were: a server without MOVE and UIDPLUS cannot remove single mails.

They are marked as deleted, and go when somebody cleans the folder up (expunges it).
"""

from __future__ import annotations

from collections.abc import Sequence

from mailroom.mail.actions.rows import MailRow
from mailroom.mail.imap import ImapSession

STAYS = "the original stays, marked as deleted, until the folder is cleaned up: the server cannot remove single mails"


def set_aside(session: ImapSession, chosen: Sequence[MailRow]) -> tuple[list[MailRow], list[MailRow]]:
    """The mails to copy now, and those whose original was left behind before: a second copy would help nobody."""
    if {"MOVE", "UIDPLUS"} & session.capabilities:
        return list(chosen), []
    left = [row for row in chosen if row.has_flag("\\Deleted")]
    return [row for row in chosen if row not in left], [row.became("already marked as deleted", STAYS) for row in left]
