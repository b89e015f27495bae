"""Links of an HTML document: where they lead, which is not always what they show."""

from __future__ import annotations

import re

from selectolax.lexbor import LexborHTMLParser

from mailroom.indicators.find import find
from mailroom.indicators.model import DEFAULT_LIMITS, Indicator, Limits

_ATTRIBUTES = ("href", "src", "action", "formaction", "background", "data", "poster", "cite", "xlink:href", "data-href")
_SELECTOR = ",".join(f"[{name.replace(':', chr(92) + ':')}]" for name in _ATTRIBUTES) + ",[style],[srcset],meta,base"
_REFRESH = re.compile(r"(?i)url\s*=\s*['\"]?([^'\"\s>]{1,8192})")
_CSS = re.compile(r"(?i)url\(\s*['\"]?([^'\")\s]{1,8192})")
_LINK_KINDS = frozenset({"url", "domain", "email", "ipv4", "ipv6"})


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
        # Browsers drop line ends and tabs inside a target; senders use that to hide one.
        cleaned = value.strip().translate({9: None, 10: None, 13: None})
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
    found: dict[tuple[str, str], Indicator] = {}
    for name, target in targets(html[: limits.text], limit=limits.indicators):
        text = target[7:].partition("?")[0] if target.lower().startswith("mailto:") else target
        for indicator in find(text, kinds=_LINK_KINDS, limits=limits):
            if indicator.start == 0 or indicator.kind != "url":
                notes = (*indicator.notes, f"html:{name}")
                kept = Indicator(indicator.kind, indicator.value, indicator.raw, 0, 0, notes, indicator.shown)
                found.setdefault((kept.kind, kept.value), kept)
        if len(found) >= limits.indicators:
            break
    return list(found.values())[: limits.indicators]
