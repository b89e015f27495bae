"""Exit codes of `mailroom`, and how an error becomes one."""

from __future__ import annotations

from enum import IntEnum

from mailroom.errors import (
    AccessError,
    BusyError,
    EffectsFailedError,
    InvalidInputError,
    LeaseLostError,
    MailroomError,
    NotFoundError,
    NotOfferedError,
    OutcomeUnknownError,
    RefusedError,
    StoreError,
    TransientError,
)


class Exit(IntEnum):
    """What the exit code of a command means."""

    OK = 0
    ERROR = 1  # something nobody foresaw, or the product answered nonsense
    USAGE = 2  # wrong arguments, settings or rule files
    ACCESS = 3  # credentials, permissions, or a function this tenant does not offer
    TRY_AGAIN = 4  # the tenant could not be reached or is busy; the same command may work later
    BUSY = 5  # another worker is at it; nothing was done
    NOT_ALL_APPLIED = 6  # some actions failed or their outcome is unknown; `mailroom retry`
    STORE = 7  # the database cannot be used as it is
    NOT_FOUND = 8  # no such alert or message
    CHECK_FAILED = 9  # `mailroom check` found something missing
    REFUSED = 10  # a safety rail, an approval check or the ledger said no; nothing was done
    WAITS = 11  # nothing was changed; it was proposed, and somebody else has to approve it
    INTERRUPTED = 130


_KINDS: tuple[tuple[type[MailroomError], Exit], ...] = (
    (InvalidInputError, Exit.USAGE),
    (AccessError, Exit.ACCESS),
    (NotOfferedError, Exit.ACCESS),
    (TransientError, Exit.TRY_AGAIN),
    (BusyError, Exit.BUSY),
    (LeaseLostError, Exit.BUSY),
    (EffectsFailedError, Exit.NOT_ALL_APPLIED),
    (OutcomeUnknownError, Exit.NOT_ALL_APPLIED),
    (StoreError, Exit.STORE),
    (NotFoundError, Exit.NOT_FOUND),
    (RefusedError, Exit.REFUSED),
)


def exit_for(error: MailroomError) -> Exit:
    """The exit code that fits an error."""
    return next((code for kind, code in _KINDS if isinstance(error, kind)), Exit.ERROR)
