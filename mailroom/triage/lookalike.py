"""Domains that pretend to be ours, a partner's or a brand's.

Kinds: `confusable` (drawn the same), `other_tld` (same name, other ending), `edit_distance` (one or two letters off),
`extra_label` (our name as a part of theirs: `northwind-payments.example`, `northwind.example.evil.test`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from mailroom.rulelang.domains import root_domain, split_domain, unicode_domain, within
from mailroom.rulelang.text import skeleton

_SHORTEST_LABEL = 4  # three-letter names are one edit away from half the dictionary
_SHORTEST_EDIT = 5
_LONG_LABEL = 10
_CACHE_LIMIT = 20_000


@dataclass(frozen=True, slots=True)
class Lookalike:
    """What a domain resembles and how."""

    of: str
    kind: str


@dataclass(frozen=True, slots=True)
class _Protected:
    domain: str
    label: str
    suffix: str
    look: str
    label_look: str


def _domain_look(domain: str) -> str:
    return skeleton(unicode_domain(domain)).replace("rn", "m").replace("vv", "w")


class ProtectedDomains:
    """A set of domains worth imitating. `find` is a pure function of the domain asked about."""

    def __init__(self, domains: Iterable[str], *, never: Iterable[str] = ()) -> None:
        """Protect `domains`; domains in `never` are known to be someone's own and resemble nothing."""
        roots = sorted({root_domain(domain) for domain in domains if domain})
        self._protected = [self._prepare(domain) for domain in roots]
        self._known = frozenset(roots) | frozenset(never)
        self._by_look = {entry.look: entry.domain for entry in reversed(self._protected)}
        self._cache: dict[str, Lookalike | None] = {}

    @staticmethod
    def _prepare(domain: str) -> _Protected:
        _, label, suffix = split_domain(domain)
        return _Protected(domain, label, suffix, _domain_look(domain), _domain_look(label))

    def find(self, domain: str) -> Lookalike | None:
        """What `domain` (canonical) imitates, or None. Protected domains and everything below them never do."""
        if domain in self._cache:
            return self._cache[domain]
        found = self._find(domain)
        if len(self._cache) >= _CACHE_LIMIT:
            self._cache.clear()
        self._cache[domain] = found
        return found

    def _find(self, domain: str) -> Lookalike | None:
        if not domain or within(domain, self._known):
            return None
        subdomain, label, suffix = split_domain(domain)
        root = f"{label}.{suffix}" if suffix else label
        if twin := self._by_look.get(_domain_look(root)):
            return Lookalike(twin, "confusable")
        label_look = _domain_look(label)
        if strange := _unknown_letters(label):
            for entry in self._protected:
                if len(entry.label) >= _SHORTEST_EDIT and _fills(strange, entry.label):
                    return Lookalike(entry.domain, "confusable")
        inner = frozenset(_domain_look(subdomain).split(".")) if subdomain else frozenset()
        pieces = frozenset(label_look.split("-"))
        for entry in self._protected:
            if len(entry.label) >= _SHORTEST_LABEL and (kind := _resembles(entry, label_look, pieces, inner)):
                if kind == "other_tld" and suffix == entry.suffix:
                    kind = "confusable"
                return Lookalike(entry.domain, kind)
        return None


def _unknown_letters(label: str) -> tuple[str, int] | None:
    """ASCII rest of an internationalised label, and how many other letters it had; None for a plain label."""
    shown = unicode_domain(label)
    rest = "".join(char for char in shown if char.isascii())
    return (rest, len(shown) - len(rest)) if len(rest) < len(shown) else None


def _fills(strange: tuple[str, int], label: str) -> bool:
    """Whether up to two foreign letters, of whatever shape, stand where letters of `label` are missing."""
    rest, dropped = strange
    return dropped <= 2 and len(rest) >= 3 and OSA.distance(rest, label, score_cutoff=dropped) <= dropped


def _resembles(entry: _Protected, label: str, pieces: frozenset[str], inner: frozenset[str]) -> str:
    if label == entry.label_look:
        return "other_tld"
    if entry.label_look in pieces or entry.label_look in inner:
        return "extra_label"
    if len(entry.label) >= 6 and entry.label_look in label:
        return "extra_label"
    if len(entry.label) >= _SHORTEST_EDIT:
        allowed = 2 if len(entry.label) >= _LONG_LABEL else 1
        plain = label.replace("-", "")
        target = entry.label_look.replace("-", "")
        if plain == target or OSA.distance(plain, target, score_cutoff=allowed) <= allowed:
            return "edit_distance"
    return ""
