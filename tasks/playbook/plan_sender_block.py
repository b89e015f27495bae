"""Step "Plan Sender Block"."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import RefusedError
from mailroom.playbooks.block_sender import BlockForm, needs_somebody_else, plan_block, rule
from mailroom.playbooks.harmless import harmless
from tasks import _open
from tasks._policy import only_transient
from tasks._show import show
from tasks._wording import action
from tasks.playbook._blocking import PlannedBlock, desk


@task(
    name="Plan Sender Block",
    task_run_name="Plan Sender Block",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def plan_sender_block(
    form: dict[str, Any], *, automatic: bool = False, raise_refused: bool = True, mimecast: str = "default",
    store: str = "default", policy: str = "default",
) -> PlannedBlock:  # fmt: skip
    """Work out how a sender would be blocked, and everything that speaks against it.

    Effect: reads the tenant and the store; shows a table beside the run. Twice is harmless.

    Args:
        form: Whom and how: fields of `mailroom.playbooks.block_sender.BlockForm`.
        automatic: No person asked for it: the policy's mode and limits count.
        raise_refused: A refusal ends the run; otherwise it only stands in the result.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        The plan, and what may happen with it: act, propose, observe or deny. Kept nowhere.

    Raises:
        InvalidInputError: Nobody could be blocked this way.
        RefusedError: It must not be done; the message says why, and what to do instead.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    log = get_run_logger()
    with action("Plan Sender Block"):
        here = desk(mimecast, store, policy)
        plan = plan_block(here, BlockForm(**form))
        planned = PlannedBlock(
            plan, rule(here, plan, automatic=automatic), _open.policy(policy).rails.approval_ttl_hours,
            needs_somebody_else=not automatic and needs_somebody_else(_open.policy(policy), plan),
        )  # fmt: skip
        rows = [{"what": "would be done", "detail": text} for text in planned.sentences]
        rows += [{"what": "already blocked", "detail": text.partition(": ")[2]} for text in plan.already]
        rows += [{"what": f"refused: {one.code}", "detail": one.text} for one in plan.refusals]
        rows += [{"what": "note", "detail": text} for text in plan.notes]
        rows.append({"what": f"ruling: {planned.ruled.outcome}", "detail": planned.ruled.why})
        show(
            "sender-block-plan", rows, f"Blocking mail of {plan.subject.domain}: what would be done, and what is known."
        )
        for note in plan.notes:
            log.info(harmless(note, 300))
        if planned.ruled.outcome == "deny" and raise_refused:
            raise RefusedError(f"The sender is not blocked. {planned.ruled.why}")
    return planned
