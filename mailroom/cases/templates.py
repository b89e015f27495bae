"""Incident templates: YAML files that say what a case of a kind begins with. Pure but for reading the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from mailroom.cases.states import PRIORITIES
from mailroom.cases.values import FieldType
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.rulelang.explain import Fill, compile_sentence
from mailroom.rulelang.schemas import check
from mailroom.rulelang.yaml_source import Document, RuleError, read_documents, yaml_files

MAIL_FIELDS = ("subject", "sender", "sender_domain")
"""What a title may name besides the template's own fields; taken from the first alert."""
_SECRET_WORDS = ("password", "passwd", "secret", "token", "api_key", "apikey", "credential")


@dataclass(frozen=True, slots=True)
class TaskPlan:
    """A task that each case of the template gets."""

    key: str
    title: str
    description: str = ""
    assigned_to: str = ""
    due_hours: float | None = None


@dataclass(frozen=True, slots=True)
class PlaybookPlan:
    """A playbook that each case of the template starts (`autorun`) or offers."""

    playbook: str
    autorun: bool
    scope: str
    """`case`, `first alert` or `each alert`."""
    parameters: Mapping[str, Any]
    place: int
    """Its number in the template: the same playbook may stand there twice with other parameters."""


@dataclass(frozen=True, slots=True)
class IncidentTemplate:
    """One template."""

    name: str
    version: int
    title: Fill
    description: str
    owner: str
    priority: int
    assigned_to: str
    due_hours: float | None
    fields: Mapping[str, FieldType]
    tasks: tuple[TaskPlan, ...]
    playbooks: tuple[PlaybookPlan, ...]
    shown_title: str
    where: str

    @property
    def required(self) -> tuple[str, ...]:
        """Fields without which a case cannot be closed."""
        return tuple(name for name, one in self.fields.items() if one.required)


def load_templates(*folders: Path) -> dict[str, IncidentTemplate]:
    """All templates of the folders, by name; one of a later folder replaces one of the same name.

    Without folders: those that come with mailroom.

    Raises:
        RuleError: every problem of every file, as `path:line: message`.
    """
    if not folders:
        with as_file(files("mailroom.cases").joinpath("starter", "templates")) as folder:
            return load_templates(folder)
    found: dict[str, IncidentTemplate] = {}
    problems: list[str] = []
    for folder in folders:
        try:
            paths = yaml_files(folder)
        except RuleError as error:
            problems += error.problems
            continue
        here: dict[str, IncidentTemplate] = {}
        for file in paths:
            try:
                made = [read_template(document) for document in read_documents(file)]
            except RuleError as error:
                problems += error.problems
                continue
            for one in made:
                if one.name in here:
                    problems.append(f"{one.where}: template {one.name!r} stands in {here[one.name].where} too")
                here[one.name] = one
        found |= here
    if problems:
        raise RuleError(*problems)
    return found


def template_named(templates: Mapping[str, IncidentTemplate], name: str) -> IncidentTemplate:
    """The template. Raises NotFoundError, which names those there are."""
    if name not in templates:
        known = ", ".join(sorted(templates)) or "there are none"
        raise NotFoundError(f"There is no incident template {name[:60]!r}; known: {known}.")
    return templates[name]


def read_template(document: Document) -> IncidentTemplate:
    """One template from one YAML document.

    Raises:
        RuleError: every problem, as `path:line: message`.
    """
    if problems := check("mailroom.cases", "incident_template", document):
        raise RuleError(*problems)
    data: dict[str, Any] = document.data
    fields = _fields(document, problems)
    _twice(document, "tasks", "key", problems)
    for index, one in enumerate(data.get("playbooks", ())):
        for name in one.get("parameters", {}):
            if any(word in name.lower() for word in _SECRET_WORDS):
                where = document.at("playbooks", index, "parameters", name)
                problems.append(f"{where}: a parameter is no place for a secret ({name}); keep it in a block")
    try:
        title = compile_sentence(data["title"], {*MAIL_FIELDS, *fields})
    except ValueError as error:
        problems.append(f"{document.at('title')}: title {error}")
        title = str
    if problems:
        raise RuleError(*problems)
    return IncidentTemplate(
        name=data["template"], version=data["version"], title=title, description=data.get("description", "").strip(),
        owner=data["owner"], priority=PRIORITIES[data.get("priority", "medium")],
        assigned_to=data.get("assigned_to", ""), due_hours=data.get("due_hours"), fields=fields,
        tasks=tuple(TaskPlan(**one) for one in data.get("tasks", ())),
        playbooks=tuple(
            PlaybookPlan(one["playbook"], one["autorun"], one.get("for", "case"), one.get("parameters", {}), place)
            for place, one in enumerate(data.get("playbooks", ()), 1)
        ),
        shown_title=data["title"], where=document.at(),
    )  # fmt: skip


def _fields(document: Document, problems: list[str]) -> dict[str, FieldType]:
    found: dict[str, FieldType] = {}
    _twice(document, "fields", "name", problems)
    for index, one in enumerate(document.data.get("fields", ())):
        made = FieldType(**(one | {"choices": tuple(one.get("choices", ()))}))
        found[made.name] = made
        if (made.type == "choice") != bool(made.choices):
            problems.append(f"{document.at('fields', index)}: choices belong to a field of type choice, and only there")
        elif made.default is not None:
            try:
                made.fit(made.default)
            except InvalidInputError as error:
                problems.append(f"{document.at('fields', index, 'default')}: {error}")
        if made.name in MAIL_FIELDS:
            problems.append(
                f"{document.at('fields', index, 'name')}: {made.name!r} is the mail's own; choose another name"
            )
    return found


def _twice(document: Document, part: str, name: str, problems: list[str]) -> None:
    seen: set[str] = set()
    for index, one in enumerate(document.data.get(part, ())):
        if one[name] in seen:
            problems.append(f"{document.at(part, index, name)}: {one[name]!r} appears twice; keep one of them")
        seen.add(one[name])
