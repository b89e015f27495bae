"""Links of an HTML document: where they lead, which is not always what they show."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from mailroom.indicators.addresses import find_emails, find_ipv4
from mailroom.indicators.inside import find_inside
from mailroom.indicators.model import DEFAULT_LIMITS, HASH_KINDS, Indicator, Limits
from mailroom.indicators.names import find_names
from mailroom.indicators.refang import refanged
from mailroom.indicators.scan import Scan
from mailroom.indicators.schemes import SCHEMES
from mailroom.indicators.targets import targets
from mailroom.indicators.urls import find_urls, report, take_apart

_AUTHORITY = re.compile(rf"(?i)(?:{SCHEMES})://[^\x00-\x20/?#\\<>\"]{{1,320}}")
_LINK_KINDS = frozenset({"url", "domain", "email", "ipv4", "ipv6", *HASH_KINDS.values()})


def from_html(html: str, *, limits: Limits = DEFAULT_LIMITS, place: tuple[str, ...] = ()) -> list[Indicator]:
    """Indicators in the link targets of an HTML document. Its text is another matter: convert it and use `find`.

    Args:
        html: HTML text, however broken.
        limits: How much is looked at and returned.
        place: Notes that every finding begins with.

    Returns:
        Findings with the note `html:<attribute>`; their positions are 0 because attributes have none in the text.
    """
    found = targets(html[: limits.text], limit=limits.indicators)
    if not found:
        return []
    lines = [_absolute(target) for _, target in found]
    scan = Scan(text := "\n".join(lines), refanged(text), _LINK_KINDS, limits)
    rests = _whole_lines(scan)
    rests += find_urls(scan)
    find_emails(scan)
    rests += find_ipv4(scan)
    rests += find_names(scan)
    find_inside(scan, rests)
    begins = list(accumulate((len(line) + 1 for line in lines), initial=0))
    return [
        Indicator(one.kind, one.value, one.raw, 0, 0, (*one.notes, f"html:{name}"), one.shown)
        for one in scan.result(unique=True, place=place)
        for name in (found[min(bisect_right(begins, one.start), len(found)) - 1][0],)
    ]


def _absolute(target: str) -> str:
    """The target if it names a host by itself, an address for `mailto:`, otherwise nothing: `x.name` is a file."""
    if target[:7].lower() == "mailto:":
        return target[7:].partition("?")[0]
    return target if ":" in target or "[" in target or target[:4].lower() == "www." else ""


def _whole_lines(scan: Scan) -> list[tuple[int, int]]:
    """Report targets with a scheme whole: an attribute has no punctuation around it that would not belong to it."""
    rests = []
    start = 0
    for line in scan.text.split("\n"):
        end = start + len(line)
        match = _AUTHORITY.match(line)
        parts = take_apart(match[0]) if match else None
        if match and parts is not None and parts.rest == match.end():
            report(scan, parts, start, min(end, start + scan.limits.url), line[match.end() : scan.limits.url])
            scan.cover(start, end)
            rests.append((start + parts.rest, end))
        start = end + 1
    return rests
