"""Domains in one canonical form, and the part of them that somebody registered.

The public suffix list is the one packaged with `tldextract`; nothing is ever fetched.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

import tldextract

from mailroom.rulelang.text import INVISIBLE

# Private suffixes (github.io, azurewebsites.net ...) separate owners, so they count as suffixes.
_EXTRACT = tldextract.TLDExtract(
    suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True, include_psl_private_domains=True
)
_MAX_DOMAIN = 255
_DOTS = str.maketrans({"。": ".", "．": ".", "｡": "."})
_BAD = re.compile(r"[^\w.\-\[\]:]")
_ADDRESS_LITERAL = re.compile(r"\[?[0-9a-fA-F.:]{3,45}\]?\Z")


@lru_cache(maxsize=65_536)
def canonical_domain(raw: str) -> str:
    """`raw` in lower-case ASCII (punycode) without a trailing dot; empty when it is no domain at all."""
    text = raw.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", INVISIBLE.sub("", text[: _MAX_DOMAIN * 2])).translate(_DOTS)
    text = text.strip(". \t").lower()
    if not text or len(text) > _MAX_DOMAIN or _BAD.search(text) or ".." in text:
        return ""
    if text.isascii():
        return text
    labels = []
    for label in text.split("."):
        if label.isascii():
            labels.append(label)
        else:
            labels.append("xn--" + label.encode("punycode", "ignore").decode("ascii"))
    return ".".join(labels)


@lru_cache(maxsize=16_384)
def unicode_domain(domain: str) -> str:
    """`domain` with its punycode labels decoded, as a mail program might show it."""
    if "xn--" not in domain:
        return domain
    labels = []
    for label in domain.split("."):
        if label.startswith("xn--") and len(label) <= 63:
            try:
                labels.append(label[4:].encode("ascii").decode("punycode"))
                continue
            except (UnicodeError, ValueError):
                pass
        labels.append(label)
    return ".".join(labels)


def is_address_literal(domain: str) -> bool:
    """Whether `domain` is an IP address instead of a name."""
    return (":" in domain or domain.replace(".", "").strip("[]").isdigit()) and bool(_ADDRESS_LITERAL.match(domain))


@lru_cache(maxsize=65_536)
def split_domain(domain: str) -> tuple[str, str, str]:
    """`(subdomain, label, suffix)` of a canonical domain; unknown suffixes count as one label."""
    if not domain or is_address_literal(domain):
        return "", domain, ""
    found = _EXTRACT(domain)
    if found.suffix and found.domain:
        return found.subdomain, found.domain, found.suffix
    labels = domain.split(".")
    if len(labels) < 2:
        return "", domain, ""
    return ".".join(labels[:-2]), labels[-2], labels[-1]


def is_public_suffix(domain: str) -> bool:
    """Whether strangers register their domains below a canonical domain: `co.uk`, `github.io`, `com`."""
    return bool(domain) and not is_address_literal(domain) and _EXTRACT(domain).suffix == domain


@lru_cache(maxsize=65_536)
def root_domain(domain: str) -> str:
    """The registered part of a canonical domain (`mail.shop.co.uk` -> `shop.co.uk`); empty for an empty one."""
    _, label, suffix = split_domain(domain)
    return f"{label}.{suffix}" if suffix else label


def within(domain: str, owned: frozenset[str]) -> bool:
    """Whether `domain` is one of `owned` or lies below one of them."""
    while domain:
        if domain in owned:
            return True
        _, _, domain = domain.partition(".")
    return False
