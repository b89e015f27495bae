"""What the site knows about itself and its neighbours, indexed for the signals."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailroom.rulelang.domains import canonical_domain, root_domain
from mailroom.rulelang.lists import Entry, ValueList
from mailroom.rulelang.text import words
from mailroom.triage.lookalike import ProtectedDomains
from mailroom.triage.people import Brand, BrandNames, Person

if TYPE_CHECKING:
    from mailroom.triage.sender import Sender

RISKY_LISTS = (
    "executable_extensions",
    "script_extensions",
    "shortcut_extensions",
    "disk_image_extensions",
    "macro_extensions",
    "web_page_extensions",
)


@dataclass(frozen=True)
class Context:
    """Names and domains the signals compare with. Domains are canonical, addresses lower case.

    `never_lookalikes` are domains that resemble a protected one and are known to be honest. `senders` keeps what
    `sender.read_sender` worked out with these lists.
    """

    own_domains: frozenset[str] = frozenset()
    partner_domains: frozenset[str] = frozenset()
    free_mail: frozenset[str] = frozenset()
    simulation_domains: frozenset[str] = frozenset()
    trusted_authserv_ids: tuple[str, ...] = ("relay.mimecast.com", "*.mimecast.com")
    vips: tuple[Person, ...] = ()
    brands: tuple[Brand, ...] = ()
    risky_extensions: frozenset[str] = frozenset()
    never_lookalikes: frozenset[str] = frozenset()
    protected: ProtectedDomains = field(init=False, repr=False, compare=False)
    brand_domains: ProtectedDomains = field(init=False, repr=False, compare=False)
    brand_names: BrandNames = field(init=False, repr=False, compare=False)
    brand_roots: frozenset[str] = field(init=False, repr=False, compare=False)
    vip_addresses: frozenset[str] = field(init=False, repr=False, compare=False)
    senders: dict[tuple[tuple[str, ...] | None, str, str], Sender] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        brand_roots = frozenset(root for brand in self.brands for root in brand.roots)
        ours = self.own_domains | self.partner_domains
        known = ours | brand_roots | self.never_lookalikes | self.free_mail
        object.__setattr__(self, "protected", ProtectedDomains(ours, never=known))
        object.__setattr__(self, "brand_domains", ProtectedDomains(brand_roots, never=known))
        object.__setattr__(self, "brand_roots", brand_roots)
        object.__setattr__(self, "brand_names", BrandNames(self.brands))
        addresses = frozenset(address for person in self.vips for address in person.addresses)
        object.__setattr__(self, "vip_addresses", addresses)


def domains(values: Iterable[str]) -> frozenset[str]:
    """Canonical forms of domain names, nonsense left out."""
    return frozenset(domain for domain in map(canonical_domain, values) if domain)


def make_brand(name: str, aliases: Iterable[str], owned: Iterable[str]) -> Brand:
    """A brand with every name as a sequence of word skeletons."""
    names = tuple(sorted({tuple(words(alias)) for alias in (name, *aliases)} - {()}))
    return Brand(name, names, frozenset(root_domain(domain) for domain in domains(owned)))


def make_person(name: str, addresses: Iterable[str]) -> Person:
    """A VIP."""
    return Person(name, frozenset(address.strip().lower() for address in addresses if "@" in address))


def context_of(lists: Mapping[str, ValueList]) -> Context:
    """The signals' view of the lists. Lists that are missing are empty."""

    def values(name: str) -> Sequence[str]:
        return [entry.value for entry in lists[name].entries] if name in lists else ()

    def entries(name: str) -> Sequence[Entry]:
        return lists[name].entries if name in lists else ()

    risky = {value.casefold().lstrip(".") for name in RISKY_LISTS for value in values(name)}
    trusted = tuple(sorted({value.lower() for value in values("trusted_authserv_ids")}))
    return Context(
        own_domains=domains(values("own_domains")),
        partner_domains=domains(values("partner_domains")),
        free_mail=domains(values("free_mail")),
        simulation_domains=domains(values("simulation_domains")),
        trusted_authserv_ids=trusted or Context.trusted_authserv_ids,
        vips=tuple(sorted((make_person(e.value, e.addresses) for e in entries("vips")), key=lambda p: p.name)),
        brands=tuple(
            sorted((make_brand(e.value, e.names, e.domains) for e in entries("brands")), key=lambda b: b.name)
        ),
        risky_extensions=frozenset(risky),
        never_lookalikes=domains(values("not_lookalikes")),
    )


def describe(context: Context) -> Mapping[str, int]:
    """Sizes of the lists behind a context, for logs and reports."""
    return {
        "own_domains": len(context.own_domains),
        "partner_domains": len(context.partner_domains),
        "vips": len(context.vips),
        "brands": len(context.brands),
        "free_mail": len(context.free_mail),
    }
