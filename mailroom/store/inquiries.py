"""What the store knows about a sender, a domain, a subject or a link: for investigations. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Text, and_, cast, func, or_, select

from mailroom.chunks import chunks
from mailroom.store.actions import Action, action_of
from mailroom.store.alerts import Alert
from mailroom.store.database import CHUNK, Database
from mailroom.store.schema import actions, alerts, answers, waits

_PAGE = 200
_MOST_ANSWERS = 1_000


@dataclass(frozen=True, slots=True)
class About:
    """What is looked for; everything given must fit."""

    sender: str = ""
    """Address in lower case."""
    domain: str = ""
    """Domain in lower case; not its subdomains."""
    subject: str = ""
    """Words as they stand in the title; case does not matter."""
    text: str = ""
    """Anywhere in the event, such as the host of a link. Without an index: the period bounds the work."""
    tenant: str = ""
    """Only alerts of this tenant; empty: of every one."""


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a sender or a domain, whenever it was."""

    alerts: int = 0
    first_seen: datetime | None = None
    last_seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What somebody answered to a question about an alert."""

    alert_id: int
    recipient: str
    classification: str
    accepted: bool
    at: datetime


class Inquiries:
    """Looks into alerts, actions and answers."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def alerts(self, about: About, start: datetime, end: datetime, limit: int) -> Iterator[list[Alert]]:
        """Alerts of a period that fit, newest first, a page at a time; at most `limit`."""
        last: tuple[datetime, int] | None = None
        while limit > 0:
            query = select(alerts).where(*_conditions(about), alerts.c.received_at.between(start, end))
            if last is not None:
                at, known = last
                older = and_(alerts.c.received_at == at, alerts.c.id < known)
                query = query.where(or_(alerts.c.received_at < at, older))
            query = query.order_by(alerts.c.received_at.desc(), alerts.c.id.desc()).limit(min(limit, _PAGE))
            rows = self._db.rows(query)
            if not rows:
                return
            limit -= len(rows)
            last = (rows[-1].received_at, rows[-1].id)
            yield [Alert(**row._asdict()) for row in rows]

    def known(self, about: About) -> Known:
        """How many alerts there are of a sender or domain, and from when to when."""
        if not (about.sender or about.domain):
            return Known()
        times = func.min(alerts.c.received_at), func.max(alerts.c.received_at)
        query = select(func.count(), *times).where(*_conditions(About(about.sender, about.domain, tenant=about.tenant)))
        row = self._db.read(lambda tx: tx.execute(query).one())
        return Known(int(row[0]), row[1], row[2])

    def actions_of(self, alert_ids: Iterable[int], tx: Connection | None = None) -> dict[int, list[Action]]:
        """The ledger's rows of each alert that has any, oldest first."""
        ids, found = sorted(set(alert_ids)), dict[int, list[Action]]()
        for some in chunks(ids, CHUNK):
            query = select(actions).where(actions.c.alert_id.in_(some)).order_by(actions.c.id)
            for row in self._db.rows(query, tx=tx):
                found.setdefault(row.alert_id, []).append(action_of(row))
        return found

    def actions_about(self, words: Iterable[str], limit: int = 100) -> list[Action]:
        """The newest actions that are about no alert and whose target names one of the words, such as a block."""
        wanted = [word for word in dict.fromkeys(words) if word]
        if not wanted:
            return []
        named = or_(*(func.lower(actions.c.target).contains(word.lower(), autoescape=True) for word in wanted))
        query = select(actions).where(actions.c.alert_id.is_(None), named).order_by(actions.c.id.desc()).limit(limit)
        return [action_of(row) for row in self._db.rows(query)]

    def answers_about(self, alert_ids: Iterable[int]) -> dict[int, list[Told]]:
        """Who answered questions about these alerts, oldest first; what they wrote stays where it is."""
        ids, found = sorted(set(alert_ids)), dict[int, list[Told]]()
        columns = (waits.c.alert_id, *answers.c["recipient", "classification", "accepted", "received_at"])
        for some in chunks(ids, CHUNK):
            query = select(*columns).join(answers, answers.c.wait_id == waits.c.id)
            query = query.where(waits.c.alert_id.in_(some)).order_by(answers.c.id)
            for row in self._db.rows(query.limit(_MOST_ANSWERS)):
                found.setdefault(row[0], []).append(Told(*row))
        return found


def _conditions(about: About) -> list[ColumnElement[bool]]:
    made: list[ColumnElement[bool]] = []
    if about.tenant:
        made.append(alerts.c.tenant == about.tenant)
    if about.sender:
        # Stored as written by the sender; the domain is stored in lower case and has the index.
        made.append(alerts.c.sender_domain == about.sender.rpartition("@")[2])
        made.append(func.lower(alerts.c.sender) == about.sender)
    if about.domain:
        made.append(alerts.c.sender_domain == about.domain)
    if about.subject:
        made.append(func.lower(alerts.c.title).contains(about.subject.lower(), autoescape=True))
    if about.text:
        made.append(cast(alerts.c.event, Text).contains(about.text, autoescape=True))
    return made
