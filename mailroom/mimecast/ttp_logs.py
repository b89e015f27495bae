"""Targeted threat protection: who clicked what, which files were scanned, who was impersonated."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

from mailroom.errors import InvalidInputError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.paging import entries_in, id_or_hash, listed
from mailroom.mimecast.reading import OnUnreadable
from mailroom.mimecast.ttp_models import AttachmentScan, Impersonation, UrlClick

ROUTES = ("all", "inbound", "outbound", "internal")
SCAN_RESULTS = ("all", "clean", "malicious")
ATTACHMENT_RESULTS = ("all", "clean", "safe", "malicious", "unknown", "timeout")
"""Sources differ on this list; other values are passed through."""
SEARCH_FIELDS = ("all", "senderAddress", "recipientAddress", "subject", "policy")
IMPERSONATION_ACTIONS = ("hold", "bounce", "none")
PAGE_SIZE = 500

Row = TypeVar("Row")


def url_logs(
    client: MimecastClient,
    *,
    start: datetime,
    end: datetime,
    scan_result: str = "all",
    route: str = "all",
    oldest_first: bool = False,
    page_size: int = PAGE_SIZE,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[UrlClick]]:
    """Clicks on rewritten links, newest first unless told otherwise, one list per page. Effect: reads.

    Args:
        client: Which tenant.
        start: Earliest click, aware.
        end: Latest click, aware.
        scan_result: `all`, `clean` or `malicious`.
        route: `all`, `inbound`, `outbound` or `internal`.
        oldest_first: The other order.
        page_size: 1 to 500.
        on_unreadable: Takes rows that cannot be read; without it such a row is an error.

    Raises:
        InvalidInputError: A filter is unknown.
        ResponseError: A row, or the log as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    item = _item(start, end, route, oldest_first) | {"scanResult": one_of("scan_result", scan_result, SCAN_RESULTS)}
    return _walk(client, capabilities.URL_LOGS, item, "clickLogs", UrlClick.parse, page_size, on_unreadable)


def attachment_logs(
    client: MimecastClient,
    *,
    start: datetime,
    end: datetime,
    result: str = "all",
    route: str = "all",
    oldest_first: bool = False,
    page_size: int = PAGE_SIZE,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[AttachmentScan]]:
    """Scanned files, newest first unless told otherwise, one list per page. Effect: reads.

    Args:
        client: Which tenant.
        start: Earliest scan, aware.
        end: Latest scan, aware.
        result: `all`, or one of `ATTACHMENT_RESULTS`; other values are passed through.
        route: As for `url_logs`.
        oldest_first: The other order.
        page_size: 1 to 500.
        on_unreadable: Takes rows that cannot be read; without it such a row is an error.

    Raises:
        InvalidInputError, ResponseError, MailroomError: As `url_logs`.
    """
    item = _item(start, end, route, oldest_first) | {"result": result or "all"}
    return _walk(
        client, capabilities.ATTACHMENT_LOGS, item, "attachmentLogs", AttachmentScan.parse, page_size, on_unreadable
    )


def impersonation_logs(
    client: MimecastClient,
    *,
    start: datetime,
    end: datetime,
    search_by: tuple[str, str] | None = None,
    tagged_malicious: bool | None = None,
    identifiers: Sequence[str] = (),
    actions: Sequence[str] = (),
    oldest_first: bool = False,
    page_size: int = PAGE_SIZE,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[Impersonation]]:
    """Mails that pretended to be from somebody, one list per page. Effect: reads.

    Args:
        client: Which tenant.
        start: Earliest, aware.
        end: Latest, aware.
        search_by: A field (`all`, `senderAddress`, `recipientAddress`, `subject`, `policy`) and its value.
        tagged_malicious: Only those that were, or were not; None = both.
        identifiers: Any of these, e.g. `similar_internal_domain`; empty = every one.
        actions: Any of `hold`, `bounce`, `none`; empty = every one.
        oldest_first: The other order.
        page_size: 1 to 500.
        on_unreadable: Takes rows that cannot be read; without it such a row is an error.

    Raises:
        InvalidInputError, ResponseError, MailroomError: As `url_logs`.
    """
    item: dict[str, Any] = _item(start, end, "", oldest_first)
    if search_by is not None:
        name, value = search_by
        item |= {"searchField": one_of("search field", name, SEARCH_FIELDS), "query": value}
    if tagged_malicious is not None:
        item["taggedMalicious"] = tagged_malicious
    if identifiers:
        item["identifiers"] = list(identifiers)
    if actions:
        item["actions"] = [one_of("action", action, IMPERSONATION_ACTIONS) for action in actions]
    return _walk(
        client,
        capabilities.IMPERSONATION_LOGS,
        item,
        "impersonationLogs",
        Impersonation.parse,
        page_size,
        on_unreadable,
    )


def _item(start: datetime, end: datetime, route: str, oldest_first: bool) -> dict[str, Any]:
    item: dict[str, Any] = {"from": format_date(start), "to": format_date(end)}
    if route:
        item["route"] = one_of("route", route, ROUTES)
    if oldest_first:
        item["oldestFirst"] = True
    return item


def one_of(what: str, value: str, allowed: Sequence[str]) -> str:
    """`value`, when it is one of those.

    Raises:
        InvalidInputError: It is not; the message lists them.
    """
    if value not in allowed:
        raise InvalidInputError(f"{what} {value!r}: choose one of {', '.join(allowed)}")
    return value


def _walk(
    client: MimecastClient,
    function: capabilities.Function,
    item: dict[str, Any],
    name: str,
    parse: Callable[[object], Row],
    page_size: int,
    on_unreadable: OnUnreadable | None,
) -> Iterator[list[Row]]:
    return listed(
        client, function, item, parse, page_size=page_size, on_unreadable=on_unreadable, entries=entries_in(name),
        key=id_or_hash, recount=False,
    )  # fmt: skip
