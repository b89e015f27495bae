"""winmail.dat."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailroom.mail.parse.limits import Work


@dataclass(slots=True)
class Unpacked:
    """What was inside."""

    attachments: list[tuple[str, str, bytes, str]] = field(default_factory=list)
    """(name, MIME type, octets, content id)"""
    text: str = ""
    html: str = ""


def is_tnef(content: bytes) -> bool:
    """Whether these octets are TNEF."""
    return content.startswith(b"\x78\x9f\x3e\x22")


def read_tnef(content: bytes, work: Work) -> Unpacked:
    """Nothing yet."""
    del content, work
    return Unpacked()
