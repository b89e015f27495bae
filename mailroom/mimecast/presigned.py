"""Files behind pre-signed links: followed only where they may lead, without our credentials, up to a cap."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import BinaryIO

from mailroom.errors import NotFoundError, RejectedError, ResponseError, TransientError
from mailroom.mimecast.transport import BrokenError, NotSentError, TooLargeError, Transport

# One strict pattern instead of a parser: no user, no odd port, no backslash that another parser reads differently.
_MIMECAST_LINK = re.compile(r"https://(?:[a-z0-9-]{1,63}\.)+mimecast\.com(?::443)?(?:[/?][!-\[\]-~]*)?", re.IGNORECASE)
_OTHER_LINK = re.compile(r"https?://[A-Za-z0-9.\-]+(?::\d{1,5})?[/?][!-\[\]-~]*")
_LONGEST = 8_192


@dataclass(frozen=True, slots=True)
class FileDigest:
    """What was written."""

    size: int
    """Bytes."""
    sha256: str


def checked_link(link: object, path: str, api_root: str = "") -> str:
    """The link, when it leads over https to `*.mimecast.com`, or to where the API itself is.

    Args:
        link: As Mimecast sent it.
        path: The function that sent it, for the error.
        api_root: Address of the API: a sandbox tenant has its files there, too.

    Raises:
        ResponseError: It leads elsewhere.
    """
    if isinstance(link, str) and len(link) <= _LONGEST:
        if _MIMECAST_LINK.fullmatch(link):
            return link
        if api_root and _OTHER_LINK.fullmatch(link) and link.startswith(f"{api_root.rstrip('/')}/"):
            return link
    raise ResponseError(
        f"{path}: the link does not lead over https to mimecast.com, so it was not followed; report this to Mimecast"
    )


def fetch_link(
    transport: Transport, link: str, sink: BinaryIO, *, path: str, max_bytes: int, seconds: float
) -> FileDigest:
    """Write what lies behind a checked link to `sink`. Not repeated; on an error `sink` may hold a part.

    Args:
        transport: How.
        link: From `checked_link`.
        sink: Open for writing bytes.
        path: The function that sent the link, for the errors.
        max_bytes: Largest file taken.
        seconds: Time left.

    Raises:
        RejectedError: Larger than `max_bytes` (code `too_large`).
        NotFoundError: The link is no longer valid; ask again.
        TransientError: The download broke off.
        ResponseError: Answered by something else; redirects are never followed.
    """
    digest = hashlib.sha256()
    try:
        status, size = transport.fetch(link, sink, max_bytes=max_bytes, seconds=seconds, digest=digest)
    except TooLargeError as error:
        raise too_large(path, max_bytes) from error
    except (NotSentError, BrokenError) as error:
        raise TransientError(f"{path}: the download failed ({error}); ask for the file again") from error
    if status in {403, 404, 410}:
        raise NotFoundError(f"{path}: the link answers HTTP {status}; it has expired, ask for the file again")
    if status != 200:
        kind = TransientError if status >= 500 or status == 429 else ResponseError
        raise kind(f"{path}: the download answers HTTP {status}; redirects are never followed")
    return FileDigest(size, digest.hexdigest())


def too_large(path: str, max_bytes: int) -> RejectedError:
    """The error for a file over the cap."""
    return RejectedError(f"{path}: the file is larger than {max_bytes} bytes; allow more or leave it", "too_large")
