"""Step "Request Approvals"."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.approvals.round import request_approvals as look_after
from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.tenants import names_of
from mailroom.redact import without_mailboxes
from tasks import _open
from tasks._resume import ended_runs, resume_approval, resume_run
from tasks._start import DeploymentStarter
from tasks._wording import action
from tasks.playbook._blocking import desk

_DEPLOYMENT = "approve action/on demand"
_MOST_RUNS = 3
"""Of one approval: whatever ends a run so often would end the next one too."""


@task(name="Request Approvals", task_run_name="Request Approvals", cache_policy=NO_CACHE, persist_result=False)
def request_approvals(
    *, mailbox: str = "", mimecast: str = "default", store: str = "default", policy: str = "default"
) -> dict[str, Any]:
    """Ask for an approval of every proposal that waits: one suspended run of "approve action" each.

    Effect: changes the tenant only where somebody has said yes and no run waits for it; writes the store, starts and
    resumes flow runs. Twice is harmless: an approval has one run, and another one only when that has ended undecided.

    Args:
        mailbox: Name of the MailboxCredentials block that asks approvers; empty: the one that the policy names.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        Counts and numbers of approvals, with those `started`.

    Source: https://docs.prefect.io/v3/develop/pause-resume
    """
    log = get_run_logger()
    with action("Request Approvals"):
        here = desk(mimecast, store, policy)
        report = look_after(here, resume=resume_run, tell=resume_approval, ended=ended_runs)
        kept, names, started = _open.store(store), names_of(here.client, here.store), []
        blocks = {"mimecast": mimecast, "store": store, "policy": policy, "mailbox": mailbox}
        for one in kept.approvals.every("open", tenants=names):
            if one.flow_run_id:
                continue
            if one.runs_ended >= _MOST_RUNS:
                log.warning(
                    "the runs of approval %d ended %d times, and no other one is started: see why in their logs, or "
                    "decide with `mailroom approve %d`", one.id, one.runs_ended, one.id,
                )  # fmt: skip
                continue
            # The digest tells approvals of two stores apart, should their blocks have had the same name.
            key = f"approval-{store}-{one.id}-{one.digest[:16]}" + (f"-{one.runs_ended}" if one.runs_ended else "")
            run = DeploymentStarter().start(_DEPLOYMENT, {"approval": one.id, **blocks}, key)
            kept.approvals.attach(one.id, flow_run_id=run)
            started.append(one.id)
    for problem in report.problems:
        log.warning("%s", harmless(without_mailboxes(problem), 300))
    counts = report.as_dict() | {"started": started}
    counts["problems"] = len(report.problems)
    log.info("%d approvals opened, %d ended, %d runs started", len(report.requested.opened),
             len(report.requested.void) + len(report.requested.expired), len(started))  # fmt: skip
    return counts
