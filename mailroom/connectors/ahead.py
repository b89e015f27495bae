"""Fetch the next pages while this one is being stored."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar, cast

T = TypeVar("T")

_END = object()


def ahead(pages: Iterator[T], most: int = 1) -> Iterator[T]:
    """The items of `pages`, up to `most` of them fetched in a thread while the one before them is in use.

    Errors of `pages` are raised where the item would have come. Leaving early ends the thread after the item it is
    fetching.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="next-page") as thread:
        coming = deque(thread.submit(next, pages, _END) for _ in range(most))
        try:
            while (page := coming.popleft().result()) is not _END:
                coming.append(thread.submit(next, pages, _END))
                yield cast("T", page)
        finally:
            thread.shutdown(wait=False, cancel_futures=True)
