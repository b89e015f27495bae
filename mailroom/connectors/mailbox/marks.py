"""Marking mails as read, after they are in the store: repeatable, and caught up by the next cycle when it failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from mailroom.connectors.mailbox.folder import RUN_KIND
from mailroom.connectors.mailbox.scan import as_uids
from mailroom.errors import MailroomError, TransientError
from mailroom.faults import faultpoint
from mailroom.mail.imap import ImapSession
from mailroom.mail.imap.criteria import Unseen
from mailroom.store import Store

log = logging.getLogger(__name__)

SEEN = "\\Seen"
MARKED_STATES = ("alerted", "duplicate")
"""Mails of these states are in the store, so they are marked; the others stay as they are, for people to see."""


UNMARKED, UNMARKED_SINCE = "unmarked", "unmarked_since"
"""Kept with a run: mails it could not mark, and the first run of which some may be left."""
_RUNS_AT_ONCE = 50


def unclean_since(store: Store, source_id: int) -> int:
    """The first run that may have stored mails which are not marked yet; 0: there is none.

    A run that ended says since when, so only runs that were killed are gone through one by one.
    """
    first = 0
    while found := store.intake.last_runs(RUN_KIND, source_id, limit=_RUNS_AT_ONCE, before=first):
        for run in found:
            if run.state == "completed" and not run.counts.get(UNMARKED):
                return first
            first = run.id
            if told := int(run.counts.get(UNMARKED_SINCE, 0)):
                return told
    return first


class Marker:
    """Marks the mails of one open folder."""

    def __init__(self, session: ImapSession, folder: str) -> None:
        self._session = session
        self._folder = folder
        self.failed = 0
        """Mails that could not be marked; the next cycle tries again."""

    def mark(self, uids: Sequence[int]) -> None:
        """Mark mails as read. A refusal is counted, not raised.

        Raises:
            TransientError: the connection is lost; the mails are counted as not marked.
        """
        if not uids:
            return
        faultpoint("mailbox.before_marks")
        try:
            self._session.set_flags(uids, SEEN)
        except TransientError:
            self.failed += len(uids)
            raise
        except MailroomError as error:
            self.failed += len(uids)
            log.warning("%d mails of %s are stored but could not be marked as read: %s", len(uids), self._folder, error)
        faultpoint("mailbox.after_marks")

    def catch_up(self, store: Store, source_id: int, since: int) -> None:
        """Mark what earlier runs, from run `since` on, stored and did not get to mark."""
        stored = set(as_uids(store.intake.settled_since(source_id, since, MARKED_STATES)))
        if stored:
            unread = self._session.search(Unseen(), uid_from=min(stored), uid_to=max(stored))
            self.mark([uid for uid in unread if uid in stored])
