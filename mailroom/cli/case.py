"""`mailroom case ...`: list, show, open and change cases. The other commands of this group stand in `case_*.py`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.known_word import known_word
from mailroom.cli.options import AsJson
from mailroom.cli.person import account
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.cases.templates import IncidentTemplate
    from mailroom.store.case_rows import Case

case_app = typer.Typer(help="Cases: what belongs together and is worked on as one.", no_args_is_help=True,
                       rich_markup_mode=None)  # fmt: skip

Why = Annotated[str, typer.Option(help="The reason, for the wall.", show_default=False)]
Number = Annotated[int, typer.Argument(help="Number of the case.", metavar="CASE", min=1)]
Fields = Annotated[list[str] | None, typer.Option("--field", help="NAME=VALUE; may be repeated.", show_default=False)]
_LIST = ("id", "state", "priority", "alerts", "owner", "opened_at", "title")
_WIDE = 400
_MOST_HOURS = 10 * 366 * 24


@case_app.callback()
def _case() -> None:
    """Cases: what belongs together and is worked on as one. Every change stands on the wall: `mailroom wall`."""


@case_app.command("list")
def list_cases(
    text: Annotated[str, typer.Argument(help="Words of the title or description.", show_default=False)] = "",
    sender: Annotated[str, typer.Option(help="Address or domain that sent mail in it.", show_default=False)] = "",
    owner: Annotated[str | None, typer.Option(help='Who works on it; "me", or "" for nobody.')] = None,
    state: Annotated[list[str] | None, typer.Option(help="May be repeated.", show_default="all but closed")] = None,
    field: Annotated[str, typer.Option(help="NAME, or NAME=VALUE.", show_default=False)] = "",
    priority: Annotated[str, typer.Option(help="At least this one.", show_default=False)] = "",
    template: Annotated[str, typer.Option(help="Made from this template.", show_default=False)] = "",
    alert: Annotated[int | None, typer.Option(help="With this alert.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="Closed and merged ones too.")] = False,
    limit: Annotated[int, typer.Option(help="Most cases shown.", min=1)] = 50,
    offset: Annotated[int, typer.Option(help="Leave out so many: the next page.", min=0)] = 0,
    as_json: AsJson = False,
) -> None:
    """List cases, newest first; all that is given must fit. Reads the store."""
    from mailroom.cases.states import ACTIVE, MERGED, STATES, priority_of
    from mailroom.cases.values import readings
    from mailroom.playbooks.cases import case_rows
    from mailroom.store.case_lists import CaseQuery

    for one in state or ():
        known_word(one, (*STATES, MERGED), "--state")
    name, given, value = field.partition("=")
    query = CaseQuery(
        text=text, sender=sender, owner=who() if owner == "me" else owner,
        states=tuple(state or ()) if state or everything else ACTIVE, field=name.strip(),
        value=readings(value) if given else None, min_priority=priority_of(priority) if priority else None,
        template=template, alert_id=alert, with_merged=everything or "merged" in (state or ()),
    )  # fmt: skip
    with desk.opened() as here:
        rows = case_rows(here.store, here.store.cases.search(query, limit=limit, offset=offset))
        total = here.store.cases.count(query)
    if as_json:
        output.print_json({"cases": rows, "total": total})
        return
    shown = [[row[column][:16] if column == "opened_at" else row[column] for column in _LIST] for row in rows]
    output.table("1 case" if total == 1 else f"{total} cases", _LIST, shown, _WIDE)
    if total > offset + len(rows):
        output.note(f"{total - offset - len(rows)} more; --offset {offset + len(rows)} shows them")


@case_app.command("show")
def show(
    case: Number,
    events: Annotated[int, typer.Option(help="Last events of the wall that are shown.", min=0)] = 30,
    as_json: AsJson = False,
) -> None:
    """Show a case with its alerts, fields, tasks, files, playbooks and wall, and what was merged into it."""
    from mailroom.cli.case_rows import show_case
    from mailroom.playbooks.cases import case_view

    with desk.opened() as here:
        view = case_view(here.store, case, events=events)
    if as_json:
        output.print_json(view)
    else:
        show_case(view)


@case_app.command("open")
def open_one(
    title: Annotated[str, typer.Argument(help="One line.", show_default="the template's")] = "",
    template: Annotated[str, typer.Option(help="Fields, tasks, playbooks to begin with.", show_default=False)] = "",
    alert: Annotated[list[int] | None, typer.Option(help="Alert; may be repeated.", show_default=False)] = None,
    priority: Annotated[str, typer.Option(help="low, medium, high, ...", show_default="the template's")] = "",
    owner: Annotated[str, typer.Option(help="Who works on it.", show_default="the template's")] = "",
    description: Annotated[str, typer.Option(help="What it is about.", show_default=False)] = "",
    field: Fields = None,
    key: Annotated[str, typer.Option(help="The same key is the same case.", show_default=False)] = "",
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Open a case, or add alerts to the one with the same key. Writes the store."""
    from mailroom.cases.states import priority_of
    from mailroom.playbooks.cases import open_case

    with desk.opened() as here:
        alerts = here.store.alerts.get_many(alert or ())
        tenants = {one.tenant for one in alerts.values()}
        found = open_case(
            here.store, tenant=here.tenant or (tenants.pop() if len(tenants) == 1 else ""), title=title, who=who(),
            why=why, key=key, template=template_of(here, template), alert_ids=alert or (),
            priority=priority_of(priority) if priority else None, fields=pairs(field), description=description,
            assigned_to=me(owner),
        )  # fmt: skip
    tell(found, "opened" if found.created else "is there already", as_json=as_json)


