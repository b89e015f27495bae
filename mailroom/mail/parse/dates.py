"""The Date header, by anyone who ever wrote one."""

from __future__ import annotations

import email.utils
import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip
_USUAL = re.compile(
    r"(?:[A-Za-z]{3},?\s+)?(\d{1,2})\s+([A-Za-z]{3})\s+(\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?\s*([+-])(\d{2})(\d{2})\b"
)
_ISO = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2}):(\d{2})(?:[.,]\d+)?\s*(Z|[+-]\d{2}:?\d{2})?(?:\s|$)", re.IGNORECASE
)
_COMMENT = re.compile(r"\([^()]{0,200}\)")
_ZONE_WORD = re.compile(r"\b(?:GMT|UTC|UT)\s*([+-])(\d{1,2}):?(\d{2})?\b", re.IGNORECASE)
_COLON_ZONE = re.compile(r"([+-]\d{2}):(\d{2})\s*$")
_LOOSE_COLON = re.compile(r"\s*:\s*")
_LIMIT = 200
_ZONES = {
    "WET": 0, "WEST": 1, "BST": 1, "CET": 1, "MET": 1, "CEST": 2, "MEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "MSD": 4,
    "SGT": 8, "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip


def read_date(value: str) -> datetime | None:
    """An aware time, or None when there is none to be read. A time without a zone is taken as UTC."""
    value = value.strip()
    if not value:
        return None
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
    for _ in range(3):  # comments may hold comments
        value = _COMMENT.sub(" ", value).strip()
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
