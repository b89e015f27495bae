"""What is not blocked, whoever asks: ourselves, people who were impersonated, friends, and half of the world."""

from __future__ import annotations

from collections.abc import Iterator

from mailroom.playbooks.block_sender.evidence import Evidence
from mailroom.playbooks.block_sender.forgery import Forgery
from mailroom.playbooks.block_sender.model import Refusal, Subject
from mailroom.rulelang.domains import is_public_suffix, root_domain, within
from mailroom.triage.context import Context

NOT_COUNTED = "not_counted"
"""A person may set this one aside, who knows what the archive does not say."""
_ADDRESS_ONLY = "Block the one address instead."


def by_lists(subject: Subject, context: Context) -> list[Refusal]:
    """What the site's lists forbid. Pure; asked again right before each change."""
    return list(_by_lists(subject, context))


def by_evidence(subject: Subject, found: Evidence, context: Context, *, most_wanted_mail: int) -> list[Refusal]:
    """What the mail itself, or the mail of the last month, forbids."""
    refusals = []
    if found.forged is not None:
        refusals.append(_forged(subject, found.forged, context))
    if subject.whole_domain and found.wanted_mail > most_wanted_mail:
        there, here = _up_to(found.written, most_wanted_mail), _up_to(found.received, most_wanted_mail)
        counted = f"{here} came from there and {there} went there"
        refusals.append(
            Refusal(
                "wanted_mail",
                f"{subject.value} exchanges mail with us: within a month {counted} (the limit is {most_wanted_mail}).",
                "Block the one address, or raise the limit if none of it is wanted.",
            )
        )
    elif subject.whole_domain and not found.is_counted:
        refusals.append(
            Refusal(
                NOT_COUNTED,
                f"How much mail {subject.value} exchanges with us could not be counted: the archive was refused.",
                "Block the one address, give the role the permission `Archive | Search | Read`, or allow it uncounted "
                "if you know that none of it is wanted.",
            )
        )
    return refusals


def _by_lists(subject: Subject, context: Context) -> Iterator[Refusal]:
    domain = subject.domain
    if subject.whole_domain and is_public_suffix(domain):
        yield Refusal(
            "public_suffix",
            f"{domain} belongs to nobody alone: strangers register their domains below it.",
            "Block the domain below it that sent the mail.",
        )
    if _touches(subject, context.own_domains):
        yield Refusal(
            "own_domain",
            f"{domain} is ours: blocking it would stop our own mail.",
            "Where our address was forged, block the envelope's domain or the server's address instead.",
        )
    if _touches(subject, context.partner_domains):
        yield Refusal(
            "partner",
            f"{domain} is on the list of partners.",
            "Tell the partner, whose mailbox may be taken over; hold the mail with a rule, or take the partner off "
            "the list first.",
        )
    vip = subject.value in context.vip_addresses or (
        subject.whole_domain
        and any(within(one.rpartition("@")[2], frozenset({domain})) for one in context.vip_addresses)
    )
    if vip:
        yield Refusal(
            "vip",
            "It is, or covers, the address of a person on the list of VIPs.",
            "Where somebody pretends to be this person, block the address that is really used.",
        )
    if subject.whole_domain and _touches(subject, context.free_mail):
        yield Refusal("free_mail_domain", f"Anybody can have an address at {domain}.", _ADDRESS_ONLY)
    if subject.whole_domain and root_domain(domain) in context.brand_roots:
        yield Refusal("brand", f"{domain} is the true domain of a known brand.", _ADDRESS_ONLY)
    if within(domain, context.simulation_domains):
        yield Refusal(
            "simulation", f"{domain} sends our own phishing exercises.", "Ask whoever runs the exercise to stop it."
        )


def _touches(subject: Subject, listed: frozenset[str]) -> bool:
    """Whether it lies within a listed domain, or a whole domain covers one."""
    if within(subject.domain, listed):
        return True
    return subject.whole_domain and any(within(one, frozenset({subject.domain})) for one in listed)


def _forged(subject: Subject, found: Forgery, context: Context) -> Refusal:
    envelope = str(found.facts.get("envelope.address") or "").rpartition("@")[2]
    server = str(found.facts.get("sender.ip") or "")
    if envelope and envelope != subject.domain and not within(envelope, context.own_domains | context.partner_domains):
        instead = f"Block the envelope's domain instead: {envelope}, as a whole domain."
    elif server:
        instead = f"Block the server it came from instead: a policy with the source IP {server}."
    else:
        instead = "Block the envelope's domain or the server's address instead."
    return Refusal(
        "forged",
        f"{found.mail[:1].upper()}{found.mail[1:]} {found.why}: whoever stands in From may be a victim.",
        instead,
    )


def _up_to(number: int | None, most: int) -> str:
    return "an unknown number" if number is None else f"more than {most}" if number > most else str(number)
