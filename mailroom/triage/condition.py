"""Conditions: `company_from and odd_reply and (money or not known)`, `1 of money_*`, `all of them`.

A condition compiles to a function from the three-valued results of the named searches to one three-valued answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from fnmatch import fnmatchcase

from mailroom.triage.ternary import Ternary, all_of, any_of, at_least, negate

MAX_LENGTH = 2_000
MAX_DEPTH = 50
Evaluate = Callable[[dict[str, Ternary]], Ternary]

_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z_0-9*]+|\S)")


class ConditionError(ValueError):
    """The condition cannot be understood; the text says where."""


class _Parser:
    def __init__(self, text: str, names: Collection[str]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._names = sorted(names)
        self._at = 0
        self.used: set[str] = set()

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self._at += 1
        return token

    def either(self, depth: int) -> Evaluate:
        if depth > MAX_DEPTH:
            raise ConditionError(f"is nested deeper than {MAX_DEPTH} brackets")
        branches = [self.both(depth)]
        while self.peek() == "or":
            self.take()
            branches.append(self.both(depth))
        return branches[0] if len(branches) == 1 else lambda values: any_of(branch(values) for branch in branches)

    def both(self, depth: int) -> Evaluate:
        branches = [self.single(depth)]
        while self.peek() == "and":
            self.take()
            branches.append(self.single(depth))
        return branches[0] if len(branches) == 1 else lambda values: all_of(branch(values) for branch in branches)

    def single(self, depth: int) -> Evaluate:
        token = self.take()
        if token == "not":  # noqa: S105 - a keyword, not a password
            if depth > MAX_DEPTH:
                raise ConditionError(f"is nested deeper than {MAX_DEPTH} levels")
            inner = self.single(depth + 1)
            return lambda values: negate(inner(values))
        if token == "(":  # noqa: S105
            inside = self.either(depth + 1)
            if self.take() != ")":
                raise ConditionError("has a '(' without its ')'")
            return inside
        if self.peek() == "of":
            return self.quantified(token)
        if not token:
            raise ConditionError("ends where a search name was expected")
        if token not in self._names:
            raise ConditionError(f"names {token!r}, which is not under `match` ({', '.join(self._names)})")
        self.used.add(token)
        return lambda values: values[token]

    def quantified(self, quantity: str) -> Evaluate:
        self.take()
        pattern = self.take()
        matching = [name for name in self._names if pattern == "them" or (pattern and fnmatchcase(name, pattern))]
        if not matching:
            raise ConditionError(f"has '{quantity} of {pattern}', but no search under `match` fits {pattern!r}")
        self.used.update(matching)
        if quantity == "all":
            return lambda values: all_of(values[name] for name in matching)
        if quantity == "any":
            return lambda values: any_of(values[name] for name in matching)
        if not quantity.isdecimal() or not 1 <= int(quantity) <= len(matching):
            raise ConditionError(f"has '{quantity} of {pattern}'; use 1 to {len(matching)}, any or all")
        count = int(quantity)
        return lambda values: at_least(count, [values[name] for name in matching])


def compile_condition(text: str, names: Collection[str]) -> tuple[Evaluate, frozenset[str]]:
    """Compile a condition over the searches called `names`.

    Returns:
        The evaluator and the names it uses.

    Raises:
        ConditionError: Unknown name, unbalanced brackets, anything left over.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"is longer than {MAX_LENGTH} characters")
    parser = _Parser(text, names)
    evaluate = parser.either(0)
    if parser.peek():
        raise ConditionError(f"goes on with {parser.peek()!r} where `and`, `or` or the end was expected")
    return evaluate, frozenset(parser.used)
