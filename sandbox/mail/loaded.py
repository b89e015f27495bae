"""What pymap reads of a mail, taken from its bytes where that will do.

pymap parses every header as the standard library's strict policy does: slow, and some hostile headers make it raise,
which would end the client's session. Whole bodies, header fields and sizes need no parsing at all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from email.header import decode_header, make_header
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from pymap.backend.dict.mailbox import LoadedMessage
from pymap.bytes import Writeable
from pymap.mime import MessageContent
from pymap.parsing.response.fetch import BodyStructure, EnvelopeStructure
from pymap.parsing.specials import FetchRequirement

if TYPE_CHECKING:
    from sandbox.mail.boxes import StoredMail

_END_OF_HEADER = re.compile(rb"\A\r?\n|\n\r?\n")
_FIELD_START = re.compile(rb"(?<=\n)(?![ \t])")
_FOLD = re.compile(rb"\r?\n[ \t]+")


searching: ContextVar[bool] = ContextVar("searching", default=False)
"""Set while a SEARCH runs: then an envelope holds plain texts."""


@dataclass(frozen=True)
class _Date:
    datetime: datetime | None


class Loaded(LoadedMessage):
    """A mail whose content is parsed only for what cannot be cut out of its bytes."""

    def __init__(self, mail: StoredMail, requirement: FetchRequirement) -> None:
        super().__init__(mail, requirement, None)
        self._mail = mail

    @property
    def content(self) -> MessageContent:
        """The parsed mail; one that cannot be parsed is a text without header."""
        if self._mail.parsed is None:
            try:
                self._mail.parsed = MessageContent.parse(self._mail.raw)
            except Exception:  # noqa: BLE001  # whatever the standard library trips over
                self._mail.parsed = MessageContent.parse(b"\r\n" + self._mail.raw)
        return self._mail.parsed

    def get_body(self, section: Sequence[int] | None = None, binary: bool = False) -> Writeable:
        """`BODY[]` and `BODY[1.2]`."""
        return super().get_body(section, binary) if section or binary else Writeable.wrap(self._mail.raw)

    def get_size(self, section: Sequence[int] | None = None) -> int:
        """`RFC822.SIZE`."""
        return super().get_size(section) if section else len(self._mail.raw)

    def get_message_headers(
        self, section: Sequence[int] | None = None, subset: Collection[bytes] | None = None, inverse: bool = False
    ) -> Writeable:
        """`BODY[HEADER]` and `BODY[HEADER.FIELDS (...)]`."""
        if section:
            return super().get_message_headers(section, subset, inverse)
        if subset is None:
            return Writeable.wrap(self._mail.raw[: self._cut])
        wanted = [field for field in self._fields if inverse != (_name(field) in subset)]
        return Writeable.wrap(b"".join(wanted) + b"\r\n")

    def get_message_text(self, section: Sequence[int] | None = None) -> Writeable:
        """`BODY[TEXT]`."""
        return super().get_message_text(section) if section else Writeable.wrap(self._mail.raw[self._cut :])

    def get_header(self, name: bytes) -> Sequence[str]:
        """The values of a header, for SEARCH HEADER."""
        values = [field.partition(b":")[2] for field in self._fields if _name(field) == name.upper()]
        return [_decoded(_FOLD.sub(b" ", value).strip()) for value in values]

    def get_envelope_structure(self) -> EnvelopeStructure:
        """`ENVELOPE`, and SEARCH FROM, TO, SUBJECT, SENTSINCE; empty when a header is too odd."""
        if searching.get():
            return self._light_envelope()
        try:
            found = super().get_envelope_structure()
            bytes(found)  # odd dates raise only when they are written
        except Exception:  # noqa: BLE001  # the standard library again
            return EnvelopeStructure.empty()
        return found

    def get_body_structure(self) -> BodyStructure:
        """`BODYSTRUCTURE`; empty when a header is too odd."""
        try:
            found = super().get_body_structure()
            bytes(found.extended)
        except Exception:  # noqa: BLE001  # the standard library again
            return BodyStructure.empty()
        return found

    def contains(self, value: bytes) -> bool:
        """SEARCH TEXT and BODY: anywhere in the bytes, any case."""
        return value.lower() in self._mail.raw.lower()

    def _light_envelope(self) -> EnvelopeStructure:
        """As much as SEARCH looks at: decoded texts, and the date."""
        found: dict[str, Any] = {name: self.get_header(name.encode()) for name in ("From", "To", "Cc", "Bcc")}
        subject = self.get_header(b"Subject")
        return EnvelopeStructure(
            _sent(self.get_header(b"Date")),
            subject[0] if subject else None,  # type: ignore[arg-type]  # SEARCH wants its text only
            found["From"],
            None,
            None,
            found["To"],
            found["Cc"],
            found["Bcc"],
            None,
            None,
        )

    @cached_property
    def _cut(self) -> int:
        end = _END_OF_HEADER.search(self._mail.raw)
        return end.end() if end else len(self._mail.raw)

    @cached_property
    def _fields(self) -> list[bytes]:
        head = self._mail.raw[: self._cut]
        return [field for field in _FIELD_START.split(head) if field.strip()]


def _sent(values: Sequence[str]) -> Any:
    try:
        return _Date(parsedate_to_datetime(values[0])) if values else None
    except (ValueError, TypeError):
        return None


def _name(field: bytes) -> bytes:
    return field.partition(b":")[0].strip().upper()


def _decoded(value: bytes) -> str:
    text = value.decode("utf-8", "replace")
    try:
        return str(make_header(decode_header(text)))
    except (ValueError, LookupError):
        return text
