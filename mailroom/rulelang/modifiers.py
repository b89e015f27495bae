"""What stands between a field and a value in a rule: `field|modifier: value`.

Every modifier compiles to a function from a known value to true or false; `searches` adds the third truth
value. Texts are compared without regard to case. On list fields a test holds when any element passes; `not_in` and
`not_contains` hold when none does.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import re2

from mailroom.rulelang.text import MAX_TEXT, long_skeleton, needs_substring_match, skeleton, words

MAX_PATTERN = 1_000
MAX_REGEX_TEXT = 100_000
"""Characters of one value that a pattern sees; no body in an event is longer."""
_MAX_REGEX_MEMORY = 1 << 20
Check = Callable[[Any], bool]


class ModifierError(ValueError):
    """The value does not suit the modifier; the text says why."""


def _any_element(check: Callable[[str], bool]) -> Check:
    def run(value: Any) -> bool:
        if isinstance(value, str):
            return check(value)
        return bool(value) and isinstance(value, list) and any(check(item) for item in value if isinstance(item, str))

    return run


def _folded_texts(operand: Sequence[Any]) -> tuple[str, ...]:
    for item in operand:
        if not isinstance(item, str) or not item:
            raise ModifierError(f"needs texts, not {item!r}")
    return tuple(sorted({item.casefold() for item in operand}))


def equals(operand: Sequence[Any]) -> Check:
    """Equal to one of the values."""
    texts = frozenset(item.casefold() for item in operand if isinstance(item, str))
    others = [item for item in operand if not isinstance(item, str)]

    def run(value: Any) -> bool:
        if isinstance(value, str):
            return value.casefold() in texts
        if isinstance(value, list):
            return bool(value) and not texts.isdisjoint([item.casefold() for item in value if isinstance(item, str)])
        # `1 == True` in Python, but not in a rule file.
        return any(value == item and isinstance(value, bool) is isinstance(item, bool) for item in others)

    return run


def contains(operand: Sequence[Any]) -> Check:
    """Holds one of the texts anywhere."""
    needles = _folded_texts(operand)

    def check(text: str) -> bool:
        folded = text.casefold()
        return any(needle in folded for needle in needles)

    return _any_element(check)


def startswith(operand: Sequence[Any]) -> Check:
    """Begins with one of the texts."""
    needles = _folded_texts(operand)
    return _any_element(lambda text: text.casefold().startswith(needles))


def endswith(operand: Sequence[Any]) -> Check:
    """Ends with one of the texts."""
    needles = _folded_texts(operand)
    return _any_element(lambda text: text.casefold().endswith(needles))


@lru_cache(maxsize=4_096)
def _bag(text: str) -> tuple[frozenset[str], str]:
    found = words(text)
    return frozenset(found), f" {' '.join(found)} "


@lru_cache(maxsize=8)
def _long_bag(text: str) -> tuple[frozenset[str], str]:
    found = words(text, long=True)
    return frozenset(found), f" {' '.join(found)} "


def words_any(operand: Sequence[Any]) -> Check:
    """Holds one of the words or phrases, whole, whatever look-alike letters they are written in."""
    texts = _folded_texts(operand)
    parts = tuple(skeleton(text) for text in texts if needs_substring_match(text))
    ascii_parts = any(part.isascii() for part in parts)
    split = [words(text) for text in texts if not needs_substring_match(text)]
    single = frozenset(found[0] for found in split if len(found) == 1)
    phrases = tuple(f" {' '.join(found)} " for found in split if len(found) > 1)
    starts = frozenset(found[0] for found in split if len(found) > 1)

    def check(text: str) -> bool:
        is_long = len(text) > MAX_TEXT
        bag, line = _long_bag(text) if is_long else _bag(text)
        if not single.isdisjoint(bag):
            return True
        if not starts.isdisjoint(bag) and any(phrase in line for phrase in phrases):
            return True
        if not parts or (text.isascii() and not ascii_parts):
            return False
        look = long_skeleton(text) if is_long else skeleton(text)
        return any(part in look for part in parts)

    return _any_element(check)


def regex(operand: Sequence[Any]) -> Check:
    """Matches one of the patterns somewhere; linear time, case ignored.

    Raises:
        ModifierError: The pattern is too long, or needs what cannot run in linear time.
    """
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = _MAX_REGEX_MEMORY
    compiled = []
    for pattern in operand:
        if not isinstance(pattern, str):
            raise ModifierError(f"needs a pattern, not {pattern!r}")
        if len(pattern) > MAX_PATTERN:
            raise ModifierError(f"holds a pattern of {len(pattern)} characters; the limit is {MAX_PATTERN}")
        try:
            compiled.append(re2.compile(pattern.encode(), options))
        except re2.error as error:
            raise ModifierError(_explain_regex(pattern, error)) from error

    def check(text: str) -> bool:
        # Bytes, because a lone surrogate from a broken header cannot be encoded and must not raise.
        data = text[:MAX_REGEX_TEXT].encode("utf-8", "replace")
        return any(one.search(data) is not None for one in compiled)

    return _any_element(check)


def _explain_regex(pattern: str, error: Exception) -> str:
    detail = error.args[0] if error.args else error
    text = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
    if any(mark in pattern for mark in ("(?=", "(?!", "(?<=", "(?<!")):
        return (
            f"pattern {pattern!r} uses a look-around, which cannot run in linear time; "
            "write a second search and combine the two with `and not`"
        )
    if "escape" in text and any(f"\\{digit}" in pattern for digit in range(1, 10)):
        return f"pattern {pattern!r} uses a back-reference, which cannot run in linear time; write the text out"
    return f"pattern {pattern!r} is not accepted by the linear-time engine: {text}"


def _numbers(operand: Sequence[Any]) -> float:
    if len(operand) != 1 or isinstance(operand[0], bool) or not isinstance(operand[0], (int, float)):
        raise ModifierError("needs one number")
    return operand[0]


_ORDER: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


def compare(name: str, operand: Sequence[Any]) -> Check:
    """`gt`, `gte`, `lt`, `lte` against one number."""
    limit = _numbers(operand)
    holds = _ORDER[name]
    return lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and holds(value, limit)


@lru_cache(maxsize=4_096)
def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip("[] "))
    except ValueError:
        return None


def cidr(operand: Sequence[Any]) -> Check:
    """An IP address inside one of the networks."""
    try:
        networks = [ipaddress.ip_network(str(item)) for item in operand]
    except ValueError as error:
        raise ModifierError(f"needs networks such as 192.0.2.0/24 ({error})") from error

    def check(text: str) -> bool:
        found = _ip(text[:64])
        return found is not None and any(found in network for network in networks)

    return _any_element(check)


def exists(operand: Sequence[Any]) -> Check:
    """The field has a value that is not empty (`true`), or has none (`false`)."""
    if len(operand) != 1 or not isinstance(operand[0], bool):
        raise ModifierError("needs true or false")
    wanted = operand[0]
    return lambda value: (value is not None and value not in ("", [])) is wanted
