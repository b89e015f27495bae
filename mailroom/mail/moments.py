"""Times that senders write."""

from __future__ import annotations

from datetime import MAXYEAR, MINYEAR, datetime


def anywhere(moment: datetime) -> datetime | None:
    """The moment; None when it lies so near an end of the calendar that some time zone cannot express it."""
    return moment if MINYEAR < moment.year < MAXYEAR else None
