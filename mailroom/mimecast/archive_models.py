"""What the archive answers. Tolerant of drift: the answer as sent stays in `raw`, nothing about a row is required."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.errors import ResponseError
from mailroom.mimecast.content import MOST_PARTS, Attachment, attachment_of
from mailroom.mimecast.dates import parse_date
from mailroom.mimecast.reading import Address, bool_of, dict_of, int_of, list_of, note_drift, text_of

_MOST_HEADERS = 2_000
_MOST_ADDRESSES = 2_000


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One row of a search: a mail as the archive lists it. Fields that were not asked for are empty."""

    id: str
    """For detail, parts and files; no other kind of id works there."""
    status: str
    subject: str
    received_at: datetime | None
    from_name: str
    from_address: str
    to_name: str
    to: list[Address]
    size: int | None
    """Bytes."""
    attachment_count: int | None
    """Inline parts are not counted."""
    smash: str
    """A hash-like value; nothing can be asked with it."""
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> ArchiveEntry:
        """Read one row; a row that is no object is kept under the column `value`."""
        if not isinstance(raw, dict):
            note_drift("archive row", type(raw).__name__)
            raw = {"value": raw}
        get = raw.get
        return cls(
            text_of(get("id")),
            text_of(get("status")).lower(),
            text_of(get("subject")),
            parse_date(get("receiveddate")),
            text_of(get("displayfrom")),
            text_of(get("displayfromaddress")),
            text_of(get("displayto")),
            _addresses(get("displaytoaddresslist")),
            int_of(get("size")),
            int_of(get("attachmentcount")),
            text_of(get("smash")),
            raw,
        )


@dataclass(frozen=True, slots=True)
class ArchiveMessage:
    """One mail of the archive without its body."""

    id: str
    status: str
    message_id: str
    """RFC Message-ID."""
    subject: str
    header_date: datetime | None
    received_at: datetime | None
    processed_at: datetime | None
    size: int | None
    """Bytes."""
    has_html: bool | None
    from_header: Address
    from_envelope: Address
    reply_to: list[Address]
    to: list[Address]
    cc: list[Address]
    headers: list[tuple[str, str]]
    """In the order sent; a header that stands several times is there several times."""
    attachments: list[Attachment]
    smash: str
    preview: str = field(repr=False)
    """The first hundred characters or so of the body: content, so it is never put into Prefect."""
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> ArchiveMessage:
        """Read one answer.

        Raises:
            ResponseError: It is no object.
        """
        if not isinstance(raw, dict):
            raise ResponseError(f"the archive's answer about a message is a JSON {type(raw).__name__}, not an object")
        get = raw.get
        return cls(
            text_of(get("id")),
            text_of(get("status")).lower(),
            text_of(get("mimeMessageId")),
            text_of(get("subject")),
            parse_date(get("headerDate")),
            parse_date(get("received")),
            parse_date(get("processed")),
            int_of(get("size")),
            bool_of(get("hasHtmlBody")),
            Address.parse(get("from")),
            Address.parse(get("envelopeFrom")),
            _addresses(get("replyTo")),
            _addresses(get("to")),
            _addresses(get("cc")),
            _headers(get("headers")),
            [attachment_of(part) for part in list_of(get("attachments"))[:MOST_PARTS] if dict_of(part).get("id")],
            text_of(get("smash")),
            text_of(get("messageBodyPreview")),
            raw,
        )


@dataclass(frozen=True, slots=True)
class ArchiveLogEntry:
    """One line of the search log or the view log: who searched for what, who looked at which mail."""

    who: str
    at: datetime | None
    what: str
    """The search text, or the subject that was looked at."""
    reason: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @classmethod
    def parse(cls, raw: object) -> ArchiveLogEntry:
        """Read one line. The names differ between functions and generations, so several are tried; none is required."""
        entry = dict_of(raw) or {"value": raw}

        def first(*names: str) -> Any:
            return next((entry[name] for name in names if entry.get(name)), None)

        return cls(
            text_of(first("emailAddr", "email", "emailAddress", "viewer", "user", "operator")),
            parse_date(first("createTime", "viewed", "eventTime", "date", "time")),
            text_of(first("searchText", "subject", "description", "query", "museQuery")),
            text_of(first("searchReason", "reason", "discoveryCase")),
            entry,
        )


def _addresses(value: object) -> list[Address]:
    return [
        address for part in list_of(value)[:_MOST_ADDRESSES] if (address := Address.parse(part)) and any_part(address)
    ]


def any_part(address: Address) -> bool:
    """Whether an address says anything at all."""
    return bool(address.address or address.display_name)


def _headers(value: object) -> list[tuple[str, str]]:
    found = []
    for header in list_of(value)[:_MOST_HEADERS]:
        entry = dict_of(header)
        name = text_of(entry.get("name"))
        found += [(name, text_of(one)) for one in list_of(entry.get("values", entry.get("value")))]
    return found[:_MOST_HEADERS]
