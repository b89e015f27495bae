"""Dates of other customs, in the words of the usual one: months in any language or in numbers, half days, zones."""

from __future__ import annotations

import re

from mailroom.mail.months import month_number

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_LOOSE_COLON = re.compile(r"\s*:\s*")
_HALF_DAY = re.compile(r"\b(\d{1,2})(:\d{2}(?::\d{2})?)(?:[.,]\d+)?\s*([AP])\.?M\b\.?", re.IGNORECASE)
_FRACTION = re.compile(r"(:\d{2}:\d{2})[.,]\d+")
_NUMBERS = re.compile(r"\b(\d{1,2})([-. ])(\d{1,2})\2(\d{4})\b")
"""Day, month and year in numbers, as written outside of America."""
_SLASHES = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
"""Day and month in numbers in either order."""
_WEEKDAY = re.compile(r"^[^\W\d_]+[.,\s]+(?=\d{1,2}[.\s-]+([^\W\d_]{3,14}))")
"""In any language: a word before a day and what may be its month."""
_DAY_MONTH_YEAR = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th)?(\.?)[\s-]*(?:de\s)?([^\W\d_]{3,14})[.,]?[\s-]+(?:de\s)?(\d{2,4})\b(?!:)"
)
_MONTH_DAY = re.compile(r"\b([^\W\d_]{3,14})\.?\s(\d{1,2})\b(?!:)")
_YEAR_SINCE_1900 = re.compile(r"(?<=[a-z] )(1\d\d)\b(?!:)", re.IGNORECASE)
_GLUED_ZONE = re.compile(r"(:\d{2})([A-Z])", re.IGNORECASE)
_NO_ZONE = re.compile(r"\s[+-]?\d{5,}$")
_ZONE_WORD = re.compile(r"\b(?:GMT|UTC|UT)\s*([+-])(\d{1,2}):?(\d{2})?\b", re.IGNORECASE)
_COLON_ZONE = re.compile(r"([+-]\d{2}):(\d{2})\s*$")
_HOURS_ZONE = re.compile(r"(:\d{1,2}\s*[+-])(\d{1,2})(?![\d:])")
_ZONE_IN_NUMBERS = re.compile(r"(?::\d{1,2}|\s)[+-]\d")
_NAMED_ZONE = re.compile(r"(?<=\d),?\s+([A-Z]{3,4})\b", re.IGNORECASE)
_ZONES = {
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "MEZ": 1, "CEST": 2, "MEST": 2, "MESZ": 2, "EET": 2, "EEST": 3,
    "MSK": 3, "MSD": 4, "SGT": 8, "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
"""Hours east of Greenwich of zones that the library has never heard of."""


def in_usual_words(value: str) -> str:
    """A date without comments as the standard library can read it, if it is one of those known here.

    Only what has a single meaning is changed: `3/4/2022` stays as it is.
    """
    value = _LOOSE_COLON.sub(":", value)
    value = _FRACTION.sub(r"\1", _HALF_DAY.sub(_whole_day, value))
    value = _WEEKDAY.sub(lambda match: "" if month_number(match[1]) else match[0], value)
    value = _DAY_MONTH_YEAR.sub(_english_day, _MONTH_DAY.sub(_english_month, value))
    value = _SLASHES.sub(_only_order, _NUMBERS.sub(_month_by_name, value))
    value = _YEAR_SINCE_1900.sub(lambda match: str(1900 + int(match[1])), value)
    value = _GLUED_ZONE.sub(r"\1 \2", value)
    value = _ZONE_WORD.sub(lambda match: f"{match[1]}{int(match[2]):02}{match[3] or '00'}", value)
    value = _COLON_ZONE.sub(r"\1\2", value)
    value = _HOURS_ZONE.sub(lambda match: f"{match[1]}{int(match[2]):02}00", value)
    if not _ZONE_IN_NUMBERS.search(value):
        value = _NAMED_ZONE.sub(_zone_in_numbers, value)
    return _NO_ZONE.sub("", value)


def _whole_day(match: re.Match[str]) -> str:
    hour = int(match[1])
    if hour > 12:
        return f"{hour}{match[2]}"
    return f"{hour % 12 + (12 if match[3] in 'Pp' else 0)}{match[2]}"


def _english_day(match: re.Match[str]) -> str:
    month = month_number(match[3], after_a_dot=bool(match[2]))
    return f"{match[1]} {_MONTHS[month - 1]} {match[4]}" if month else match[0]


def _english_month(match: re.Match[str]) -> str:
    month = month_number(match[1])
    return f"{_MONTHS[month - 1]} {match[2]}" if month else match[0]


def _month_by_name(match: re.Match[str]) -> str:
    return _named(match[1], match[3], match[4]) or match[0]


def _only_order(match: re.Match[str]) -> str:
    first, second, year = match.groups()
    if int(first) > 12 or first == second:
        return _named(first, second, year) or match[0]
    return (_named(second, first, year) if int(second) > 12 else "") or match[0]


def _named(day: str, month: str, year: str) -> str:
    number = int(month)
    return f"{day} {_MONTHS[number - 1]} {year}" if 0 < number <= len(_MONTHS) else ""


def _zone_in_numbers(match: re.Match[str]) -> str:
    hours = _ZONES.get(match[1].upper())
    return match[0] if hours is None else f" +{hours:02}00"
