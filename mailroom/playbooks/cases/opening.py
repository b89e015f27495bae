"""Opening a case: the case, its fields, tasks, alerts and wanted playbooks in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from mailroom.cases.states import CLOSED, OPEN, PRIORITIES
from mailroom.cases.templates import IncidentTemplate
from mailroom.cases.values import fitting
from mailroom.errors import InvalidInputError
from mailroom.faults import faultpoint
from mailroom.playbooks.known_playbooks import wanted_state
from mailroom.redact import one_line
from mailroom.store import Alert, NewEvent, Store
from mailroom.store.case_rows import Case, NewCase
from mailroom.store.case_tasks import NewTask
from mailroom.store.playbook_runs import NewPlaybookRun

LONGEST_TITLE = 300


def open_case(
    store: Store, *, tenant: str, title: str, who: str, why: str = "", key: str = "",
    template: IncidentTemplate | None = None, priority: int | None = None, alert_ids: Iterable[int] = (),
    fields: Mapping[str, Any] | None = None, description: str = "", assigned_to: str = "", environment: str = "",
) -> Case:  # fmt: skip
    """Open a case with what its template brings, or find the one with the same key and add the alerts to it.

    Effect: writes the store, in one transaction. Twice is harmless with a key. New mail opens a closed case again.

    Args:
        store: Where.
        tenant: Name of the tenant in the store.
        title: One line; empty with a template: the template's title with the first alert's fields filled in.
        who: Who or what opens it, for the wall.
        why: For the wall.
        key: The same key is the same case, such as `campaign:<key>`; empty: a new case each time.
        template: Fields, tasks and playbooks it begins with.
        priority: -1 to 100; by default the template's, or medium.
        alert_ids: Alerts that belong to it.
        fields: Values of fields; the template's fields are checked by their type. Those of a case that is there stay
            as they are, what is new is added.
        description: What it is about.
        assigned_to: Who works on it; by default whom the template names.
        environment: Of the case; by default that of the first alert.

    Returns:
        The case; `created` says whether this call opened it.

    Raises:
        InvalidInputError: no title, or a field does not fit.
        NotFoundError: there is no such alert; nothing was written.
    """
    ids = sorted(set(alert_ids))
    known = store.alerts.get_many(ids[:1])
    first = known.get(ids[0]) if ids else None
    given = fitting(fields or {}, template.fields if template else None)
    values = {name: one.default for name, one in template.fields.items() if one.default is not None} if template else {}
    values |= {name: value for name, value in given.items() if value is not None}
    heading = one_line(title or _title(template, values, first), LONGEST_TITLE).strip()
    if not heading:
        raise InvalidInputError("A case needs a title: one line that says what it is about.")
    wanted = NewCase(
        tenant=tenant, title=heading, created_by=who, key=key, template=template.name if template else "",
        priority=_priority(priority, template), description=description or (template.description if template else ""),
        environment=environment or (first.environment if first else ""),
        assigned_to=assigned_to or (template.assigned_to if template else ""),
    )  # fmt: skip

    def write(tx: Connection) -> Case:
        wall: list[NewEvent] = []
        now = store.db.now(tx)
        new = replace(wanted, due_at=_due(now, template.due_hours)) if template else wanted
        case = store.cases.open(new, why=why, tx=tx, wall=wall)
        linked = store.cases.link(case.id, ids, who=who, why=why, tx=tx, wall=wall)
        if case.created:
            store.fields.set("case", case.id, values, who=who, why=why, tx=tx, wall=wall)
            store.case_tasks.add(case.id, _tasks(template, now), who=who, why=why, tx=tx, wall=wall)
        else:
            there = store.fields.get("case", case.id, tx)
            fresh = {name: value for name, value in given.items() if name not in there}
            store.fields.set("case", case.id, fresh, who=who, why=why, tx=tx, wall=wall)
        store.playbook_runs.want(wanted_playbooks(template, case, linked, who), why=why, tx=tx, wall=wall)
        if linked and not case.created:
            case = reopen(store, case, linked, who=who, tx=tx, wall=wall)
        store.events.add_many(tx, wall)
        faultpoint("cases.before_commit")
        return case

    opened = store.run(write)
    faultpoint("cases.after_commit")
    return opened


def reopen(
    store: Store, case: Case, linked: Sequence[int], *, who: str, tx: Connection, wall: list[NewEvent]
) -> Case:  # fmt: skip
    """Open the case that shows these new alerts again if it was closed: new mail must not disappear in it."""
    shown = store.cases.get(case.shown_id, tx)
    if shown.state != CLOSED:
        return case
    number = f"{len(linked)} new alerts" if len(linked) != 1 else "a new alert"
    values = {"state": OPEN, "closed_at": None, "reason": ""}
    opened = store.cases.change(
        shown.id, lambda one, _now: values if one.state == CLOSED else {}, who=who,
        why=f"{number} came in after it was closed", tx=tx, wall=wall,
    )  # fmt: skip
    return opened if opened.id == case.id else case


def wanted_playbooks(
    template: IncidentTemplate | None, case: Case, linked: Sequence[int], who: str
) -> list[NewPlaybookRun]:
    """Which playbooks the template wants for a case that was just opened or got these alerts; keys make them unique."""
    if template is None:
        return []
    wanted: list[NewPlaybookRun] = []
    for plan in template.playbooks:
        base = f"case:{case.id}:{plan.place}:{plan.playbook}"
        state = wanted_state(plan.playbook, autorun=plan.autorun)
        if plan.scope == "each alert":
            places: list[tuple[str, int | None]] = [(f"{base}:{one}", one) for one in linked]
        elif plan.scope == "first alert":
            places = [(base, linked[0])] if linked else []
        else:
            places = [(base, None)]
        wanted += [
            NewPlaybookRun(
                key=key, playbook=plan.playbook, tenant=case.tenant, case_id=case.id, alert_id=alert_id,
                parameters=dict(plan.parameters), state=state, requested_by=who,
            )
            for key, alert_id in places
        ]  # fmt: skip
    return wanted


def _title(template: IncidentTemplate | None, values: Mapping[str, Any], first: Alert | None) -> str:
    if template is None:
        return ""
    mail = {"subject": first.title, "sender": first.sender, "sender_domain": first.sender_domain} if first else {}
    return template.title({**values, **mail})


def _priority(priority: int | None, template: IncidentTemplate | None) -> int:
    if priority is None:
        return template.priority if template else PRIORITIES["medium"]
    if not -1 <= priority <= 100:
        raise InvalidInputError(f"{priority} is no priority; use a number from -1 to 100.")
    return priority


def _tasks(template: IncidentTemplate | None, now: datetime) -> list[NewTask]:
    return [
        NewTask(one.key, one.title, one.description, one.assigned_to, _due(now, one.due_hours))
        for one in (template.tasks if template else ())
    ]


def _due(now: datetime, hours: float | None) -> datetime | None:
    return now + timedelta(hours=hours) if hours else None
