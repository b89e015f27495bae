"""What paths and queries of URLs carry: names, addresses and hashes, percent-encoded or not."""

from __future__ import annotations

from bisect import bisect_right
from urllib.parse import unquote

from mailroom.indicators.addresses import find_emails, find_ipv4
from mailroom.indicators.engine import Pattern
from mailroom.indicators.flat import flat
from mailroom.indicators.hosts import domain_of
from mailroom.indicators.marks import find_hashes
from mailroom.indicators.model import Indicator
from mailroom.indicators.names import FILE_TYPES
from mailroom.indicators.refang import Refanged
from mailroom.indicators.scan import Scan

_NAME = Pattern(rb"(?:[A-Za-z0-9_\-]+\.)+[A-Za-z][A-Za-z0-9\-]+")
_SHORTEST = 8
"""Characters a path must have to carry anything."""
_PAGES = FILE_TYPES | {
    "do",
    "action",
    "sh",
    "pl",
    "pm",
    "md",
    "rs",
    "so",
    "ps",
    "mk",
    "id",
    "name",
    "app",
    "jsf",
    "cfm",
}
"""Endings that are pages or files inside a URL, whatever they are elsewhere."""
_NOTE = ("in_url",)


def find_inside(scan: Scan, rests: list[tuple[int, int]]) -> None:
    """Report what paths, queries and fragments contain, with the note `in_url`.

    Args:
        scan: The text.
        rests: Start and end of each path.
    """
    pieces: list[str] = []
    places: list[tuple[int, int, bool]] = []
    begins: list[int] = []
    length = 0
    for start, end in rests:
        if end - start < _SHORTEST:
            continue
        written = scan.text[start:end]
        decoded = unquote(written) if "%" in written else written
        begins.append(length)
        places.append((start, end, decoded is written or decoded == written))
        pieces.append(decoded)
        length += len(decoded) + 1
    if not pieces:
        return
    text = "\n".join(pieces)
    inner = Scan(text, Refanged(text, flat(text)), scan.kinds, scan.limits)
    find_emails(inner)
    find_hashes(inner)
    find_ipv4(inner)
    _find_names(inner)
    for found in inner.result(unique=False):
        if found.kind == "url":
            continue
        _hand_over(scan, found, begins, places)


def _find_names(inner: Scan) -> None:
    data = bytes(inner.free)
    for start, end in _NAME.spans(data):
        token = inner.text[start:end]
        ending = token.rpartition(".")[2].lower()
        name = "" if ending in _PAGES and ending != "com" else domain_of(token, sure=False)
        if name and len(name) == len(token):
            inner.add("domain", name, start, end)


def _hand_over(scan: Scan, found: Indicator, begins: list[int], places: list[tuple[int, int, bool]]) -> None:
    index = bisect_right(begins, found.start) - 1
    start, end, literal = places[index]
    if literal:
        shift = start - begins[index]
        start, end = found.start + shift, found.end + shift
    scan.add(found.kind, found.value, start, end, (*_NOTE, *found.notes), found.shown)
