"""Mimecast's ways of writing an instant, in both directions."""

from __future__ import annotations

from datetime import UTC, datetime

from mailroom.errors import InvalidInputError

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def format_date(moment: datetime) -> str:
    """`2025-01-14T09:30:00+0000`: the one form accepted everywhere (never `Z`, no colon, no fraction).

    Raises:
        InvalidInputError: `moment` carries no time zone.
    """
    if moment.tzinfo is None:
        msg = f"the time {moment.isoformat()} has no time zone: pass an aware datetime"
        raise InvalidInputError(msg)
    utc = moment.astimezone(UTC)
    return f"{utc.year:04d}-{utc.month:02d}-{utc.day:02d}T{utc.hour:02d}:{utc.minute:02d}:{utc.second:02d}+0000"


def parse_date(text: object) -> datetime | None:
    """An answer's date as aware UTC, or None when it is none. A date without an offset is taken as UTC."""
    if not isinstance(text, str) or not 10 <= len(text) <= 40:
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def signing_date(moment: datetime) -> str:
    """`Tue, 14 Jan 2025 09:30:00 UTC` whatever the locale, as API 1.0 signs it."""
    utc = moment.astimezone(UTC)
    return (
        f"{_DAYS[utc.weekday()]}, {utc.day:02d} {_MONTHS[utc.month - 1]} {utc.year:04d} "
        f"{utc.hour:02d}:{utc.minute:02d}:{utc.second:02d} UTC"
    )
