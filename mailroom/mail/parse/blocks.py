"""Cutting a header block out of the octets and into names and raw values."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailroom.mail.parse.compiled import fast
from mailroom.mail.parse.limits import Work

_FOLD = re.compile(r"\r?\n[ \t]+")
_FOLD_CRLF = re.compile(r"\r\n[ \t]+")
_FIELDS = re.compile(r"^([!-9;-~]++)[ \t]*+:[^\S\n]*+((?>.*\S)|)[^\S\r\n]*+(?:\r\n|\Z)", re.MULTILINE)
"""Every field of an unfolded block in which each line ends with CRLF. Never goes back: no line can make it slow."""
_LINE = re.compile(r"([^\n:]{1,200}?)[ \t]*:(.*)", re.DOTALL)
_PARAMETER = re.compile(r"[A-Za-z][\w*-]{0,60}[ \t]*=")
_NAME = re.compile(r"[!-9;-~]+")
_KNOWN = re.compile(
    r"(?:x-[^\s:]+|[a-z][a-z0-9]*-[a-z0-9-]+|content-[a-z-]+|received|from|to|cc|bcc|subject|date|message-id|mime-version|reply-to|sender|"
    r"return-path|in-reply-to|references|list-[a-z-]+|dkim-signature|delivered-to|precedence|resent-[a-z-]+|"
    r"authentication-results|arc-[a-z-]+|thread-[a-z]+|auto-submitted|importance|priority|errors-to|user-agent|"
    r"organization|status|lines|final-recipient|action)[ \t]*:",
    re.IGNORECASE,
)


_names: dict[str, str] = {}
"""Header names seen and found good, with their lower case: real mail has a few hundred of them."""
_NAMES = 4_096


class Block(NamedTuple):
    """Headers in order (value: one character per octet, unfolded) and where the body starts."""

    fields: list[tuple[str, str]]
    first: dict[str, str]
    """First value of each header, by name in lower case."""
    repeated: list[tuple[str, str]]
    """Further values: (name in lower case, value)."""
    body: int
    plain: bool
    """No header needs decoding: all ASCII, no encoded words, no control characters."""


def read_block(raw: bytes, start: int, end: int, work: Work) -> Block:
    """The header block of the entity in `raw[start:end]`."""
    if raw.startswith((b"\r\n", b"\n"), start, end):
        return Block([], {}, [], start + (2 if raw[start] == 13 else 1), True)
    if (usual := _usual(raw, start, end, work)) is not None:
        return usual
    stop, body = blank_line(raw, start, end)
    if stop - start > work.limits.header_block:
        work.defects.add("header_block_cut")
        cut = raw.rfind(b"\n", start, start + work.limits.header_block)
        stop = cut if cut > start else start + work.limits.header_block
    text = str(raw[start:stop], "latin-1")
    plain = text.isascii() and "=?" not in text and "\x00" not in text and "\x1b" not in text
    pairs = text.count("\r\n")
    mixed = not (pairs and pairs == text.count("\n"))
    lines = _FOLD.sub(" ", text).split("\n") if mixed else _FOLD_CRLF.sub(" ", text).split("\r\n")
    if not lines[-1] or lines[-1] == "\r":
        lines.pop()
    blanks = None if plain else " \t\r"  # above ASCII, octets that look like blanks may belong to letters
    look_up = _names.get
    fields: list[tuple[str, str]] = []
    first: dict[str, str] = {}
    repeated: list[tuple[str, str]] = []
    for line in lines:
        name, colon, value = line.partition(":")
        key = look_up(name)
        if key is None:
            name = name.rstrip(" \t")
            if not colon or not _NAME.fullmatch(name):
                return _careful(text, start, body, work, plain=plain)
            key = _lower(name)
        value = value.strip(blanks)
        fields.append((name, value))
        if key in first:
            repeated.append((key, value))
        else:
            first[key] = value
    if text.count("\r") > pairs + text.endswith("\r") and any("\r" in value for _, value in fields):
        return _careful(text, start, body, work, plain=plain)
    if len(fields) > work.limits.headers:
        return _counted(fields, body, work, plain=plain)
    return Block(fields, first, repeated, body, plain)


def _usual(raw: bytes, start: int, end: int, work: Work) -> Block | None:
    """A block of plain ASCII in which every line ends with CRLF and is a field or the rest of one; else None."""
    if fast is not None and work.compiled:
        read = fast.header_block(raw, start, end, work.limits.header_block, work.limits.headers)
        return None if read is None else Block(*read, True)
    stop = raw.find(b"\r\n\r\n", start, end)
    if stop == -1 or stop - start > work.limits.header_block:
        return None
    text = str(raw[start:stop], "latin-1")
    if not text.isascii() or ("?" in text and "=?" in text) or "\x00" in text or "\x1b" in text:
        return None
    text = _FOLD_CRLF.sub(" ", text)
    fields = _FIELDS.findall(text)
    ends = text.count("\n")
    if len(fields) != ends + 1 or text.count("\r") != ends or ends >= work.limits.headers:
        return None
    look_up = _names.get
    first: dict[str, str] = {}
    repeated: list[tuple[str, str]] = []
    for name, value in fields:
        key = look_up(name) or _lower(name)
        if key in first:
            repeated.append((key, value))
        else:
            first[key] = value
    return Block(fields, first, repeated, stop + 4, True)


def _lower(name: str) -> str:
    key = name.lower()
    if len(_names) < _NAMES and len(name) < 80:
        _names[name] = key
    return key


def _careful(text: str, start: int, body: int, work: Work, *, plain: bool) -> Block:
    fields, body = _line_by_line(text, start, body, work)
    return _counted(fields, body, work, plain=plain)


def _counted(fields: list[tuple[str, str]], body: int, work: Work, *, plain: bool) -> Block:
    if len(fields) > work.limits.headers:
        work.defects.add("header_count_cut")
        del fields[work.limits.headers :]
    first: dict[str, str] = {}
    repeated: list[tuple[str, str]] = []
    for name, value in fields:
        key = name.lower()
        if key in first:
            repeated.append((key, value))
        else:
            first[key] = value
    return Block(fields, first, repeated, body, plain)


def blank_line(raw: bytes, start: int, end: int) -> tuple[int, int]:
    """Where the headers stop and where the body starts; both `end` when there is no blank line."""
    first = raw.find(b"\n", start, end)
    if first == -1:
        return end, end
    if first > start and raw[first - 1] == 13:
        strict = raw.find(b"\n\r\n", start, end)
        other = raw.find(b"\n\n", start, strict if strict != -1 else end)
    else:
        other = raw.find(b"\n\n", start, end)
        strict = raw.find(b"\n\r\n", start, other if other != -1 else end)
    if strict != -1 and (other == -1 or strict < other):
        return strict, strict + 3
    if other != -1:
        return other, other + 2
    return end, end


def _line_by_line(text: str, start: int, body: int, work: Work) -> tuple[list[tuple[str, str]], int]:
    """The careful way: lines that are no headers, a body without a blank line before it."""
    found: list[tuple[str, list[str]]] = []
    lines = text.split("\n")
    offset = 0
    for index, written in enumerate(lines):
        line = written.rstrip("\r")
        length = len(written) + 1
        name, value = _field(lines, index, line)
        if found and (line[:1] in {" ", "\t"} or (found[-1][1][-1].endswith(";") and _PARAMETER.match(line))):
            found[-1][1].append(line.strip(" \t"))  # the second: a folded line that lost its blank
        elif index == 0 and line.startswith(("From ", ">From ")):
            pass  # the separator of a mailbox file
        elif name:
            if line[0] in " \t" or not _NAME.fullmatch(name):
                work.defects.add("header_name_unusual")
            found.append((name, [value]))
        elif line.strip() and (line.startswith("--") or not _header_follows(lines, index)):
            work.defects.add("body_without_blank_line")
            body = start + offset
            break
        elif line.strip():
            work.defects.add("header_line_unreadable")
        offset += length
    if any("\r" in part for _, parts in found for part in parts):
        work.defects.add("bare_cr_in_headers")
    return [(name, " ".join(parts).replace("\r", " ").strip(" \t")) for name, parts in found], body


def _field(lines: list[str], index: int, line: str) -> tuple[str, str]:
    """Name and value when the line is a header, else two empty texts."""
    match = _LINE.match(line)
    if match is None:
        return "", ""
    name = match.group(1).strip(" \t")
    private = index > 0 and name[:2] in {"X-", "x-"}  # no sentence begins like that
    if _NAME.fullmatch(name) or (name and (private or _header_follows(lines, index))):
        return name, match.group(2).strip(" \t")
    return "", ""


def _header_follows(lines: list[str], index: int) -> bool:
    return index + 1 < len(lines) and _KNOWN.match(lines[index + 1]) is not None
