"""Run the tests written inside rule files. A rule whose tests fail is not loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mailroom.rulelang.lists import Entry, ValueList
from mailroom.rulelang.searches import TestBank
from mailroom.rulelang.ternary import UNKNOWN, Ternary
from mailroom.triage.context import Context, context_of
from mailroom.triage.extract import Facts, extract
from mailroom.triage.fields import FIELDS
from mailroom.triage.rules import Rule, compile_rule
from mailroom.triage.samples import event_of, history_of

_WORDS: Mapping[Ternary, str] = {True: "true", False: "false", None: "unknown"}


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
            expected = test["expect"] if isinstance(test["expect"], str) else _WORDS[test["expect"]]
            if _WORDS[outcome] != expected:
                found.append(
                    f"{where}: rule {rule.id}: test {test['name']!r} expects {expected} and got {_WORDS[outcome]}"
                )
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
        return evaluate(_Lazy(bank, facts))

    def _overlaid(self, overlay: Mapping[str, Any]) -> tuple[Mapping[str, ValueList], Context]:
        key = json.dumps(overlay, sort_keys=True, default=str)
        if key not in self._contexts:
            lists = dict(self._lists)
            for name, values in overlay.items():
                if name not in lists:
                    raise ValueError(f"list {name!r} is unknown")
                lists[name] = replace(lists[name], entries=tuple(_entry(value) for value in values))
            self._contexts[key] = (lists, context_of(lists))
        return self._contexts[key]


class _Lazy(list[Ternary]):
    """Results of a bank's tests, each computed when asked for."""

    def __init__(self, bank: TestBank, facts: Facts) -> None:
        super().__init__()
        self._bank, self._facts = bank, facts

    def __getitem__(self, number: Any) -> Any:
        return self._bank.lines[number].test(self._facts)


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
