"""Which endings make a domain: the packaged public suffix list, nothing fetched, plus the names that are no DNS."""

from __future__ import annotations

from functools import lru_cache

import idna
import tldextract

_NOT_IN_DNS = frozenset({"onion", "i2p", "bit"})
"""Endings of other networks that reports name like domains."""


@lru_cache(maxsize=1)
def _suffixes() -> frozenset[str]:
    extract = tldextract.TLDExtract(
        suffix_list_urls=(), cache_dir=None, fallback_to_snapshot=True, include_psl_private_domains=False
    )
    return frozenset(rule.lstrip("!*.").lower() for rule in extract.tlds)


@lru_cache(maxsize=1)
def _top() -> frozenset[str]:
    found = set(_NOT_IN_DNS)
    for suffix in _suffixes():
        last = suffix.rpartition(".")[2]
        found.add(last)
        if not last.isascii():
            found.add("xn--" + last.encode("punycode").decode("ascii"))
    return frozenset(found)


def is_top_level(label: str) -> bool:
    """Whether a lower-case label, in Unicode or punycode, is the end of public domain names."""
    return label in _top()


def is_suffix(name: str) -> bool:
    """Whether a lower-case name is itself a public suffix, such as `co.uk`, and therefore nobody's domain."""
    return name in _suffixes()


@lru_cache(maxsize=4096)
def to_ascii(name: str) -> str:
    """The name as DNS knows it, or an empty text when it cannot be written so.

    Args:
        name: A host name in Unicode.
    """
    try:
        return str(idna.encode(name, uts46=True, transitional=False).decode("ascii"))
    except (idna.IDNAError, UnicodeError, ValueError):
        pass
    try:
        return ".".join(
            label if label.isascii() else "xn--" + label.encode("punycode").decode("ascii") for label in name.split(".")
        )
    except UnicodeError:
        return ""
