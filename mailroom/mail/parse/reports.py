"""Machine-readable parts of reports: header blocks separated by blank lines."""

from __future__ import annotations

import re

from mailroom.mail.parse.blocks import read_block
from mailroom.mail.parse.header_text import decode_header
from mailroom.mail.parse.limits import Work

_BLANK = re.compile(rb"(?:\r?\n[ \t]*){2,}")
_LIMIT = 256 * 1024
_BLOCKS = 1_000


def read_status(content: bytes, work: Work) -> list[tuple[tuple[str, str], ...]]:
    """The blocks of a delivery status or disposition notification: the message's first, then one per recipient."""
    if len(content) > _LIMIT:
        content = content[:_LIMIT]
        work.defects.add("report_cut")
    found = []
    for block in _BLANK.split(content.strip())[:_BLOCKS]:
        fields = _fields(block, work)
        if fields:
            found.append(fields)
    return found


def returned_header_fields(content: bytes, work: Work) -> tuple[tuple[str, str], ...]:
    """The headers of the mail that a report is about, when only its headers came back."""
    return _fields(content.lstrip(b"\r\n"), work)


def _fields(block: bytes, work: Work) -> tuple[tuple[str, str], ...]:
    found = read_block(block, 0, len(block), work)
    return tuple((decode_header(name), decode_header(value)) for name, value in found.fields)
