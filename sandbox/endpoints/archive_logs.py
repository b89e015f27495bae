"""Archive: who searched for what, and who looked at what."""

from __future__ import annotations

from typing import Any

from sandbox.endpoints.context import Context
from sandbox.envelope import Outcome, stamp
from sandbox.searches import SearchRow, ViewRow
from sandbox.validate import text

LOGS = {"start": text(), "end": text(), "query": text()}
WEEK = 7 * 86_400


def get_archive_search_logs(context: Context) -> Outcome:
    """`/api/archive/get-archive-search-logs`: searches of the archive, newest first."""
    return _logs(
        context, [(row.at, _search(row)) for row in context.world.searches.searches if row.source == "archive"]
    )


def get_search_logs(context: Context) -> Outcome:
    """`/api/archive/get-search-logs`: searches of archive and message tracking, newest first."""
    return _logs(context, [(row.at, _search(row)) for row in context.world.searches.searches])


def get_view_logs(context: Context) -> Outcome:
    """`/api/archive/get-view-logs`: what was looked at, newest first."""
    return _logs(context, [(row.at, _view(context, row)) for row in context.world.searches.views])


def _logs(context: Context, every: list[tuple[float, dict[str, Any]]]) -> Outcome:
    context.need_items()
    page = context.page(default=25, most=500)
    outcome = Outcome(pagination=page.block(0, 0))
    for item in context.valid(outcome, LOGS, strict=False):
        window = context.window(item, outcome, back=WEEK)
        if window is None:
            continue
        words = str(item.get("query") or "").lower()
        rows = [
            row
            for at, row in reversed(every)
            if window[0] // 1 <= at // 1 <= window[1] // 1
            and (not words or words in " ".join(map(str, row.values())).lower())
        ]
        shown = rows[page.offset : page.offset + page.size]
        if context.tenant.logs_flat:
            outcome.data += shown
        else:
            outcome.data.append({"logs": shown})
        outcome.pagination = page.block(len(shown), len(rows))
    return outcome


def _search(row: SearchRow) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "createTime": stamp(row.at),
        "emailAddr": row.operator,
        "source": row.source,
        "searchText": row.text,
        "searchReason": row.reason,
        "description": "Archive Search" if row.source == "archive" else "Message Tracking",
        "isAdmin": True,
    }
    if row.query:
        shown["museQuery"] = row.query
    return shown


def _view(context: Context, row: ViewRow) -> dict[str, Any]:
    mail = context.world.mail(row.message)
    return {
        "viewed": stamp(row.at),
        "viewer": row.operator,
        "source": "archive",
        "contentViewed": row.what,
        "subject": mail.subject,
        "from": mail.from_addr,
        "to": mail.recipients[0][1] if mail.recipients else "",
        "messageDate": stamp(context.world.messages[row.message].received),
    }
