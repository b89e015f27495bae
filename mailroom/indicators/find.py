"""Everything that can be found in a text, in one call."""

from __future__ import annotations

from collections.abc import Iterable

from mailroom.errors import InvalidInputError
from mailroom.indicators.addresses import find_emails, find_ipv4, find_ipv6
from mailroom.indicators.cards import find_cards
from mailroom.indicators.marks import find_cves, find_hashes, find_times
from mailroom.indicators.model import DEFAULT_LIMITS, KINDS, Indicator, Limits
from mailroom.indicators.names import find_names
from mailroom.indicators.refang import refanged
from mailroom.indicators.scan import Scan
from mailroom.indicators.urls import find_urls

_ALL = frozenset(KINDS)


def find(
    text: str, *, kinds: Iterable[str] | None = None, limits: Limits = DEFAULT_LIMITS, unique: bool = True
) -> list[Indicator]:
    """Find indicators in text, defanged ones included.

    Linear in the length of the text, whatever it contains. Nothing is looked up on any network.

    Args:
        text: Plain text. Use `from_html` for HTML.
        kinds: Names out of `KINDS`; everything when None.
        limits: How much of the text is looked at and how much is returned.
        unique: Report each value once, where it first occurs; otherwise every occurrence.

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
    find_emails(scan)
    if scan.wants("credit_card"):
        find_cards(scan)
    if scan.wants("datetime"):
        find_times(scan)
    if scan.wants("md5", "sha1", "sha256", "sha512"):
        find_hashes(scan)
    if scan.wants("ipv4", "url"):
        rests += find_ipv4(scan)
    if scan.wants("ipv6"):
        find_ipv6(scan)
    if scan.wants("domain", "url", "filename"):
        rests += find_names(scan)
    if scan.wants("cve"):
        find_cves(scan)
    return scan.result(unique=unique)
