"""What is compiled of the parser, where there was a compiler when Mailroom was installed: see `fast/fast.h`."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Protocol, cast

from mailroom.mail.model import Mail


class Fast(Protocol):
    """Each function does what Python does elsewhere, or says None: then Python has to do it."""

    def configure(self, readers: dict[str, Any], /) -> None:
        """What single values are read with, by name; before the first mail."""

    def header_block(
        self, raw: bytes, start: int, end: int, longest: int, most: int, /
    ) -> tuple[list[tuple[str, str]], dict[str, str], list[tuple[str, str]], int] | None:
        """The headers in `raw[start:end]`: in order, first of each, further ones, and where the body begins."""

    def base64_lines(self, raw: bytes, start: int, end: int, length: int, ending: int, /) -> bytes | None:
        """The lines of so many octets in `raw[start:end]` without their ends of one or two octets."""

    def usual_mail(self, raw: bytes, sha256: str, longest: int, most: int, /) -> Mail | None:
        """The whole of a mail that is one text, or the same text as plain words and as HTML."""


def _load() -> Fast | None:
    try:
        return cast("Fast", import_module("mailroom.mail.parse._fast"))
    except ImportError:
        return None


fast = _load()
