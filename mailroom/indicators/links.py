"""Links of an HTML document: where they lead, which is not always what they show."""

from __future__ import annotations

import re
from bisect import bisect_right
from itertools import accumulate

from selectolax.lexbor import LexborHTMLParser

from mailroom.indicators.addresses import find_emails, find_ipv4
from mailroom.indicators.inside import find_inside
from mailroom.indicators.model import DEFAULT_LIMITS, HASH_KINDS, Indicator, Limits
from mailroom.indicators.names import find_names
from mailroom.indicators.refang import refanged
from mailroom.indicators.scan import Scan
from mailroom.indicators.schemes import SCHEMES
from mailroom.indicators.urls import find_urls, report, take_apart

_ATTRIBUTES = ("href", "src", "action", "formaction", "background", "data", "poster", "cite", "xlink:href", "data-href")
_SELECTOR = ",".join(f"[{name.replace(':', chr(92) + ':')}]" for name in _ATTRIBUTES) + ",[style],[srcset],meta,base"
_REFRESH = re.compile(r"(?i)url\s*=\s*['\"]?([^'\"\s>]{1,8192})")
_CSS = re.compile(r"(?i)url\(\s*['\"]?([^'\")\s]{1,8192})")
_AUTHORITY = re.compile(rf"(?i)(?:{SCHEMES})://[^\x00-\x20/?#\\<>\"]{{1,320}}")
_LINK_KINDS = frozenset({"url", "domain", "email", "ipv4", "ipv6", *HASH_KINDS.values()})


_AS_BROWSERS_DO = str.maketrans({"\t": None, "\n": None, "\r": None, " ": "%20"})
"""Line ends and tabs inside a target mean nothing to a browser; senders use that to hide one."""


def targets(html: str, *, limit: int = 2000) -> list[tuple[str, str]]:
    """Link targets as the document gives them, in order, each once.

    Args:
        html: HTML text, however broken.
        limit: Most targets returned.

    Returns:
        Pairs of attribute name and target; relative targets are completed with `<base href>` where there is one.
    """
    if "<" not in html:
        return []
    found: dict[str, str] = {}
    base = ""
    for node in LexborHTMLParser(html).css(_SELECTOR):
        attributes = node.attributes
        if node.tag == "base":
            base = (attributes.get("href") or "").strip()
            continue
        if node.tag == "meta":
            _keep(found, "refresh", _REFRESH.findall(attributes.get("content") or ""))
            continue
        for name in _ATTRIBUTES:
            value = attributes.get(name)
            if value:
                _keep(found, name, [value])
        if attributes.get("srcset"):
            _keep(
                found, "srcset", [part.split()[0] for part in (attributes["srcset"] or "").split(",") if part.split()]
            )
        if "url(" in (attributes.get("style") or "").lower():
            _keep(found, "style", _CSS.findall(attributes["style"] or ""))
        if len(found) >= limit:
            break
    return [(name, _completed(base, value)) for value, name in list(found.items())[:limit]]


def _keep(found: dict[str, str], name: str, values: list[str]) -> None:
    for value in values:
        cleaned = value.strip().translate(_AS_BROWSERS_DO)
        if cleaned and not cleaned.startswith(("#", "cid:", "data:", "javascript:", "about:")):
            found.setdefault(cleaned[:16_384], name)


def _completed(base: str, value: str) -> str:
    if value.startswith("//"):
        return "https:" + value
    if base and "://" not in value and not value.lower().startswith(("mailto:", "tel:", "www.")):
        return base.rstrip("/") + "/" + value.lstrip("/")
    return value


def from_html(html: str, *, limits: Limits = DEFAULT_LIMITS) -> list[Indicator]:
    """Indicators in the link targets of an HTML document. Its text is another matter: convert it and use `find`.

    Args:
        html: HTML text, however broken.
        limits: How much is looked at and returned.

    Returns:
        Findings with the note `html:<attribute>`; their positions are 0 because attributes have none in the text.
    """
    found = targets(html[: limits.text], limit=limits.indicators)
    if not found:
        return []
    lines = [_without_question(target) if target[:7].lower() == "mailto:" else target for _, target in found]
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
        for one in scan.result(unique=True)
        for name in (found[min(bisect_right(begins, one.start), len(found)) - 1][0],)
    ]


def _without_question(target: str) -> str:
    return target[7:].partition("?")[0]


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
