"""Playbook "expire blocks"."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger
from prefect.task_runners import ThreadPoolTaskRunner

from flows._changes import outcome_of
from flows._flow import flow
from flows._tenant_slot import tenant_slot
from mailroom.errors import EffectsFailedError
from mailroom.playbooks.expire_blocks import Ending
from tasks import playbook


@flow(
    name="expire blocks",
    flow_run_name="expire blocks in {mimecast}",
    task_runner=ThreadPoolTaskRunner(max_workers=4),
)
def expire_blocks(
    permit_managed_senders: bool = False,
    dry_run: bool = False,
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> dict[str, Any]:
    """End what is ours and whose time is over: blocks, policies, managed URLs, group members.

    What others made, or changed since, is left alone. Permits of single recipients are only reported.

    Args:
        permit_managed_senders: Also end blocks in single recipients' lists. Mimecast cannot remove such an entry, only
            turn it into a permit, and permitted senders pass the spam checks. Off: they are reported.
        dry_run: Only show what is due. Nothing is changed.
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block (kill switch).

    Returns:
        Numbers of changes by what became of them.
    """
    log = get_run_logger()
    blocks: dict[str, Any] = {"mimecast": mimecast, "store": store, "policy": policy}
    with tenant_slot(mimecast):
        found = playbook.find_due_blocks(permit_managed_senders=permit_managed_senders, **blocks)
        due = [one for one in found if one.outcome == "would end"]
        if dry_run:
            log.info("a dry run: %d changes would end, %d are left alone", len(due), len(found) - len(due))
            return {"would end": len(due), "left alone": len(found) - len(due)}
        futures = [(one, playbook.end_block.submit(one, **blocks)) for one in due]
        outcomes = [(one, outcome_of(future)) for one, future in futures]
    ended = [outcome for _, outcome in outcomes if isinstance(outcome, Ending)]
    failed = [(one, outcome) for one, outcome in outcomes if not isinstance(outcome, Ending)]
    rows = [one.row() for one in [*ended, *(one for one in found if one.outcome != "would end")]]
    rows += [one.row() | {"outcome": "not ended", "why": outcome["message"]} for one, outcome in failed]
    if rows:
        playbook.publish_results("ended-blocks", rows, "What became of each change whose time is over.")
    for row in rows:
        if row["outcome"] == "left alone":
            log.warning("action %s is left alone: see the table", row["action"])
    if failed:
        reason = str(failed[0][1]["message"]).rstrip(". ")
        raise EffectsFailedError(
            f"{len(failed)} of {len(due)} changes were not ended; first: action {failed[0][0].action_id}: {reason}. "
            "Retry ends only these."
        )
    return {name: sum(row["outcome"] == name for row in rows) for name in sorted({row["outcome"] for row in rows})}
