"""Compile one line of a search, `field|modifier: value`, to a three-valued test; equal lines are compiled once."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from mailroom.rulelang import modifiers
from mailroom.rulelang.fields import Field
from mailroom.rulelang.lists import ValueList
from mailroom.rulelang.modifiers import Check, ModifierError
from mailroom.rulelang.ternary import CUT, UNKNOWN, Ternary

Test = Callable[[Mapping[str, Any]], Ternary]


@dataclass(frozen=True, slots=True)
class Line:
    """One compiled test. `check` is what it does with a known value, `negated` turns that round.

    `texts` are the values of an exact comparison. `check` is None for a test that looks at other fields as well.
    """

    name: str
    test: Test
    check: Check | None = None
    negated: bool = False
    texts: frozenset[str] | None = None


_BUILDERS: dict[str, Callable[[list[Any]], Check]] = {
    "eq": modifiers.equals,
    "in": modifiers.equals,
    "not_in": modifiers.equals,
    "contains": modifiers.contains,
    "not_contains": modifiers.contains,
    "startswith": modifiers.startswith,
    "endswith": modifiers.endswith,
    "words_any": modifiers.words_any,
    "re": modifiers.regex,
    "cidr": modifiers.cidr,
    "exists": modifiers.exists,
    "gt": lambda operand: modifiers.compare("gt", operand),
    "gte": lambda operand: modifiers.compare("gte", operand),
    "lt": lambda operand: modifiers.compare("lt", operand),
    "lte": lambda operand: modifiers.compare("lte", operand),
}
_EXACT = frozenset({"eq", "in", "not_in"})
_NEGATED = frozenset({"not_in", "not_contains"})
_NUMERIC = frozenset({"gt", "gte", "lt", "lte"})
_TEXTUAL = frozenset({"contains", "not_contains", "startswith", "endswith", "words_any", "re", "cidr"})


class TestBank:
    """All distinct tests of a rule set. Rules refer to them by number, so that each runs once per message."""

    __test__ = False  # not a pytest class

    def __init__(self, fields: Mapping[str, Field], lists: Mapping[str, ValueList]) -> None:
        self._fields = fields
        self._lists = lists
        self._numbers: dict[str, int] = {}
        self.lines: list[Line] = []
        self.used_lists: set[str] = set()

    def add(self, key: str, value: Any) -> int:
        """Number of the test `key: value`.

        Raises:
            ModifierError: Unknown field, list or modifier, or a value that does not suit them.
        """
        name, _, modifier = key.partition("|")
        modifier = modifier or "eq"
        field = self._fields.get(name)
        if field is None:
            raise ModifierError(f"field {name!r} is unknown{_nearest(name, self._fields)}")
        if modifier not in _BUILDERS:
            raise ModifierError(f"modifier {modifier!r} is unknown; known: {', '.join(sorted(_BUILDERS))}")
        code = json.dumps([name, modifier, value], sort_keys=True, default=str)
        if code not in self._numbers:
            line = self._compile(name, field, modifier, value)
            self._numbers[code] = len(self.lines)
            self.lines.append(line)
        return self._numbers[code]

    @property
    def tests(self) -> list[Test]:
        """The tests by number."""
        return [line.test for line in self.lines]

    def _compile(self, name: str, field: Field, modifier: str, value: Any) -> Line:
        if modifier in _NUMERIC and field.type != "number":
            raise ModifierError(f"{modifier} needs a number field, {name} is a {field.type}")
        if modifier in _TEXTUAL and field.type not in ("text", "list"):
            raise ModifierError(f"{modifier} needs a text field, {name} is a {field.type}")
        operand, guarded = self._operand(value)
        if guarded and modifier not in _EXACT:
            raise ModifierError(
                f"{modifier} cannot ask for `require: dmarc_pass`, which this list does; use in or not_in"
            )
        if modifier in _EXACT:
            _check_types(name, field, operand)
        if not operand and modifier not in ("in", "not_in", "eq", "words_any", "contains", "cidr"):
            raise ModifierError(f"{modifier} needs a value")
        if field.type == "boolean" and modifier == "eq" and len(operand) == 1:
            wanted = operand[0]
            return Line(name, _flag_test(name, wanted), lambda found: found is wanted)
        check = _BUILDERS[modifier](operand)
        if guarded:
            free = modifiers.equals([item for item in operand if item not in guarded])
            return Line(name, _guarded_test(name, check, free, negated=modifier in _NEGATED))
        negated = modifier in _NEGATED
        exact = modifier in _EXACT and all(isinstance(item, str) for item in operand)
        texts = frozenset(item.casefold() for item in operand) if exact else None
        return Line(name, _plain_test(name, check, negated=negated), check, negated, texts)

    def _operand(self, value: Any) -> tuple[list[Any], frozenset[str]]:
        """Values with lists filled in, and which of them count only with a DMARC pass."""
        operand: list[Any] = []
        guarded: set[str] = set()
        for item in value if isinstance(value, list) else [value]:
            if not (isinstance(item, str) and item.startswith("$")):
                operand.append(item)
                continue
            found = self._lists.get(item[1:])
            if found is None:
                raise ModifierError(f"list {item} is unknown{_nearest(item[1:], self._lists)}")
            if found.kind in ("person", "brand"):
                raise ModifierError(f"list {item} holds {found.kind}s; rules use the fields from.vip and from.brands")
            self.used_lists.add(found.name)
            operand += list(found.folded)
            guarded |= {entry for entry, needs in found.folded.items() if needs}
        return operand, frozenset(guarded)


def _flag_test(name: str, wanted: bool | None) -> Test:
    """The most frequent test: a flag is set, or not."""

    def test(facts: Mapping[str, Any]) -> Ternary:
        value = facts.get(name, UNKNOWN)
        return None if value is UNKNOWN else value is wanted

    return test


def _plain_test(name: str, check: Check, *, negated: bool) -> Test:
    # Most fields are empty in most mails, so those answers are worked out once.
    on_none, on_empty_list = check(None) is not negated, check([]) is not negated

    def test(facts: Mapping[str, Any]) -> Ternary:
        value = facts.get(name, UNKNOWN)
        if value is None:
            return on_none
        if value is UNKNOWN:
            return None
        if value.__class__ is list and not value:
            return on_empty_list
        held = check(value)
        if not held and value.__class__ in CUT:
            return None
        return held is not negated

    return test


def _guarded_test(name: str, check: Check, free: Check, *, negated: bool) -> Test:
    """Like `_plain_test`, but a match that rests on a guarded entry alone holds only with a DMARC pass."""

    def test(facts: Mapping[str, Any]) -> Ternary:
        value = facts.get(name, UNKNOWN)
        if value is UNKNOWN:
            return None
        held: Ternary = check(value)
        if not held and value.__class__ in CUT:
            return None
        if held and not free(value):
            proof = facts.get("auth.dmarc_pass", UNKNOWN)
            held = None if proof is UNKNOWN else proof is True
        return None if held is None else held is not negated

    return test


def _check_types(name: str, field: Field, operand: list[Any]) -> None:
    wanted: dict[str, tuple[type, ...]] = {
        "text": (str,), "list": (str,), "number": (int, float), "boolean": (bool,)
    }  # fmt: skip
    for item in operand:
        wrong_bool = isinstance(item, bool) and field.type != "boolean"
        if item is not None and (wrong_bool or not isinstance(item, wanted[field.type])):
            raise ModifierError(f"{name} is a {field.type}, it cannot equal {item!r}")


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known: {', '.join(sorted(known))}"
