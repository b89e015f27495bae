"""Remembering what was read from short texts: most mails of a mailbox say the same in the same words."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Concatenate, ParamSpec, TypeVar, cast

Rest = ParamSpec("Rest")
Read = TypeVar("Read")
Reading = Callable[Concatenate[str, Rest], Read]


def remembering(number: int, *, longest: int) -> Callable[[Reading[Rest, Read]], Reading[Rest, Read]]:
    """Keeps the results for the last `number` texts. Longer ones are read each time: nobody shall fill the memory."""

    def remember(read: Reading[Rest, Read]) -> Reading[Rest, Read]:
        remembered = cast("Reading[Rest, Read]", lru_cache(maxsize=number)(read))

        @wraps(read)
        def reading(text: str, /, *args: Rest.args, **kwargs: Rest.kwargs) -> Read:
            return remembered(text, *args, **kwargs) if len(text) <= longest else read(text, *args, **kwargs)

        return reading

    return remember
