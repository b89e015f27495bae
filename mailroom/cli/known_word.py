"""Words that an option takes: a list of what is not there would look like a list of nothing."""

from __future__ import annotations

from collections.abc import Iterable

from mailroom.errors import InvalidInputError


def known_word(word: str, words: Iterable[str], option: str) -> str:
    """The word, when it is one of these or empty.

    Raises:
        InvalidInputError: it is another one; the message names those there are.
    """
    if word and word not in (known := sorted(words)):
        raise InvalidInputError(f"{option} {word[:60]!r} is not known: use one of {', '.join(known)}")
    return word
