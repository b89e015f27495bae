"""The message headers hidden in `transmissionInfo`: HTML-escaped text inside `<pre>`.

Everything in it was written by the sender. It is unescaped exactly once, split and unfolded by hand (no library that
recurses or guesses), and cut at fixed limits; every cut is named in `defects`.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass

BLOCK_LIMIT = 256 * 1024
HEADER_LIMIT = 1_000
VALUE_LIMIT = 64 * 1024

_NAME = re.compile(r"[!-9;-~]{1,200}")
_ENTITY = re.compile(r"&(?:#[0-9]{1,8}|#[xX][0-9a-fA-F]{1,8}|[a-zA-Z][a-zA-Z0-9]{1,31});")


@dataclass(frozen=True, slots=True)
class HeaderBlock:
    """Headers in their order, top first, and what was wrong with them."""

    headers: list[tuple[str, str]]
    defects: tuple[str, ...]

    def all(self, name: str) -> list[str]:
        """Every value of a header, top first; `name` in lower case."""
        length = len(name)
        return [value for key, value in self.headers if len(key) == length and key.lower() == name]


def read_header_block(text: object) -> HeaderBlock:
    """Headers of a `transmissionInfo` value; anything but a text has none."""
    if not isinstance(text, str) or not text:
        return HeaderBlock([], ())
    defects: list[str] = []
    if len(text) > 2 * BLOCK_LIMIT:  # before any work is done on it
        text = text[: 2 * BLOCK_LIMIT]
        defects.append("header_block_cut")
    body = text.strip()
    body = body.removeprefix("<pre>").removesuffix("</pre>")
    body = _ENTITY.sub(lambda match: html.unescape(match.group()), body)
    if len(body) > BLOCK_LIMIT:
        body = body[:BLOCK_LIMIT]
        defects.append("header_block_cut")
    headers = _split(body.lstrip("\r\n"), defects)
    return HeaderBlock(headers, tuple(dict.fromkeys(defects)))


def _split(body: str, defects: list[str]) -> list[tuple[str, str]]:
    """One pass over the lines. A bare CR does not end a line: SMTP does not see one there either."""
    found: list[tuple[str, list[str]]] = []
    current: list[str] | None = None  # what a folded line belongs to; nothing after a line that was skipped
    for line in body.split("\n"):
        line = line.removesuffix("\r")
        if not line.strip(" \t"):
            if line:
                continue  # a fold of blanks only
            break  # the body starts here; nothing after it is a header
        if line[0] in " \t":
            if current is not None:
                current.append(line.strip(" \t"))
            else:
                defects.append("header_fold_without_header")
            continue
        name, colon, value = line.partition(":")
        name = name.rstrip(" \t")
        if not colon or not _NAME.fullmatch(name):
            defects.append("header_line_unreadable")
            current = None
            continue
        if len(found) >= HEADER_LIMIT:
            defects.append("header_count_cut")
            break
        current = [value.strip(" \t")]
        found.append((name, current))
    return [(name, _value(parts, defects)) for name, parts in found]


def _value(parts: list[str], defects: list[str]) -> str:
    value = parts[0] if len(parts) == 1 else " ".join(parts).strip(" \t")
    if "\r" in value:
        value = value.replace("\r", " ")
    if "\x00" in value:
        defects.append("header_nul")
        value = value.replace("\x00", "")
    if len(value) > VALUE_LIMIT:
        defects.append("header_value_cut")
        return value[:VALUE_LIMIT]
    return value
