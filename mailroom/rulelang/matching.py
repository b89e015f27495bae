"""The part every kind of rule has: `match` with named searches, `when` as scope, and a `condition` over them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailroom.rulelang.condition import ConditionError, Evaluate, both, compile_condition, either, numbered
from mailroom.rulelang.modifiers import ModifierError
from mailroom.rulelang.searches import TestBank
from mailroom.rulelang.yaml_source import Document, ValuePath


def compile_match(
    document: Document, bank: TestBank, problems: list[str], *, at: ValuePath = ()
) -> tuple[Evaluate | None, frozenset[str]]:
    """Compile `when`, `match` and `condition` of the mapping at `at`, which fits its schema already.

    Args:
        document: What was read.
        bank: Where the tests go.
        problems: Collects `path:line: message`.
        at: Path of the mapping in the document.

    Returns:
        A function from the results of the bank's tests to one answer (None when something is wrong with the
        condition), and the fields it asks for.
    """
    return _Match(document, bank, problems, at).compile()


class _Match:
    def __init__(self, document: Document, bank: TestBank, problems: list[str], at: ValuePath) -> None:
        self._document, self._bank, self._problems, self._at = document, bank, problems, at
        data: Any = document.data
        for part in at:
            data = data[part]
        self._data: Mapping[str, Any] = data
        self._fields: set[str] = set()

    def compile(self) -> tuple[Evaluate | None, frozenset[str]]:
        scope = self._search(self._data.get("when", {}), "when")
        searches = {name: self._alternatives(search, "match", name) for name, search in self._data["match"].items()}
        evaluate: Evaluate | None = None
        try:
            condition, used = compile_condition(self._data["condition"], searches)
            evaluate = both([numbered(scope), condition]) if scope else condition
            if unused := sorted(set(searches) - used):
                where = self._document.at(*self._at, "match", unused[0])
                self._problems.append(f"{where}: search {unused[0]!r} is not used by the condition")
        except ConditionError as error:
            self._problems.append(f"{self._document.at(*self._at, 'condition')}: condition {error}")
        return evaluate, frozenset(self._fields)

    def _search(self, search: Mapping[str, Any], *path: str | int) -> list[int]:
        numbers = []
        for key, value in search.items():
            self._fields.add(key.partition("|")[0])
            try:
                numbers.append(self._bank.add(key, value))
            except ModifierError as error:
                self._problems.append(f"{self._document.at(*self._at, *path, key)}: {error}")
        return numbers

    def _alternatives(self, search: Any, *path: str | int) -> Evaluate:
        if isinstance(search, list):
            branches = [self._search(one, *path, index) for index, one in enumerate(search)]
            return either([numbered(numbers or [0]) for numbers in branches])
        return numbered(self._search(search, *path) or [0])
