"""A case on the terminal."""

from __future__ import annotations

from typing import Any

from mailroom.cli import output

_WIDE = 600


def show_case(view: dict[str, Any]) -> None:
    """Print everything about a case."""
    case = view["case"]
    facts = [
        ("state", case["state"] + (f" ({case['reason']})" if case["reason"] else "")),
        ("priority", f"{case['priority_name']} ({case['priority']})"),
        ("owner", case["assigned_to"] or "nobody"), ("template", case["template"]), ("tenant", case["tenant"]),
        ("opened", f"{_short(case['opened_at'])} by {case['created_by']}"), ("due", _short(case["due_at"])),
        ("closed", _short(case["closed_at"])), ("key", case["key"]), ("description", case["description"]),
        ("merged into", str(case["merged_into_id"] or "")),
        ("merged here", ", ".join(f"{one['id']} ({one['title']})" for one in view["merged"])),
    ]  # fmt: skip
    facts += [(f"field {name}", value) for name, value in view["fields"].items()]
    facts += [
        (f"field {name} (case {one['id']})", value) for one in view["merged"] for name, value in one["fields"].items()
    ]
    output.table(
        f"Case {case['id']}: {case['title']}"[:160], ("field", "value"), [one for one in facts if one[1]], _WIDE
    )
    _table("Alerts", ("id", "case", "verdict", "handling", "sender", "title", "why"), view["alerts"])
    tasks = [task | {"due_at": _short(task["due_at"])} for task in view["tasks"]]
    _table("Tasks", ("id", "state", "title", "assigned_to", "due_at", "note"), tasks)
    _table("Files", ("id", "name", "size", "content_type", "sha256"), view["files"])
    _table("Playbooks", ("id", "playbook", "state", "alert_id", "detail"), view["playbooks"])
    wall = [
        {
            "id": event["id"],
            "at": _short(event["at"]),
            "who": event["who"],
            "what": event["what"],
            "detail": _detail(event),
        }
        for event in view["wall"]
    ]
    _table("Wall", ("id", "at", "who", "what", "detail"), wall)


def _detail(event: dict[str, Any]) -> str:
    """`60 → 80: it spreads`."""
    said = [_value(event[name]) for name in ("before", "after") if event[name] not in (None, "")]
    if event["before"] not in (None, "") and event["after"] in (None, ""):
        said.append("nothing")
    return ": ".join(part for part in (" → ".join(said), event["why"]) if part)


def _value(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_value(one)}" for name, one in value.items() if one not in (None, ""))
    if isinstance(value, list):
        return ", ".join(_value(one) for one in value)
    return str(value)


def _table(title: str, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    if rows:
        cells = [["" if row[name] is None else row[name] for name in columns] for row in rows]
        output.table(f"{title} ({len(rows)})", columns, cells, _WIDE)


def _short(moment: str | None) -> str:
    return moment[:16].replace("T", " ") if moment else ""
