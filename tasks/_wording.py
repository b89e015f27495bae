"""The messages that the documented actions promise, and errors that are safe to store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mailroom.errors import MailroomError
from mailroom.redact import one_line, scrub


@contextmanager
def action(name: str) -> Iterator[None]:
    """Errors leave as `Error executing action "<name>". Reason: <error>`, of the same type, without secrets."""
    try:
        yield
    except MailroomError as error:
        reason = one_line(scrub(str(error)))
        error.args = (f'Error executing action "{name}". Reason: {reason}', *error.args[1:])
        raise
