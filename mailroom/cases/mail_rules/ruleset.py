"""Load rules on mail and their lists into one set with one digest; rules whose tests fail are not loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from mailroom.cases.mail_rules.fields import FIELDS
from mailroom.cases.mail_rules.plan import mapped
from mailroom.cases.mail_rules.rule import MailRule, compile_rule
from mailroom.cases.mail_rules.samples import sample_facts
from mailroom.rulelang.evaluator import Evaluator
from mailroom.rulelang.folders import is_folder
from mailroom.rulelang.lists import ValueList, load_lists
from mailroom.rulelang.schemas import check
from mailroom.rulelang.searches import TestBank
from mailroom.rulelang.ternary import Ternary
from mailroom.rulelang.testing import AnswersWhenAsked, unexpected, with_entries
from mailroom.rulelang.yaml_source import RuleError, read_documents, yaml_files

ENGINE_VERSION = 1
"""Raised when the same rules and mails would give other plans; part of every digest."""
STARTER = "starter"
"""Names the packaged rules among folders."""
_LISTS = "lists"


@dataclass(frozen=True)
class MailRuleSet:
    """Rules on mail, compiled. Immutable; safe to share between threads. `rules` includes the disabled ones."""

    digest: str
    rules: tuple[MailRule, ...]
    lists: dict[str, ValueList]
    evaluator: Evaluator
    fields: frozenset[str]
    """Fields that enabled rules ask for."""
    warnings: tuple[str, ...] = ()

    @property
    def enabled(self) -> tuple[MailRule, ...]:
        """The rules that are applied, in the order in which they act."""
        return tuple(rule for rule in self.rules if rule.enabled)

    def judge(self, facts: Mapping[str, Any]) -> list[tuple[MailRule, Ternary]]:
        """Enabled rules that hold (True) or cannot be answered (None), in the order in which they act."""
        results = self.evaluator.run(facts)
        return [(rule, answer) for rule in self.enabled if (answer := rule.evaluate(results)) is not False]


def load_mail_rules(
    folders: Iterable[Path | str], lists: Iterable[Path | str] = (), today: date | None = None
) -> MailRuleSet:
    """Load and check rules on mail.

    Args:
        folders: Folders of rules; `starter` names the packaged ones. Folders called `lists` below them hold lists.
        lists: Further folders of lists; they replace the packaged ones. Those of the rules' own folders replace both.
        today: Day on which list entries are judged expired; the current UTC day when left out.

    Returns:
        The rules. The digest depends on their content and that of the lists alone.

    Raises:
        RuleError: every problem of every file, one `path:line: message` each.
    """
    with as_file(files("mailroom.cases").joinpath("starter", "mail_rules")) as packaged:
        found = [packaged if str(one) == STARTER else Path(one) for one in folders]
        own = [one / _LISTS for one in found if one != packaged and is_folder(one / _LISTS)]
        known = [packaged / _LISTS, *(Path(one) for one in lists), *own]
        return _Loader(found, known, today or datetime.now(UTC).date()).load()


class _Loader:
    def __init__(self, folders: list[Path], lists: list[Path], today: date) -> None:
        self.active, self.complete, self.warnings = load_lists(lists, today)
        self.folders = folders
        self.problems: list[str] = []
        self.loaded: dict[str, MailRule] = {}
        self.bank = TestBank(FIELDS, self.active)
        self.test_bank = TestBank(FIELDS, self.complete)

    def load(self) -> MailRuleSet:
        for folder in self.folders:
            for file in yaml_files(folder):
                if _LISTS not in file.relative_to(folder).parts[:-1]:
                    self._file(file)
        if self.problems:
            raise RuleError(*self.problems)
        ordered = tuple(sorted(self.loaded.values(), key=lambda rule: (rule.order, rule.id)))
        used = {name for name in self.bank.used_lists if not self.active[name].entries}
        return MailRuleSet(
            digest=_digest(ordered, {name: self.active[name] for name in sorted(self.bank.used_lists)}),
            rules=ordered,
            lists=self.active,
            evaluator=Evaluator(self.bank.lines),
            fields=frozenset(name for rule in ordered if rule.enabled for name in rule.fields),
            warnings=(*self.warnings, *(f"list ${name} is used by rules and empty" for name in sorted(used))),
        )

    def _file(self, file: Path) -> None:
        try:
            documents = read_documents(file)
        except RuleError as error:
            self.problems += error.problems
            return
        for document in documents:
            if wrong := check("mailroom.cases", "mail_rule", document):
                self.problems += wrong
                continue
            for_tests = compile_rule(document, self.test_bank, self.problems)
            rule = compile_rule(document, self.bank, self.problems) if for_tests is not None else None
            if rule is None or for_tests is None:
                continue
            self.problems += self._failed_tests(for_tests)
            if rule.id in self.loaded:
                self.problems.append(f"{rule.where}: id {rule.id!r} is already used at {self.loaded[rule.id].where}")
            self.loaded.setdefault(rule.id, rule)

    def _failed_tests(self, rule: MailRule) -> list[str]:
        """Against the complete lists, expired entries included: no date breaks a rule."""
        found = []
        for index, test in enumerate(rule.document.data["tests"]):
            where = f"{rule.document.at('tests', index)}: rule {rule.id}"
            try:
                outcome, fields = self._outcome(rule, test["with"])
            except ValueError as error:
                found.append(f"{where}: test {test['name']!r}: {error}")
                continue
            if wrong := unexpected(test, outcome):
                found.append(f"{where}: {wrong}")
            for name, wanted in test.get("fields", {}).items():
                if fields.get(name) != wanted:
                    given = repr(fields.get(name))[:80]
                    found.append(f"{where}: test {test['name']!r} expects field {name} to be {wanted!r}, it is {given}")
        return found

    def _outcome(self, rule: MailRule, sample: Mapping[str, Any]) -> tuple[Ternary, dict[str, Any]]:
        facts = sample_facts(sample, rule.fields)
        bank, evaluate = self.test_bank, rule.evaluate
        if overlay := sample.get("lists"):
            bank = TestBank(FIELDS, with_entries(self.complete, overlay))
            problems: list[str] = []
            compiled = compile_rule(rule.document, bank, problems)
            if compiled is None:
                raise ValueError("; ".join(problems))
            evaluate = compiled.evaluate
        fields: dict[str, Any] = {}
        for action in rule.actions:
            fields |= mapped(rule.mapping, facts) | action.settings.get("fields", {}) | mapped(action.mapping, facts)
        return evaluate(AnswersWhenAsked(bank, facts)), fields


def _digest(rules: tuple[MailRule, ...], lists: Mapping[str, ValueList]) -> str:
    content: dict[str, Any] = {
        "engine": ENGINE_VERSION,
        "rules": [rule.content for rule in sorted(rules, key=lambda rule: rule.id)],
        "lists": {name: values.canonical() for name, values in lists.items()},
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
