"""Fields of cases: their names, their types, and values made fit to be kept. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from mailroom.errors import InvalidInputError

TYPES = ("text", "number", "boolean", "choice", "date", "list")
LONGEST_TEXT = 10_000
MOST_ENTRIES = 1_000
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}\Z")
_WORDS = {"true": True, "yes": True, "false": False, "no": False}


@dataclass(frozen=True, slots=True)
class FieldType:
    """What a template says about a field."""

    name: str
    type: str = "text"
    title: str = ""
    required: bool = False
    default: Any = None
    choices: tuple[str, ...] = ()

    def fit(self, value: Any) -> Any:
        """The value as this field keeps it; None stays None.

        Raises:
            InvalidInputError: it is not of this type.
        """
        if value is None:
            return None
        made = _FITTING[self.type](value)
        if made is None or (self.type == "choice" and made not in self.choices):
            wanted = f"one of {', '.join(self.choices)}" if self.type == "choice" else _KINDS[self.type]
            raise InvalidInputError(f"Field {self.name!r} takes {wanted}, not {str(value)[:60]!r}.")
        return made


def check_name(name: str) -> str:
    """The name of a field. Raises InvalidInputError."""
    if not _NAME.match(name):
        msg = f"{name[:60]!r} is no name of a field: small letters, digits and _, a letter first, at most 60."
        raise InvalidInputError(msg)
    return name


def plain_value(value: Any) -> Any:
    """A value without a type: a text, a number, true, false, or a list of these; long ones are cut.

    Raises:
        InvalidInputError: it is something else.
    """
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, str):
        return value[:LONGEST_TEXT]
    if isinstance(value, list | tuple) and not any(isinstance(one, list | tuple | dict) for one in value):
        return [plain_value(one) for one in value[:MOST_ENTRIES]]
    raise InvalidInputError("A field takes a text, a number, true, false, or a list of these.")


def fitting(values: Mapping[str, Any], types: Mapping[str, FieldType] | None = None) -> dict[str, Any]:
    """Checked names and values; those that a template describes as it says, others as they are."""
    known = types or {}
    return {
        check_name(name): known[name].fit(value) if name in known else plain_value(value)
        for name, value in values.items()
    }


def readings(text: str) -> tuple[Any, ...]:
    """What a text typed by a person may mean as the value of a field: the text itself, a number, true or false."""
    meant: list[Any] = [text]
    if (number := _number(text)) is not None:
        meant.append(number)
    if (word := _WORDS.get(text.strip().lower())) is not None:
        meant.append(word)
    return tuple(meant)


def _text(value: Any) -> str | None:
    return str(value)[:LONGEST_TEXT] if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _number(value: Any) -> int | float | None:
    if isinstance(value, bool):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    if not math.isfinite(number):
        return None
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else _WORDS.get(str(value).strip().lower())


def _date(value: Any) -> str | None:
    try:
        return date.fromisoformat(str(value).strip()).isoformat()
    except ValueError:
        return None


def _list(value: Any) -> list[Any] | None:
    many = list(value) if isinstance(value, list | tuple) else [value]
    if any(isinstance(one, list | tuple | dict) for one in many):
        return None
    return [plain_value(one) for one in many[:MOST_ENTRIES]]


_FITTING = {"text": _text, "number": _number, "boolean": _boolean, "choice": _text, "date": _date, "list": _list}
_KINDS = {
    "text": "a text", "number": "a number", "boolean": "true or false", "date": "a day such as 2026-03-01",
    "list": "a list of texts or numbers",
}  # fmt: skip
