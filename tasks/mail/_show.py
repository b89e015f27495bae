"""Tables in the UI for the mail actions: harmless text only, no bodies, no recipients, nobody's address."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prefect import get_run_logger

from mailroom.mail.actions.rows import ChangeReport, MailRow
from tasks._show import show

__all__ = ["mail_rows", "show", "show_changes"]


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
