"""Field names and types of request items, as strict as a real gateway and a little stricter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.envelope import Item, error

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\+0000|[+-]\d{4}|Z)\Z", re.ASCII)
Check = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class Field:
    """One allowed field of an item."""

    check: Check
    required: bool = False
    values: frozenset[str] | None = None
    inside: Mapping[str, Field] | None = None
    """Fields of the object, or of each object of the list; the contract looks at them, functions need not."""

    def optional(self) -> Field:
        """The same field, which may be absent."""
        return replace(self, required=False)


def text(*, required: bool = False, values: set[str] | None = None) -> Field:
    """A string, perhaps from a closed set."""
    return Field(lambda value: isinstance(value, str), required, frozenset(values) if values else None)


def boolean(*, required: bool = False) -> Field:
    """A real boolean."""
    return Field(lambda value: isinstance(value, bool), required)


def strings(*, required: bool = False, values: set[str] | None = None) -> Field:
    """A list of strings, perhaps each from a closed set."""
    return Field(
        lambda value: isinstance(value, list) and all(isinstance(entry, str) for entry in value),
        required,
        frozenset(values) if values else None,
    )


def record(*, required: bool = False, inside: Mapping[str, Field] | None = None) -> Field:
    """An object; what is in it is checked elsewhere."""
    return Field(lambda value: isinstance(value, dict), required, inside=inside)


def anything(inside: Mapping[str, Field] | None = None) -> Field:
    """Checked elsewhere; with `inside` an object or a list."""
    return Field(lambda value: inside is None or isinstance(value, dict | list), inside=inside)


def records(*, required: bool = False, inside: Mapping[str, Field] | None = None) -> Field:
    """A list of objects."""
    return Field(
        lambda value: isinstance(value, list) and all(isinstance(entry, dict) for entry in value),
        required,
        inside=inside,
    )


def check_item(item: Item, fields: Mapping[str, Field], *, strict: bool) -> list[Item]:
    """Every complaint about one item.

    Args:
        item: The item of the request.
        fields: What is allowed.
        strict: Unknown fields are errors (functions that change something); otherwise they are
            silently ignored, as the real searches do.
    """
    errors = []
    for name, rule in fields.items():
        if name not in item or item[name] is None:
            if rule.required:
                errors.append(error("err_validation_null", "must not be null", name))
            continue
        value = item[name]
        if not rule.check(value):
            errors.append(error("err_validation", f"wrong type for {name}", name))
        elif rule.inside is not None and (wrong := _wrong_inside(name, value, rule.inside)):
            errors += wrong
        elif rule.required and value in ("", []):
            errors.append(error("err_validation_blank", "must not be blank", name))
        elif rule.values is not None:
            given = value if isinstance(value, list) else [value]
            if not set(given) <= rule.values:
                errors.append(error("err_validation_value_not_allowed", f"value not allowed in {name}", name))
    if strict:
        errors += [error("err_validation", f"unknown field {name}", name) for name in item if name not in fields]
    return errors


def _wrong_inside(name: str, value: Any, inside: Mapping[str, Field]) -> list[Item]:
    """Wrong types of known fields inside an object or inside each object of a list."""
    found = []
    for entry in value if isinstance(value, list) else [value]:
        for inner, rule in inside.items() if isinstance(entry, dict) else ():
            if entry.get(inner) is not None and not rule.check(entry[inner]):
                found.append(error("err_validation", f"wrong type for {inner}", f"{name}.{inner}"))
    return found


class DateError(ValueError):
    """A date in a form that is not accepted."""


def read_date(value: Any, *, iso_z: bool) -> float | None:
    """Seconds since 1970 of `2025-01-14T09:30:00+0000`; None for an absent date.

    Raises:
        DateError: Another form, or `Z` where the tenant does not take it.
    """
    if value is None:
        return None
    match = _DATE.match(value) if isinstance(value, str) else None
    if match is None or (match[1] == "Z" and not iso_z):
        raise DateError(value)
    try:
        moment = datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z")
    except ValueError as err:
        raise DateError(value) from err
    return moment.astimezone(UTC).timestamp()
