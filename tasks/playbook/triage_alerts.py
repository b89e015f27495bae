"""Step "Triage Alerts": one task run, however many alerts are open."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from mailroom.playbooks.tenants import own_names
from mailroom.playbooks.triage import triage_alerts as triage
from tasks import _open
from tasks._progress import artifact_progress
from tasks._wording import action


@task(name="Triage Alerts", task_run_name="Triage Alerts", cache_policy=NO_CACHE)
def triage_alerts(
    store: str = "default",
    policy: str = "default",
    *,
    mimecast: str = "default",
    dry_run: bool = False,
    again: bool = False,
) -> dict[str, Any]:
    """Decide about every open alert that has no verdict yet, and write down what is to be done.

    Effect: writes verdicts and intents to the store; the tenant is not touched. Twice is harmless: the second time
    nothing is left to decide, and what was intended and is not applied is named again.

    Args:
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.
        mimecast: Name of the MimecastCredentials block; asked whose messages these are where the store serves several
            tenants, and not needed where it serves one.
        dry_run: Decide, but write nothing.
        again: Also name actions that the tenant has refused several times.

    Returns:
        run_id, triaged, verdicts (by name), planned (by ruling), alert_ids, to_do (one entry per action to carry
        out: action_id, alert_id, kind, hold_id, parameters), warnings, seconds.

    Raises:
        InvalidInputError: a rule or list file is wrong; the message names file and line.
        BusyError: another run is deciding.

    Source: https://docs.prefect.io/v3/develop/write-flows
    """
    with action("Triage Alerts"), artifact_progress("alerts") as progress:
        kept = _open.store(store)
        report = triage(
            kept,
            _open.policy(policy),
            dry_run=dry_run,
            flow_run_id=str(flow_run.id or ""),
            again=again,
            tenants=own_names(lambda: _open.client(mimecast), kept),
            progress=progress,
        )
    log = get_run_logger()
    verdicts = ", ".join(f"{number} {verdict}" for verdict, number in sorted(report.verdicts.items()))
    log.info("%d alerts triaged: %s", report.triaged, verdicts or "nothing new")
    for warning in report.warnings:
        log.warning(warning)
    return report.as_dict()
