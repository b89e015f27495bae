"""Tables in the UI for the mail actions: harmless text only, no bodies, no recipients, nobody's address."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import httpx
from prefect import get_run_logger
from prefect.artifacts import create_table_artifact
from prefect.exceptions import PrefectException
from prefect.runtime import task_run

from mailroom.mail.actions.rows import ChangeReport, MailRow
from mailroom.playbooks.harmless import harmless

log = logging.getLogger("mailroom.tasks")

_MOST = 100


def show(key: str, rows: Iterable[Mapping[str, Any]], description: str) -> None:
    """Show a table beside the task run; outside of a run nothing happens.

    What was done to the mailbox is done: that the table cannot be shown is no reason to fail.
    """
    if not task_run.id:
        return
    table = [{name: harmless(value) for name, value in row.items()} for row in list(rows)[:_MOST]]
    if not table:
        return
    try:
        create_table_artifact(table=table, key=key, description=harmless(description, 300), _sync=True)  # type: ignore[call-arg]
    except (httpx.HTTPError, PrefectException, RuntimeError) as error:
        log.warning("the table %s could not be shown: %s", key, type(error).__name__)


def show_changes(key: str, report: ChangeReport) -> None:
    """Say what a changing action did, in the log and as a table."""
    dry = " A dry run: nothing was changed." if report.dry_run else ""
    get_run_logger().info("%d of %d mails changed.%s", report.changed, len(report.rows), dry)
    show(key, mail_rows(report.rows), f"What became of each mail.{dry}")


def mail_rows(rows: Iterable[MailRow]) -> list[dict[str, Any]]:
    """What may be seen of mails."""
    return [
        {
            "outcome": row.outcome,
            "folder": row.folder,
            "UID": row.uid,
            "received": f"{row.received_at:%Y-%m-%d %H:%M}" if row.received_at else "",
            "sender domain": row.sender.rpartition("@")[2],
            "subject": row.subject,
            "detail": row.detail,
        }
        for row in rows
    ]
