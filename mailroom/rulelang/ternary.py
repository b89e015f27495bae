"""True, false and unknown: a missing field is never mistaken for a harmless one.

A test answers `True`, `False` or `None` (unknown). The connectives follow Kleene's strong logic: unknown stays unknown
unless the other side already decides.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

Ternary = bool | None
"""`True`, `False`, or `None` for unknown."""


class Unknown(Enum):
    """Type of the marker for a field nobody could read."""

    UNKNOWN = "unknown"

    def __bool__(self) -> bool:
        """Unknown is not evidence, so it never counts as true in a plain `if`."""
        return False

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = Unknown.UNKNOWN


class CutText(str):
    """The beginning of a longer text: what is not in it may stand in the rest, so a miss is unknown."""

    __slots__ = ()


class CutList(list[str]):
    """The first of more values: what is not among them may come later, so a miss is unknown."""

    __slots__ = ()


CUT: frozenset[Any] = frozenset({CutText, CutList})


def at_least(count: int, values: Iterable[Ternary]) -> Ternary:
    """Whether at least `count` of the values hold; unknown while the unknown ones could still decide."""
    true = unknown = 0
    for value in values:
        true += value is True
        unknown += value is None
    if true >= count:
        return True
    return None if true + unknown >= count else False
