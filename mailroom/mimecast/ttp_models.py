"""Rows of the targeted threat protection logs. Tolerant: the row as sent stays in `raw`, nothing in it is required."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.mimecast.dates import parse_date
from mailroom.mimecast.paging import hash_of, id_of
from mailroom.mimecast.reading import bool_of, dict_of, int_of, known, list_of, object_of, text_of
from mailroom.mimecast.statuses import ROUTES


@dataclass(frozen=True, slots=True)
class UrlClick:
    """Somebody clicked a rewritten link."""

    at: datetime | None
    user: str
    sender: str
    url: str
    action: str
    scan_result: str
    """`clean` or `malicious`, in lower case."""
    category: str
    definition: str
    subject: str
    message_id: str
    sending_ip: str
    route: str
    admin_override: str
    user_override: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @property
    def row_id(self) -> str:
        """Identity of a row that has no id."""
        return hash_of(self.raw)

    @classmethod
    def parse(cls, raw: object) -> UrlClick:
        """Read one row.

        Raises:
            ResponseError: Not an object.
        """
        row = object_of("URL log", raw)
        get = row.get
        return cls(
            parse_date(get("date")),
            text_of(get("userEmailAddress")),
            text_of(get("fromUserEmailAddress")),
            text_of(get("url")),
            text_of(get("action")).lower(),
            text_of(get("scanResult")).lower(),
            text_of(get("category")),
            text_of(get("ttpDefinition")),
            text_of(get("subject")),
            text_of(get("messageId")),
            text_of(get("sendingIp")),
            known("URL log route", get("route"), ROUTES),
            text_of(get("adminOverride")),
            text_of(get("userOverride")),
            row,
        )


@dataclass(frozen=True, slots=True)
class AttachmentScan:
    """A file that was scanned."""

    at: datetime | None
    sender: str
    recipient: str
    file_name: str
    file_type: str
    sha256: str
    """In lower case."""
    result: str
    """`safe`, `malicious`, `timeout`, ... in lower case; sources differ on the list."""
    action: str
    details: str
    definition: str
    subject: str
    message_id: str
    route: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @property
    def row_id(self) -> str:
        """Identity of a row that has no id."""
        return hash_of(self.raw)

    @classmethod
    def parse(cls, raw: object) -> AttachmentScan:
        """Read one row.

        Raises:
            ResponseError: Not an object.
        """
        row = object_of("attachment log", raw)
        get = row.get
        return cls(
            parse_date(get("date")),
            text_of(get("senderAddress")),
            text_of(get("recipientAddress")),
            text_of(get("fileName")),
            text_of(get("fileType")),
            text_of(get("fileHash")).lower(),
            text_of(get("result")).lower(),
            text_of(get("actionTriggered")),
            text_of(get("details")),
            text_of(get("definition")),
            text_of(get("subject")),
            text_of(get("messageId")),
            known("attachment log route", get("route"), ROUTES),
            row,
        )


@dataclass(frozen=True, slots=True)
class Impersonation:
    """A mail that pretended to be from somebody."""

    id: str
    at: datetime | None
    sender: str
    sender_ip: str
    recipient: str
    subject: str
    hits: int | None
    identifiers: tuple[str, ...]
    """What gave it away: `similar_internal_domain`, `reply_address_mismatch`, ..."""
    similar_domains: tuple[str, ...]
    """The true domains it looked like."""
    action: str
    """`hold`, `bounce`, `none`."""
    definition: str
    tagged_external: bool | None
    tagged_malicious: bool | None
    message_id: str
    raw: dict[str, Any] = field(repr=False, compare=False)

    @property
    def row_id(self) -> str:
        """The id, or the identity of a row that lost it."""
        return self.id or hash_of(self.raw)

    @classmethod
    def parse(cls, raw: object) -> Impersonation:
        """Read one row.

        Raises:
            ResponseError: Not an object.
        """
        row = object_of("impersonation log", raw)
        get = row.get
        similar = (text_of(dict_of(one).get("similarDomain")) for one in list_of(get("impersonationResults")))
        return cls(
            id_of(row),
            parse_date(get("eventTime")),
            text_of(get("senderAddress")),
            text_of(get("senderIpAddress")),
            text_of(get("recipientAddress")),
            text_of(get("subject")),
            int_of(get("hits")),
            tuple(filter(None, map(text_of, list_of(get("identifiers"))))),
            tuple(filter(None, similar)),
            text_of(get("action")).lower(),
            text_of(get("definition")),
            bool_of(get("taggedExternal")),
            bool_of(get("taggedMalicious")),
            text_of(get("messageId")),
            row,
        )
