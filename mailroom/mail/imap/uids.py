"""Numbers as the server wants them: UIDs and sets of UIDs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mailroom.errors import InvalidInputError

HIGHEST_UID = 0xFFFF_FFFF


def uid_set(uids: Iterable[int]) -> str:
    """Sorted UIDs in the shortest form: `1:3,7`.

    Raises:
        InvalidInputError: One of them is no UID.
    """
    parts: list[str] = []
    start = end = 0
    for uid in sorted({checked_uid(uid) for uid in uids}):
        if start and uid == end + 1:
            end = uid
            continue
        if start:
            parts.append(str(start) if start == end else f"{start}:{end}")
        start = end = uid
    if start:
        parts.append(str(start) if start == end else f"{start}:{end}")
    return ",".join(parts)


def checked_uid(uid: int) -> int:
    """`uid`, if it is one.

    Raises:
        InvalidInputError: It is none.
    """
    if isinstance(uid, bool) or not isinstance(uid, int) or not 0 < uid <= HIGHEST_UID:
        raise InvalidInputError(f"UID {uid!r}: expected a whole number from 1 to {HIGHEST_UID}")
    return uid


def checked_whole(value: int, what: str) -> int:
    """`value`, if the grammar takes it as a number.

    Raises:
        InvalidInputError: It is negative, too big or no number.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= HIGHEST_UID:
        raise InvalidInputError(f"{what} {value!r}: expected a whole number from 0 to {HIGHEST_UID}")
    return value


def chunks(uids: Iterable[int], size: int) -> Iterator[list[int]]:
    """UIDs sorted, each once, in lists of at most `size`.

    Raises:
        InvalidInputError: One of them is no UID.
    """
    ordered = sorted({checked_uid(uid) for uid in uids})
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


def expanded(text: bytes, most: int) -> Sequence[int] | None:
    """`1:3,7` as numbers; None when it is malformed or names more than `most`."""
    found: list[int] = []
    for part in text.split(b","):
        first, _, last = part.partition(b":")
        if not first.isdigit() or (last and not last.isdigit()):
            return None
        low, high = sorted((int(first), int(last or first)))
        if high - low + len(found) >= most:
            return None
        found.extend(range(low, high + 1))
    return found
