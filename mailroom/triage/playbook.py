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
from mailroom.rulelang.ternary import Ternary
from mailroom.rulelang.yaml_source import RuleError, read_documents
from mailroom.triage.denials import DELIVERING, absolute_denials
from mailroom.triage.fields import DECISION_FIELDS, FIELDS

_FIELDS = FIELDS | DECISION_FIELDS
_UNSURE = (
    'Row "{row}" would {action} it, but whether row "{unsure}" before it fits cannot be told: '
    "too little is known of the message."
)


@dataclass(frozen=True)
class Proposal:
    """What should happen next, and why.

    `also` are actions beside the main one. `absolute_denials` are sentences why a better-fitting action is out of the
    question; they are kept even though another action was chosen. `unsure` names the row that may fit, and of which too
    little is known to let a later one deliver the mail.
    """

    action: str
    reason: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    absolute_denials: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    row: str = ""
    unsure: str = ""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    name: str
    tests: tuple[Test, ...]
    action: str
    also: tuple[str, ...]
    parameters: Mapping[str, Any]
    reason: Fill

    def fits(self, facts: Mapping[str, Any]) -> Ternary:
        """Whether all tests hold; unknown where none fails and one of them cannot be answered."""
        answer: Ternary = True
        for test in self.tests:
            found = test(facts)
            if found is False:
                return False
            if found is None:
                answer = None
        return answer


@dataclass(frozen=True)
class Playbook:
    """The table, in order. `content` is what the digest covers."""

    rows: tuple[Row, ...]
    content: Mapping[str, Any]

    def propose(self, facts: Mapping[str, Any]) -> Proposal:
        """The proposal for facts that include the decision's own fields."""
        denied: dict[str, None] = {}
        unsure: Row | None = None
        for row in self.rows:
            fits = row.fits(facts)
            if fits is None and unsure is None and row.action not in DELIVERING:
                unsure = row
            if not fits:
                continue
            if refusals := absolute_denials(row.action, facts, row.parameters):
                denied |= dict.fromkeys(refusals)
                continue
            if unsure is not None and row.action in DELIVERING:
                why = _UNSURE.format(action=row.action, row=row.name, unsure=unsure.name)
                return Proposal("ask_analyst", why, {}, tuple(denied), row=unsure.name, unsure=unsure.name)
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
