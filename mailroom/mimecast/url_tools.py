"""Links: the true address behind a rewritten one, and the URLs that are always blocked or permitted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mailroom.errors import InvalidInputError, ResponseError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.paging import id_of, listed
from mailroom.mimecast.reading import OnUnreadable, bool_of, int_of, object_of, text_of


@dataclass(frozen=True, slots=True)
class DecodedUrl:
    """What a link really leads to."""

    url: str
    """The true address; the link as given when it was not a rewritten one."""
    success: bool
    """False: not a link that Mimecast rewrote."""


@dataclass(frozen=True, slots=True)
class ManagedUrl:
    """A URL or domain that is always blocked or permitted."""

    id: str
    action: str
    """`block` or `permit`."""
    match_type: str
    """`explicit` or `domain`."""
    scheme: str
    domain: str
    port: int | None
    """None: any."""
    path: str
    query: str
    comment: str
    disable_rewrite: bool | None
    disable_user_awareness: bool | None
    disable_log_click: bool | None
    raw: dict[str, Any] = field(repr=False, compare=False)

    @property
    def url(self) -> str:
        """It in one piece; a domain when the whole domain is meant."""
        if self.match_type == "domain":
            return self.domain
        place = self.domain if self.port is None else f"{self.domain}:{self.port}"
        query = f"?{self.query}" if self.query else ""
        return f"{self.scheme or 'http'}://{place}{self.path}{query}"

    @classmethod
    def parse(cls, raw: object) -> ManagedUrl:
        """Read one entry.

        Raises:
            ResponseError: Not an object, or without id.
        """
        entry = object_of("managed URLs", raw)
        if not id_of(entry):
            raise ResponseError("managed URLs: an entry has no id")
        get = entry.get
        port = int_of(get("port"))
        return cls(
            id_of(entry),
            text_of(get("action")).lower(),
            text_of(get("matchType")).lower(),
            text_of(get("scheme")),
            text_of(get("domain")),
            port if port is not None and port > 0 else None,
            text_of(get("path")),
            text_of(get("queryString")),
            text_of(get("comment")),
            bool_of(get("disableRewrite")),
            bool_of(get("disableUserAwareness")),
            bool_of(get("disableLogClick")),
            entry,
        )


def decode_url(client: MimecastClient, url: str) -> DecodedUrl:
    """What a rewritten link really leads to; nothing is opened. Effect: reads.

    Raises:
        InvalidInputError: No URL was given.
        ResponseError: The answer says nothing about it.
        MailroomError: As `client.call`.
    """
    link = url.strip()
    if not link:
        raise InvalidInputError("the URL is empty: give the rewritten link, whole")
    function = capabilities.DECODE_URL
    envelope = client.call(function, [{"url": link}])
    if not envelope.data:
        raise ResponseError(f"{function.path}: the answer says nothing about the link")
    entry = object_of(function.path, envelope.data[0])
    found = text_of(entry.get("url"))
    success = bool_of(entry.get("success")) is True and bool(found)
    return DecodedUrl(found if success else link, success)


def list_managed_urls(
    client: MimecastClient, *, page_size: int = 100, on_unreadable: OnUnreadable | None = None
) -> Iterator[list[ManagedUrl]]:
    """Every URL that is always blocked or permitted, one list per page. Effect: reads.

    Args:
        client: Which tenant.
        page_size: 1 to 500.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    return listed(
        client, capabilities.LIST_MANAGED_URLS, None, ManagedUrl.parse, page_size=page_size,
        on_unreadable=on_unreadable,
    )  # fmt: skip
