"""The one call: octets in, a `Mail` out, whatever the octets are."""

from __future__ import annotations

import dataclasses
import hashlib
import logging
from datetime import datetime

from mailroom.mail.model import Mail
from mailroom.mail.parse.build import read_mail
from mailroom.mail.parse.limits import DEFAULT_LIMITS, Limits, Work
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
        accelerator: False does without the compiled base64 decoder; otherwise it is used when installed.
        truncated: The octets are only the beginning of the mail; noted in the result.
    """
    work = Work(limits, fast_base64=accelerator is not False)
    mail: Mail | None = None
    try:
        mail = read_mail(raw, work, internal_date=internal_date)
    except Exception:  # noqa: BLE001  # a fault of ours must not lose a mail
        _log.warning("the parser failed on a mail of %d octets, sha256 %s", len(raw), hashlib.sha256(raw).hexdigest())
        mail = read_with_library(raw, limits)
    return dataclasses.replace(mail, truncated=True) if truncated else mail
