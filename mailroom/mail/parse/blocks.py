"""Cutting a header block out of the octets and into names and raw values."""

from __future__ import annotations

import re
from typing import NamedTuple

from mailroom.mail.parse.limits import Work

_FIELD = re.compile(r"^([!-9;-~]+)[ \t]*:(.*)$", re.MULTILINE)
_FOLD = re.compile(r"\n[ \t]+")
_LINE = re.compile(r"([^\n:]{1,200}?)[ \t]*:(.*)", re.DOTALL)
_NAME = re.compile(r"[!-9;-~]+")
_KNOWN = re.compile(
    r"(?:x-[!-9;-~]+|content-[a-z-]+|received|from|to|cc|bcc|subject|date|message-id|mime-version|reply-to|sender|"
    r"return-path|in-reply-to|references|list-[a-z-]+|dkim-signature|delivered-to|precedence|resent-[a-z-]+|"
    r"authentication-results|arc-[a-z-]+|thread-[a-z]+|auto-submitted|importance|priority|errors-to|user-agent|"
    r"organization|status|lines|final-recipient|action)[ \t]*:",
    re.IGNORECASE,
)


class Block(NamedTuple):
    """Headers in order (value: one character per octet, unfolded) and where the body starts."""

    fields: list[tuple[str, str]]
    body: int


def read_block(raw: bytes, start: int, end: int, work: Work) -> Block:
    """The header block of the entity in `raw[start:end]`."""
    if raw.startswith((b"\r\n", b"\n"), start, end):
        return Block([], start + (2 if raw[start] == 13 else 1))
    stop, body = blank_line(raw, start, end)
    if stop - start > work.limits.header_block:
        work.defects.add("header_block_cut")
        cut = raw.rfind(b"\n", start, start + work.limits.header_block)
        stop = cut if cut > start else start + work.limits.header_block
    written = str(raw[start:stop], "latin-1")
    text = written
    if "\r" in text:
        text = text.replace("\r\n", "\n")
        if text.endswith("\r"):
            text = text[:-1]
        if "\r" in text:
            work.defects.add("bare_cr_in_headers")
            text = text.replace("\r", " ")
    unfolded = _FOLD.sub(" ", text) if "\n " in text or "\n\t" in text else text
    found: list[tuple[str, str]] = _FIELD.findall(unfolded)
    if len(found) == unfolded.count("\n") + 1 or (unfolded.endswith("\n") and len(found) == unfolded.count("\n")):
        if len(found) > work.limits.headers:
            work.defects.add("header_count_cut")
            found = found[: work.limits.headers]
        return Block([(name, value.strip(" \t")) for name, value in found], body)
    return _line_by_line(written, start, body, work)


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


def _line_by_line(text: str, start: int, body: int, work: Work) -> Block:
    """The careful way: lines that are no headers, a body without a blank line before it."""
    found: list[tuple[str, list[str]]] = []
    lines = text.split("\n")
    offset = 0
    for index, written in enumerate(lines):
        line = written.rstrip("\r")
        length = len(written) + 1
        name, value = _field(lines, index, line)
        if line[:1] in {" ", "\t"} and found:
            found[-1][1].append(line.strip(" \t"))
        elif index == 0 and line.startswith(("From ", ">From ")):
            pass  # the separator of a mailbox file
        elif name:
            if line[0] in " \t" or not _NAME.fullmatch(name):
                work.defects.add("header_name_unusual")
            found.append((name, [value]))
        elif line.strip() and not _header_follows(lines, index):
            work.defects.add("body_without_blank_line")
            body = start + offset
            break
        elif line.strip():
            work.defects.add("header_line_unreadable")
        offset += length
    if len(found) > work.limits.headers:
        work.defects.add("header_count_cut")
        del found[work.limits.headers :]
    return Block([(name, " ".join(parts).replace("\r", " ").strip(" \t")) for name, parts in found], body)


def _field(lines: list[str], index: int, line: str) -> tuple[str, str]:
    """Name and value when the line is a header, else two empty texts."""
    match = _LINE.match(line)
    if match is None:
        return "", ""
    name = match.group(1).strip(" \t")
    if _NAME.fullmatch(name) or (name and _header_follows(lines, index)):
        return name, match.group(2).strip(" \t")
    return "", ""


def _header_follows(lines: list[str], index: int) -> bool:
    return index + 1 < len(lines) and _KNOWN.match(lines[index + 1]) is not None
