"""The parts of a held message: their list, and their contents through pre-signed links."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO

from mailroom.errors import NotFoundError, NotOfferedError, PermissionMissingError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import parse_date
from mailroom.mimecast.presigned import FileDigest
from mailroom.mimecast.reading import bool_of, dict_of, int_of, list_of, text_of

MOST_PARTS = 1_000


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
        [attachment_of(part) for part in list_of(entry.get("attachments"))[:MOST_PARTS] if dict_of(part).get("id")],
        entry,
    )


def get_file(client: MimecastClient, file_id: str, sink: BinaryIO, *, max_bytes: int = 50 << 20) -> FileDigest:
    """Write one part's contents to `sink`. Effect: reads.

    The link Mimecast hands out is followed only over https to `*.mimecast.com` (or a host the client explicitly
    allows), without our credentials, without redirects, and only up to `max_bytes`. Not repeated once the link was
    followed; on an error `sink` may hold a part.

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
    return client.download(capabilities.GET_FILE, {"id": file_id}, sink, max_bytes=max_bytes)


def attachment_of(part: object) -> Attachment:
    """Read one part; nothing about it is required."""
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
