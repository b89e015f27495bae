"""Fetch the next page while this one is being stored."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")

_END = object()


def one_ahead(pages: Iterator[T]) -> Iterator[T]:
    """The items of `pages`, each fetched in a thread while the one before it is in use.

    Errors of `pages` are raised where the item would have come. Leaving early ends the thread after the item it is
    fetching.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="next-page") as thread:
        coming = thread.submit(next, pages, _END)
        while (page := coming.result()) is not _END:
            coming = thread.submit(next, pages, _END)
            yield page  # type: ignore[misc]
