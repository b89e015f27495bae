"""Files that stand uuencoded in a text, as mail programs without MIME attach them."""

from __future__ import annotations

import re

from mailroom.mail.parse.header_text import raw_text
from mailroom.mail.parse.transfer import undo

FILE_BEGINS = re.compile(rb"begin [0-7]")
"""Without it no file is in a text. It costs half of what looking for a fixed string does."""
_FILE = re.compile(
    rb"^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n((?>(?:[!-`][ -`]{0,90}\r?\n)+))(?:[ \t]*\r?\n)?end[ \t]*(?:\r?\n|\Z)",
    re.MULTILINE,
)
"""Lower case letters end the run of lines, so no line is looked at twice."""
_EMPTY = frozenset({b"`", b" "})
"""The line of no octets that ends a file."""
_BLANKS = 3
"""Characters that fill up the last line; as blanks, they get lost on the way."""


def take_files(content: bytes, limit: int) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The text without the first `limit` files in it, and these files: name and octets.

    A block of which any line is longer or shorter than it says is text: nobody shall hide words by it.
    """
    files: list[tuple[str, bytes]] = []
    kept: list[bytes] = []
    position = 0
    for found in _FILE.finditer(content):
        if len(files) >= limit:
            break
        lines = [line for line in found.group(2).splitlines() if line not in _EMPTY]
        if not all(map(_is_whole, lines[:-1])) or not all(_is_whole(line, blanks=_BLANKS) for line in lines[-1:]):
            continue
        name = raw_text(found.group(1).decode("latin-1")).strip()
        files.append((name, undo(found.group(), "x-uuencode", set())))
        kept.append(content[position : found.start()])
        position = found.end()
    kept.append(content[position:])
    return b"".join(kept), files


def _is_whole(line: bytes, blanks: int = 0) -> bool:
    """Whether a line has the characters that its first one promises, give or take a check character and some blanks."""
    octets = (line[0] - 32) & 63
    missing = (octets + 2) // 3 * 4 - (len(line) - 1)
    return -1 <= missing <= blanks
