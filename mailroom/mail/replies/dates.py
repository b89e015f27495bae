"""Dates as people and mail programs write them, in about twenty languages."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

from mailroom.mail.moments import anywhere
from mailroom.mail.months import month_number

_ISO = re.compile(r"(?<!\d)(\d{4})\s?[-/.年]\s?(\d{1,2})\s?[-/.月]\s?(\d{1,2})(?!\d)")
_KOREAN = re.compile(r"(?<!\d)(\d{4})년\s?(\d{1,2})월\s?(\d{1,2})일")
_NUMERIC = re.compile(r"(?<!\d)(\d{1,2})([./-])\s?(\d{1,2})[./-]\s?(\d{4}|\d{2})?(?!\d)")
_DAY_MONTH = re.compile(
    r"(?<!\d)(\d{1,2})(?:st|nd|rd|th|er|º|\.)?[\s-](?:de |of |d')?([^\W\d_]{3,14})\.?,?(?:[\s-](?:de |del )?(\d{4}))?"
)
_YEAR_MONTH_DAY = re.compile(r"(?<!\d)(\d{4})\.?\s([^\W\d_]{3,14})\.?\s(\d{1,2})(?!\d)")
_MONTH_DAY = re.compile(r"(?<![^\W\d])([^\W\d_]{3,14})\.?[\s-](\d{1,2})(?:st|nd|rd|th)?(?![\d:])(?:,?\s(\d{4}))?")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2})[:.hH](\d{2})(?:[:.](\d{2}))?\s?(am|pm|a\.m\.|p\.m\.)?(?!\d)", re.IGNORECASE)
_HALF = re.compile(r"\d\s?[ap]\.?m\b", re.IGNORECASE)
_OFFSET = re.compile(
    r"(?:gmt|utc)\s?([+-])(\d{1,2})(?::?(\d{2}))?(?!\d)|([+-])(\d{2}):?(\d{2})(?!\d)|\b([a-z]{3,4})\b", re.IGNORECASE
)
_ZONES = {
    "wet": 0, "west": 1, "bst": 1, "cet": 1, "cest": 2, "mez": 1, "mesz": 2, "oez": 2, "oesz": 3, "eet": 2, "eest": 3,
    "msk": 3, "jst": 9, "kst": 9, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8,
    "pdt": -7,
}  # fmt: skip
"""Hours east of Greenwich of zones that mail programs write out; a word that could be two of them is left out."""
_MAX = 300


def find_day(text: str, *, near: datetime | None = None) -> tuple[int, int, int] | None:
    """Year, month and day of the first date in the text.

    A date without a year gets the one that puts it closest after `near` (if given); day before month, unless only the
    other order is possible.
    """
    text = text[:_MAX]
    found = _ISO.search(text) or _KOREAN.search(text)
    if found:
        return _checked(int(found[1]), int(found[2]), int(found[3]))
    candidates: list[tuple[int, int, int, str]] = []
    for match in _YEAR_MONTH_DAY.finditer(text):
        month = month_number(match[2])
        if month:
            candidates.append((match.start(), month, int(match[3]), match[1]))
            break
    for match in _DAY_MONTH.finditer(text):
        dotted = text.startswith(".", match.end(1))
        month = month_number(match[2], after_a_dot=dotted)
        if month:
            candidates.append((match.start(), month, int(match[1]), match[3] or ""))
            break
    for match in _MONTH_DAY.finditer(text):
        month = month_number(match[1])
        if month:
            candidates.append((match.start(), month, int(match[2]), match[3] or ""))
            break
    for match in _NUMERIC.finditer(text):
        first, second = int(match[1]), int(match[3])
        if match[2] == "/" and first <= 12 and (second > 12 or _HALF.search(text)):
            first, second = second, first
        candidates.append((match.start(), second, first, match[4] or ""))
        break
    # A candidate with a year is a date; one without may be a chance neighbour of a number and a word.
    candidates.sort(key=lambda candidate: (not candidate[3], candidate[0]))
    for _, month, day, year in candidates:
        checked = _checked(_year(year, month, day, near), month, day)
        if checked is not None:
            return checked
    return None


def _year(text: str, month: int, day: int, near: datetime | None) -> int:
    if text:
        return int(text) if len(text) == 4 else 2000 + int(text)
    if near is None:
        return 0
    return near.year + ((month, day) < (near.month, near.day))


def _checked(year: int, month: int, day: int) -> tuple[int, int, int] | None:
    try:
        datetime(year, month, day, tzinfo=UTC)
    except ValueError:
        return None
    return year, month, day


def parse_moment(text: str) -> datetime | None:
    """A written date with optional time and zone as an aware datetime; without a zone it is taken as UTC.

    None when there is none, or one that some time zone cannot express.
    """
    day = find_day(text)
    if day is None:
        return None
    hour = minute = second = 0
    clocks = [found for found in _CLOCK.finditer(text[:_MAX]) if int(found[1]) < 24 and int(found[2]) < 60]
    clock = next((found for found in clocks if ":" in found[0]), clocks[-1] if clocks else None)
    if clock:
        hour, minute, second = int(clock[1]), int(clock[2]), int(clock[3] or 0)
        half = (clock[4] or "").casefold()[:1]
        if half == "p" and hour < 12:
            hour += 12
        elif half == "a" and hour == 12:
            hour = 0
        if hour > 23 or minute > 59 or second > 59:
            hour = minute = second = 0
    zone = _zone(text[clock.end() :][:40]) if clock else UTC
    return anywhere(datetime(*day, hour, minute, second, tzinfo=zone))


def _zone(text: str) -> timezone:
    """The first offset or zone in the text; UTC when there is none."""
    for found in _OFFSET.finditer(text):
        named = (found[7] or "").casefold()
        if named and (named not in _ZONES or text[: found.start()].strip(" (")):
            continue  # some other word; a zone stands right behind the time
        hours = _ZONES.get(named, 0) if named else int(found[2] or found[5])
        minutes = int(found[3] or found[6] or 0)
        if abs(hours) < 24 and minutes < 60:
            delta = timedelta(hours=hours, minutes=minutes)
            return timezone(-delta if "-" in (found[1], found[4]) else delta)
    return UTC
