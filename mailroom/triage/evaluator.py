"""Run all tests of a rule set over one message, field by field.

A field that is unknown or empty answers all its tests at once, and exact comparisons are one look-up however many
rules make them: the cost grows with what a message contains more than with the number of rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailroom.triage.modifiers import Check
from mailroom.triage.searches import Line, Test
from mailroom.triage.ternary import UNKNOWN, Ternary

Answers = list[tuple[int, bool]]


@dataclass
class _Group:
    """All tests of one field: `exact` comparisons with texts, and other `checks`."""

    checks: list[tuple[int, Check, bool]] = field(default_factory=list)
    exact: list[tuple[int, Check, bool]] = field(default_factory=list)
    hits: dict[str, Answers] = field(default_factory=dict)
    misses: Answers = field(default_factory=list)
    on_none: Answers = field(default_factory=list)
    on_empty: Answers = field(default_factory=list)


class Evaluator:
    """Compiled tests, grouped by field. Immutable after construction; safe to share between threads."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._size = len(lines)
        self._others: list[tuple[int, Test]] = []
        groups: dict[str, _Group] = {}
        for number, line in enumerate(lines):
            if line.check is None:
                self._others.append((number, line.test))
                continue
            group = groups.setdefault(line.name, _Group())
            group.on_none.append((number, line.check(None) is not line.negated))
            group.on_empty.append((number, line.check([]) is not line.negated))
            if line.texts is None:
                group.checks.append((number, line.check, line.negated))
                continue
            group.exact.append((number, line.check, line.negated))
            group.misses.append((number, line.negated))
            for text in line.texts:
                group.hits.setdefault(text, []).append((number, not line.negated))
        self._groups = list(groups.items())

    def run(self, facts: Mapping[str, Any]) -> list[Ternary]:
        """The answers of all tests, by number."""
        results: list[Ternary] = [None] * self._size
        for name, group in self._groups:
            value = facts.get(name, UNKNOWN)
            if value is UNKNOWN:
                continue
            if value is None:
                answers = group.on_none
            elif value.__class__ is list and not value:
                answers = group.on_empty
            else:
                for number, check, negated in group.checks:
                    results[number] = check(value) is not negated
                if value.__class__ is not str:
                    for number, check, negated in group.exact:
                        results[number] = check(value) is not negated
                    continue
                for number, answer in group.misses:
                    results[number] = answer
                answers = group.hits.get(value.casefold(), []) if group.hits else []
            for number, answer in answers:
                results[number] = answer
        for number, test in self._others:
            results[number] = test(facts)
        return results
