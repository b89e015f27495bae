"""The same message in several sources, put together, and on what grounds.

Grounds, from strong to weak: an id that both name; the Message-ID together with a sender (a sender chooses his
Message-IDs, so alone it proves nothing); sender, recipient and subject, at most five minutes apart, with sizes and
Message-IDs that do not contradict. In doubt two rows stay two: one too many is better than one too few.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from mailroom.playbooks.investigate.inquiry import folded
from mailroom.playbooks.investigate.sightings import CLICKS, HELD, REPORTED, RISKS, Click, Sighting

TOLERANCE = timedelta(minutes=5)
"""How far two sources may disagree about when a message was received."""
CLICK_REACH = timedelta(days=31)
"""How long after a message its link may be clicked."""
_MOST_PEOPLE = 100_000  # recipients kept in all: a mailing to thousands must not fill the memory
_FEW = 5
_MOST_CANDIDATES = 64
_SIZE_SLACK, _SIZE_SHARE = 8_192, 0.25  # sources count headers and encodings differently

BY_ID, BY_MESSAGE_ID = "same id", "same Message-ID and sender"
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
Place = tuple[str, str, str]


@dataclass(slots=True)
class Message:
    """One message and everything that was said of it."""

    at: datetime | None
    sender: str
    senders: tuple[str, ...]
    recipients: tuple[str, ...]
    recipient_count: int
    subject: str
    status: str
    outgoing: bool = False
    size: int | None = None
    risk: str = ""
    message_id: str = ""
    tracking_id: str = ""
    hold_id: str = ""
    archive_id: str = ""
    alert_ids: list[int] = field(default_factory=list)
    seen_in: dict[str, None] = field(default_factory=dict)
    grounds: dict[str, None] = field(default_factory=dict)
    """Why several rows are one message; empty when only one source knows it."""
    notes: dict[str, None] = field(default_factory=dict)
    done: dict[str, None] = field(default_factory=dict)
    released_to: dict[str, None] = field(default_factory=dict)
    held_for: dict[str, None] = field(default_factory=dict)
    clicked_by: dict[str, None] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @property
    def received_by(self) -> tuple[str, ...]:
        """Whose mailbox it reached."""
        got = self.recipients if self.status == "delivered" else ()
        return tuple(one for one in dict.fromkeys((*got, *self.released_to)) if one not in self.held_for)


class Book:
    """Takes sightings, source by source in the order of `SOURCES`, and makes messages of them."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.clicks: list[Click] = []
        self._ids: dict[str, int] = {}
        self._message_ids: dict[str, list[int]] = {}
        self._places: dict[Place, list[tuple[datetime, int]]] = {}
        self._people = 0
        self.people_cut = False

    def add(self, seen: Sighting, *, known_only: bool = False) -> bool:
        """Put a sighting to its message, or make one of it.

        Args:
            seen: What a source said.
            known_only: Make no new message: the source matches loosely.

        Returns:
            Whether it found or made its place.
        """
        number, grounds = self._find(seen)
        if number is None:
            if known_only:
                return False
            self._begin(seen)
            return True
        message = self.messages[number]
        message.grounds.setdefault(grounds)
        self._absorb(number, message, seen)
        return True

    def click(self, click: Click) -> None:
        """Keep a click, and put it to its message when there is one."""
        self.clicks.append(click)
        for number in self._message_ids.get(click.message_id, [])[:_MOST_CANDIDATES] if click.message_id else ():
            message = self.messages[number]
            if click.sender in message.senders and (click.user in message.recipients or not message.recipients):
                self._clicked(message, click, BY_MESSAGE_ID)
                return
        if click.message_id and click.message_id in self._message_ids:
            return
        before = self._places.get((click.sender, folded(click.subject), click.user), [])
        at = click.at or _LONG_AGO
        place = bisect_left(before, (at + TOLERANCE, len(self.messages)))
        if place and at - before[place - 1][0] <= CLICK_REACH:
            self._clicked(self.messages[before[place - 1][1]], click, "same sender, recipient and subject")

    def _clicked(self, message: Message, click: Click, grounds: str) -> None:
        message.clicked_by.setdefault(click.user)
        message.seen_in.setdefault(CLICKS)
        message.grounds.setdefault(grounds)

    def _find(self, seen: Sighting) -> tuple[int | None, str]:
        for name in _names(seen):
            if name in self._ids:
                return self._ids[name], BY_ID
        for number in self._message_ids.get(seen.message_id, [])[:_MOST_CANDIDATES] if seen.message_id else ():
            message = self.messages[number]
            if seen.once not in message.taken and not _disjoint(seen.senders, message.senders):
                if message.recipients and seen.recipients and _disjoint(seen.recipients, message.recipients):
                    continue
                return number, BY_MESSAGE_ID
        return self._by_evidence(seen, seen.at) if seen.at is not None else (None, "")

    def _by_evidence(self, seen: Sighting, when: datetime) -> tuple[int | None, str]:
        best: tuple[timedelta, int] | None = None
        reach = CLICK_REACH if seen.source == REPORTED else TOLERANCE  # people report days later
        for place in _places(seen, seen.recipients):
            there = self._places.get(place, [])
            first = bisect_left(there, (when - reach, -1))
            nearest = bisect_left(there, (when, -1))
            for at, number in there[max(first, nearest - _MOST_CANDIDATES) : nearest + _MOST_CANDIDATES]:
                if at - when > TOLERANCE:
                    break
                if self._may_be(seen, self.messages[number]):
                    found = (abs(at - when), number)
                    best = found if best is None else min(best, found)
        if best is None:
            return None, ""
        sized = seen.size is not None and self.messages[best[1]].size is not None
        return best[1], "same sender, recipient, subject and time" + (", size fits" if sized else "")

    def _may_be(self, seen: Sighting, message: Message) -> bool:
        if seen.once and seen.once in message.taken:
            return False
        if seen.message_id and message.message_id and seen.message_id != message.message_id:
            return False
        if seen.size is None or message.size is None:
            return True
        return abs(seen.size - message.size) <= max(_SIZE_SLACK, _SIZE_SHARE * max(seen.size, message.size))

    def _begin(self, seen: Sighting) -> None:
        message = Message(
            seen.at, seen.senders[0] if seen.senders else "", seen.senders, (), seen.recipient_count, seen.subject,
            seen.status, seen.outgoing,
        )  # fmt: skip
        self.messages.append(message)
        self._absorb(len(self.messages) - 1, message, seen)

    def _absorb(self, number: int, message: Message, seen: Sighting) -> None:
        known = len(message.recipients)
        fresh = [one for one in seen.recipients if one not in message.recipients]
        if self._people + len(fresh) > _MOST_PEOPLE and known + len(fresh) > _FEW:
            self.people_cut = True
            fresh = fresh[: max(0, _FEW - known)]
        self._people += len(fresh)
        message.recipients += tuple(fresh)
        message.recipient_count = max(message.recipient_count, seen.recipient_count, len(message.recipients))
        message.at = message.at or seen.at
        message.status = seen.status if message.status == "unknown" else message.status
        message.subject = message.subject or seen.subject
        message.size = message.size if message.size is not None else seen.size
        message.risk = max(message.risk, seen.risk, key=_rank)
        for name in ("message_id", "tracking_id", "hold_id", "archive_id"):
            setattr(message, name, getattr(message, name) or getattr(seen, name))
        if seen.alert_id is not None:
            message.alert_ids.append(seen.alert_id)
        message.seen_in.setdefault(seen.source)
        message.released_to.update(dict.fromkeys(seen.received_by))
        if seen.source == HELD:
            message.held_for.update(dict.fromkeys(seen.recipients))
        message.done.update(dict.fromkeys(seen.done))
        if seen.note:
            message.notes.setdefault(seen.note)
        if seen.once:
            message.taken.add(seen.once)
        for name in _names(seen):
            self._ids.setdefault(name, number)
        if seen.message_id and number not in (there := self._message_ids.setdefault(seen.message_id, []))[-1:]:
            there.append(number)
        if message.at is not None:
            for place in _places(seen, tuple(fresh)):
                insort(self._places.setdefault(place, []), (message.at, number))


def _names(seen: Sighting) -> list[str]:
    named = {"tracking": seen.tracking_id, "hold": seen.hold_id, "archive": seen.archive_id}
    return [f"{kind} {value}" for kind, value in named.items() if value]


def _places(seen: Sighting, recipients: tuple[str, ...]) -> list[Place]:
    subject = folded(seen.subject)
    return [(sender, subject, one) for sender in seen.senders for one in recipients]


def _disjoint(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return not set(one) & set(other)


def _rank(risk: str) -> int:
    return RISKS.index(risk) if risk in RISKS else 0
