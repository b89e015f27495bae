"""One rule on mail: parsed, checked and compiled from its YAML document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mailroom.cases.mail_rules.fields import FIELDS
from mailroom.cases.states import PRIORITIES
from mailroom.rulelang.condition import Evaluate
from mailroom.rulelang.explain import Fill, compile_sentence
from mailroom.rulelang.matching import compile_match
from mailroom.rulelang.searches import TestBank
from mailroom.rulelang.yaml_source import Document

DEFAULT_ORDER = 100
_PLACE = re.compile(r"\{([^{}]+)\}")
_NEEDS_AN_INCIDENT = frozenset({"set_field"})
_GIVES_AN_INCIDENT = frozenset({"create_incident", "add_to_incident"})


@dataclass(frozen=True)
class RuleAction:
    """One thing a rule does: `create_incident`, `add_to_incident`, `save_attachments`, `run_playbook`, `set_field`."""

    do: str
    settings: Mapping[str, Any]
    mapping: Mapping[str, str] = field(default_factory=dict)
    """Field of the incident or alert -> field of the mail."""
    title: Fill | None = None
    priority: int | None = None


@dataclass(frozen=True)
class MailRule:
    """A rule as the engine uses it; `json_schemas/mail_rule.schema.json` says what each part means."""

    id: str
    version: int
    enabled: bool
    order: int
    title: str
    owner: str
    mapping: Mapping[str, str]
    actions: tuple[RuleAction, ...]
    fields: frozenset[str]
    """Fields of the mail that it asks for, in its condition or its mapping."""
    evaluate: Evaluate
    content: Mapping[str, Any]
    """What the digest covers."""
    where: str
    document: Document


def compile_rule(document: Document, bank: TestBank, problems: list[str]) -> MailRule | None:
    """Compile a document that fits the schema; problems are added as `path:line: message`."""
    data = document.data
    before = len(problems)
    evaluate, asked = compile_match(document, bank, problems)
    mapping = data.get("map", {})
    used = set(asked) | _mapped(document, ("map",), mapping, problems)
    actions = []
    for index, entry in enumerate(data["actions"]):
        ((do, settings),) = entry.items()
        actions.append(_action(document, index, do, settings or {}, used, problems))
    _check_meaning(document, actions, problems)
    if len(problems) > before or evaluate is None:
        return None
    return MailRule(
        id=data["id"],
        version=data["version"],
        enabled=data["enabled"],
        order=data.get("order", DEFAULT_ORDER),
        title=data["title"],
        owner=data["owner"],
        mapping=mapping,
        actions=tuple(actions),
        fields=frozenset(used),
        evaluate=evaluate,
        content={key: value for key, value in data.items() if key != "tests"},
        where=document.at("id"),
        document=document,
    )


def _action(
    document: Document, index: int, do: str, settings: Mapping[str, Any], used: set[str], problems: list[str]
) -> RuleAction:
    path = ("actions", index, do)
    mapping = settings.get("map", {})
    used |= _mapped(document, (*path, "map"), mapping, problems)
    title: Fill | None = None
    if "title" in settings:
        try:
            title = compile_sentence(settings["title"], FIELDS)
            used |= set(_PLACE.findall(settings["title"]))
        except ValueError as error:
            problems.append(f"{document.at(*path, 'title')}: title {error}")
    priority = PRIORITIES[settings["priority"]] if "priority" in settings else None
    return RuleAction(do, settings, mapping, title, priority)


def _mapped(
    document: Document, path: tuple[str | int, ...], mapping: Mapping[str, str], problems: list[str]
) -> set[str]:
    for name, source in mapping.items():
        if source not in FIELDS:
            problems.append(
                f"{document.at(*path, name)}: {source!r} is no field of a mail; docs/mail-rules.md lists them"
            )
    return {source for source in mapping.values() if source in FIELDS}


def _check_meaning(document: Document, actions: list[RuleAction], problems: list[str]) -> None:
    """What a schema cannot say."""
    incident = False
    for index, one in enumerate(actions):
        where = document.at("actions", index, one.do)
        if one.do == "add_to_incident" and ("case" in one.settings) == ("by" in one.settings):
            problems.append(f"{where}: name the incident by `case` or by `by`, one of them")
        if one.do == "set_field" and not (one.mapping or one.settings.get("fields")):
            problems.append(f"{where}: says no field; write `fields` or `map`")
        scope = one.settings.get("scope", "incident")
        if one.do in _NEEDS_AN_INCIDENT and scope == "incident" and not incident:
            problems.append(f"{where}: comes before any incident; create one or add the mail to one first")
        incident = incident or one.do in _GIVES_AN_INCIDENT
    expected = {str(test["expect"]).lower() for test in document.data["tests"]}
    problems += [
        f"{document.at('tests')}: no test expects {outcome}; a rule needs at least one that holds and one that does not"
        for outcome in ("true", "false")
        if outcome not in expected
    ]
