"""From verdict to proposed action: the rows of `playbooks.yml`, the first that fits and is not denied wins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mailroom.rulelang.explain import Fill, compile_sentence
from mailroom.rulelang.lists import ValueList
from mailroom.rulelang.modifiers import ModifierError
from mailroom.rulelang.schemas import check
from mailroom.rulelang.searches import Test, TestBank
from mailroom.rulelang.yaml_source import RuleError, read_documents
from mailroom.triage.denials import absolute_denials
from mailroom.triage.fields import DECISION_FIELDS, FIELDS

_FIELDS = FIELDS | DECISION_FIELDS


@dataclass(frozen=True)
class Proposal:
    """What should happen next, and why.

    `also` are actions beside the main one. `absolute_denials` are sentences why a better-fitting action is out of the
    question; they are kept even though another action was chosen.
    """

    action: str
    reason: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    absolute_denials: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    row: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    tests: tuple[Test, ...]
    action: str
    also: tuple[str, ...]
    parameters: Mapping[str, Any]
    reason: Fill

    def fits(self, facts: Mapping[str, Any]) -> bool:
        """Whether all tests hold; unknown is not enough."""
        for test in self.tests:  # noqa: SIM110 - all() over a generator costs twice as much here
            if test(facts) is not True:
                return False
        return True


@dataclass(frozen=True)
class Playbook:
    """The table, in order. `content` is what the digest covers."""

    rows: tuple[Row, ...]
    content: Mapping[str, Any]

    def propose(self, facts: Mapping[str, Any]) -> Proposal:
        """The proposal for facts that include the decision's own fields."""
        denied: dict[str, None] = {}
        for row in self.rows:
            if not row.fits(facts):
                continue
            if refusals := absolute_denials(row.action, facts, row.parameters):
                denied |= dict.fromkeys(refusals)
                continue
            also = tuple(action for action in row.also if not absolute_denials(action, facts))
            return Proposal(row.action, row.reason(facts), row.parameters, tuple(denied), also, row.name)
        return Proposal("leave", "No row of the playbook table fits.", {}, tuple(denied))


def load_playbook(file: Path, lists: Mapping[str, ValueList]) -> Playbook:
    """Read the table.

    Raises:
        RuleError: Every problem, with its line.
    """
    documents = read_documents(file)
    if len(documents) != 1:
        raise RuleError(f"{file}:1: needs exactly one table, found {len(documents)}")
    document = documents[0]
    problems = check("mailroom.triage", "playbooks", document)
    if problems:
        raise RuleError(*problems)
    bank = TestBank(_FIELDS, lists)
    rows = []
    for index, raw in enumerate(document.data["rows"]):
        numbers = []
        for key, value in raw["when"].items():
            try:
                numbers.append(bank.add(key, value))
            except ModifierError as error:
                problems.append(f"{document.at('rows', index, 'when', key)}: {error}")
        try:
            reason = compile_sentence(raw["reason"], _FIELDS)
        except ValueError as error:
            problems.append(f"{document.at('rows', index, 'reason')}: reason {error}")
            continue
        tests = tuple(bank.tests[number] for number in numbers)
        also = tuple(raw.get("also", ()))
        rows.append(Row(raw["name"], tests, raw["action"], also, dict(raw.get("parameters", {})), reason))
    if problems:
        raise RuleError(*problems)
    return Playbook(tuple(rows), document.data)
