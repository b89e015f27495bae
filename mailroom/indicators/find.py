"""Everything that can be found in a text, in one call."""

from __future__ import annotations

from collections.abc import Iterable

from mailroom.errors import InvalidInputError
from mailroom.indicators.addresses import find_emails, find_escaped_emails, find_ipv4, find_ipv6
from mailroom.indicators.cards import find_cards
from mailroom.indicators.encoded import find_encoded
from mailroom.indicators.engine import Pattern
from mailroom.indicators.inside import find_inside
from mailroom.indicators.marks import find_cves, find_hashes, find_times
from mailroom.indicators.model import DEFAULT_LIMITS, HASH_KINDS, KINDS, Indicator, Limits
from mailroom.indicators.names import find_names
from mailroom.indicators.refang import refanged
from mailroom.indicators.scan import Scan
from mailroom.indicators.urls import find_urls

_ALL = frozenset(KINDS)
_NUMBERS = Pattern(
    rb"[0-9A-Fa-f]{32}|[0-9]+\.[0-9]+\.[0-9]+\.[0-9]|[0-9]{12}|[0-9]{4}[ \xa0\-\x96]{1,3}[0-9]{2}"
    rb"|:[0-9A-Fa-f]{0,4}:|(?i:\bCVE)"
)
"""Without any of these there is no hash, address, card, time or vulnerability: most mails need one look only."""


def find(
    text: str,
    *,
    kinds: Iterable[str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
    unique: bool = True,
    place: tuple[str, ...] = (),
) -> list[Indicator]:
    """Find indicators in text, defanged ones included.

    Linear in the length of the text, whatever it contains. Nothing is looked up on any network.

    Args:
        text: Plain text. Use `from_html` for HTML.
        kinds: Names out of `KINDS`; everything when None.
        limits: How much of the text is looked at and how much is returned.
        unique: Report each value once, where it first occurs; otherwise every occurrence.
        place: Notes that every finding begins with, for example which part of a mail this is.

    Returns:
        Findings in the order of their positions. The host of a URL and the domain of an address are findings of
        their own.

    Raises:
        InvalidInputError: A kind that does not exist.
    """
    wanted = _ALL if kinds is None else frozenset(kinds)
    if not wanted <= _ALL:
        unknown = ", ".join(sorted(wanted - _ALL))
        raise InvalidInputError(f"unknown indicator kinds: {unknown}; use some of: {', '.join(KINDS)}")
    text = text[: limits.text]
    scan = Scan(text, refanged(text), wanted, limits)
    rests = find_urls(scan)
    find_encoded(scan)
    find_emails(scan)
    if _NUMBERS.found(bytes(scan.free)):
        rests += _numbers(scan)
    rests += find_names(scan)
    find_escaped_emails(scan)
    find_inside(scan, rests)
    return scan.result(unique=unique, place=place)


def _numbers(scan: Scan) -> list[tuple[int, int]]:
    """Whatever is made of digits. Long things first: a part of a hash is no card, the end of an IPv6 no IPv4."""
    if scan.wants("credit_card"):
        find_cards(scan)
    if scan.wants("datetime"):
        find_times(scan)
    if scan.wants(*HASH_KINDS.values()):
        find_hashes(scan)
    find_ipv6(scan)
    rests = find_ipv4(scan)
    if scan.wants("cve"):
        find_cves(scan)
    return rests
