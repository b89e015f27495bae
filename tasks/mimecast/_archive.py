"""What the archive searches share: first rows while the rest loads, the table, the words in the log."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from prefect import get_run_logger

from mailroom.playbooks.archive_search import ArchiveSearchResult, OnPage, few_columns
from mailroom.redact import without_mailboxes
from tasks._progress import artifact_progress
from tasks._show import MOST_ROWS, show

_KEY = "archive-search-results"
_IDS = frozenset({"id", "smash"})


def searched(name: str, limit: int, run: Callable[[OnPage], ArchiveSearchResult]) -> ArchiveSearchResult:
    """Run a search and show it: the first page at once when more is to come, all of it at the end.

    Args:
        name: Documented name of the action.
        limit: Most rows wanted.
        run: The search, given what to call after each page.
    """
    pages = 0
    first: list[dict[str, Any]] = []
    log = get_run_logger()
    with artifact_progress(name) as progress:

        def on_page(fresh: list[dict[str, Any]], count: int) -> None:
            nonlocal pages
            pages += 1
            if pages == 1 and count < limit:
                first.extend(fresh)
            elif pages == 2:
                log.info("%d rows so far; the first are shown while the rest loads", count)
                _show(first, "The first rows; the rest is being loaded.")
            progress("archived mails", count, limit)

        result = run(on_page)
    for warning in result.warnings:
        log.warning("%s", warning)
    if result.query:
        log.info("the query, which was not sent: %s", without_mailboxes(result.query))
    if result.bounds:
        log.info("searched %s", result.bounds)
    log.info("%d archived mails%s", result.count, ": the limit, there may be more" if result.limit_reached else "")
    _show(result.rows, f"Results: {min(result.count, MOST_ROWS)} of {result.count} archived mails. {result.bounds}")
    return result


def _show(rows: Iterable[dict[str, Any]], description: str) -> None:
    show(_KEY, few_columns(list(rows)[:MOST_ROWS]), description, ids=_IDS)
