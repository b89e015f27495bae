"""The one call: octets in, a `Mail` out, whatever the octets are."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from concurrent.futures import Future
from datetime import datetime

from mailroom.mail.model import Mail
from mailroom.mail.parse.build import read_mail
from mailroom.mail.parse.limits import DEFAULT_LIMITS, HeavyMailError, Limits, Work
from mailroom.mail.parse.second_try import read_with_library

_log = logging.getLogger(__name__)


def parse(
    raw: bytes,
    *,
    limits: Limits = DEFAULT_LIMITS,
    internal_date: datetime | None = None,
    accelerator: bool | None = None,
    truncated: bool = False,
) -> Mail:
    """Read a mail: RFC 5322 octets or an Outlook .msg file.

    Never raises and never blocks: time grows with the size of the input and nothing else. What could not be read is
    named in `defects`; when nothing could be read, the result holds size, hash and the defect `unreadable`.

    Args:
        raw: The mail as fetched. Not changed.
        limits: What is cut.
        internal_date: When the server received the mail, aware; stands in for a missing or unreadable Date header.
        accelerator: False does without anything compiled; the result is the same.
        truncated: The octets are only the beginning of the mail; noted in the result.
    """
    work = Work(limits, compiled=accelerator is not False)
    return parse_with(raw, work, internal_date=internal_date, truncated=truncated)


def parse_with(
    raw: bytes, work: Work, *, internal_date: datetime | None, truncated: bool, sha256: Future[str] | None = None
) -> Mail:
    """`parse` with an account given by the caller.

    Raises:
        HeavyMailError: The account asks for care and the mail needs a process of its own.
    """
    try:
        mail = read_mail(raw, work, internal_date=internal_date, sha256=sha256)
    except HeavyMailError:
        raise
    except Exception as error:  # noqa: BLE001  # a fault of ours must not lose a mail
        known_by = hashlib.sha256(raw).hexdigest()
        _log.warning("%s while reading a mail of %d octets, sha256 %s", type(error).__name__, len(raw), known_by)
        mail = read_with_library(raw, work.limits)
    return dataclasses.replace(mail, truncated=True) if truncated else mail
