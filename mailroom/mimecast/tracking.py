"""Message tracking: search, and everything about one message."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from mailroom.errors import InvalidInputError, NotFoundError, ResponseError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.envelope import Envelope
from mailroom.mimecast.models import MessageInfo, TrackedEmail
from mailroom.mimecast.paging import id_of, pages
from mailroom.mimecast.reading import OnUnreadable, dict_of, list_of, parse_all, text_of

log = logging.getLogger(__name__)

REACH = timedelta(days=29, hours=23)
"""How far back a search may start; exactly 30 days is refused."""
OPTIONS = frozenset({"from", "to", "subject", "senderIP", "url"})
_SMALL_CAPS = frozenset({25, 50})
_MOST_WINDOWS = 2_000
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)

OnWarning = Callable[[str], None]


def search(
    client: MimecastClient,
    *,
    start: datetime,
    end: datetime,
    status: Sequence[str] = ("held",),
    route: Sequence[str] = (),
    options: Mapping[str, str] | None = None,
    message_id: str | None = None,
    page_size: int = 200,
    reason: str = "Mailroom triage",
    check: bool = True,
    on_warning: OnWarning | None = None,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[TrackedEmail]]:
    """Tracked messages, one list per page. Effect: reads.

    A start further back than Mimecast allows is moved (and said). A window that returns a suspiciously round number
    of messages without a next page may have been cut: it is split and asked again, down to single seconds.

    Args:
        client: Which tenant.
        start: Earliest time, aware.
        end: Latest time, aware; included.
        status: Statuses wanted; empty = every one. Sent, and checked again on our side.
        route: `inbound`, `outbound`, `internal`; empty = every one. Checked again likewise.
        options: Any of `from`, `to`, `subject`, `senderIP`, `url`. A domain in `from` or `to` excludes its subdomains.
        message_id: RFC Message-ID; excludes `options`.
        page_size: 1 to 500.
        reason: Written to Mimecast's audit log.
        check: Leave out what does not have the status and route asked for. Off: the caller looks at them himself.
        on_warning: Told of a moved start and of seconds that cannot be listed completely; also logged.
        on_unreadable: Takes records that cannot be read; without it such a record is an error.

    Raises:
        InvalidInputError: Options unknown or combined with `message_id`.
        ResponseError: A record or the list as a whole cannot be read.
        MailroomError: As `client.call`.
    """
    query = _query(status, route, options, message_id, reason)
    keep = _wanted if check else (lambda _email, _query: True)
    return _search(client, start, end, query, page_size, on_warning or (lambda _: None), on_unreadable, keep)


def get_message_info(client: MimecastClient, tracking_id: str, *, deadline: float | None = None) -> MessageInfo:
    """Everything Mimecast knows about one message. Effect: reads.

    Args:
        client: Which tenant.
        tracking_id: Of a tracked message; after a release or rejection the old id may be gone.
        deadline: Seconds for the call instead of the client's.

    Raises:
        NotFoundError: The message is gone, or its id changed with its status: search again.
        RejectedError: Not an id of this kind, or damaged.
        ResponseError: The answer cannot be read.
        MailroomError: As `client.call`.
    """
    envelope = client.call(capabilities.GET_MESSAGE_INFO, [{"id": tracking_id}], deadline=deadline)
    if not envelope.data:
        raise NotFoundError(
            f"{capabilities.GET_MESSAGE_INFO.path}: no message {tracking_id[:200]!r}: it is gone, or its id changed "
            "with its status; search for it again"
        )
    return MessageInfo.parse(envelope.data[0])


def _query(
    status: Sequence[str],
    route: Sequence[str],
    options: Mapping[str, str] | None,
    message_id: str | None,
    reason: str,
) -> dict[str, Any]:
    """The search item without its times."""
    chosen = {name: value for name, value in (options or {}).items() if value}
    if message_id is not None and chosen:
        raise InvalidInputError("search by message_id or by options, not by both: Mimecast takes only one")
    if wrong := sorted(set(chosen) - OPTIONS):
        raise InvalidInputError(f"unknown search options {', '.join(wrong)}: use {', '.join(sorted(OPTIONS))}")
    query: dict[str, Any] = {"searchReason": reason}
    if status:
        query["status"] = [value.lower() for value in status]
    if route:
        query["route"] = [value.lower() for value in route]
    if message_id is not None:
        query["messageId"] = message_id
    elif chosen:
        query["advancedTrackAndTraceOptions"] = chosen
    return query


def _search(
    client: MimecastClient,
    start: datetime,
    end: datetime,
    query: dict[str, Any],
    page_size: int,
    on_warning: OnWarning,
    on_unreadable: OnUnreadable | None,
    keep: Callable[[TrackedEmail, dict[str, Any]], bool],
) -> Iterator[list[TrackedEmail]]:
    def warn(text: str) -> None:
        log.warning("%s", text)
        on_warning(text)

    def readable(raw: list[Any]) -> list[TrackedEmail]:
        new = [entry for entry in raw if not id_of(entry) or id_of(entry) not in seen]
        seen.update(id_of(entry) for entry in new)
        return [email for email in parse_all(new, TrackedEmail.parse, on_unreadable) if keep(email, query)]

    earliest = client.now() - REACH
    if start < earliest - _MINUTE:  # a start computed a moment ago is not worth a word
        warn(
            f"message tracking reaches back 29 days and 23 hours: the search starts at {format_date(earliest)} "
            f"instead of {format_date(start)}"
        )
    start = max(start, earliest)
    seen: set[str] = set()
    todo = [(start, end)] if start <= end else []
    for _ in range(_MOST_WINDOWS):
        if not todo:
            return
        first, last = todo.pop()
        count, strays = 0, False
        item = {"start": format_date(first), "end": format_date(last), **query}
        walk = pages(client, capabilities.TRACKING_SEARCH, item, page_size=page_size, entries=_tracked, key=id_of)
        for raw in walk:
            count += len(raw)
            emails = readable(raw)
            strays = strays or any(not first - _SECOND <= email.received_at <= last + _SECOND for email in emails)
            if emails:
                yield emails
        if not _saturated(count, page_size):
            continue
        if last - first <= _SECOND or strays:
            warn(
                f"cannot enumerate: message tracking returned exactly {count} messages for {format_date(first)} to "
                f"{format_date(last)} and no next page; there may be more. Narrow the search (recipient or sender)"
            )
            continue
        middle = first + timedelta(seconds=int((last - first).total_seconds()) // 2)
        todo += [(first, middle), (middle, last)]  # the border second belongs to both: nothing is lost there
    if todo:
        raise ResponseError(
            f"{capabilities.TRACKING_SEARCH.path}: not read to its end after {_MOST_WINDOWS} windows; search a "
            "shorter time or narrow it by sender or recipient"
        )


def _saturated(count: int, page_size: int) -> bool:
    """Whether a result looks cut off: the cap is undocumented, but caps are round."""
    return count > 0 and (count % 100 == 0 or count == page_size or count in _SMALL_CAPS)


def _wanted(email: TrackedEmail, query: dict[str, Any]) -> bool:
    statuses, routes = query.get("status"), query.get("route")
    status = text_of(email.raw.get("status")).strip().lower()
    return (not statuses or status in statuses) and (not routes or email.route in routes)


def _tracked(envelope: Envelope) -> list[Any]:
    """`data[].trackedEmails[]`."""
    return [record for entry in envelope.data for record in list_of(dict_of(entry).get("trackedEmails"))]
