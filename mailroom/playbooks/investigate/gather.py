"""All sources asked at once. One that cannot be asked becomes a row that says why; the others count all the same."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from datetime import UTC, datetime
from typing import Any

from mailroom.errors import MailroomError, NotOfferedError
from mailroom.playbooks.act import Desk
from mailroom.playbooks.investigate import log_sources, tenant_sources
from mailroom.playbooks.investigate.asking import Asked, Context, OnProgress
from mailroom.playbooks.investigate.inquiry import DAYS, Inquiry, Period, last_days
from mailroom.playbooks.investigate.merge import Book
from mailroom.playbooks.investigate.next_steps import next_steps
from mailroom.playbooks.investigate.result import Before, Investigation, SourceRow
from mailroom.playbooks.investigate.sightings import (
    ARCHIVE,
    ATTACHMENTS,
    CLICKS,
    HELD,
    IMPERSONATION,
    REPORTED,
    STORE,
    TRACKING,
)
from mailroom.playbooks.investigate.store_source import StoreView, ask_store

SECONDS = 120.0
MOST = 10_000

_TENANT: dict[str, Callable[[Context, Asked], None]] = {
    TRACKING: tenant_sources.ask_tracking,
    HELD: tenant_sources.ask_held,
    ARCHIVE: tenant_sources.ask_archive,
    ATTACHMENTS: log_sources.ask_attachments,
    IMPERSONATION: log_sources.ask_impersonation,
    CLICKS: log_sources.ask_clicks,
    REPORTED: log_sources.ask_reported,
}
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def investigate(
    desk: Desk,
    subject_of_inquiry: Inquiry,
    *,
    days: int = DAYS,
    period: Period | None = None,
    most: int = MOST,
    seconds: float = SECONDS,
    details: int = 25,
    tenant: str = "",
    progress: OnProgress = lambda _source, _done, _total: None,
) -> Investigation:
    """Gather what tenant and store know about a sender, a domain, a subject or a link. Effect: reads.

    Mimecast writes searches of tracking and archive to its own logs. Memory holds at most `most` small rows of each
    source, and no mail.

    Args:
        desk: Tenant, store and policy (for the servers whose authentication results are believed).
        subject_of_inquiry: From `inquiry_about`.
        days: The last so many days.
        period: Another period than the last days.
        most: Most rows of each source, the newest.
        seconds: Time for all sources together; what was not read by then is said.
        details: Messages that are looked at one by one for risk and Message-ID, the newest.
        tenant: Only alerts of this tenant in the store; empty: of every one.
        progress: Told (source, rows so far, None) from several threads, and ("sources", done, all) from this one.

    Raises:
        InvalidInputError: The period or a number cannot be meant.
    """
    period = period or last_days(days, desk.client.now())
    trusted, own = _believed(desk)
    context = Context(
        desk.client, desk.store, subject_of_inquiry, period, most, seconds, tenant, trusted, own, details, progress
    )
    pool = ThreadPoolExecutor(len(_TENANT) + 2, thread_name_prefix="investigate")
    try:
        asked = {name: pool.submit(_ask, context, name, ask) for name, ask in _TENANT.items()}
        view = StoreView()
        own_store = pool.submit(_ask, context, STORE, lambda c, a: _fill(view, ask_store(c, a)))
        earlier = pool.submit(_before, context)
        waited = [*asked.values(), own_store]
        for done, _ in enumerate(as_completed(waited), 1):
            progress("sources", done, len(waited))
        answers = [future.result() for future in waited]
        before = earlier.result()
    finally:
        context.stop.set()  # whoever interrupts does not wait for the next page
        pool.shutdown(cancel_futures=True)
    return _put_together(context, answers, view, before)


def _ask(context: Context, name: str, ask: Callable[[Context, Asked], Any]) -> Asked:
    asked = Asked(name)
    try:
        ask(context, asked)
    except MailroomError as error:
        found = bool(asked.sightings or asked.clicks)
        asked.state = "asked in part" if found else "could not be asked"
        asked.detail = str(error)
        asked.offered = not isinstance(error, NotOfferedError)
    asked.found = len(asked.sightings) + len(asked.clicks)
    context.progress(name, asked.found, None)
    return asked


def _put_together(context: Context, answers: list[Asked], view: StoreView, before: Before) -> Investigation:
    book, notes = Book(), []
    for asked in answers:
        for seen in asked.sightings:
            book.add(seen)
        asked.sightings.clear()  # each source's rows are let go as soon as they are messages
    unplaced = 0
    for asked in answers:
        strange = sum(not book.add(seen, known_only=True) for seen in asked.loose)
        unplaced += strange if asked.name == ARCHIVE else 0
        for click in asked.clicks:
            book.click(click)
        notes += [f"{asked.name}: {note}" for note in asked.notes]
    if unplaced:
        notes.append(
            f"{unplaced} further archived mails may mention the host of the link; the search by words is loose, so "
            "they are not counted"
        )
    if book.people_cut:
        notes.append("some mailings had too many recipients to keep all of them; their numbers are right")
    result = Investigation(
        context.inquiry, context.period,
        sorted(book.messages, key=lambda one: (one.at or _LONG_AGO, one.tracking_id, one.hold_id), reverse=True),
        sorted(book.clicks, key=lambda one: (one.at or _LONG_AGO, one.user), reverse=True),
        [SourceRow.of(asked) for asked in answers], notes, view,
        Before(before.asked, before.last_seen, view.known.first_seen),
    )  # fmt: skip
    result.suggestions.extend(next_steps(result))
    return result


def _before(context: Context) -> Before:
    """One more question to the archive: was there anything earlier? Not being able to ask is no error."""
    if not context.inquiry.who:
        return Before()
    try:
        entry = tenant_sources.known_before(context)
    except MailroomError:
        return Before()
    return Before(True, entry.received_at if entry else None)


def _believed(desk: Desk) -> tuple[tuple[str, ...], frozenset[str]]:
    """Trusted authentication servers and own domains, by the policy; nothing when it cannot be read."""
    try:
        context = desk.policy().ruleset(desk.client.now().date()).context
    except (MailroomError, AssertionError):
        return (), frozenset()
    return context.trusted_authserv_ids, context.own_domains


def _fill(view: StoreView, found: StoreView) -> None:
    view.known, view.authentication = found.known, found.authentication
    view.verdicts, view.measures = found.verdicts, found.measures
