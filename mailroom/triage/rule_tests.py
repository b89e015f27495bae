"""Run the tests written inside rule files. A rule whose tests fail is not loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mailroom.rulelang.lists import ValueList
from mailroom.rulelang.searches import TestBank
from mailroom.rulelang.ternary import UNKNOWN, Ternary
from mailroom.rulelang.testing import AnswersWhenAsked, unexpected, with_entries
from mailroom.triage.context import Context, context_of
from mailroom.triage.extract import Facts, extract
from mailroom.triage.fields import FIELDS
from mailroom.triage.rules import Rule, compile_rule
from mailroom.triage.samples import event_of, history_of


class RuleTester:
    """Runs tests against the complete lists, expired entries included, so that no date can break a rule set."""

    def __init__(self, bank: TestBank, lists: Mapping[str, ValueList]) -> None:
        self._bank = bank
        self._lists = lists
        self._context = context_of(lists)
        self._contexts: dict[str, tuple[Mapping[str, ValueList], Context]] = {}

    def problems(self, rule: Rule) -> list[str]:
        """Sentences about tests that do not come out as expected."""
        found = []
        for index, test in enumerate(rule.document.data["tests"]):
            where = rule.document.at("tests", index)
            try:
                outcome = self._run(rule, test["with"])
            except ValueError as error:
                found.append(f"{where}: test {test['name']!r}: {error}")
                continue
            if wrong := unexpected(test, outcome):
                found.append(f"{where}: rule {rule.id}: {wrong}")
        return found

    def _run(self, rule: Rule, sample: Mapping[str, Any]) -> Ternary:
        bank, context, evaluate = self._bank, self._context, rule.evaluate
        if overlay := sample.get("lists"):
            lists, context = self._overlaid(overlay)
            bank = TestBank(FIELDS, lists)
            problems: list[str] = []
            compiled = compile_rule(rule.document, bank, rule.kind, problems)
            if compiled is None:
                raise ValueError("; ".join(problems))
            evaluate = compiled.evaluate
        facts = sample_facts(sample, context)
        return evaluate(AnswersWhenAsked(bank, facts))

    def _overlaid(self, overlay: Mapping[str, Any]) -> tuple[Mapping[str, ValueList], Context]:
        key = json.dumps(overlay, sort_keys=True, default=str)
        if key not in self._contexts:
            lists = with_entries(self._lists, overlay)
            self._contexts[key] = (lists, context_of(lists))
        return self._contexts[key]


def sample_facts(sample: Mapping[str, Any], context: Context) -> Facts:
    """The facts of a sample message.

    Raises:
        ValueError: `facts` or `missing` name a field that does not exist.
    """
    facts = extract(event_of(sample), context, history_of(sample))
    for name in [*sample.get("facts", {}), *sample.get("missing", [])]:
        if name not in FIELDS:
            raise ValueError(f"names the unknown field {name!r}")
    facts.update(sample.get("facts", {}))
    for name in sample.get("missing", []):
        facts.pop(name, UNKNOWN)
    return facts
