"""Run all tests of a rule set over one message, field by field.

A field that is unknown, empty or a flag answers all its tests at once, and exact comparisons are one look-up however
many rules make them: the cost grows with what a message contains more than with the number of rules.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from types import NoneType
from typing import Any

from mailroom.rulelang.searches import Line
from mailroom.rulelang.ternary import CUT, UNKNOWN, Ternary, Unknown

Answers = tuple[Ternary, ...]
_FIXED = frozenset({Unknown, NoneType, bool})


class _Group:
    """All tests of one field: first the exact comparisons with texts, then the others.

    `fixed` are the answers to unknown, none and flags, worked out once: most fields of most mails are one of these.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self._exact = [(line.texts, line.negated) for line in lines if line.texts is not None]
        self._others = [(line.check, line.negated) for line in lines if line.texts is None and line.check is not None]
        self._misses: Answers = tuple(negated for _, negated in self._exact)
        self._hits: dict[str, Answers] = {}
        for text in {text for texts, _ in self._exact for text in texts}:
            self._hits[text] = tuple((text in texts) is not negated for texts, negated in self._exact)
        self._empty = self._misses + self._checked([])
        self.fixed: dict[Any, Answers] = {value: self._misses + self._checked(value) for value in (None, True, False)}
        self.fixed[UNKNOWN] = (None,) * len(lines)

    def answers(self, value: Any) -> Answers:
        """What all tests say about a text, a number or a list."""
        if value.__class__ in CUT:
            return self._of_the_beginning(value)
        if isinstance(value, str):
            known = self._hits.get(value.casefold(), self._misses) if self._hits else self._misses
        elif not isinstance(value, list):
            known = self._misses
        elif not value:
            return self._empty
        elif self._exact:
            folded = {item.casefold() for item in value if isinstance(item, str)}
            known = tuple((not texts.isdisjoint(folded)) is not negated for texts, negated in self._exact)
        else:
            known = ()
        return known + self._checked(value) if self._others else known

    def _of_the_beginning(self, value: Any) -> Answers:
        """Of a value that is known in part a hit is known, a miss is not."""
        folded = {item.casefold() for item in ([value] if isinstance(value, str) else value) if isinstance(item, str)}
        known = [(not negated if not texts.isdisjoint(folded) else None) for texts, negated in self._exact]
        return (*known, *[(not negated if check(value) else None) for check, negated in self._others])

    def _checked(self, value: Any) -> Answers:
        return tuple([check(value) is not negated for check, negated in self._others])


class Evaluator:
    """Compiled tests, grouped by field. Immutable after construction; safe to share between threads."""

    def __init__(self, lines: Sequence[Line]) -> None:
        by_field: dict[str, list[int]] = {}
        alone: list[int] = []
        for number, line in enumerate(lines):
            if line.check is None:
                alone.append(number)
            else:
                by_field.setdefault(line.name, []).append(number)
        numbers: list[int] = []
        self._groups: list[tuple[str, _Group]] = []
        for name, wanted in by_field.items():
            ordered = sorted(wanted, key=lambda number: lines[number].texts is None)
            numbers += ordered
            self._groups.append((name, _Group([lines[number] for number in ordered])))
        numbers += alone
        self._alone = [lines[number].test for number in alone]
        self._by_number = _sorter(numbers)

    def run(self, facts: Mapping[str, Any]) -> Sequence[Ternary]:
        """The answers of all tests, by number."""
        answers: list[Ternary] = []
        for name, group in self._groups:
            value = facts.get(name, UNKNOWN)
            answers += group.fixed[value] if value.__class__ in _FIXED else group.answers(value)
        answers += [test(facts) for test in self._alone]
        return self._by_number(answers)


def _sorter(numbers: Sequence[int]) -> Callable[[Sequence[Ternary]], Sequence[Ternary]]:
    """A function that puts answers given in the order of `numbers` into the order 0, 1, 2 ..."""
    if len(numbers) < 2:
        return tuple
    places = sorted(range(len(numbers)), key=numbers.__getitem__)
    return itemgetter(*places)
