"""What attachment names give away. Content is never opened here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from mailroom.rulelang.text import has_direction_marks, strip_invisible

MAX_COMPONENTS = 1_000
_MAX_NAME = 1_024
_HARMLESS_LOOKING = frozenset(
    {"pdf", "doc", "docx", "xls", "xlsx", "ppt", "pptx", "txt", "csv", "jpg", "jpeg", "png", "gif", "mp3", "mp4", "rtf"}
)


@dataclass(frozen=True, slots=True)
class Attachments:
    """Names (cleaned), last extensions (lower case, no dot), hashes and tricks of a message's files."""

    number: int
    names: tuple[str, ...]
    extensions: tuple[str, ...]
    hashes: tuple[str, ...]
    double_extension: bool
    deceptive_name: bool
    encrypted: bool
    type_mismatch: bool
    is_program: bool
    """The gateway calls a file a program, whatever its name says or whether it has one."""
    is_complete: bool
    """Every file is listed and has a name. If not, what was found holds, and what was not found is not known."""


def _clean(name: str) -> str:
    # Of a name that is too long the end is kept: it says the type.
    text = strip_invisible("".join(char for char in name[-_MAX_NAME:] if char >= " " and char != "\x7f"))
    return text.replace("\\", "/").rpartition("/")[2].strip().rstrip(". ")


def _is_body(component: Mapping[str, Any]) -> bool:
    kind = str(component.get("type") or "").lower()
    return "body" in kind or "message header" in kind


def read_attachments(components: Iterable[Any], risky: frozenset[str]) -> Attachments:
    """Summarise the components that are files.

    Args:
        components: Mappings with `name`, `type`, `mime_type`, `sha256`; anything else leaves the summary incomplete.
        risky: Extensions that must not hide behind a harmless one.
    """
    names: list[str] = []
    extensions: dict[str, None] = {}
    hashes: list[str] = []
    double = deceptive = encrypted = mismatch = program = False
    found, complete = 0, True
    for number, component in enumerate(components):
        if number >= MAX_COMPONENTS:
            complete = False
            break
        if not isinstance(component, Mapping):
            complete = False
            continue
        if _is_body(component):
            continue
        found += 1
        # What the gateway says of a file counts before its name, which the sender chose or left out.
        kind = f"{component.get('type') or ''} {component.get('mime_type') or ''}".lower()
        encrypted |= "encrypt" in kind or "password protected" in kind
        runs = "executable" in kind or "x-msdownload" in kind or "x-dosexec" in kind
        program |= runs
        if component.get("sha256"):
            hashes.append(str(component["sha256"]).lower())
        raw = str(component.get("name") or "")
        name = _clean(raw)
        if not name:
            complete = False
            continue
        names.append(name)
        pieces = [piece.strip() for piece in name.lower().split(".")]
        extension = pieces[-1][:20] if len(pieces) > 1 else ""
        extensions[extension] = None
        double |= len(pieces) > 2 and extension in risky and pieces[-2] in _HARMLESS_LOOKING
        deceptive |= has_direction_marks(raw) or "\x00" in raw or " " * 8 in raw or raw.rstrip() != raw.rstrip(". ")
        mismatch |= runs and extension in _HARMLESS_LOOKING
    return Attachments(
        found, tuple(names), tuple(key for key in extensions if key), tuple(hashes), double, deceptive, encrypted,
        mismatch, program, complete,
    )  # fmt: skip
