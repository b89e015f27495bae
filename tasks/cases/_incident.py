"""What the actions on incidents share: who does it, from which template, and what is given back."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from prefect.runtime import flow_run

from mailroom.cases.templates import IncidentTemplate, load_templates, template_named
from mailroom.comma_list import comma_list
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.store import Store
from mailroom.store.case_rows import Case


@dataclass(frozen=True, slots=True)
class Incident:
    """A case, without words of any mail."""

    case_id: int
    state: str
    priority: int
    created: bool
    alert_ids: tuple[int, ...]
    """Everything that it shows, with what was merged into it."""


def incident(store: Store, case: Case) -> Incident:
    """What an action gives back about a case."""
    return Incident(case.id, case.state, case.priority, case.created, tuple(store.cases.alert_ids(case.id)))


def template(name: str, folders: str) -> IncidentTemplate | None:
    """The template of this name, from our own and those in `folders` (separated by commas); none for an empty name."""
    if not name.strip():
        return None
    found = load_templates()
    own = [Path(one) for one in comma_list(folders)]
    return template_named(found | (load_templates(*own) if own else {}), name.strip())


def known_template(name: str, folders: str) -> IncidentTemplate | None:
    """The same, but one that is gone is none: cases outlive templates."""
    try:
        return template(name, folders)
    except NotFoundError:
        return None


def who() -> str:
    """Who does it, for the wall."""
    return f"flow run {flow_run.id}" if flow_run.id else "a playbook"


def alert_numbers(store: Store, alerts: str) -> list[int]:
    """Alerts named by number, hold id or tracking id, separated by commas.

    Raises:
        NotFoundError: there is no such alert.
    """
    return [store.alerts.find(one).id for one in comma_list(alerts)]


def case_number(store: Store, case: str) -> int:
    """The case of this number.

    Raises:
        InvalidInputError: it is no number.
        NotFoundError: there is no such case.
    """
    wanted = case.strip()
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 19:
        return store.cases.get(int(wanted)).id
    raise InvalidInputError(f"Case {wanted[:40]!r} is no number; `mailroom case list` shows the numbers.")
