"""What the tests inside rule files have in common, whatever the rules are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from mailroom.rulelang.lists import Entry, ValueList
from mailroom.rulelang.searches import TestBank
from mailroom.rulelang.ternary import Ternary

_WORDS: Mapping[Ternary, str] = {True: "true", False: "false", None: "unknown"}


class AnswersWhenAsked(list[Ternary]):
    """Results of a bank's tests, each worked out when asked for."""

    def __init__(self, bank: TestBank, facts: Mapping[str, Any]) -> None:
        super().__init__()
        self._bank, self._facts = bank, facts

    def __getitem__(self, number: Any) -> Any:
        return self._bank.lines[number].test(self._facts)


def unexpected(test: Mapping[str, Any], outcome: Ternary) -> str:
    """How a test did not come out as expected; empty when it did."""
    expected = test["expect"] if isinstance(test["expect"], str) else _WORDS[test["expect"]]
    if _WORDS[outcome] == expected:
        return ""
    return f"test {test['name']!r} expects {expected} and got {_WORDS[outcome]}"


def with_entries(lists: Mapping[str, ValueList], entries: Mapping[str, Iterable[Any]]) -> dict[str, ValueList]:
    """The lists, some of them with other entries, as a test wants them.

    Raises:
        ValueError: a list is unknown.
    """
    found = dict(lists)
    for name, values in entries.items():
        if name not in found:
            raise ValueError(f"list {name!r} is unknown")
        found[name] = replace(found[name], entries=tuple(_entry(value) for value in values))
    return found


def _entry(value: Any) -> Entry:
    if isinstance(value, dict):
        return Entry(
            str(value["value"]),
            "test",
            "test",
            addresses=tuple(value.get("addresses", ())),
            domains=tuple(value.get("domains", ())),
            names=tuple(value.get("names", ())),
            requires_dmarc=value.get("require") == "dmarc_pass",
        )
    return Entry(str(value), "test", "test")
