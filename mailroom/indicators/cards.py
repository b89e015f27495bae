"""Payment cards: the vendors' ranges, the Luhn check, and what of a number may be shown."""

from __future__ import annotations

import re

from mailroom.indicators.engine import Pattern
from mailroom.indicators.scan import Scan

VENDORS: dict[str, str] = {
    "Amex": r"3[47][0-9]{13}",
    "BCGlobal": r"(?:6541|6556)[0-9]{12}",
    "Carte Blanche": r"389[0-9]{11}",
    "Diners Club": r"3(?:0[0-5]|[689][0-9])[0-9]{11}(?:[0-9]{2,5})?",
    "Discover": (
        r"(?:(?:65[0-9]|64[4-9])[0-9]{13}|6011[0-9]{12}"
        r"|622(?:12[6-9]|1[3-9][0-9]|[2-8][0-9][0-9]|9[01][0-9]|92[0-5])[0-9]{10})"
    ),
    "Insta Payment": r"63[7-9][0-9]{13}",
    "JCB": r"(?:2131|1800|35[0-9]{3})[0-9]{11}",
    "Korean local": r"9[0-9]{15}",
    "Laser": r"(?:6304|6706|6709|6771)[0-9]{12,15}",
    "Maestro": r"(?:5018|5020|5038|5893|6304|6759|6761|6763)[0-9]{8,15}",
    "MasterCard": (
        r"(?:5[1-5][0-9]{14}"
        r"|2(?:22[1-9][0-9]{12}|2[3-9][0-9]{13}|[3-6][0-9]{14}|7[01][0-9]{13}|720[0-9]{12}))"
    ),
    "Solo": r"(?:6334|6767)(?:[0-9]{12}|[0-9]{14}|[0-9]{15})",
    "Switch": (
        r"(?:(?:4903|4905|4911|4936|6333|6759)(?:[0-9]{12}|[0-9]{14}|[0-9]{15})"
        r"|(?:564182|633110)(?:[0-9]{10}|[0-9]{12}|[0-9]{13}))"
    ),
    "Union Pay": r"62[0-9]{14,17}",
    "Visa": r"4[0-9]{12}(?:[0-9]{3}|[0-9]{6})?",
    "Visa/MasterCard": r"(?:4[0-9]{12}(?:[0-9]{3}|[0-9]{6})?|5[1-5][0-9]{14})",
}
"""Vendor -> pattern of the digits, without separators. Each has a named pattern."""

REGIONAL: dict[str, str] = {
    "Dankort": r"5019[0-9]{12}",
    "Elo": r"(?:504175|506(?:699|7[0-6][0-9]|77[0-8])|509[0-9]{3}|627780|636297|636368)[0-9]{10}",
    "Hipercard": r"606282[0-9]{10}",
    "Mir": r"220[0-4][0-9]{12,15}",
    "RuPay": r"(?:508[5-9]|606[9]|607[0-9]|608[0-5]|8[12][0-9]{2})[0-9]{12}",
    "UATP": r"1(?:0[1-9]|[1-9][0-9])[0-9]{12}",
    "Verve": r"(?:506(?:099|1[0-8][0-9]|19[0-8])|5078(?:6[5-9]|[7-9][0-9])|5079[0-5][0-9])[0-9]{10}(?:[0-9]{2,3})?",
}
"""Networks of one country or one trade: found like the others, without a named pattern of their own."""

# Bounded repeats of digits over at most 19 characters: the ordinary engine cannot be slow here.
_RANGES = {vendor: re.compile(pattern) for vendor, pattern in (VENDORS | REGIONAL).items()}
_ANY = re.compile("|".join((VENDORS | REGIONAL).values()))
_SEPARATOR = rb"(?:[ \xa0]?[\-\x96][ \xa0]?|[ \xa0]{1,2}|\.)"  # no tabs: those are columns of a table
_RUN = Pattern(rb"[0-9]{4,19}(?:" + _SEPARATOR + rb"[0-9]{1,19})+|[0-9]{12,}")
_GROUP = re.compile(rb"[0-9]+")
_BLANKS = b" \xa0"
_SIZES = {
    (4, 4, 4, 4), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3), (4, 4, 4, 1), (4, 4, 4, 2), (4, 4, 4, 3),
    (4, 4, 4), (4, 4, 5), (4, 6, 4), (4, 6, 5), (4, 5, 6), (4, 3, 3, 3), (6, 12), (6, 13), (8, 8),
}  # fmt: skip
"""How the digits of a card are grouped when they are written with separators."""
_FIRST = {sizes[0] for sizes in _SIZES}
_LONGEST = max(map(len, _SIZES))


def luhn(digits: str) -> bool:
    """Whether the check digit at the end is right."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = ord(digit) - 48
        if place % 2:
            number = number * 2 - 9 if number > 4 else number * 2
        total += number
    return total % 10 == 0


def vendors_of(digits: str) -> tuple[str, ...]:
    """Every vendor whose range holds the number, without the Luhn check; the most telling first."""
    return tuple(vendor for vendor, pattern in _RANGES.items() if pattern.fullmatch(digits))


def masked(digits: str) -> str:
    """The number with all but the last four digits hidden."""
    return "*" * (len(digits) - 4) + digits[-4:]


def find_cards(scan: Scan) -> None:
    """Report card numbers that are in a vendor's range and pass the Luhn check. `notes` names the vendors."""
    data = bytes(scan.free)
    for first, last in _RUN.spans(data):
        groups = [match.span() for match in _GROUP.finditer(data, first, last)]
        index = 0
        while index < len(groups):
            index += _card_at(scan, data, groups, index) or 1


def _card_at(scan: Scan, data: bytes, groups: list[tuple[int, int]], index: int) -> int:
    """Report the card that begins with this group; the number of groups it has, or 0."""
    start, end = groups[index]
    first = end - start
    if first >= 12:
        return int(first <= 19 and _card(scan, data, data[start:end], start, end))
    if first not in _FIRST:
        return 0
    sizes: tuple[int, ...] = (first,)
    digits = data[start:end]
    separator = None
    for begin, stop in groups[index + 1 : index + _LONGEST]:
        sign = data[end:begin].strip(_BLANKS)
        if separator not in {None, sign}:
            return 0
        separator = sign
        sizes += (stop - begin,)
        digits += data[begin:stop]
        end = stop
        if sizes in _SIZES and _card(scan, data, digits, start, end):
            return len(sizes)
    return 0


def _card(scan: Scan, data: bytes, written: bytes, start: int, end: int) -> bool:
    digits = written.decode("latin-1")
    if not _ANY.fullmatch(digits) or not luhn(digits) or _part_of_something(data, start, end):
        return False
    scan.add("credit_card", digits, start, end, vendors_of(digits), masked(digits))
    scan.cover(start, end)
    return True


def _part_of_something(data: bytes, start: int, end: int) -> bool:
    """Inside a longer identifier, a decimal number or a telephone number."""
    before, after = data[max(0, start - 2) : start], data[end : end + 2]
    if before[-1:].isalnum() or before[-1:] == b"+" or after[:1].isalnum():
        return True
    joined = (before[-1:] in b"-_" and before[:1].isalnum()) or (before[-1:] == b"." and before[:1].isdigit())
    follows = (after[:1] in b"-_" and after[1:].isalnum()) or (after[:1] == b"." and after[1:].isdigit())
    return (len(before) == 2 and joined) or (len(after) == 2 and follows)
