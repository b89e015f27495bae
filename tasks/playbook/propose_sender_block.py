"""Step "Propose Sender Block"."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks.block_sender import ask_somebody_else, propose
from tasks._wording import action
from tasks.playbook._blocking import PlannedBlock, desk


@task(name="Propose Sender Block", task_run_name="Propose Sender Block", cache_policy=NO_CACHE, persist_result=False)
def propose_sender_block(
    planned: PlannedBlock, *, automatic: bool = False, mimecast: str = "default", store: str = "default",
    policy: str = "default",
) -> list[int]:  # fmt: skip
    """Write the changes of a plan into the ledger as proposals, so that a person can decide about exactly these.

    Effect: writes the store. Twice is harmless. An older proposal for the same sender that wants something else is
    withdrawn, and an approval given for it is void. What is wide and a person asked for also gets an approval that
    somebody else gives, by mail or by command; the playbook "request approvals" asks for it by mail.

    Args:
        planned: Result of "Plan Sender Block".
        automatic: Nobody asked for it and nobody is asked here: the playbook "request approvals" asks for its approval.
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block.

    Returns:
        Numbers of the proposed actions.

    Raises:
        RefusedError: Another action holds the same place.

    Source: https://docs.prefect.io/v3/develop/write-tasks
    """
    with action("Propose Sender Block"):
        here = desk(mimecast, store, policy)
        numbers, withdrawn = propose(here, planned.plan, mode="auto" if automatic else "manual")
        if planned.needs_somebody_else:
            _, approval = ask_somebody_else(here, planned.plan, "run")
            get_run_logger().warning("it is wide: somebody else approves it with `mailroom approve %d`", approval.id)
    log = get_run_logger()
    log.info("proposed: actions %s", ", ".join(map(str, numbers)))
    if withdrawn:
        log.warning(
            "%d older proposals were withdrawn: the plan has changed, and an approval given for them is void", withdrawn
        )
    return numbers
