"""Case action "Find Incidents"."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mailroom.cases.states import ACTIVE, MERGED, STATES
from mailroom.cases.values import readings
from mailroom.errors import InvalidInputError
from mailroom.playbooks.cases import case_rows
from mailroom.store.case_lists import CaseQuery
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._show import show
from tasks._wording import action


@describe(
    effect="reads the store",
    twice="harmless",
    example='cases.find_incidents(sender="evil.example", field="outcome=malicious")',
)
@task(
    name="Cases: Find Incidents",
    task_run_name="Find Incidents",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def find_incidents(
    text: str = "",
    *,
    sender: str = "",
    owner: str = "",
    states: str = "",
    field: str = "",
    alert: str = "",
    everything: bool = False,
    most: Annotated[int, Field(ge=1, le=10_000)] = 100,
    store: str = "default",
) -> list[dict[str, Any]]:
    """Find cases, newest first; all that is given must fit. The table shows nobody's address.

    Effect: reads the store. Twice is harmless.

    Args:
        text: Words of the title or description.
        sender: Address or domain that sent mail in it.
        owner: Who works on it.
        states: new, open, waiting, closed, separated by commas; empty: all but closed.
        field: NAME, or NAME=VALUE.
        alert: Number, hold id or tracking id of an alert in it.
        everything: Closed and merged ones too.
        most: Most rows.
        store: Name of the AlertStore block.

    Returns:
        One row per case, with the number of its alerts.

    Raises:
        InvalidInputError: a state is none.
        NotFoundError: there is no such alert.

    Source: https://help.sumologic.com/docs/cloud-soar/incidents-triage/
    """
    name, given, value = field.partition("=")
    with action("Find Incidents"):
        opened = _open.store(store)
        wanted = tuple(one.strip().lower() for one in states.split(",") if one.strip())
        known = (*STATES, MERGED)
        # A list of nothing would look like an answer.
        if wrong := next((one for one in wanted if one not in known), ""):
            raise InvalidInputError(f"{wrong[:60]!r} is no state of a case; use one of {', '.join(known)}")
        query = CaseQuery(
            text=text, sender=sender, owner=owner or None, states=wanted or (() if everything else ACTIVE),
            field=name.strip(), value=readings(value) if given else None, with_merged=everything or "merged" in wanted,
            alert_id=opened.alerts.find(alert).id if alert else None,
        )  # fmt: skip
        rows = case_rows(opened, opened.cases.search(query, limit=most))
    shown = [{key: row[key] for key in ("id", "state", "priority", "alerts", "opened_at")} for row in rows]
    show("incidents-found", shown, "Cases that fit, the newest first.")
    return rows
