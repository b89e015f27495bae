"""Case action "Add Note To Incident"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.cases import _incident


@describe(
    effect="writes the store",
    twice="harmless within a flow run: the same words are noted once",
    example='cases.add_note_to_incident("3", "the recipient was called")',
)
@task(
    name="Cases: Add Note To Incident",
    task_run_name="Add Note To Incident",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def add_note_to_incident(case: str, note: str, *, store: str = "default") -> bool:
    """Put a note on the wall of a case.

    Effect: writes the store. Twice is harmless within a flow run: the same words are noted once.

    Args:
        case: Number of the case.
        note: What should be remembered.
        store: Name of the AlertStore block.

    Returns:
        Whether it is new.

    Raises:
        NotFoundError: there is no such case.
        InvalidInputError: the note is empty.

    Source: https://help.sumologic.com/docs/cloud-soar/incidents-triage/
    """
    with action("Add Note To Incident"):
        opened = _open.store(store)
        number = _incident.case_number(opened, case)
        return opened.cases.note(number, note, who=_incident.who(), once=True)
