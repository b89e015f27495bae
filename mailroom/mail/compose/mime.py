"""MIME parts as bytes: encodings, boundaries, file names."""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import Callable, Sequence

from mailroom.errors import InvalidInputError
from mailroom.mail.compose.header_text import checked_value, parameter_header
from mailroom.mail.compose.outgoing import OutgoingAttachment

_LONGEST_LINE = 990
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}")
_CONTENT_ID = re.compile(r"[!-;=?-~]{1,200}")
_NAME_OCTETS = 180
_UNSAFE_IN_NAME = re.compile('[\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff<>:"|?*]')


class Boundaries:
    """Boundary after boundary, the same for the same seed; nobody who wrote the content can know them."""

    def __init__(self, seed: str) -> None:
        self._seed, self._count = seed, 0

    def __call__(self) -> str:
        """The next one, 42 characters."""
        self._count += 1
        return "=_" + hashlib.sha256(f"{self._count} {self._seed}".encode()).hexdigest()[:40]


def text_part(text: str, subtype: str) -> bytes:
    """`text/plain` or `text/html` in UTF-8 (or plain ASCII), CRLF line ends, no line over 998 octets."""
    raw = text.replace("\x00", "").encode("utf-8", "replace")
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    if raw and not raw.endswith(b"\r\n"):
        raw += b"\r\n"
    charset = "us-ascii" if raw.isascii() else "utf-8"
    head = parameter_header("Content-Type", f"text/{subtype}", [("charset", charset)])
    if raw.isascii() and all(len(line) <= _LONGEST_LINE for line in raw.split(b"\r\n")):
        return head + b"Content-Transfer-Encoding: 7bit\r\n\r\n" + raw
    quoted = binascii.b2a_qp(raw, istext=True)
    if len(quoted) <= len(raw) * 5 // 3:
        return head + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + quoted
    return head + b"Content-Transfer-Encoding: base64\r\n\r\n" + _base64(raw)


def multipart(subtype: str, parts: Sequence[bytes], boundary: Callable[[], str], **parameters: str) -> bytes:
    """The parts in one; a single part is returned as it is."""
    if len(parts) == 1:
        return parts[0]
    mark = boundary()
    encoding = b"8bit" if any(not part.isascii() for part in parts) else b"7bit"
    line = b"--" + mark.encode("ascii")
    # The line break before a boundary belongs to the boundary, so each part gets one more and loses none of its own.
    body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts)
    return (
        parameter_header("Content-Type", f"multipart/{subtype}", [("boundary", mark), *parameters.items()])
        + (b"Content-Transfer-Encoding: " + encoding + b"\r\n\r\n")
        + (body + line + b"--\r\n")
    )


def is_type(kind: str) -> bool:
    """True for a lower-case type an attachment may have."""
    return _TYPE.fullmatch(kind) is not None and not kind.startswith("multipart/")


def is_content_id(text: str) -> bool:
    """True for a content id that can be written."""
    return _CONTENT_ID.fullmatch(text) is not None


def attachment_part(attachment: OutgoingAttachment, *, inline: bool, eight_bit: bool) -> bytes:
    """One file; an attached mail keeps its exact bytes when the wire allows it.

    Raises:
        InvalidInputError: The name, type or content id cannot go into a header.
    """
    kind = attachment.mime_type.strip().lower()
    if not is_type(kind):
        raise InvalidInputError(f"attachment type {attachment.mime_type!r} is not one; write e.g. application/pdf")
    name = file_name(attachment.name)
    raw, as_it_is = attachment.content, False
    if kind.startswith("message/"):
        # base64 is forbidden for these types, so a mail that cannot travel unchanged goes as a plain file
        as_it_is = kind == "message/rfc822" and _travels(raw) and (eight_bit or raw.isascii())
        kind = kind if as_it_is else "application/octet-stream"
    lines = parameter_header("Content-Type", kind, [("name", name)] if name.isascii() else [])
    lines += parameter_header("Content-Disposition", "inline" if inline else "attachment", [("filename", name)])
    if attachment.content_id:
        if not is_content_id(attachment.content_id):
            raise InvalidInputError(f"content id {attachment.content_id[:80]!a} is not one; use ASCII without spaces")
        lines += f"Content-ID: <{attachment.content_id}>\r\n".encode("ascii")
    if as_it_is:
        encoding = "7bit" if raw.isascii() else "8bit"
        return lines + f"Content-Transfer-Encoding: {encoding}\r\n\r\n".encode("ascii") + raw
    return lines + b"Content-Transfer-Encoding: base64\r\n\r\n" + _base64(raw)


def file_name(name: str) -> str:
    """The last component of `name`, without what would mislead or break; cut to 180 octets before the extension.

    Raises:
        InvalidInputError: It holds a line break or a NUL.
    """
    text = checked_value(name, "the name of an attachment")
    text = _UNSAFE_IN_NAME.sub("_", re.split(r"[/\\]", text)[-1]).strip(" .")
    stem, dot, extension = text.rpartition(".")
    if not dot or len(extension.encode()) > 20:
        stem, dot, extension = text, "", ""
    room = _NAME_OCTETS - len(extension.encode()) - 1
    stem = stem.encode()[:room].decode("utf-8", "ignore")
    return f"{stem}{dot}{extension}" or "attachment"


def _travels(raw: bytes) -> bool:
    """True when a mail may be put between boundaries byte by byte."""
    if b"\x00" in raw or not raw:
        return False
    bare = raw.replace(b"\r\n", b"")
    if b"\r" in bare or b"\n" in bare:
        return False
    return all(len(line) <= _LONGEST_LINE + 8 for line in raw.split(b"\r\n"))


def _base64(raw: bytes) -> bytes:
    whole = binascii.b2a_base64(raw, newline=False)
    return b"".join(whole[start : start + 76] + b"\r\n" for start in range(0, len(whole), 76))
