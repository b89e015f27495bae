"""An operator's regular expression, searched so that no mail can make it hang."""

from __future__ import annotations

from collections.abc import Callable

import re2
import regex

from mailroom.errors import InvalidInputError

_MAX_PATTERN = 2_000
_MAX_TEXT = 200_000
_TIMEOUT = 1.0


def first_value(pattern: str) -> Callable[[str], str | None]:
    """A function that gives the pattern's first group (or whole match) in a text, or None.

    A linear-time engine runs it where it can (no look-around, no back-references); otherwise one second is the limit,
    after which the answer is None.

    Raises:
        InvalidInputError: the pattern is no regular expression or is too long.
    """
    if len(pattern) > _MAX_PATTERN:
        msg = f"the regular expression has {len(pattern)} characters: {_MAX_PATTERN} is the most"
        raise InvalidInputError(msg)
    options = re2.Options()
    options.log_errors = False
    try:
        fast = re2.compile(f"(?m){pattern}", options=options)
    except re2.error:
        return _slow(pattern)

    def search(text: str) -> str | None:
        found = fast.search(text[:_MAX_TEXT])
        return None if found is None else next((group for group in found.groups() if group is not None), found[0])

    return search


def _slow(pattern: str) -> Callable[[str], str | None]:
    try:
        compiled = regex.compile(pattern, regex.MULTILINE)
    except regex.error as error:
        msg = f"the regular expression is not valid ({error}): correct it in the settings"
        raise InvalidInputError(msg) from error

    def search(text: str) -> str | None:
        try:
            found = compiled.search(text[:_MAX_TEXT], timeout=_TIMEOUT)
        except TimeoutError:
            return None
        return None if found is None else next((group for group in found.groups() if group is not None), found[0])

    return search
