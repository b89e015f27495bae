"""What the tenant's lists of messages say: message tracking, hold queue, archive. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from mailroom.errors import MailroomError
from mailroom.mimecast import archive, held, tracking
from mailroom.mimecast.archive_models import ArchiveEntry
from mailroom.mimecast.archive_query import ArchiveQuery
from mailroom.mimecast.models import HeldMessage, TrackedEmail
from mailroom.playbooks.investigate.asking import MOST_READ, Asked, Context
from mailroom.playbooks.investigate.sightings import (
    ARCHIVE,
    HELD,
    TRACKING,
    Sighting,
    people,
    senders,
    short_address,
    short_id,
    short_subject,
    status_of,
)

_REASON = "Mailroom investigation"
_LOOKS_AT_ONCE = 4
_ARCHIVE_FIELDS = ("subject", "status", "size", "receiveddate", "displayfrom", "displayfromaddress",
                   "displaytoaddresslist")  # fmt: skip


def ask_tracking(context: Context, asked: Asked) -> None:
    """Every status, from the sender and to him; the newest are looked at one by one for risk and Message-ID."""
    inquiry, seen = context.inquiry, set[str]()
    options = {"subject": inquiry.subject, "url": inquiry.url}
    questions = [options | {"from": inquiry.who}]
    if inquiry.who:
        questions.append(options | {"to": inquiry.who})
    newest: list[tuple[int, str]] = []
    for question in questions:
        outgoing = "to" in question
        walk = tracking.search(
            context.hurried(), start=context.period.start, end=context.period.end, status=(), options=question,
            page_size=500, reason=_REASON, on_warning=_once(asked.notes),
        )  # fmt: skip
        for record in context.read(asked, walk):
            if record.id in seen or not inquiry.has_subject(record.subject):
                continue
            seen.add(record.id)
            if len(newest) < context.details and not outgoing:
                newest.append((len(asked.sightings), record.id))
            asked.sightings.append(_tracked(record, outgoing=outgoing))
    if inquiry.domain:
        asked.notes.append("message tracking does not include subdomains of a domain; the archive does")
    _look(context, asked, newest)


def ask_held(context: Context, asked: Asked) -> None:
    """The hold queue, by sender, recipient or subject; whether it finds domains is not documented, so all is read."""
    inquiry = context.inquiry
    questions: list[tuple[str, str] | None] = [("subject", inquiry.subject)]
    if inquiry.sender:
        questions = [("sender", inquiry.sender), ("recipient", inquiry.sender)]
    elif inquiry.domain:
        questions = [None]
    if not inquiry.who and not inquiry.subject:
        asked.state, asked.detail = "not needed", "the hold queue cannot be searched by a link; message tracking can"
        return
    seen = set[str]()
    for question in questions:
        walk = held.get_hold_message_list(
            context.hurried(), start=context.period.start, end=context.period.end, search_by=question
        )
        for entry in context.read(asked, walk, most=MOST_READ):
            found = _held(entry)
            ours = inquiry.is_from(found.recipients) and not inquiry.is_from(found.senders)
            fits = ours or inquiry.is_from(found.senders) or not inquiry.who
            if entry.id in seen or not fits or not inquiry.has_subject(found.subject):
                continue
            seen.add(entry.id)
            target = asked.loose if inquiry.url else asked.sightings
            target.append(_held(entry, outgoing=ours))


def ask_archive(context: Context, asked: Asked) -> None:
    """The archive of all users, from the sender and to him. By words of a link it matches loosely."""
    inquiry, period, seen = context.inquiry, context.period, set[str]()
    who = (inquiry.who,) if inquiry.who else ()
    plain = ArchiveQuery(
        start=period.start, end=period.end, subject=inquiry.subject, text=inquiry.host, fields=_ARCHIVE_FIELDS
    )
    queries = [replace(plain, sender=who)]
    if who:
        queries.append(replace(plain, recipient=who))
    for query in queries:
        for entry in context.read(asked, archive.search(context.hurried(), query, limit=context.most + 1)):
            if entry.id in seen or not inquiry.has_subject(entry.subject):
                continue
            seen.add(entry.id)
            (asked.loose if inquiry.url else asked.sightings).append(_archived(entry, outgoing=bool(query.recipient)))


def known_before(context: Context) -> ArchiveEntry | None:
    """The newest archived mail of the sender or domain from before the period; None when there is none.

    Raises:
        MailroomError: The archive could not be asked.
    """
    if not context.inquiry.who:
        return None
    query = ArchiveQuery(sender=(context.inquiry.who,), end=context.period.start, fields=_ARCHIVE_FIELDS)
    for page in archive.search(context.hurried(), query, limit=1):
        for entry in page:
            return entry
    return None


def _look(context: Context, asked: Asked, newest: list[tuple[int, str]]) -> None:
    """Risk, Message-ID and reason of the newest messages; what cannot be looked at stays as it is."""
    client = context.hurried()

    def one(place: int, tracking_id: str) -> None:
        if context.is_over:
            return
        try:
            info = tracking.get_message_info(client, tracking_id)
        except MailroomError:
            return
        known = asked.sightings[place]
        got = tuple(short_address(one) for one, event in info.delivered.items() if event and info.status == "held")
        asked.sightings[place] = _with(
            known, risk=info.risk or "", message_id=short_id(info.message_id), hold_id=short_id(info.hold_id or ""),
            size=info.size, note=(info.queue_detail_status or info.queue_reason or known.note)[:200], received_by=got,
        )  # fmt: skip

    with ThreadPoolExecutor(_LOOKS_AT_ONCE, thread_name_prefix="investigate-look") as pool:
        for future in [pool.submit(one, place, tracking_id) for place, tracking_id in newest]:
            future.result()


def _with(known: Sighting, **changes: object) -> Sighting:
    values = {name: getattr(known, name) for name in Sighting.__slots__}
    return Sighting(**(values | {name: value for name, value in changes.items() if value}))


def _tracked(record: TrackedEmail, *, outgoing: bool) -> Sighting:
    to, count = people([one.address for one in record.to])
    return Sighting(
        source=TRACKING, at=record.received_at,
        senders=senders(record.from_header.address, record.from_envelope.address), recipients=to, recipient_count=count,
        subject=short_subject(record.subject), status=status_of(record.status), once=TRACKING, note=record.info[:200],
        tracking_id=short_id(record.id), outgoing=outgoing,
    )  # fmt: skip


def _held(entry: HeldMessage, *, outgoing: bool = False) -> Sighting:
    to, count = people([entry.to.address])
    return Sighting(
        source=HELD, at=entry.received_at, senders=senders(entry.from_header.address, entry.from_envelope.address),
        recipients=to, recipient_count=count, subject=short_subject(entry.subject), status="held",
        once=f"{HELD} {to[0] if to else ''}", size=entry.size, note=entry.reason[:200], hold_id=short_id(entry.id),
        outgoing=outgoing,
    )  # fmt: skip


def _archived(entry: ArchiveEntry, *, outgoing: bool) -> Sighting:
    to, count = people([one.address for one in entry.to])
    return Sighting(
        source=ARCHIVE, at=entry.received_at, senders=senders(entry.from_address), recipients=to,
        recipient_count=count, subject=short_subject(entry.subject), status=status_of(entry.status or "archived"),
        once=ARCHIVE, size=entry.size, archive_id=short_id(entry.id), outgoing=outgoing,
    )  # fmt: skip


def _once(notes: list[str]) -> Callable[[str], None]:
    def note(text: str) -> None:
        if text not in notes:
            notes.append(text)

    return note
