"""Which mails of an open folder are to be taken: a few searches, whatever the folder's size."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailroom.connectors.mailbox.event import content_key
from mailroom.connectors.mailbox.settings import MailboxSettings
from mailroom.connectors.numbering import generation_of
from mailroom.mail.actions.criteria import finds_parts_of_words
from mailroom.mail.imap import UNKNOWN_TIME, Criterion, FolderStatus, FoundUids, ImapSession, LightMail
from mailroom.mail.imap.criteria import And, Not, Since, Uid, Unseen
from mailroom.mail.parse import parse
from mailroom.store import Store
from mailroom.store.intake import Generation

log = logging.getLogger(__name__)

_SURELY_INSIDE = timedelta(days=4)
"""`Since` asks the server from two days earlier, in whole days: what is found from here on needs no second look."""
_LEFT_ALONE = 1_000
"""Mails the server failed at that it is not asked about again."""
_LOOK_BELOW = 2_000
"""Unread mails below the mark that are looked at in every cycle; more of them only in the first cycle of a day."""


@dataclass
class Found:
    """What a scan found. `new` and `below` are UIDs, ascending; none of them is known."""

    new: list[int] = field(default_factory=list)
    """Above the mark."""
    below: list[int] = field(default_factory=list)
    """Below it: they became unread since."""
    first: bool = False
    """This generation was never read before."""
    looked_at_day: bool = False
    """The look that is taken once a day was taken."""
    mark: int = 0
    """Where the mark belongs once all of `new` is taken or written down."""
    twins: dict[int, int] = field(default_factory=dict)
    """Of `new`: UID -> alert of the same mail in an earlier generation."""
    arrived: dict[int, tuple[datetime, str]] = field(default_factory=dict)
    """Of `twins`: UID -> (arrival, content key)."""


@dataclass
class Scan:
    """Looks at one open folder.

    Args:
        session: The folder is open in it.
        status: Of the folder.
        settings: What is wanted.
        store: Asked what is known.
        source_id: Of this generation; 0 when it was never seen (a preview).
        earlier: Older generations of the source.
        now: The current instant.
        known_since: When an earlier cycle began to read this generation; None: there was none.
    """

    session: ImapSession
    status: FolderStatus
    settings: MailboxSettings
    store: Store
    source_id: int
    earlier: list[Generation]
    now: datetime
    known_since: datetime | None = None

    def look(self) -> Found:
        """Search. Effect: reads."""
        if not self.source_id or self.store.cursors.get(self.source_id) is None:
            return self._first()
        mark = self.store.cursors.mark(self.source_id)
        found = Found(mark=mark)
        found.new = self._search(unread=self.settings.fetch == "unread", uid_from=mark + 1)
        if found.new:
            found.mark = found.new[-1]
        if self.settings.fetch == "unread" and mark:
            found.looked_at_day = self._first_of_day()
            if found.looked_at_day or self.settings.mark_as_read:
                found.below = self._below(mark, patient=found.looked_at_day)
        return found

    def _first(self) -> Found:
        """The first cycle of a generation: everything up to here is either taken now or not wanted.

        Should it be killed, the next one looks at the same days again, and takes what the first did not get to.
        """
        begun = self.earlier[0].created_at if self.earlier else self.known_since or self.now
        since = begun - timedelta(days=self.settings.offset_days)
        found = self._since(since, unread=self.settings.fetch != "everything")
        if self.earlier and self.settings.fetch == "latest":
            found = sorted({*found, *self._since(self.earlier[0].created_at, unread=False)})
        if self.known_since is not None:  # a killed cycle may have settled some of them
            known = self.store.items.known(self.source_id, map(str, found))
            found = [uid for uid in found if str(uid) not in known]
        result = Found(first=True, new=found, mark=max(self.status.uidnext - 1, found[-1] if found else 0))
        if self.earlier:
            self._match(result)
        return result

    def _since(self, since: datetime, *, unread: bool) -> list[int]:
        """Mails that arrived at or after an instant, to the second."""
        wide = self._search(unread=unread, since=since)
        if not wide:
            return []
        sure = set(self._search(unread=unread, since=since + _SURELY_INSIDE, but=wide.unjudged))
        early = self._before(since, [uid for uid in wide if uid not in sure and uid not in wide.unjudged])
        return [uid for uid in wide if uid not in early]

    def _before(self, since: datetime, uids: list[int]) -> set[int]:
        """Which of these mails arrived before an instant. What cannot be told is settled where mails are fetched."""
        arrivals = self.session.fetch_arrivals(uids)
        return {uid for uid, arrived in arrivals.items() if UNKNOWN_TIME != arrived < since}

    def _match(self, result: Found) -> None:
        """The folder was rebuilt: find the mails that were taken under other UIDs."""
        lights = {light.uid: light for light in self.session.fetch_light(result.new, ("Message-ID",))}
        keys = {uid: _light_key(light) for uid, light in lights.items()}
        known = self.store.intake.twins([one.id for one in self.earlier], keys.values())
        result.twins = {uid: known[key] for uid, key in keys.items() if key in known}
        result.arrived = {uid: (lights[uid].internal_date, keys[uid]) for uid in result.twins}

    def _below(self, mark: int, *, patient: bool) -> list[int]:
        since = self.now - timedelta(days=self.settings.offset_days)
        unread = self._search(unread=True, since=since, uid_to=mark)
        if len(unread) > _LOOK_BELOW and not patient:
            return []
        known = self.store.items.known(self.source_id, map(str, unread))
        unknown = [uid for uid in unread if str(uid) not in known]
        early = self._before(since, [uid for uid in unknown if uid not in unread.unjudged])
        return [uid for uid in unknown if uid not in early]

    def _first_of_day(self) -> bool:
        position = self.store.cursors.get(self.source_id)
        return position is None or position.date() < self.now.date()

    def _search(
        self,
        *,
        unread: bool,
        since: datetime | None = None,
        uid_from: int | None = None,
        uid_to: int | None = None,
        but: Iterable[int] = (),
    ) -> FoundUids:
        parts: list[Criterion] = []
        if unread:
            parts.append(Unseen())
        if since is not None:
            parts.append(Since(since))
            failed = self.store.intake.unreadable(self.source_id, limit=_LEFT_ALONE) if self.source_id else []
            if left_alone := {*map(int, failed), *but}:
                parts.append(Not(Uid(left_alone)))  # for a date a server may have to open the mail
        if self.settings.ask_server:
            asked = self.settings.filters.server_part(ask_text=finds_parts_of_words(self.session))
            if asked is not None:
                parts.append(asked)
        return self.session.search(And(*parts) if parts else None, uid_from=uid_from, uid_to=uid_to)


def numbered(session: ImapSession, status: FolderStatus, store: Store, known: list[Generation]) -> str:
    """The generation of an open folder, of which these are stored. Effect: reads."""
    ids = {one.generation: one.id for one in known}
    return generation_of(session, status, tuple(ids), lambda one: store.cursors.mark(ids[one]))


def _light_key(light: LightMail) -> str:
    return content_key(parse(light.header + b"\r\n").message_id, light.internal_date, light.size)


def as_uids(keys: Iterable[str]) -> list[int]:
    """External keys of items as UIDs, ascending."""
    return sorted(int(key) for key in keys)
