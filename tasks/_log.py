"""A line in the log of a run, without anybody's address."""

from __future__ import annotations

from prefect.exceptions import MissingContextError
from prefect.logging import get_run_logger

from mailroom.redact import without_mailboxes


def log_if_running(text: str) -> None:
    """Log for the pages of Prefect; a script that calls an action outside a run has no such log."""
    try:
        get_run_logger().info("%s", without_mailboxes(text))
    except MissingContextError:
        return
