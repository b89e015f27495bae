"""What the whole mail shows: its words and its links. Only there when somebody gave us the mail itself (level T3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mailroom.rulelang.domains import canonical_domain, is_address_literal, root_domain
from mailroom.rulelang.ternary import CutText
from mailroom.rulelang.text import has_invisible

_MAX_TEXT, _MAX_LINKS, _MAX_URL = 50_000, 500, 4_096


def read_body(event: Mapping[str, Any], sender_root: object) -> dict[str, Any]:
    """The facts of level T3 that an event carries; a fact that cannot be known is absent. Never raises.

    Args:
        event: With `text` and `links` ({"url", "shown"}), as far as they are known. All of it hostile.
        sender_root: Registered part of the sender's domain, when known.
    """
    facts: dict[str, Any] = {}
    text = event.get("text")
    if isinstance(text, str):
        facts["body.text"] = text if len(text) < _MAX_TEXT else CutText(text[:_MAX_TEXT])
        facts["body.invisible"] = has_invisible(text[:4_096])
    links = event.get("links")
    if isinstance(links, list):
        _links(facts, links[:_MAX_LINKS], sender_root)
    return facts


def _links(facts: dict[str, Any], links: list[Any], sender_root: object) -> None:
    hosts: dict[str, None] = {}
    differs = with_user = False
    for link in links:
        if not isinstance(link, Mapping) or not isinstance(link.get("url"), str):
            continue
        host, user = _authority(link["url"])
        if not host:
            continue
        hosts[host] = None
        with_user = with_user or user
        differs = differs or _shows_another(link.get("shown"), host)
    roots = list(dict.fromkeys(root_domain(host) for host in hosts))
    facts["links.count"] = len(links)
    facts["links.hosts"] = list(hosts)
    facts["links.root_domains"] = roots
    facts["links.shown_differs"] = differs
    facts["links.ip_host"] = any(is_address_literal(host) for host in hosts)
    facts["links.user_part"] = with_user
    if isinstance(sender_root, str) and sender_root:
        facts["links.all_foreign"] = bool(roots) and sender_root not in roots


def _authority(url: str) -> tuple[str, bool]:
    """(host in its canonical form, whether a user part stands before it)."""
    try:
        parts = urlsplit(url[:_MAX_URL].strip())
        host = parts.hostname or ""
    except ValueError:
        return "", False
    return (f"[{host}]" if ":" in host else canonical_domain(host)), "@" in parts.netloc


def _shows_another(shown: object, host: str) -> bool:
    """The words of a link are themselves an address on the web, and of another registered domain."""
    words = shown.strip() if isinstance(shown, str) else ""
    if not words or " " in words or "." not in words or "@" in words:
        return False
    named, _ = _authority(words if "://" in words else f"//{words}")
    return bool(named) and "." in named and root_domain(named) != root_domain(host)
