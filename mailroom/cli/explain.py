"""`mailroom explain`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from mailroom.cli import desk, output
from mailroom.playbooks.explain import explain as story_of


def explain(
    alert: Annotated[str, typer.Argument(help="Alert id, hold id or tracking id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Show how an alert came in, what was decided by which rules on which evidence, and what was done."""
    with desk.opened() as here:
        story = story_of(here.store, alert)
    if as_json:
        output.print_json(story)
        return
    output.table("How it came in", ("field", "value"), [[k, v] for k, v in story["came_in"].items() if v])
    output.table("Alert", ("field", "value"), [[k, v] for k, v in story["alert"].items()])
    output.table("Evidence available", ("field", "value"), [[k, v] for k, v in story["evidence_available"].items()])
    for verdict in story["verdicts"]:
        _verdict(verdict)
    if story["actions"]:
        columns = ("id", "kind", "state", "mode", "attempt", "detail", "undo")
        output.table("Actions", columns, [[action[name] for name in columns] for action in story["actions"]])
    wall = ("at", "kind", "who", "what", "why")
    output.table("History", wall, [[event.get(name, "") for name in wall] for event in story["history"]])


def _verdict(verdict: dict[str, Any]) -> None:
    current = "" if verdict["current"] else " (replaced)"
    title = (
        f"Verdict: {verdict['verdict']}{current} · risk {verdict['risk']} · confidence {verdict['confidence']:.2f} · "
        f"rules {verdict['rule_digest'][:12]} · {verdict['proposed']}: {verdict['reason']}"
    )
    rows = [
        [entry.get("rule_id", ""), entry.get("points", ""), entry.get("group", ""), entry.get("text", "")]
        for entry in verdict["evidence"]
    ]
    rows += [
        [entry.get("rule_id", ""), "shadow", entry.get("group", ""), entry.get("text", "")]
        for entry in verdict["shadow"]
    ]
    output.table(output.plain(title, 400).plain, ("rule", "points", "group", "evidence"), rows)
