"""The mail log for SIEM systems, as API 2.0 hands it out by cursor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.paging import hash_of
from mailroom.mimecast.reading import dict_of
from mailroom.mimecast.rest_paging import MOST, rest_pages


def siem_events(
    client: MimecastClient,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    types: Sequence[str] = (),
    page_size: int = MOST,
) -> Iterator[list[dict[str, Any]]]:
    """Events as sent, one list per page. API 2.0 only. Effect: reads.

    Events carry no id of their own; equal ones are given once.

    Args:
        client: Which tenant.
        start: Earliest, aware; None: Mimecast's own window.
        end: Latest, aware.
        types: E.g. `receipt`, `delivery`; empty = every one.
        page_size: 1 to 100.

    Raises:
        NotOfferedError: The client uses API 1.0.
        ResponseError: The list cannot be read.
        MailroomError: As `client.rest`.
    """
    query = {"dateRangeStartsAt": start, "dateRangeEndsAt": end, "types": ",".join(types) or None}
    walk = rest_pages(
        client, capabilities.SIEM_EVENTS, query, names=("value",), key=hash_of, cursor="nextPage", page_size=page_size
    )
    for raw in walk:
        yield [dict_of(entry) or {"value": entry} for entry in raw]
