"""A question about many mails, asked in pieces because the server fails at some of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence


def in_pieces(
    ask: Callable[[int, int], list[int] | None], uids: Sequence[int], *, most: int
) -> tuple[set[int], set[int]]:
    """Narrow down at which mails the server fails.

    Args:
        ask: Called with the lowest and the highest UID of a piece; None: the server fails at it.
        uids: All of them, ascending; as a whole they are known to fail.
        most: Questions at most; mails in pieces that were not asked about count as failed at.

    Returns:
        The UIDs that `ask` named, and those that nobody knows about.
    """
    fitting: set[int] = set()
    unknown: set[int] = set()
    waiting = _halves(uids) if len(uids) > 1 else []
    if len(uids) == 1:
        unknown.update(uids)
    while waiting:
        piece = waiting.pop()
        answer = ask(piece[0], piece[-1]) if most > 0 else None
        most -= 1
        if answer is not None:
            fitting.update(answer)
        elif len(piece) == 1 or most <= 0:
            unknown.update(piece)
        else:
            waiting += _halves(piece)
    return fitting, unknown


def _halves(uids: Sequence[int]) -> list[Sequence[int]]:
    """The upper one first: the last of a list is taken next."""
    middle = len(uids) // 2
    return [uids[middle:], uids[:middle]]
