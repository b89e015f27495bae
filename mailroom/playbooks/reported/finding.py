"""Where a reported mail is known: alerts of ours, message tracking, the archive; and mail like it. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from urllib.parse import urlsplit

from mailroom.connectors.reported import Original
from mailroom.errors import AccessError, NotFoundError, NotOfferedError, RejectedError
from mailroom.mail.replies import normal_subject
from mailroom.mimecast import MimecastClient, tracking
from mailroom.mimecast.models import MessageInfo, TrackedEmail
from mailroom.mimecast.reading import pass_over
from mailroom.mimecast.tracking import REACH
from mailroom.playbooks.remediate.find import find_everywhere
from mailroom.playbooks.remediate.model import DELIVERED, Findings
from mailroom.rulelang.domains import canonical_domain, root_domain, within
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.store.inquiries import About
from mailroom.triage.context import Context

DAYS = 7
"""How far back similar mail is looked for."""
_NEAR = timedelta(days=2)
_LONGEST = timedelta(days=28)
_MOST_ALERTS, _MOST_ROWS, _MOST_LINKS, _MOST_IDS = 20, 500, 3, 10
_REASON = "Mailroom: reported mail"


@dataclass
class Known:
    """What tenant and store know of the very mail."""

    record: TrackedEmail | None = None
    info: MessageInfo | None = None
    alerts: list[Alert] = field(default_factory=list)
    """Of this mail, by other ways than the report; those that are held and open first."""
    message_id: str = ""
    notes: list[str] = field(default_factory=list)


@dataclass
class Similar:
    """Mail like it, of the last days: the same link, or the same subject from the same sender."""

    messages: int = 0
    people: int = 0
    delivered: int = 0
    clicks: int = 0
    message_ids: list[str] = field(default_factory=list)
    """Of those that were delivered, as far as they were looked at."""
    notes: list[str] = field(default_factory=list)


def look_up(client: MimecastClient, store: Store, original: Original, reporter: str, *, tenant: str) -> Known:
    """Find the mail that somebody reports. Effect: reads tenant and store.

    By its Message-ID when the report carries it, if sender and subject are the same too: whoever wrote the mail could
    have given it the Message-ID of another one. Otherwise by sender and subject, around the time it was sent, and among
    those the one that the reporter got.

    Raises:
        TransientError, ResponseError: The tenant cannot be read now.
    """
    known = Known()
    _try(known.notes, "tracking", lambda: _track(client, original, reporter, known))
    known.alerts = _alerts(store, original, reporter, known.message_id or original.message_id, tenant)
    if known.alerts:
        known.message_id = known.message_id or original.message_id
    return known


def copies_of(client: MimecastClient, message_id: str, *, since: datetime) -> Findings:
    """Every copy of the mail, by tracking and archive. Effect: reads the tenant."""
    return find_everywhere(client, "messageId", message_id, start=since) if message_id else Findings()


def find_similar(client: MimecastClient, original: Original, links: Iterable[str], context: Context) -> Similar:
    """Mail like the reported one, which other people may have got. Effect: reads the tenant.

    Links to sites that belong to us, to partners or to known brands say nothing and are left out.

    Raises:
        TransientError, ResponseError: The tenant cannot be read now.
    """
    end = client.now()
    start = max(end - timedelta(days=DAYS), end - REACH)
    found, rows = Similar(), dict[str, TrackedEmail]()
    sender, subject = original.sender.address, normal_subject(original.subject)
    if sender and subject:
        _try(found.notes, "tracking", partial(_collect, client, rows, {"from": sender}, start, end, subject))
    for url in _telling(links, context):
        _try(found.notes, "tracking", partial(_collect, client, rows, {"url": url}, start, end, ""))
    mine = original.message_id
    people = {one.address.lower() for record in rows.values() for one in record.to if one.address}
    found.messages, found.people = len(rows), len(people)
    delivered = [record for record in rows.values() if record.status in DELIVERED]
    found.delivered = len(delivered)
    ids = dict.fromkeys(_ids(client, delivered[: _MOST_IDS + 1], found.notes))
    found.message_ids = [one for one in ids if one != mine][:_MOST_IDS]
    if len(delivered) > _MOST_IDS + 1:
        found.notes.append(f"only {_MOST_IDS} of {len(delivered)} similar mails are proposed to be pulled back")
    return found


# -- the very mail ------------------------------------------------------------------------------------------------


def _track(client: MimecastClient, original: Original, reporter: str, known: Known) -> None:
    record = _record(client, original, reporter)
    if record is None:
        return
    known.record, known.message_id = record, original.message_id
    try:
        known.info = tracking.get_message_info(client, record.id)
    except NotFoundError:  # its status changed between the two calls; what the record says stays
        return
    known.message_id = original.message_id or known.info.message_id or ""


def _record(client: MimecastClient, original: Original, reporter: str) -> TrackedEmail | None:
    end = client.now()
    if original.message_id:
        start = max(end - REACH, (original.sent_at or end) - _LONGEST)
        rows = _rows(client, start, end, message_id=original.message_id)
        return _best((one for one in rows if _same_mail(original, one)), reporter, must_be_theirs=False)
    sender, subject = original.sender.address, normal_subject(original.subject)
    if not sender or not subject:
        return None
    at = original.sent_at or end
    start, until = max(end - REACH, at - _NEAR), min(end, at + _NEAR)
    if until <= start:
        return None
    rows = _rows(client, start, until, options={"from": sender})
    return _best((one for one in rows if normal_subject(one.subject) == subject), reporter, must_be_theirs=True)


def _best(rows: Iterable[TrackedEmail], reporter: str, *, must_be_theirs: bool) -> TrackedEmail | None:
    other: TrackedEmail | None = None
    for row in rows:
        if any(one.address.lower() == reporter for one in row.to):
            return row
        other = other or row
    return None if must_be_theirs else other


def _same_mail(original: Original, record: TrackedEmail) -> bool:
    """Sender and subject of a record are those of the mail, not only its Message-ID."""
    theirs = {record.from_header.address.lower(), record.from_envelope.address.lower()}
    return _same_words(original, theirs, record.subject)


def _alerts(store: Store, original: Original, reporter: str, message_id: str, tenant: str) -> list[Alert]:
    same = store.user_reports.same_message(tenant, message_id)
    found = {one.id: one for one in same if _same_words(original, _senders(one), one.title)}
    sender = original.sender.address.lower()
    if sender:
        at = original.sent_at or store.ledger.now()
        about = About(sender=sender, tenant=tenant)
        subject = normal_subject(original.subject)
        for page in store.inquiries.alerts(about, at - _NEAR, at + _NEAR, _MOST_ROWS):
            for one in page:
                if one.connector == "mailbox" or not _is_it(one, message_id, subject, reporter):
                    continue
                found[one.id] = one
    ordered = sorted(found.values(), key=lambda one: (not one.hold_id or one.handling != "open", one.id))
    return ordered[:_MOST_ALERTS]


def _same_words(original: Original, senders: set[str], subject: str) -> bool:
    names = {one.address for one in (*original.mail.from_, *original.mail.sender)} if original.mail else set()
    names |= {original.sender.address}
    return bool((names & senders) - {""}) and normal_subject(subject) == normal_subject(original.subject)


def _senders(alert: Alert) -> set[str]:
    return {alert.sender.lower(), str(alert.event.get("envelope_from") or "").lower()}


def _is_it(alert: Alert, message_id: str, subject: str, reporter: str) -> bool:
    known = str(alert.message_id or alert.event.get("message_id") or "")
    if message_id and known:
        return known.strip() == message_id.strip()
    people = {str(one).lower() for one in (alert.recipient, *(alert.event.get("recipients") or ()))}
    return normal_subject(alert.title) == subject and reporter in people


# -- mail like it -------------------------------------------------------------------------------------------------


def _collect(
    client: MimecastClient, rows: dict[str, TrackedEmail], options: dict[str, str], start: datetime, end: datetime,
    subject: str,
) -> None:  # fmt: skip
    for record in _rows(client, start, end, options=options):
        if not subject or normal_subject(record.subject) == subject:
            rows[record.id] = record
        if len(rows) >= _MOST_ROWS:
            return


def _telling(links: Iterable[str], context: Context) -> list[str]:
    """A few links that are worth looking for, one per host."""
    everybody = context.own_domains | context.partner_domains | context.brand_roots | context.free_mail
    chosen: dict[str, str] = {}
    for url in links:
        try:
            host = canonical_domain(urlsplit(url).hostname or "")
        except ValueError:
            continue
        if host and not within(host, everybody) and root_domain(host) not in chosen:
            chosen[root_domain(host)] = host
        if len(chosen) >= _MOST_LINKS:
            break
    return list(chosen.values())


def _ids(client: MimecastClient, records: list[TrackedEmail], notes: list[str]) -> Iterator[str]:
    for record in records:
        try:
            info = tracking.get_message_info(client, record.id)
        except NotFoundError:
            continue
        except (AccessError, NotOfferedError, RejectedError) as error:
            notes.append(f"message info: not read ({type(error).__name__})")
            return
        if info.message_id:
            yield info.message_id


def _rows(
    client: MimecastClient, start: datetime, end: datetime, *, options: dict[str, str] | None = None,
    message_id: str | None = None,
) -> Iterator[TrackedEmail]:  # fmt: skip
    count = 0
    for page in tracking.search(
        client, start=start, end=end, status=(), options=options, message_id=message_id, reason=_REASON,
        on_unreadable=pass_over,
    ):  # fmt: skip
        for record in page:
            count += 1
            if count > _MOST_ROWS:
                return
            yield record


def _try(notes: list[str], source: str, look: Callable[[], object]) -> None:
    try:
        look()
    except (AccessError, NotOfferedError, RejectedError) as error:
        notes.append(f"{source}: not searched ({type(error).__name__}); what it holds is not counted")
