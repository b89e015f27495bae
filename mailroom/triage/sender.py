"""Who a mail says it is from: everything that follows from its From headers and the site's lists alone.

The same senders write again and again, so what was worked out is kept with the lists it was worked out from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailroom.rulelang.domains import root_domain, within
from mailroom.rulelang.from_header import FromReading, find_addresses, read_from
from mailroom.rulelang.text import has_invisible, has_styled_letters
from mailroom.triage.context import Context
from mailroom.triage.people import impersonated_person

_MOST_KEPT = 4_096
_LONGEST_KEPT = 1_000


@dataclass(frozen=True, slots=True)
class Sender:
    """`facts` are the fields `from.*`; `roots` the registered parts of the domains in sender position.

    `single` says that all mail programs show one and the same address.
    """

    facts: Mapping[str, Any]
    roots: frozenset[str]
    single: bool

    def is_of(self, domain: str) -> bool:
        """Whether every reading of the sender is in the registered domain that `domain` belongs to."""
        return bool(domain) and self.roots == {root_domain(domain)}


def read_sender(values: Sequence[str] | None, address: str, name: str, context: Context) -> Sender:
    """Everything about the sender.

    Args:
        values: Raw From headers, top first; `None` when the header block was not fetched.
        address: Address that the gateway took for the sender.
        name: Display name that the gateway took.
        context: The site's lists; keeps what was worked out.

    Returns:
        The sender. Equal arguments give an equal answer. Never raises on any text.
    """
    key = (None if values is None else tuple(values), address, name)
    known = context.senders.get(key)
    if known is not None:
        return known
    sender = _work_out(read_from(values, address, name), context)
    # Long headers are attacks; they must not fill the memory.
    if sum(map(len, values or ())) + len(address) + len(name) <= _LONGEST_KEPT:
        if len(context.senders) >= _MOST_KEPT:
            context.senders.clear()
        context.senders[key] = sender
    return sender


def _work_out(reading: FromReading, context: Context) -> Sender:
    addresses = [mailbox.address for mailbox in reading.mailboxes]
    found = [address.rpartition("@")[2] for address in addresses]
    roots = [root_domain(domain) for domain in found]
    name = reading.display_name
    claims = [context.brand_names.claimed(name, domain) for domain in found or [""]]
    people = (impersonated_person(context.vips, name, address) for address in addresses or [""])
    twin = next((hit for domain in found if (hit := context.protected.find(domain))), None)
    brand = next((hit for domain in found if (hit := context.brand_domains.find(domain))), None)
    # Claims that raise suspicion hold when any reading makes them; claims that build trust need every reading.
    is_own = any(within(domain, context.own_domains) for domain in found)
    hidden = any(within(address.rpartition("@")[2], context.own_domains) for address in reading.others)
    facts = {
        "from.address": addresses[0] if addresses else None,
        "from.domain": found[0] if found else None,
        "from.root_domain": roots[0] if roots else None,
        "from.display_name": name,
        "from.addresses": addresses,
        "from.hidden_addresses": list(reading.others),
        "from.defects": list(reading.defects),
        "from.ambiguous": reading.ambiguous,
        "from.name_has_address": bool(set(find_addresses(name)) - set(addresses)),
        "from.styled_name": has_invisible(name) or has_styled_letters(name),
        "from.brands": sorted({one for brands in claims for one in brands}),
        "from.vip": next((person for person in people if person), None),
        "from.lookalike_of": twin.of if twin else None,
        "from.lookalike_kind": twin.kind if twin else None,
        "from.brand_lookalike": brand.of if brand else None,
        "from.is_own": is_own,
        "from.is_partner": bool(found) and all(within(domain, context.partner_domains) for domain in found),
        "from.shows_our_address": hidden and not is_own,
        "from.is_brand": any(root in context.brand_roots for root in roots),
        "from.is_vip": bool(addresses) and all(address in context.vip_addresses for address in addresses),
        "from.is_free_mail": any(within(domain, context.free_mail) for domain in found),
        "from.is_simulation": any(within(domain, context.simulation_domains) for domain in found),
        "from.punycode": any("xn--" in domain for domain in found),
    }
    return Sender(facts, frozenset(roots), len(addresses) == 1 and not reading.ambiguous)
