"""The messages that the documented actions promise, and errors that are safe to store."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from mailroom.errors import MailroomError
from mailroom.redact import guard_logging, one_line, scrub

_MAILBOX = re.compile(r"[\w.!#$%&'+/=?^`{|}~-]+(?=@[\w.-]+\.\w)")
"""The part of an address before the @; what a product refuses may name whom."""

_LINK = re.compile(r"(?i)\bhttp(?=s?://(?!127\.0\.0\.1|localhost))")
"""Prefect's pages make a link of every address, also of one that a product or a mail put into an error."""


@contextmanager
def action(name: str) -> Iterator[None]:
    """Errors leave as `Error executing action "<name>". Reason: <error>`, without secrets.

    Ours keep their type, which says what to do. Any other becomes a MailroomError, because Prefect stores the text of
    an exception and nobody knows what is in it; its traceback goes to the log, which is scrubbed.
    """
    guard_prefect_logging()
    try:
        yield
    except MailroomError as error:
        lines = getattr(error, "lines", ())  # of rule files: every problem is an argument of its own
        error.args = (_text(name, "; ".join(lines) or str(error)), *(() if lines else error.args[1:]))
        raise
    except Exception as error:
        raise MailroomError(_text(name, f"{type(error).__name__}: {error}")) from error


def guard_prefect_logging() -> None:
    """Scrub what goes to Prefect's API, console and log files; cheap, and once per task is often enough."""
    guard_logging("prefect", "prefect.extra", "prefect.flow_runs", "prefect.task_runs", "mailroom")


def _text(name: str, reason: str) -> str:
    """The documented sentence, fit for pages that anyone with a browser reads: no secret, no mailbox, no live link."""
    reason = _MAILBOX.sub("…", one_line(scrub(reason)))
    return f'Error executing action "{name}". Reason: {_LINK.sub("hxxp", reason)}'
