"""Many things a few at a time: statements, transactions and requests take only so many at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeVar

One = TypeVar("One")


def chunks(many: Sequence[One], size: int) -> Iterator[Sequence[One]]:
    """`many` in their order, at most `size` at once."""
    for start in range(0, len(many), size):
        yield many[start : start + size]
