"""Conditions: `company_from and odd_reply and (money or not known)`, `1 of money_*`, `all of them`.

A condition compiles to a function from the results of a rule set's tests to one three-valued answer; searches that
cannot change the answer any more are not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from operator import itemgetter

from mailroom.rulelang.ternary import Ternary, at_least

MAX_LENGTH = 2_000
MAX_DEPTH = 50
Results = Sequence[Ternary]
Evaluate = Callable[[Results], Ternary]

_TOKEN = re.compile(r"\s*(\(|\)|[A-Za-z_0-9*]+|\S)")


class ConditionError(ValueError):
    """The condition cannot be understood; the text says where."""


def both(branches: Sequence[Evaluate]) -> Evaluate:
    """Kleene's and over several functions."""
    if len(branches) == 1:
        return branches[0]

    def run(results: Results) -> Ternary:
        answer: Ternary = True
        for branch in branches:
            value = branch(results)
            if value is False:
                return False
            if value is None:
                answer = None
        return answer

    return run


def either(branches: Sequence[Evaluate]) -> Evaluate:
    """Kleene's or over several functions."""
    if len(branches) == 1:
        return branches[0]

    def run(results: Results) -> Ternary:
        answer: Ternary = False
        for branch in branches:
            value = branch(results)
            if value is True:
                return True
            if value is None:
                answer = None
        return answer

    return run


def opposite(inner: Evaluate) -> Evaluate:
    """Kleene's not of a function."""

    def run(results: Results) -> Ternary:
        value = inner(results)
        return None if value is None else not value

    return run


def numbered(numbers: Sequence[int]) -> Evaluate:
    """Whether all tests with these numbers hold."""
    if len(numbers) == 1:
        return itemgetter(numbers[0])
    pick = itemgetter(*numbers)

    def run(results: Results) -> Ternary:
        values = pick(results)
        if False in values:
            return False
        return None if None in values else True

    return run


class _Parser:
    def __init__(self, text: str, searches: Mapping[str, Evaluate]) -> None:
        self._tokens = _TOKEN.findall(text)
        self._searches = searches
        self._names = sorted(searches)
        self._at = 0
        self.used: set[str] = set()

    def peek(self) -> str:
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def take(self) -> str:
        token = self.peek()
        self._at += 1
        return token

    def alternatives(self, depth: int) -> Evaluate:
        if depth > MAX_DEPTH:
            raise ConditionError(f"is nested deeper than {MAX_DEPTH} brackets")
        branches = [self.conjunction(depth)]
        while self.peek() == "or":
            self.take()
            branches.append(self.conjunction(depth))
        return either(branches)

    def conjunction(self, depth: int) -> Evaluate:
        branches = [self.single(depth)]
        while self.peek() == "and":
            self.take()
            branches.append(self.single(depth))
        return both(branches)

    def single(self, depth: int) -> Evaluate:
        token = self.take()
        if token == "not":  # noqa: S105 - a keyword, not a password
            if depth > MAX_DEPTH:
                raise ConditionError(f"is nested deeper than {MAX_DEPTH} levels")
            inner = self.single(depth + 1)
            return opposite(inner)
        if token == "(":  # noqa: S105
            inside = self.alternatives(depth + 1)
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
        return self._searches[token]

    def quantified(self, quantity: str) -> Evaluate:
        self.take()
        pattern = self.take()
        matching = [name for name in self._names if pattern == "them" or (pattern and fnmatchcase(name, pattern))]
        if not matching:
            raise ConditionError(f"has '{quantity} of {pattern}', but no search under `match` fits {pattern!r}")
        self.used.update(matching)
        searches = [self._searches[name] for name in matching]
        if quantity == "all":
            return both(searches)
        if quantity in ("any", "1"):
            return either(searches)
        if not quantity.isdecimal() or not 1 <= int(quantity) <= len(matching):
            raise ConditionError(f"has '{quantity} of {pattern}'; use 1 to {len(matching)}, any or all")
        count = int(quantity)
        return lambda results: at_least(count, [search(results) for search in searches])


def compile_condition(text: str, searches: Mapping[str, Evaluate]) -> tuple[Evaluate, frozenset[str]]:
    """Compile a condition over named searches.

    Returns:
        The evaluator and the names it uses.

    Raises:
        ConditionError: Unknown name, unbalanced brackets, anything left over.
    """
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"is longer than {MAX_LENGTH} characters")
    parser = _Parser(text, searches)
    evaluate = parser.alternatives(0)
    if parser.peek():
        raise ConditionError(f"goes on with {parser.peek()!r} where `and`, `or` or the end was expected")
    return evaluate, frozenset(parser.used)
