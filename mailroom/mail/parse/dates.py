"""The Date header, by anyone who ever wrote one."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from mailroom.mail.moments import anywhere

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
_USUAL = re.compile(
    r"(?:[A-Za-z]{3},?\s+)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([+-])(\d{2})(\d{2})\b"
)
_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,]\d+)?\s*(Z|[+-]\d{2}:?\d{2})?(?:\s|$)", re.IGNORECASE
)
_PARENTHESIS = re.compile(r"\\.|[()]")
_HALF_DAY = re.compile(r"\b(\d{1,2})(:\d{2}(?::\d{2})?)\s*([AP])\.?M\b\.?", re.IGNORECASE)
_NUMBERS = re.compile(r"\b(\d{1,2})([-. ])(\d{1,2})\2(\d{4})\b")
"""Day, month and year in numbers, as written outside of America."""
_YEAR_SINCE_1900 = re.compile(r"(?<=[a-z] )(1\d\d)\b(?!:)", re.IGNORECASE)
_GLUED_ZONE = re.compile(r"(:\d{2})([A-Z])", re.IGNORECASE)
_NO_ZONE = re.compile(r"\s[+-]?\d{5,}$")
_ZONE_WORD = re.compile(r"\b(?:GMT|UTC|UT)\s*([+-])(\d{1,2}):?(\d{2})?\b", re.IGNORECASE)
_COLON_ZONE = re.compile(r"([+-]\d{2}):(\d{2})\s*$")
_LOOSE_COLON = re.compile(r"\s*:\s*")
_LIMIT = 200
_ZONES = {
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "MSD": 4,
    "SGT": 8, "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip


def read_date(value: str) -> datetime | None:
    """An aware time that every time zone can express, or None. A time without a zone is taken as UTC."""
    value = value.strip()
    found = _read(value) if value else None
    return found and anywhere(found)


def _read(value: str) -> datetime | None:
    if usual := _USUAL.match(value):
        day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = usual.groups()
        number = _MONTHS.get(month.lower())
        if number is not None:
            try:
                return datetime(  # second 60 is a leap second
                    int(year), number, int(day), int(hour), int(minute), min(int(second or 0), 59),
                    tzinfo=_zone(sign, int(zone_hours), int(zone_minutes)),
                )  # fmt: skip
            except (ValueError, OverflowError):
                return None
    return _unusual(value[:_LIMIT])


@lru_cache(maxsize=256)
def _zone(sign: str, hours: int, minutes: int) -> timezone:
    offset = timedelta(hours=hours, minutes=minutes)
    if not offset:
        return UTC
    return timezone(-offset if sign == "-" else offset)


def _unusual(value: str) -> datetime | None:
    value = _without_comments(value)
    value = _LOOSE_COLON.sub(":", value)
    if iso := _ISO.match(value):
        zone = (iso.group(7) or "Z").upper()
        try:
            tz = UTC if zone == "Z" else _zone(zone[0], int(zone[1:3]), int(zone[-2:]))
            return datetime(*(int(iso.group(index)) for index in range(1, 7)), tzinfo=tz)  # type: ignore[arg-type, misc]
        except (ValueError, OverflowError):
            return None
    value = _ZONE_WORD.sub(lambda match: f"{match[1]}{int(match[2]):02}{match[3] or '00'}", value)
    value = _COLON_ZONE.sub(r"\1\2", value)
    value = _as_usual(value)
    try:
        fields = email.utils.parsedate_tz(value)
        if fields is None:
            return None
        offset = fields[9] or 0
        if not offset:  # zones that the library has never heard of
            offset = 3600 * _ZONES.get(value.rpartition(" ")[2].upper(), 0)
        if abs(offset) >= 24 * 3600:
            return None
        zone_of = timezone(timedelta(seconds=offset)) if offset else UTC
        return datetime(*fields[:5], min(fields[5], 59), tzinfo=zone_of)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None


def _without_comments(value: str) -> str:
    """The value without its comments, which may hold comments; one that is never closed goes on to the end."""
    kept: list[str] = []
    depth = 0
    position = 0
    for token in _PARENTHESIS.finditer(value):
        if token.group() == "(":
            if not depth:
                kept.append(value[position : token.start()])
            depth += 1
        elif token.group() == ")" and depth:
            depth -= 1
            position = token.end()
    if not depth:
        kept.append(value[position:])
    return " ".join(" ".join(kept).split()).replace(" ,", ",")


def _as_usual(value: str) -> str:
    """A date in the words of other customs: half days, months in numbers, no time, zones that are none."""
    value = _HALF_DAY.sub(_whole_day, value)
    value = _NUMBERS.sub(_month_by_name, value)
    value = _YEAR_SINCE_1900.sub(lambda match: str(1900 + int(match[1])), value)
    value = _NO_ZONE.sub("", _GLUED_ZONE.sub(r"\1 \2", value))
    return value if ":" in value else f"{value} 00:00:00"


def _whole_day(match: re.Match[str]) -> str:
    hour = int(match[1])
    if hour > 12:
        return f"{hour}{match[2]}"
    return f"{hour % 12 + (12 if match[3] in 'Pp' else 0)}{match[2]}"


def _month_by_name(match: re.Match[str]) -> str:
    names = list(_MONTHS)
    month = int(match[3])
    return f"{match[1]} {names[month - 1]} {match[4]}" if 0 < month <= len(names) else match[0]
