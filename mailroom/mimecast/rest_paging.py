"""Following the cursors of REST resources, never in circles."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mailroom.errors import InvalidInputError, ResponseError
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.reading import list_of

MOST = 100
"""Largest page of a REST resource."""
_PAGE_CAP = 10_000


def rest_pages(
    client: MimecastClient,
    function: Function,
    query: Mapping[str, Any],
    *,
    names: tuple[str, ...],
    key: Callable[[Any], str],
    page_size: int = MOST,
) -> Iterator[list[Any]]:
    """Yield the new entries of each page, in the order sent. API 2.0 only.

    Args:
        client: Which tenant.
        function: A REST resource that lists something.
        query: The same for every page.
        names: The field that holds the entries, under any of its names.
        key: An entry's identity; empty = cannot be told apart, so always yielded.
        page_size: 1 to 100.

    Raises:
        InvalidInputError: `page_size` is out of range.
        ResponseError: No list in the answer, a token came twice, or there was no end.
        MailroomError: As `client.rest`.
    """
    if not 1 <= page_size <= MOST:
        raise InvalidInputError(f"page_size {page_size}: this function takes 1 to {MOST}")
    seen: set[str] = set()
    tokens: set[str] = set()
    token: str | None = None
    for _ in range(_PAGE_CAP):
        answer = client.rest(function, query={**query, "pageSize": page_size, "pageToken": token})
        name = next((name for name in names if answer.data.get(name) is not None), None)
        if name is None:
            raise ResponseError(f"{function.name}: the answer has none of the lists {', '.join(names)}")
        fresh = []
        for entry in list_of(answer.data[name]):
            identity = key(entry)
            if not identity or identity not in seen:
                seen.add(identity)
                fresh.append(entry)
        if fresh:
            yield fresh
        token = answer.next_token
        if not token:
            return
        if token in tokens:
            raise ResponseError(
                f"{function.name}: Mimecast sent the same page token twice, so the list was not read to its end "
                f"({len(seen)} entries so far). Run again; if it stays, ask for a shorter time window"
            )
        tokens.add(token)
    raise ResponseError(f"{function.name}: more than {_PAGE_CAP} pages; ask for a shorter time window")
