"""A case as a person or a program sees it: with everything that was merged into it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from mailroom.cases.states import priority_name
from mailroom.store import Store
from mailroom.store.case_rows import Case
from mailroom.store.wall_file import as_json as event_as_json

MOST_EVENTS = 200


def case_view(store: Store, case_id: int, *, events: int = MOST_EVENTS) -> dict[str, Any]:
    """Everything about a case: parts, alerts, fields, tasks, files, playbooks and the end of its wall. Effect: reads.

    Raises:
        NotFoundError: there is no such case.
    """
    parts = store.cases.parts(case_id)
    ids = [one.id for one in parts]
    links = store.cases.links(case_id)
    alerts = store.alerts.get_many(sorted({link.alert_id for link in links}))
    verdicts = store.verdicts.current_many(alerts)
    fields = store.fields.get_many("case", ids)
    wall = deque(store.events.walk(case_ids=ids), maxlen=events) if events else ()
    return {
        "case": _case(parts[0]),
        "merged": [_case(one) | {"fields": fields[one.id]} for one in parts[1:]],
        "fields": fields[case_id],
        "alerts": [
            {
                "id": link.alert_id, "case": link.case_id, "title": alerts[link.alert_id].title,
                "sender": alerts[link.alert_id].sender, "received_at": alerts[link.alert_id].received_at.isoformat(),
                "handling": alerts[link.alert_id].handling,
                "verdict": verdicts[link.alert_id].verdict if link.alert_id in verdicts else "",
                "added_by": link.added_by, "why": link.why,
            }
            for link in links
        ],
        "tasks": [_plain(one) for one in store.case_tasks.list(ids)],
        "files": [_plain(one, without=("created",)) for one in store.case_files.list(ids)],
        "playbooks": [_plain(one, without=("key", "parameters")) for one in store.playbook_runs.list(case_ids=ids)],
        "wall": [event_as_json(event) for event in wall],
    }  # fmt: skip


def case_rows(store: Store, cases: Sequence[Case]) -> list[dict[str, Any]]:
    """Cases as lines of a list, with the number of their alerts. Effect: reads."""
    counts = store.cases.alert_counts(one.id for one in cases)
    return [
        {
            "id": one.id, "state": one.state, "priority": priority_name(one.priority), "title": one.title,
            "owner": one.assigned_to, "alerts": counts[one.id], "opened_at": one.opened_at.isoformat(),
            "due_at": one.due_at.isoformat() if one.due_at else "", "template": one.template, "tenant": one.tenant,
        }
        for one in cases
    ]  # fmt: skip


def _case(case: Case) -> dict[str, Any]:
    return case.as_json() | {"priority_name": priority_name(case.priority)}


def _plain(row: Any, *, without: Sequence[str] = ()) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in row.__slots__ if name not in without}
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in values.items()}
