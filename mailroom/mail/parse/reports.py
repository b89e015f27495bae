"""Machine-readable parts of reports: header blocks separated by blank lines."""

from __future__ import annotations

import re

from mailroom.mail.parse.blocks import read_block
from mailroom.mail.parse.header_text import decode_header
from mailroom.mail.parse.limits import Work
from mailroom.mail.parse.transfer import is_base64, unbase64

_BLANK = re.compile(rb"(?:\r?\n[ \t]*){2,}")
_IN_BASE64 = ("content-transfer-encoding", "base64")
_LIMIT = 256 * 1024
_BLOCKS = 1_000


def read_status(content: bytes, work: Work) -> list[tuple[tuple[str, str], ...]]:
    """The blocks of a delivery status or disposition notification: the message's first, then one per recipient."""
    if len(content) > _LIMIT:
        content = content[:_LIMIT]
        work.defects.add("report_cut")
    found: list[tuple[tuple[str, str], ...]] = []
    encoded = False
    for block in _BLANK.split(content.strip())[:_BLOCKS]:
        if encoded and is_base64(block, 0, len(block)):  # a gateway took the blocks for the headers and body of a part
            pieces = _BLANK.split(unbase64(block, 0, len(block), work.defects).strip())[:_BLOCKS]
        else:
            pieces = [block]
        fields = [read for piece in pieces if (read := _fields(piece, work))]
        encoded = any(_IN_BASE64 in [(name.lower(), value.lower()) for name, value in read] for read in fields)
        found += fields
    return found


def returned_header_fields(content: bytes, work: Work) -> tuple[tuple[str, str], ...]:
    """The headers of the mail that a report is about, when only its headers came back."""
    return _fields(content.lstrip(b"\r\n"), work)


def _fields(block: bytes, work: Work) -> tuple[tuple[str, str], ...]:
    found = read_block(block, 0, len(block), work)
    return tuple((decode_header(name), decode_header(value)) for name, value in found.fields)
