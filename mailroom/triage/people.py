"""Names of people worth impersonating, and brands: who does a display name claim to be?"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from rapidfuzz.distance import OSA

from mailroom.rulelang.domains import root_domain
from mailroom.rulelang.text import letters_joined, words

_SHORTEST_GLUED = 6  # "dhlservice" is too weak a claim, "microsoftservice" is not
_SHORTEST_NAME = 8  # letters; shorter names are compared exactly


@dataclass(frozen=True)
class Person:
    """A VIP: `name` as people write it, and every address that is really theirs (lower case)."""

    name: str
    addresses: frozenset[str]
    parts: frozenset[str] = field(init=False)
    sorted_name: str = field(init=False)
    joined_name: str = field(init=False)

    def __post_init__(self) -> None:
        parts = words(self.name)
        object.__setattr__(self, "parts", frozenset(parts))
        object.__setattr__(self, "sorted_name", "".join(sorted(parts)))
        object.__setattr__(self, "joined_name", "".join(parts))


@dataclass(frozen=True)
class Brand:
    """A brand: the names it goes by and the registered domains it really sends from."""

    name: str
    names: tuple[tuple[str, ...], ...]
    roots: frozenset[str]


def impersonated_person(people: Iterable[Person], display_name: str, address: str) -> str:
    """The VIP whose name is used by an address that is not theirs; empty when none.

    Order of names, case, accents, look-alike and invisible characters, extra words ("Clara Lindqvist, CEO"),
    spaced-out letters and one typing error make no difference. The local part of the
    address counts as a name too ("Office of the CEO" <clara.lindqvist@...>).
    """
    address = address.lower()
    local = address.partition("@")[0].partition("+")[0].replace("_", " ")
    named = _imitated(people, display_name, address) if display_name else ""
    return named or _imitated(people, local, address)


def _imitated(people: Iterable[Person], text: str, address: str) -> str:
    parts = words(text)
    if not parts:
        return ""
    have = frozenset(parts)
    squeezed = "".join(parts)
    ordered = "".join(sorted(parts))
    for person in people:
        if not person.parts or address in person.addresses:
            continue
        if person.parts <= have and len(person.parts) > 1:
            return person.name
        if squeezed in (person.sorted_name, person.joined_name):
            return person.name
        near = len(person.sorted_name) >= _SHORTEST_NAME
        if near and OSA.distance(ordered, person.sorted_name, score_cutoff=1) <= 1:
            return person.name
        if near and _each_name_nearly(person.parts, have):
            return person.name
    return ""


def _each_name_nearly(wanted: frozenset[str], have: frozenset[str]) -> bool:
    """Whether every part of a name is there, at most one of them with one typing error."""
    missing = wanted - have
    if len(missing) != 1 or len(wanted) < 2:
        return False
    part = next(iter(missing))
    return len(part) >= 5 and any(OSA.distance(part, other, score_cutoff=1) <= 1 for other in have - wanted)


class BrandNames:
    """All brand names at once, so that a display name is looked at once however many brands there are."""

    def __init__(self, brands: Iterable[Brand]) -> None:
        self._brands = sorted(brands, key=lambda brand: brand.name)
        self._starts: dict[str, list[tuple[str, Brand]]] = {}
        self._glued: list[tuple[str, Brand]] = []
        for brand in self._brands:
            for name in brand.names:
                self._starts.setdefault(name[0], []).append((f" {' '.join(name)} ", brand))
                if len("".join(name)) >= _SHORTEST_GLUED:
                    self._glued.append(("".join(name), brand))
        self._prefixes = tuple(prefix for prefix, _ in self._glued)

    def claimed(self, display_name: str, domain: str) -> list[str]:
        """Brands named in `display_name` that do not own the registered part of `domain`; sorted."""
        if not display_name:
            return []
        parts = letters_joined(words(display_name))
        text = f" {' '.join(parts)} "
        found: list[Brand] = []
        for part in parts:
            found += [brand for phrase, brand in self._starts.get(part, ()) if phrase in text]
            if part.startswith(self._prefixes):
                found += [brand for prefix, brand in self._glued if part.startswith(prefix)]
        if not found:
            return []
        root = root_domain(domain)
        return sorted({brand.name for brand in found if root not in brand.roots})
