"""`mailroom case task|file|field ...`: what a case consists of."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.case import Number, Why, due_in, known_template, me, pairs, who
from mailroom.cli.case_links import case_app
from mailroom.cli.options import AsJson
from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.store.case_tasks import CaseTask

__all__ = ["case_app"]

task_app = typer.Typer(help="Tasks of cases.", no_args_is_help=True, rich_markup_mode=None)
file_app = typer.Typer(help="Files of cases.", no_args_is_help=True, rich_markup_mode=None)
field_app = typer.Typer(help="Fields of cases.", no_args_is_help=True, rich_markup_mode=None)
case_app.add_typer(task_app, name="task")
case_app.add_typer(file_app, name="file")
case_app.add_typer(field_app, name="field")

Task = Annotated[int, typer.Argument(help="Number of the task.", metavar="TASK", min=1)]
File = Annotated[int, typer.Argument(help="Number of the file.", metavar="FILE", min=1)]
Note = Annotated[str, typer.Option(help="What came of it.", show_default=False)]


@task_app.command("add")
def add_task(
    case: Number,
    title: Annotated[str, typer.Argument(help="What is to be done.")],
    owner: Annotated[str, typer.Option(help='Who does it; "me".', show_default=False)] = "",
    due_hours: Annotated[float | None, typer.Option(help="In so many hours.", show_default=False)] = None,
    description: Annotated[str, typer.Option(help="More about it.", show_default=False)] = "",
    as_json: AsJson = False,
) -> None:
    """Add a task to a case; the same words are the same task. Writes the store."""
    from mailroom.store.case_tasks import NewTask

    key = f"said:{hashlib.sha256(title.strip().casefold().encode('utf-8', 'replace')).hexdigest()[:32]}"
    due = due_in(due_hours)
    if not title.strip():
        raise InvalidInputError("A task needs a title: one line that says what is to be done.")
    with desk.opened() as here:
        made = here.store.case_tasks.add(case, [NewTask(key, title.strip(), description, me(owner), due)], who=who())
    said = f"task {made[0]} added to case {case}" if made else f"case {case} has this task already"
    output.tell({"case": case, "task": made[0] if made else None, "added": bool(made)}, said, as_json=as_json)


@task_app.command("done")
def done(task: Task, note: Note = "", as_json: AsJson = False) -> None:
    """Say that a task is done. Writes the store; twice is harmless."""
    _set(task, "done", note, as_json)


@task_app.command("skip")
def skip(task: Task, note: Note = "", as_json: AsJson = False) -> None:
    """Say that a task is left out. Writes the store; twice is harmless."""
    _set(task, "skipped", note, as_json)


@task_app.command("reopen")
def reopen(task: Task, note: Note = "", as_json: AsJson = False) -> None:
    """Say that a task is not done after all. Writes the store; twice is harmless."""
    _set(task, "open", note, as_json)


@task_app.command("assign")
def assign_task(
    task: Task,
    owner: Annotated[str, typer.Argument(help='Who does it: a name, "me", or "" for nobody.')],
    as_json: AsJson = False,
) -> None:
    """Give a task to somebody. Writes the store; twice is harmless."""
    with desk.opened() as here:
        known = here.store.case_tasks.assign(task, me(owner), who=who())
    _tell_task(known, f"belongs to {known.assigned_to or 'nobody'}", as_json)


@file_app.command("add")
def add_file(
    case: Number,
    path: Annotated[Path | None, typer.Argument(help="File of this machine.", show_default=False)] = None,
    alert: Annotated[
        int | None, typer.Option(help="Instead: the saved attachments of this alert.", show_default=False)
    ] = None,
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Keep a file with a case; the same content under the same name is kept once. Writes the store."""
    from mailroom.playbooks import cases

    if (path is None) == (alert is None):
        raise InvalidInputError("Name a file, or an alert with --alert.")
    with desk.opened() as here:
        if path is not None:
            added = [cases.add_file(here.store, case, path, who=who(), why=why)]
        else:
            added = cases.add_saved_attachments(here.store, case, alert or 0, who=who(), why=why)
    rows = [{"id": one.id, "name": one.name, "size": one.size, "sha256": one.sha256} for one in added]
    if as_json:
        output.print_json({"case": case, "files": rows})
    else:
        output.table(f"Files added to case {case}", ("id", "name", "size", "sha256"), [list(r.values()) for r in rows])


@file_app.command("save")
def save_file(
    file: File,
    to: Annotated[Path, typer.Option("--to", help="Folder; made when missing.")],
    as_json: AsJson = False,
) -> None:
    """Write a file of a case into a folder. Never outside it, never over another file."""
    from mailroom.playbooks.cases import write_file

    with desk.opened() as here:
        path = write_file(here.store, file, to)
    if as_json:
        output.print_json({"file": file, "path": str(path)})
    else:
        output.console.print(output.plain(path, 1_000), soft_wrap=True)


@file_app.command("remove")
def remove_file(file: File, why: Why = "", as_json: AsJson = False) -> None:
    """Take a file out of its case; its bytes stay in the blob store. Writes the store; twice is harmless."""
    with desk.opened() as here:
        gone = here.store.case_files.remove(file, who=who(), why=why)
    said = f"file {file} was removed" if gone else f"there is no file {file}"
    output.tell({"file": file, "removed": gone}, said, as_json=as_json)


@field_app.command("set")
def set_fields(
    case: Number,
    values: Annotated[list[str], typer.Argument(help="NAME=VALUE; NAME= takes the field away.", metavar="VALUE...")],
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Set fields of a case; those of its template are checked by their type. Writes the store; twice is harmless."""
    from mailroom.playbooks.cases import set_fields as set_all

    with desk.opened() as here:
        template = known_template(here, here.store.cases.get(case).template)
        changed = set_all(here.store, case, pairs(values), who=who(), why=why, template=template)
        now = here.store.fields.get("case", case)
    if as_json:
        output.print_json({"case": case, "changed": changed, "fields": now})
    else:
        output.table(f"Fields of case {case}", ("field", "value"), list(now.items()))


def _set(task: int, state: str, note: str, as_json: bool) -> None:
    with desk.opened() as here:
        known = here.store.case_tasks.set_state(task, state, who=who(), note=note)
    _tell_task(known, f"is {known.state}", as_json)


def _tell_task(task: CaseTask, what: str, as_json: bool) -> None:
    values = {
        "task": task.id, "case": task.case_id, "title": task.title, "state": task.state, "owner": task.assigned_to,
        "note": task.note,
    }  # fmt: skip
    output.tell(values, f"task {task.id} of case {task.case_id} {what}", as_json=as_json)
