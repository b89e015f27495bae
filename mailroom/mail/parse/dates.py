"""The Date header, by anyone who ever wrote one."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

from mailroom.mail.moments import anywhere
from mailroom.mail.parse.date_words import in_usual_words

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
_USUAL = re.compile(
    r"(?:[A-Za-z]{3},?\s+)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([+-])(\d{2})(\d{2})\b"
)
_ISO = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[T ]\s*(\d{1,2}):(\d{2})(?::(\d{2}))?)?"
    r"(?: ?(Z)| ?([+-])(\d{2}):?(\d{2})?)?(?=\s|$)",
    re.IGNORECASE,
)
_PARENTHESIS = re.compile(r"\\.|[()]")
_LIMIT = 200
_EARLIEST = 1900
"""A year before it is a counter that nobody set, or one of two digits with zeros before them."""


def read_date(value: str) -> datetime | None:
    """An aware time since there are mails that every time zone can express, or None.

    A time without a zone is taken as UTC.
    """
    value = value.strip()
    found = _read(value) if value else None
    return anywhere(found) if found and found.year >= _EARLIEST else None


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
    value = in_usual_words(_without_comments(value).strip(" \"'"))
    try:
        if iso := _ISO.match(value):
            return _iso(iso)
        fields = email.utils.parsedate_tz(value if ":" in value else f"{value} 00:00:00")
        if fields is None:
            return None
        offset = fields[9] or 0
        if abs(offset) >= 24 * 3600:
            return None
        zone = timezone(timedelta(seconds=offset)) if offset else UTC
        return datetime(*fields[:5], min(fields[5], 59), tzinfo=zone)
    except (ValueError, TypeError, OverflowError, IndexError, AttributeError):
        return None


def _iso(found: re.Match[str]) -> datetime:
    year, _, month, day, hour, minute, second, _, sign, zone_hours, zone_minutes = found.groups()
    return datetime(
        int(year), int(month), int(day), int(hour or 0), int(minute or 0), min(int(second or 0), 59),
        tzinfo=_zone(sign, int(zone_hours), int(zone_minutes or 0)) if sign else UTC,
    )  # fmt: skip


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
