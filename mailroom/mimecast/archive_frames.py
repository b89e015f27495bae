"""From "Last Week" to two instants: the time frames of an archive search, and the zone they are meant in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from mailroom.errors import InvalidInputError

TimeFrame = Literal["Last Hour", "Last 6 Hours", "Last 24 Hours", "Last Week", "Last Month", "Custom"]
TIME_FRAMES: tuple[str, ...] = get_args(TimeFrame)

START_MISSING = '"Start Time" should be provided, when "Custom" is selected in "Time Frame" parameter.'
_HOURS = {"Last Hour": 1, "Last 6 Hours": 6, "Last 24 Hours": 24}
_EXAMPLE = "write it as ISO 8601, such as 2025-01-14T09:30:00Z or 2025-01-14 10:30"
_LAST_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Bounds:
    """The stretch of time a search looks at; both ends are included."""

    start: datetime
    """Aware UTC."""
    end: datetime
    """Aware UTC."""
    meaning: str
    """In words, with the zone it was meant in: for the result, so that nobody has to guess."""

    def __str__(self) -> str:
        return f"{self.start:%Y-%m-%dT%H:%M:%SZ} to {self.end:%Y-%m-%dT%H:%M:%SZ} ({self.meaning})"


def bounds_of(time_frame: str, *, now: datetime, start: str = "", end: str = "", zone: str = "UTC") -> Bounds:
    """The bounds of a time frame.

    "Last Week" is the last whole calendar week, Monday to Sunday; "Last Month" the last whole calendar month; both in
    `zone`. The others count back from now. With "Custom", `end` is now when it is empty, and a date without a time of
    day means its whole day.

    Args:
        time_frame: One of `TIME_FRAMES`.
        now: The present, aware.
        start: With "Custom": ISO 8601; without an offset it is meant in `zone`.
        end: With "Custom", likewise.
        zone: IANA name, such as Europe/Berlin.

    Raises:
        InvalidInputError: An unknown frame or zone, an unreadable time, "Custom" without start, start after end.
    """
    there = zone_of(zone)
    if time_frame in _HOURS:
        hours = _HOURS[time_frame]
        return Bounds(_utc(now - timedelta(hours=hours)), _utc(now), f"{time_frame.lower()} up to now")
    if time_frame == "Last Week":
        today = now.astimezone(there).date()
        monday = today - timedelta(days=today.weekday())
        return _days(monday - timedelta(days=7), monday, there, f"last calendar week in {zone}")
    if time_frame == "Last Month":
        first = now.astimezone(there).date().replace(day=1)
        return _days((first - timedelta(days=1)).replace(day=1), first, there, f"last calendar month in {zone}")
    if time_frame != "Custom":
        raise InvalidInputError(f'"Time Frame" {time_frame[:50]!r}: choose one of {", ".join(TIME_FRAMES)}')
    if not start.strip():
        raise InvalidInputError(START_MISSING)
    return _custom(start.strip(), end.strip(), now, there, zone)


def _custom(start: str, end: str, now: datetime, there: tzinfo, zone: str) -> Bounds:
    first, naive = _moment("Start Time", start, there, whole_day_ends=False)
    last, end_naive = _moment("End Time", end, there, whole_day_ends=True) if end else (_utc(now), False)
    if first > last:
        until = "now" if not end else f'"End Time" {last:%Y-%m-%dT%H:%M:%SZ}'
        raise InvalidInputError(f'"Start Time" {first:%Y-%m-%dT%H:%M:%SZ} is after {until}; put the earlier time first')
    meaning = f"custom, times without offset read in {zone}" if naive or end_naive else "custom"
    return Bounds(first, last, meaning)


def _moment(name: str, text: str, there: tzinfo, *, whole_day_ends: bool) -> tuple[datetime, bool]:
    """An instant, and whether the zone had to be assumed."""
    try:
        day = _day(text)
        if day is not None:
            if whole_day_ends:
                return _utc(datetime.combine(day + timedelta(days=1), time.min, there)) - _LAST_SECOND, True
            return _utc(datetime.combine(day, time.min, there)), True
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            return _utc(moment.replace(tzinfo=there)), True
        return _utc(moment), False
    except (ValueError, OverflowError):
        raise InvalidInputError(f'"{name}" {text[:60]!r} is not readable: {_EXAMPLE}') from None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _days(first: date, after: date, there: tzinfo, meaning: str) -> Bounds:
    """From the beginning of a day to the last second before another; a day may have 23 or 25 hours."""
    start = _utc(datetime.combine(first, time.min, there))
    return Bounds(start, _utc(datetime.combine(after, time.min, there)) - _LAST_SECOND, meaning)


def zone_of(name: str) -> tzinfo:
    """The zone of an IANA name.

    Raises:
        InvalidInputError: There is none of this name.
    """
    if name.strip().upper() in {"UTC", "Z"}:
        return UTC
    try:
        return ZoneInfo(name.strip())
    except (ZoneInfoNotFoundError, ValueError, OSError):
        msg = f"the time zone {name[:60]!r} is not known: give an IANA name, such as UTC or Europe/Berlin"
        raise InvalidInputError(msg) from None


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
