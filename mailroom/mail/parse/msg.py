"""Outlook's .msg files."""

from __future__ import annotations

from collections.abc import Callable

from mailroom.mail.model import Mail
from mailroom.mail.parse.limits import Work


def is_msg(raw: bytes) -> bool:
    """Whether these octets are an OLE file."""
    return raw.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")


def read_msg(raw: bytes, work: Work, level: int, read_mail: Callable[..., Mail]) -> Mail:
    """Nothing yet."""
    raise NotImplementedError
