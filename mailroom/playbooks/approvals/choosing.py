"""Choosing held messages by a query such as `verdict=spam`, `domain=evil.example`, `subject~invoice`, `risk>=40`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailroom.connectors.held import CONNECTOR
from mailroom.errors import InvalidInputError
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.store.verdicts import Verdict

_CONDITION = re.compile(r"\s*([a-z_]+)\s*(>=|<=|!=|=|~)\s*(.*?)\s*")
_BATCH = 250
_MOST = 10_000


@dataclass(frozen=True, slots=True)
class Choice:
    """One message that fits."""

    alert: Alert
    verdict: Verdict | None


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a query."""

    field: str
    operator: str
    value: str

    @classmethod
    def of(cls, text: str) -> Condition:
        """Raises InvalidInputError: there is no such field, or it is not compared like that."""
        found = _CONDITION.fullmatch(text)
        if found is None or found[1] not in _FIELDS:
            raise InvalidInputError(f"{text[:80]!r} is no condition: write field=value; fields: {', '.join(_FIELDS)}")
        field, operator, value = found.groups()
        if not value:
            raise InvalidInputError(f"{text[:80]!r} compares with nothing")
        if operator in (">=", "<=") and field not in _NUMBERS:
            raise InvalidInputError(f"{field} is no number: use =, != or ~")
        if field in _NUMBERS and operator != "~":
            for part in value.split(",") if operator in ("=", "!=") else [value]:
                _number(part, field)
        return cls(field, operator, value.casefold())

    def holds(self, one: Choice, now: datetime) -> bool:
        """Whether it holds for this message. What is not known fits no condition but `!=`."""
        known = _FIELDS[self.field](one, now)
        values = [str(item).casefold() for item in known if item is not None and str(item) != ""]
        if self.operator == "=":
            return any(self._equal(item) for item in values)
        if self.operator == "!=":
            return not any(self._equal(item) for item in values)
        if self.operator == "~":
            return any(self.value in item for item in values)
        wanted = _number(self.value, self.field)
        return any(float(item) >= wanted if self.operator == ">=" else float(item) <= wanted for item in values)

    def _equal(self, item: str) -> bool:
        if self.field in _NUMBERS:
            return any(float(item) == _number(part, self.field) for part in self.value.split(","))
        return item in {part.strip() for part in self.value.split(",")}


def choose(store: Store, where: Sequence[str], *, limit: int = _MOST, tenants: Sequence[str] = ()) -> list[Choice]:
    """Open held messages for which every condition holds, oldest first.

    Effect: reads the store.

    Args:
        store: Whose alerts.
        where: Conditions; `a=x,y` means one of them.
        limit: Most messages; more than that is refused, so that nobody acts on half of what was meant.
        tenants: Only of these.

    Raises:
        InvalidInputError: No condition, one that cannot be read, or more messages fit than the limit says.
    """
    conditions = [Condition.of(text) for text in where]
    if not conditions:
        raise InvalidInputError("say which messages are meant, for example --where verdict=spam")
    now = store.approvals.now()
    found: list[Choice] = []
    for one in _open(store):
        if tenants and one.alert.tenant not in tenants:
            continue
        if all(condition.holds(one, now) for condition in conditions):
            found.append(one)
            if len(found) > limit:
                raise InvalidInputError(
                    f"more than {limit} messages fit; narrow the query down, or raise the limit (at most {_MOST})"
                )
    return found


def _open(store: Store) -> Iterator[Choice]:
    after = 0
    while alerts := store.alerts.list(handling="open", connector=CONNECTOR, after_id=after, limit=_BATCH):
        after = alerts[-1].id
        verdicts = store.verdicts.current_many([one.id for one in alerts])
        yield from (Choice(one, verdicts.get(one.id)) for one in alerts)


def _number(text: str, field: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInputError(f"{field} is compared with a number, not with {text[:40]!r}") from None


def _hours(since: datetime, now: datetime) -> float:
    return (now - since).total_seconds() / 3600


def _hours_left(one: Choice, now: datetime) -> float | None:
    expires = one.alert.event.get("expires_at")
    return -_hours(datetime.fromisoformat(str(expires)), now) if expires else None


def _of_verdict(name: str) -> Callable[[Choice, datetime], list[Any]]:
    return lambda one, _now: [getattr(one.verdict, name)] if one.verdict else []


def _of_alert(name: str) -> Callable[[Choice, datetime], list[Any]]:
    return lambda one, _now: [getattr(one.alert, name)]


def _of_event(name: str) -> Callable[[Choice, datetime], list[Any]]:
    return lambda one, _now: [one.alert.event.get(name)]


_FIELDS: Mapping[str, Callable[[Choice, datetime], list[Any]]] = {
    "alert": _of_alert("id"),
    "verdict": _of_verdict("verdict"),
    "risk": _of_verdict("risk"),
    "confidence": _of_verdict("confidence"),
    "proposed": _of_verdict("proposed_action"),
    "rule": lambda one, _now: [entry.get("rule_id") for entry in one.verdict.evidence] if one.verdict else [],
    "sender": _of_alert("sender"),
    "domain": _of_alert("sender_domain"),
    "recipient": _of_alert("recipient"),
    "subject": _of_alert("title"),
    "group": _of_alert("group_key"),
    "priority": _of_alert("priority"),
    "environment": _of_alert("environment"),
    "hold_reason": _of_event("hold_reason"),
    "hold_policy": _of_event("policy"),
    "age_hours": lambda one, now: [_hours(one.alert.received_at, now)],
    "hours_left": lambda one, now: [_hours_left(one, now)],
}
_NUMBERS = frozenset({"alert", "risk", "confidence", "priority", "age_hours", "hours_left"})
FIELDS = tuple(_FIELDS)
