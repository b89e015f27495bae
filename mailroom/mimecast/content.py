"""The parts of a held message: their list, and their contents through pre-signed links."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from mailroom.errors import (
    NotFoundError,
    NotOfferedError,
    PermissionMissingError,
    RejectedError,
    ResponseError,
    TransientError,
)
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import parse_date
from mailroom.mimecast.reading import bool_of, dict_of, int_of, list_of, text_of
from mailroom.mimecast.transport import BrokenError, NotSentError, TooLargeError
from mailroom.mimecast.waiting import Deadline

# One strict pattern instead of a parser: no user, no odd port, no backslash that another parser reads differently.
_MIMECAST_LINK = re.compile(r"https://(?:[a-z0-9-]{1,63}\.)+mimecast\.com(?::443)?(?:[/?][!-\[\]-~]*)?", re.IGNORECASE)
_MOST_PARTS = 1_000


@dataclass(frozen=True, slots=True)
class Attachment:
    """One part with contents to fetch."""

    id: str
    name: str
    mime_type: str
    body_type: str
    size: int | None
    """Bytes."""
    sha256: str
    verdict: str
    raw: dict[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class MessageDetail:
    """One held message and its parts."""

    id: str
    status: str
    message_id: str
    has_html: bool | None
    received_at: datetime | None
    attachments: list[Attachment]
    raw: dict[str, Any] = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What was written."""

    size: int
    """Bytes."""
    sha256: str


def get_message_detail(client: MimecastClient, hold_id: str, *, context: str = "RECEIVED") -> MessageDetail:
    """The parts of a held message. Effect: reads. Documented for API 1.0; tried on 2.0.

    Raises:
        NotOfferedError: API 2.0 refuses it; the message names the replacement.
        NotFoundError: No such message.
        MailroomError: As `client.call`.
    """
    function = capabilities.MESSAGE_DETAIL
    try:
        envelope = client.call(function, [{"id": hold_id, "context": context}])
    except (PermissionMissingError, NotFoundError) as error:
        if client.generation == "2.0":
            msg = f"{function.path}: this API 2.0 tenant does not offer it. Use instead: {function.instead}"
            raise NotOfferedError(msg) from error
        raise
    if not envelope.data:
        raise NotFoundError(f"{function.path}: no held message {hold_id[:200]!r}; it may have been handled meanwhile")
    entry = dict_of(envelope.data[0])
    return MessageDetail(
        text_of(entry.get("id")) or hold_id,
        text_of(entry.get("status")),
        text_of(entry.get("mimeMessageId")),
        bool_of(entry.get("hasHtmlBody")),
        parse_date(entry.get("received")),
        [_attachment(part) for part in list_of(entry.get("attachments"))[:_MOST_PARTS] if dict_of(part).get("id")],
        entry,
    )


def get_file(client: MimecastClient, file_id: str, sink: BinaryIO, *, max_bytes: int = 50 << 20) -> FileDigest:
    """Write one part's contents to `sink`. Effect: reads.

    The link Mimecast hands out is followed only over https to `*.mimecast.com` (or a host the client explicitly
    allows), without our credentials, without redirects, and only up to `max_bytes`. Not repeated once `sink` has
    been written to; on an error `sink` may hold a part.

    Args:
        client: Which tenant.
        file_id: Id of an attachment of `get_message_detail`.
        sink: Open for writing bytes.
        max_bytes: Largest file taken.

    Raises:
        RejectedError: Larger than `max_bytes` (code `too_large`).
        ResponseError: No link, or one to a place that is not trusted.
        NotFoundError: The link is no longer valid; ask again.
        TransientError: The download broke off.
        MailroomError: As `client.call`.
    """
    function = capabilities.GET_FILE
    envelope = client.call(function, [{"id": file_id}])
    links = [link for entry in envelope.data for link in list_of(dict_of(entry).get("urls"))]
    if not links:
        raise NotFoundError(f"{function.path}: no link for the file; it does not exist, or no longer")
    link = _trusted(links[0], client)
    limit = Deadline(client.default_deadline, function.path, client.clock, None)
    digest = hashlib.sha256()
    try:
        status, size = client.transport.fetch(link, sink, max_bytes=max_bytes, seconds=limit.left, digest=digest)
    except TooLargeError as error:
        raise RejectedError(f"{function.path}: the file is larger than {max_bytes} bytes", "too_large") from error
    except (NotSentError, BrokenError) as error:
        raise TransientError(f"{function.path}: the download failed ({error}); ask for the file again") from error
    if status in {403, 404, 410}:
        raise NotFoundError(f"{function.path}: the link answers HTTP {status}; it has expired, ask for the file again")
    if status != 200:
        kind = TransientError if status >= 500 or status == 429 else ResponseError
        raise kind(f"{function.path}: the download answers HTTP {status}; redirects are never followed")
    return FileDigest(size, digest.hexdigest())


def _attachment(part: object) -> Attachment:
    entry = dict_of(part)
    return Attachment(
        text_of(entry.get("id")),
        text_of(entry.get("filename")),
        text_of(entry.get("contentType")),
        text_of(entry.get("bodyType")),
        int_of(entry.get("size")),
        text_of(entry.get("sha256")).lower(),
        text_of(entry.get("verdict")),
        entry,
    )


def _trusted(link: object, client: MimecastClient) -> str:
    if isinstance(link, str) and len(link) <= 8_192:
        if _MIMECAST_LINK.fullmatch(link):
            return link
        if client.download_hosts and re.fullmatch(r"https?://[A-Za-z0-9.\-]+(?::\d{1,5})?[/?][!-\[\]-~]*", link):
            host = (urlsplit(link).hostname or "").lower()
            secure = link.startswith("https://") or host in {"127.0.0.1", "localhost"}
            if secure and host in {allowed.lower() for allowed in client.download_hosts}:
                return link
    raise ResponseError(
        f"{capabilities.GET_FILE.path}: the link does not lead over https to mimecast.com, so it was not followed; "
        "report this to Mimecast"
    )
