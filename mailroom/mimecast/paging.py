"""Following pages without ever going round in circles.

A page token is an offset into a moving list: entries appear twice and pages shift while mail arrives or is acted on.
So entries are de-duplicated by their key, a token is never followed twice, and the number of pages is capped. When
somebody else acts meanwhile, later pages move up and entries are skipped; the list then has shown fewer entries than
it announced, and is walked again. Collect all ids first, then act.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from hashlib import sha256
from typing import Any, TypeVar

from mailroom.errors import InvalidInputError, RejectedError, ResponseError
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.diagnosis import error_of
from mailroom.mimecast.envelope import Envelope
from mailroom.mimecast.reading import OnUnreadable, dict_of, list_of, parse_all

log = logging.getLogger(__name__)

Row = TypeVar("Row")

PAGE_CAP = 10_000
_RESTARTS = 2


def hash_of(entry: Any) -> str:
    """The identity of an entry that has no id: a hash of all it says."""
    return sha256(json.dumps(entry, sort_keys=True, default=str).encode()).hexdigest()


def id_of(entry: Any) -> str:
    """The `id` of an entry, when it has a usable one."""
    value = entry.get("id") if isinstance(entry, dict) else None
    return value if isinstance(value, str) else ""


def id_or_hash(entry: Any) -> str:
    """Its `id`, or for an entry without one a hash of all it says."""
    return id_of(entry) or hash_of(entry)


def pages(
    client: MimecastClient,
    function: Function,
    item: Mapping[str, Any] | None,
    *,
    page_size: int,
    entries: Callable[[Envelope], list[Any]],
    key: Callable[[Any], str],
    page_cap: int = PAGE_CAP,
    recount: bool = True,
) -> Iterator[list[Any]]:
    """Yield the new entries of each page, in the order sent.

    Args:
        client: Which tenant.
        function: A read.
        item: The one request item, repeated unchanged for every page; None for functions that take none.
        page_size: Entries asked for; frozen in the token, so never changed on the way.
        entries: Where the entries are in an answer.
        key: An entry's identity; empty = cannot be told apart, so always yielded.
        page_cap: Most pages followed in one walk.
        recount: Walk again when fewer entries were seen than announced. Not for entries without an id of their own:
            two that say the same are one.

    Raises:
        InvalidInputError: `page_size` is out of range.
        ResponseError: A token came twice, or there were more pages than `page_cap`: the list was not read to its end.
        MailroomError: As `client.call`.
    """
    if not 1 <= page_size <= 500:
        raise InvalidInputError(f"page_size {page_size}: Mimecast takes 1 to 500")
    seen = _Seen()
    for restart in range(_RESTARTS + 1):
        try:
            yield from _walk(client, function, item, page_size, entries, key, page_cap, seen)
        except _TokenRefusedError as error:
            if restart == _RESTARTS:
                raise error.reason from None
            log.info("%s: a page token was refused; starting again at the first page", function.path)
            continue
        if not recount or not seen.is_short:
            return
        log.info("%s: the list moved while it was read; walking it again", function.path)
    log.warning("%s: %d entries announced, %d seen", function.path, seen.announced, len(seen.names))


def listed(
    client: MimecastClient,
    function: Function,
    item: Mapping[str, Any] | None,
    parse: Callable[[object], Row],
    *,
    page_size: int,
    on_unreadable: OnUnreadable | None,
    entries: Callable[[Envelope], list[Any]] = lambda envelope: envelope.data,
    key: Callable[[Any], str] = id_of,
    recount: bool = True,
) -> Iterator[list[Row]]:
    """The same as models, one list per page.

    Args:
        client: As for `pages`.
        function: As for `pages`.
        item: As for `pages`.
        parse: Reads an entry.
        page_size: As for `pages`.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.
        entries: As for `pages`; a flat `data[]` unless told otherwise.
        key: As for `pages`.
        recount: As for `pages`.

    Raises:
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `pages`.
    """
    walk = pages(client, function, item, page_size=page_size, entries=entries, key=key, recount=recount)
    for raw in walk:
        yield parse_all(raw, parse, on_unreadable)


class _Seen:
    """What a walk has met so far, over all its restarts."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.announced = 0
        self.pages = 0

    def page(self, envelope: Envelope) -> None:
        """Note one answer."""
        total = envelope.pagination.get("totalCount")
        self.announced = max(self.announced, total if isinstance(total, int) else 0)
        self.pages += 1

    @property
    def is_short(self) -> bool:
        """Fewer entries than announced, on a list of several pages: a single page cannot skip any."""
        return self.pages > 1 and len(self.names) < self.announced


class _TokenRefusedError(Exception):
    """A later page was refused: tokens live an undocumented time, so the walk starts again."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(str(reason))
        self.reason = reason


def _walk(
    client: MimecastClient,
    function: Function,
    item: Mapping[str, Any] | None,
    page_size: int,
    entries: Callable[[Envelope], list[Any]],
    key: Callable[[Any], str],
    page_cap: int,
    seen: _Seen,
) -> Iterator[list[Any]]:
    tokens: set[str] = set()
    token = ""
    for _ in range(page_cap):
        page: dict[str, Any] = {"pageSize": page_size}
        if token:
            page["pageToken"] = token
        try:
            envelope = client.call(function, [] if item is None else [item], page=page)
        except RejectedError as error:
            if not token:
                raise
            raise _TokenRefusedError(error) from error
        seen.page(envelope)
        fresh = _fresh(entries(envelope), key, seen.names)
        if fresh:
            yield fresh
        if envelope.failures:  # never follow `next` of a page that also failed
            raise error_of(function, client.generation, envelope, client.skew)
        token = envelope.next_token
        if not token:
            return
        if token in tokens:
            raise ResponseError(
                f"{function.path}: Mimecast sent the same page token twice, so the list was not read to its end "
                f"({len(seen.names)} entries so far). Run again; if it stays, ask for a shorter time window"
            )
        tokens.add(token)
    raise ResponseError(f"{function.path}: more than {page_cap} pages; ask for a shorter time window or larger pages")


def _fresh(entries: list[Any], key: Callable[[Any], str], seen: set[str]) -> list[Any]:
    fresh = []
    for entry in entries:
        name = key(entry)
        if name:
            if name in seen:
                continue
            seen.add(name)
        fresh.append(entry)
    return fresh


def entries_in(*names: str) -> Callable[[Envelope], list[Any]]:
    """Where most functions have their entries: `data[].<name>[]`, or a flat `data[]`."""

    def entries(envelope: Envelope) -> list[Any]:
        found: list[Any] = []
        for entry in envelope.data:
            name = next((name for name in names if name in dict_of(entry)), None)
            found.extend([entry] if name is None else list_of(entry[name]))
        return found

    return entries
