"""Link targets in HTML, read without building a tree: a tree of hostile HTML can take minutes, this cannot."""

from __future__ import annotations

import re
from html import unescape

from mailroom.indicators.engine import Pattern
from mailroom.indicators.flat import flat

_NAMES = (
    rb"href|src|action|formaction|background|data|poster|cite|srcset|longdesc|ping|lowsrc|dynsrc|"
    rb"xlink:href|data-href|data-url"
)
_ATTRIBUTE = Pattern(
    rb"(?i)[\s\"'/](?:" + _NAMES + rb")\s*=\s*(?:\"[^\"]*\"|'[^']*'|[^\s\"'<>]+)"
    rb"|(?i)\scontent\s*=\s*[\"']?\s*[0-9.]*\s*[;,]\s*url\s*=[^<>]+"
)
_SHEET = Pattern(rb"(?i)url\(\s*[\"']?[^\"'()\s<>]+|@import\s+[\"'][^\"'()\s<>]+")
_PARTS = re.compile(r"[\s\"'/]?([^\s=]{1,16})\s{0,64}=\s{0,64}([\"']?)")
_REFRESH = re.compile(r"(?i)url\s{0,8}=\s{0,8}['\"]?([^'\"\s>]+)")
_START_OF_SHEET = re.compile(r"(?i)(?:url\(|@import)\s*['\"]?")
_AS_BROWSERS_DO = str.maketrans({"\t": None, "\n": None, "\r": None, " ": "%20", "\x00": None})
"""Line ends and tabs inside a target mean nothing to a browser; senders use that to hide one."""
_LEADS_NOWHERE = ("#", "cid:", "data:", "javascript:", "vbscript:", "about:", "tel:", "sms:", "blob:")
_MAX_TARGET = 16_384


def targets(html: str, *, limit: int = 2000) -> list[tuple[str, str]]:
    """Link targets as the document gives them, in order, each once.

    Args:
        html: HTML text, however broken. Comments are read too: some mail programs act on them.
        limit: Most targets returned.

    Returns:
        Pairs of attribute name and target; relative targets are completed with `<base href>` where there is one.
    """
    if "<" not in html:
        return []
    found: dict[str, str] = {}
    base = ""
    data = flat(html)
    for start, end in _ATTRIBUTE.spans(data):
        name, value = _taken_apart(html[start:end])
        if name == "href" and data[max(0, data.rfind(b"<", max(0, start - 128), start)) :][:5].lower() == b"<base":
            base = value.strip()
            continue
        for target in _of(name, value):
            _keep(found, name, target)
        if len(found) >= limit:
            break
    for start, end in _SHEET.spans(data):
        if len(found) >= limit:
            break
        _keep(found, "style", _START_OF_SHEET.sub("", unescape(html[start:end]), count=1))
    return [(name, _completed(base, value)) for value, name in list(found.items())[:limit]]


def _taken_apart(attribute: str) -> tuple[str, str]:
    match = _PARTS.match(attribute)
    if match is None:
        return "", ""
    value = attribute[match.end() :]
    return match[1].lower(), unescape(value[:-1] if match[2] else value)


def _of(name: str, value: str) -> list[str]:
    if name == "srcset":
        return [part.split()[0] for part in value.split(",") if part.split()]
    if name == "content":
        return _REFRESH.findall(value[:_MAX_TARGET])
    return [value]


def _keep(found: dict[str, str], name: str, value: str) -> None:
    cleaned = value[:_MAX_TARGET].strip().translate(_AS_BROWSERS_DO)
    if cleaned and not cleaned.lower().startswith(_LEADS_NOWHERE):
        found.setdefault(cleaned, name)


def _completed(base: str, value: str) -> str:
    if value.startswith("//"):
        return "https:" + value
    if base and "://" not in value and not value.lower().startswith(("mailto:", "www.")):
        return base.rstrip("/") + "/" + value.lstrip("/")
    return value
