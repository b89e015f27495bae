"""Tolerant readers for single values of an answer, and the count of what was not as documented."""

from __future__ import annotations

import logging
import math
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mailroom import redact
from mailroom.errors import ResponseError

log = logging.getLogger(__name__)

OnUnreadable = Callable[[Any, ResponseError], None]
"""Given an entry as sent and what is wrong with it; its neighbours are read all the same."""

Entry = TypeVar("Entry")

TEXT_LIMIT = 65_536
"""Longest single text kept in a model; the raw answer keeps the rest."""
_LARGEST = 2**53
_DRIFT_NAMES = 1_000

drift: Counter[str] = Counter()
"""How often this process met something undocumented, by `field=value`."""
_drift_lock = threading.Lock()


def note_drift(field: str, value: object) -> None:
    """Count something undocumented; warn at its first sight."""
    name = f"{field}={redact.one_line(redact.scrub(str(value)[:80]), 80)}"
    with _drift_lock:
        if name not in drift and len(drift) >= _DRIFT_NAMES:
            name = "further values"
        drift[name] += 1
        first = drift[name] == 1
    if first:
        log.warning("Mimecast sent a value this version does not know (%s); kept as it is", name)


def pass_over(_raw: object, _error: ResponseError) -> None:
    """`on_unreadable` of those for whom the readable part of a list is enough."""


def parse_all(raw: list[Any], parse: Callable[[object], Entry], on_unreadable: OnUnreadable | None) -> list[Entry]:
    """Parse each entry; one that cannot be read goes to `on_unreadable`, or is an error without it."""
    entries = []
    for value in raw:
        try:
            entries.append(parse(value))
        except ResponseError as error:
            if on_unreadable is None:
                raise
            on_unreadable(value, error)
    return entries


def text_of(value: object) -> str:
    """A text; numbers become texts, everything else is empty."""
    if isinstance(value, str):
        return value if len(value) <= TEXT_LIMIT else value[:TEXT_LIMIT]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return str(value)
    return ""


def int_of(value: object) -> int | None:
    """A whole number within 53 bits, also when sent as text or float; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = int(value) if len(value) <= 20 else None
        except ValueError:
            return None
    elif isinstance(value, float):
        value = int(value) if math.isfinite(value) else None
    return value if isinstance(value, int) and abs(value) <= _LARGEST else None


def bool_of(value: object) -> bool | None:
    """A real boolean or one written as text; else None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.strip().lower())
    return None


def dict_of(value: object) -> dict[str, Any]:
    """An object; anything else, null included, is an empty one."""
    return value if isinstance(value, dict) else {}


def object_of(where: str, value: object) -> dict[str, Any]:
    """An entry that must be an object.

    Raises:
        ResponseError: It is something else.
    """
    if not isinstance(value, dict):
        raise ResponseError(f"{where}: an entry is not an object but {type(value).__name__}")
    return value


def list_of(value: object) -> list[Any]:
    """A list; null is an empty one, a single object a list of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def known(field: str, value: object, values: Mapping[str, str] | frozenset[str]) -> str:
    """`value` in lower case when it is documented, `""` when absent, else `other` (and counted)."""
    text = text_of(value).strip().lower()
    if text in values or not text:
        return text
    note_drift(field, text)
    return "other"


@dataclass(frozen=True, slots=True)
class Address:
    """One mailbox as Mimecast shows it; both parts may be empty."""

    address: str
    display_name: str = ""

    @classmethod
    def parse(cls, value: object) -> Address:
        """From `{emailAddress, displayableName}`, a plain text, or null."""
        if isinstance(value, dict):
            address, name = value.get("emailAddress"), value.get("displayableName")
            if isinstance(address, str) and not name and len(address) <= TEXT_LIMIT:
                return cls(address)
            return cls(text_of(address), text_of(name))
        return cls(value[:TEXT_LIMIT]) if isinstance(value, str) and value else NOBODY


NOBODY = Address("")
