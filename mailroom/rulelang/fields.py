"""What a rule may ask for: named, typed fields. Each kind of rules brings its own table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

FieldType = Literal["text", "number", "boolean", "list"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: `list` fields hold texts, and a test on them holds when any element passes.

    `level` says which evidence carries the field; what the levels are called is up to the table.
    """

    type: FieldType
    level: str
    meaning: str


def field_table(text: str) -> dict[str, Field]:
    """A vocabulary, one field per line: name, type, level, meaning."""
    fields = {}
    for line in text.strip().splitlines():
        name, kind, level, meaning = line.split(None, 3)
        fields[name] = Field(cast("FieldType", kind), level, meaning)
    return fields
