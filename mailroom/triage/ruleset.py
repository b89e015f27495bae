"""Load rules, lists and the playbook table into one `RuleSet` with one digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from mailroom.rulelang.evaluator import Evaluator
from mailroom.rulelang.lists import ValueList, load_lists
from mailroom.rulelang.schemas import check
from mailroom.rulelang.searches import TestBank
from mailroom.rulelang.ternary import Ternary
from mailroom.rulelang.yaml_source import RuleError, read_documents, yaml_files
from mailroom.triage.context import Context, context_of
from mailroom.triage.extract import Facts
from mailroom.triage.fields import FIELDS, HISTORY_FIELDS
from mailroom.triage.packaged import PLAYBOOKS, starter_lists, starter_playbooks, starter_rules
from mailroom.triage.playbook import Playbook, load_playbook
from mailroom.triage.rule_tests import RuleTester
from mailroom.triage.rules import Rule, compile_rule

ENGINE_VERSION = 1
"""Raised when the same rules and facts would decide otherwise; part of every digest."""


@dataclass(frozen=True)
class RuleSet:
    """Everything a decision depends on besides the message. Immutable; safe to share between threads."""

    digest: str
    rules: tuple[Rule, ...]
    lists: dict[str, ValueList]
    context: Context
    playbook: Playbook
    evaluator: Evaluator
    warnings: tuple[str, ...] = ()
    required_fields: frozenset[str] = field(default_factory=frozenset)

    def evaluate(self, facts: Facts) -> list[tuple[Rule, Ternary]]:
        """The rules that hold (true) or cannot be answered (None) for these facts, ordered by id."""
        results = self.evaluator.run(facts)
        return [(rule, answer) for rule in self.rules if (answer := rule.evaluate(results)) is not False]


def load_ruleset(
    rules: Iterable[Path | str] = (),
    lists: Iterable[Path | str] = (),
    today: date | None = None,
    *,
    playbooks: Path | str | None = None,
) -> RuleSet:
    """Load and check rule files.

    Args:
        rules: Folders of rules; the packaged ones when empty. A folder called `insights` or `exclusions` gives that
            kind to the rules below it. A `playbooks.yml` directly in one of them replaces the packaged table.
        lists: Folders of lists; the packaged ones when empty. Later folders replace or append to earlier ones.
        today: Day on which list entries are judged expired; the current UTC day when left out.
        playbooks: File of the verdict-to-action table.

    Returns:
        The rule set. Its digest depends on the content alone, not on file names, order or comments.

    Raises:
        RuleError: Every problem of every file, one `path:line: message` each.
    """
    rule_dirs = [Path(entry) for entry in rules] or [starter_rules()]
    list_dirs = [Path(entry) for entry in lists] or [starter_lists()]
    active, complete, warnings = load_lists(list_dirs, today or datetime.now(UTC).date())
    table = Path(playbooks) if playbooks else starter_playbooks()
    problems: list[str] = []
    bank, test_bank = TestBank(FIELDS, active), TestBank(FIELDS, complete)
    tester = RuleTester(test_bank, complete)
    loaded: dict[str, Rule] = {}
    for directory in rule_dirs:
        if playbooks is None and (directory / PLAYBOOKS).is_file():
            table = directory / PLAYBOOKS
        files = [file for file in yaml_files(directory) if file != directory / PLAYBOOKS]
        for file in files:
            _load_file(file, directory, (bank, test_bank), tester, loaded, problems)
    playbook = None
    try:
        playbook = load_playbook(table, active)
    except RuleError as error:
        problems += error.problems
    _check_silences(loaded, problems)
    if problems or playbook is None:
        raise RuleError(*problems)
    ordered = tuple(loaded[name] for name in sorted(loaded))
    counting = [rule for rule in ordered if rule.kind == "rule" and rule.status != "shadow"]
    # The mail itself is there for few messages: that it is not speaks against no decision.
    required = frozenset(name for rule in counting for name in rule.fields if FIELDS[name].level != "T3")
    used = {f"${name}" for name in bank.used_lists if not active[name].entries}
    warnings += [f"list {name} is used by rules and empty" for name in sorted(used)]
    return RuleSet(
        digest=_digest(ordered, active, playbook),
        rules=ordered,
        lists=active,
        context=context_of(active),
        playbook=playbook,
        evaluator=Evaluator(bank.lines),
        warnings=tuple(warnings),
        required_fields=required - HISTORY_FIELDS - {"level"},
    )


def _load_file(
    file: Path,
    directory: Path,
    banks: tuple[TestBank, TestBank],
    tester: RuleTester,
    loaded: dict[str, Rule],
    problems: list[str],
) -> None:
    try:
        documents = read_documents(file)
    except RuleError as error:
        problems += error.problems
        return
    folders = file.relative_to(directory).parts[:-1]
    kind = "insight" if "insights" in folders else "exclusion" if "exclusions" in folders else "rule"
    for document in documents:
        if wrong := check("mailroom.triage", "rule", document):
            problems += wrong
            continue
        for_tests = compile_rule(document, banks[1], kind, problems)
        if for_tests is None:
            continue
        rule = compile_rule(document, banks[0], kind, problems)
        if rule is None:
            continue
        problems += tester.problems(for_tests)
        if rule.id in loaded:
            problems.append(f"{rule.where}: id {rule.id!r} is already used at {loaded[rule.id].where}")
        loaded.setdefault(rule.id, rule)


def _check_silences(loaded: dict[str, Rule], problems: list[str]) -> None:
    for rule in loaded.values():
        for name in rule.silences:
            if name not in loaded:
                problems.append(f"{rule.document.at('silences')}: silences {name!r}, which no rule is called")
            elif loaded[name].absolute:
                problems.append(f"{rule.document.at('silences')}: {name!r} is absolute and cannot be silenced")


def _digest(rules: Sequence[Rule], lists: dict[str, ValueList], playbook: Playbook) -> str:
    content: dict[str, Any] = {
        "engine": ENGINE_VERSION,
        "rules": [rule.content for rule in rules],
        "lists": {name: lists[name].canonical() for name in sorted(lists)},
        "playbook": playbook.content,
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()
