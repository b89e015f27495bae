"""What is known about a sender before it is blocked: the alert, our other alerts, tracking, the archive."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mailroom.errors import AccessError, NotOfferedError, RejectedError
from mailroom.mimecast import MimecastClient, archive, tracking
from mailroom.mimecast.archive_query import ArchiveQuery
from mailroom.mimecast.reading import pass_over
from mailroom.playbooks.block_sender.forgery import Forgery, forgery, forgery_in_mails
from mailroom.playbooks.block_sender.model import Subject
from mailroom.rulelang.domains import within
from mailroom.rulelang.from_header import canonical_address
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.triage.context import Context
from mailroom.triage.extract import extract

_MONTH = timedelta(days=29)
_ENOUGH = 50
"""So many alerts are looked at for people, also where the first of them says that the sender is a victim."""
_MOST_ALERTS = 20_000
"""A look at all of them takes seconds."""
_PAGES_OF_TRACKING = 3


@dataclass(slots=True)
class Evidence:
    """What was found. Addresses are in lower case."""

    alert: Alert | None
    facts: dict[str, Any] = field(default_factory=dict)
    """Of the alert's mail."""
    people: tuple[str, ...] = ()
    """Our people to whom the sender wrote, as far as seen."""
    forged: Forgery | None = None
    """A mail in which this very address, or one of the domain, stands in From and did not write it."""
    received: int | None = None
    """Mails of a month from there in the archive, up to the limit and one more; None: not counted."""
    written: int | None = None
    """Mails of a month from us to there, likewise."""
    notes: list[str] = field(default_factory=list)

    @property
    def is_counted(self) -> bool:
        """Whether the archive said how much went both ways."""
        return self.received is not None and self.written is not None

    @property
    def wanted_mail(self) -> int:
        """Mails that went to and fro, as far as counted."""
        return (self.received or 0) + (self.written or 0)


def known_facts(alert: Alert | None, context: Context) -> dict[str, Any]:
    """The facts of an alert's mail; empty without one."""
    return dict(extract(alert.event, context)) if alert is not None else {}


def gather(
    client: MimecastClient, store: Store, subject: Subject, alert: Alert | None, context: Context, *,
    tenants: Collection[str], most_wanted_mail: int, look_for_people: bool, mails: Sequence[str] = (),
) -> Evidence:  # fmt: skip
    """Look at everything. Effect: reads the tenant and the store.

    Args:
        client: Which tenant.
        store: Whose alerts.
        subject: Whom somebody wants to block.
        alert: The alert that shows why.
        context: The site's lists.
        tenants: Every name of the tenant in the store.
        most_wanted_mail: Count the archive up to here.
        look_for_people: Also search message tracking for recipients.
        mails: Tracking ids of mails of this sender that are no alerts.

    Raises:
        MailroomError: The tenant cannot be read.
    """
    found = Evidence(alert, known_facts(alert, context))
    people: dict[str, None] = {}
    for number, one in enumerate(_alerts(store, subject, alert, tenants)):
        if number == _MOST_ALERTS:
            found.notes.append(f"only the newest {_MOST_ALERTS} alerts from there were looked at")
            break
        if one is alert or one.sender.lower() == subject.value:
            people |= dict.fromkeys(_people(one.event.get("recipients") or [one.recipient], context))
        facts = found.facts if one is alert else known_facts(one, context)
        found.forged = found.forged or forgery(f"the mail of alert {one.id}", facts, subject)
        if found.forged is not None and number >= _ENOUGH:
            break
    found.forged = found.forged or forgery_in_mails(client, mails, subject, context)
    if look_for_people and not subject.whole_domain and len(people) < 2:
        people |= dict.fromkeys(_tracked_people(client, subject, context))
    found.people = tuple(people)
    if subject.whole_domain:
        _count_mail(client, found, subject, most_wanted_mail)
        good = sum(store.alerts.sender_history(name, sender_domain=subject.value).benign for name in tenants)
        if good:
            found.notes.append(f"our store holds {good} alerts of this domain that turned out harmless")
    return found


def _alerts(store: Store, subject: Subject, alert: Alert | None, tenants: Collection[str]) -> Iterator[Alert]:
    """The alert that shows why, and all others of this address or domain, the newest first."""
    if alert is not None:
        yield alert
    sender = "" if subject.whole_domain else subject.value
    for one in store.alerts.from_sender(sender, subject.domain, tenants=tenants, limit=_MOST_ALERTS + 1):
        if alert is None or one.id != alert.id:
            yield one


def _tracked_people(client: MimecastClient, subject: Subject, context: Context) -> list[str]:
    now = client.now()
    walk = tracking.search(
        client, start=now - _MONTH, end=now, status=(), options={"from": subject.value},
        on_unreadable=pass_over,
    )  # fmt: skip
    people: dict[str, None] = {}
    for number, page in enumerate(walk, 1):
        for record in page:
            people |= dict.fromkeys(_people((one.address for one in record.to), context))
        if len(people) > 1 or number >= _PAGES_OF_TRACKING:
            break
    return list(people)


def _people(addresses: Iterable[Any], context: Context) -> list[str]:
    """Addresses of ours among these; all of them where nobody has said which domains are ours."""
    known = [canonical_address(str(one)) for one in addresses]
    ours = context.own_domains
    return [one for one in known if one and (not ours or within(one.rpartition("@")[2], ours))]


def _count_mail(client: MimecastClient, found: Evidence, subject: Subject, most: int) -> None:
    now = client.now()
    window: dict[str, Any] = {"fields": ("status",), "start": now - _MONTH, "end": now}
    try:
        found.received = _rows(client, ArchiveQuery(sender=(subject.value,), **window), most + 1)
        found.written = _rows(client, ArchiveQuery(recipient=(subject.value,), **window), most + 1)
    except (AccessError, NotOfferedError, RejectedError) as error:
        found.notes.append(
            f"how much mail goes to and fro could not be counted ({type(error).__name__}): the archive was refused"
        )


def _rows(client: MimecastClient, query: ArchiveQuery, limit: int) -> int:
    return sum(len(page) for page in archive.search(client, query, limit=limit))
