"""A check in stages, whatever is checked: a mailbox or a tenant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `ok` is None when it was not tried, is not needed, or cannot be told; `seconds`: how long it took."""

    name: str
    """`imap login`, `smtp connection`, `credentials`, ..."""
    ok: bool | None
    detail: str
    """What was seen."""
    advice: str = ""
    """What to do about it."""
    seconds: float = 0.0