@case_app.command("set")
def set_case(
    case: Number,
    state: Annotated[str, typer.Option(help="new, open, waiting or closed.", show_default=False)] = "",
    priority: Annotated[str, typer.Option(help="low, medium, high, critical or a number.", show_default=False)] = "",
    title: Annotated[str | None, typer.Option(help="One line.", show_default=False)] = None,
    description: Annotated[str | None, typer.Option(help="What it is about.", show_default=False)] = None,
    due_hours: Annotated[float | None, typer.Option(help="To be done in so many hours.", show_default=False)] = None,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Change state, priority, title, description or deadline of a case. Writes the store; twice is harmless."""
    from mailroom.cases.states import priority_of
    from mailroom.playbooks.cases import set_state, update_case

    with desk.opened() as here:
        due = due_in(due_hours)
        found = update_case(
            here.store, case, who=who(), why=why, title=title, description=description, due_at=due,
            priority=priority_of(priority) if priority else None,
        )  # fmt: skip
        if state:
            template = known_template(here, found.template)
            found = set_state(here.store, case, state, who=who(), why=why, template=template)
    tell(found, f"is {found.state}", as_json=as_json)


@case_app.command("note")
def note(
    case: Number, text: Annotated[str, typer.Argument(help="What should be remembered.")], as_json: AsJson = False
) -> None:
    """Put a note on the case's wall. Writes the store; it cannot be taken back."""
    with desk.opened() as here:
        here.store.cases.note(case, text, who=who())
    output.tell({"case": case, "noted": True}, f"noted in case {case}", as_json=as_json)


@case_app.command("assign")
def assign(
    case: Number,
    owner: Annotated[str, typer.Argument(help='Who works on it: a name, "me", or "" for nobody.')],
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Give a case to somebody. Writes the store; twice is harmless."""
    from mailroom.playbooks.cases import update_case

    with desk.opened() as here:
        found = update_case(here.store, case, who=who(), why=why, assigned_to=me(owner))
    tell(found, f"belongs to {found.assigned_to or 'nobody'}", as_json=as_json)


@case_app.command("close")
def close(
    case: Number,
    why: Annotated[str, typer.Option(help="What it was and why it is over.")],
    leave_tasks: Annotated[
        bool, typer.Option("--leave-tasks", help="Although tasks are open or required fields are empty.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Close a case with a reason. Writes the store; new mail opens it again."""
    from mailroom.playbooks.cases import set_state

    with desk.opened() as here:
        template = known_template(here, here.store.cases.get(case).template)
        found = set_state(
            here.store, case, "closed", who=who(), why=why, leave_tasks=leave_tasks, template=template
        )  # fmt: skip
    tell(found, "is closed", as_json=as_json)


@case_app.command("templates")
def templates(as_json: AsJson = False) -> None:
    """List the incident templates, and check them with the playbooks they name."""
    from mailroom.playbooks.known_playbooks import template_problems
    from mailroom.rulelang.yaml_source import RuleError

    with desk.opened() as here:
        found = here.settings.incident_templates()
    problems = [problem for one in found.values() for problem in template_problems(one)]
    rows = [
        {
            "template": one.name, "version": one.version, "title": one.shown_title, "fields": list(one.fields),
            "tasks": [task.key for task in one.tasks],
            "playbooks": [f"{plan.playbook} ({'autorun' if plan.autorun else 'offered'})" for plan in one.playbooks],
        }
        for one in found.values()
    ]  # fmt: skip
    if as_json:
        output.print_json({"templates": rows, "problems": problems})
    else:
        columns = ("template", "version", "title", "fields", "tasks", "playbooks")
        cells = [[", ".join(v) if isinstance(v := row[name], list) else v for name in columns] for row in rows]
        output.table("Incident templates", columns, cells, _WIDE)
    if problems:
        raise RuleError(*problems)


def due_in(hours: float | None) -> datetime | None:
    """The deadline that lies so many hours ahead.

    Raises:
        InvalidInputError: that is no time to wait for.
    """
    if hours is None:
        return None
    if not 0 <= hours <= _MOST_HOURS:  # nan as well
        raise InvalidInputError(f"--due-hours {hours:g}: write a number of hours from 0 to {_MOST_HOURS} (ten years)")
    return datetime.now(UTC) + timedelta(hours=hours)


def who() -> str:
    """Who is at the keyboard, for the wall."""
    return account()


def me(owner: str) -> str:
    """`me` is whoever is at the keyboard."""
    return who() if owner == "me" else owner.strip()


def pairs(given: list[str] | None) -> dict[str, Any]:
    """NAME=VALUE, as typed; an empty value takes the field away.

    Raises:
        InvalidInputError: there is no =.
    """
    found: dict[str, Any] = {}
    for one in given or ():
        name, sign, value = one.partition("=")
        if not sign:
            raise InvalidInputError(f"{one[:60]!r}: write NAME=VALUE, or NAME= to take the field away.")
        found[name.strip()] = value if value else None
    return found


def template_of(here: desk.Here, name: str) -> IncidentTemplate | None:
    """The template of this name; none for an empty one. Raises NotFoundError."""
    from mailroom.cases.templates import template_named

    return template_named(here.settings.incident_templates(), name) if name else None


def known_template(here: desk.Here, name: str) -> IncidentTemplate | None:
    """The same, but one that is gone is none: cases outlive templates."""
    known: Mapping[str, IncidentTemplate] = here.settings.incident_templates() if name else {}
    return known.get(name)


def tell(case: Case, what: str, *, as_json: bool) -> None:
    """Say what became of a case."""
    if as_json:
        output.print_json(case.as_json() | {"created": case.created})
    else:
        output.console.print(output.plain(f"case {case.id} {what}: {case.title}", _WIDE))
