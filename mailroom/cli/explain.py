"""`mailroom explain`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson
from mailroom.playbooks.explain import explain as story_of

_AROUND = {
    "people_said": ("What people said", ("at", "kind", "points", "who", "text")),
    "labels": ("Labels", ("at", "label", "source", "who", "why")),
    "actions": ("Actions", ("id", "kind", "state", "mode", "attempt", "approval", "detail", "undo")),
    "asked": ("Asked", ("id", "kind", "state", "created_at", "deadline", "detail")),
    "answers": ("Answers", ("wait_id", "sender", "classification", "accepted", "received_at", "why")),
    "approvals": ("Approvals", ("id", "action_id", "kind", "state", "proposer", "approver", "decided_at", "reason")),
    "cases": ("Cases", ("id", "title", "state", "added_at", "added_by", "why")),
    "mail_rules": ("Rules on mail", ("rule_id", "rule_version", "state", "created_at", "detail")),
    "playbooks": ("Playbooks", ("id", "playbook", "state", "requested_by", "created_at", "detail")),
    "reports": ("Reports by users", ("id", "state", "verdict", "created_at", "case_id")),
    "campaign": ("Campaign", ("key", "at")),
    "history": ("History", ("id", "at", "kind", "who", "what", "why")),
}


def explain(
    alert: Annotated[str, typer.Argument(help="Alert id, hold id or tracking id.")],
    verify: Annotated[
        bool, typer.Option("--verify", help="Walk the whole wall, not only this alert's events.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how an alert came in, what was decided by which rules, what was done, asked and approved, with proof.

    The end says what was verified and what was not. Without --verify that is this alert's own events alone.

    Exit code 9 when the wall was changed after it was written.
    """
    with desk.opened() as here:
        story = story_of(here.store, alert, verify=verify)
    if as_json:
        output.print_json(story)
    else:
        _show(story)
    if story["proof"]["problems"]:
        raise typer.Exit(Exit.CHECK_FAILED)


def _show(story: dict[str, Any]) -> None:
    output.table("How it came in", ("field", "value"), [[k, v] for k, v in story["came_in"].items() if v])
    output.table("Alert", ("field", "value"), [[k, v] for k, v in story["alert"].items()])
    output.table("Evidence available", ("field", "value"), [[k, v] for k, v in story["evidence_available"].items()])
    for verdict in story["verdicts"]:
        _verdict(verdict)
    for name, (title, columns) in _AROUND.items():
        if story[name] or name == "history":
            output.table(title, columns, [[_cell(row.get(column)) for column in columns] for row in story[name]])
    proof = story["proof"]
    for problem in proof["problems"]:
        output.fail(problem)
    if proof["verified"]:
        checked = f"{proof['checked']} of {proof['wall']} events checked; head of the wall: {proof['head'] or 'none'}"
        for line in (f"proof: {proof['verified']}", f"  {checked}"):
            output.console.print(output.plain(line, 400))
    for what in proof["not_verified"]:
        output.console.print(output.plain(f"not verified: {what}", 400))


def _cell(value: Any) -> Any:
    return "" if value is None else value


def _verdict(verdict: dict[str, Any]) -> None:
    current = "" if verdict["current"] else " (replaced)"
    title = (
        f"Verdict: {verdict['verdict']}{current} · risk {verdict['risk']} · confidence {verdict['confidence']:.2f} · "
        f"rules {verdict['rule_digest'][:12]} · {verdict['proposed']}: {verdict['reason']}"
    )
    rows = [_entry(entry, entry.get("points", "")) for entry in verdict["evidence"]]
    rows += [_entry(entry, "shadow") for entry in verdict["shadow"]]
    output.table(output.plain(title, 400).plain, ("rule", "points", "version", "group", "evidence"), rows)


def _entry(entry: dict[str, Any], points: Any) -> list[Any]:
    return [entry.get("rule_id", ""), points, entry.get("version", ""), entry.get("group", ""), entry.get("text", "")]
