"""What may happen with a planned block when no person asked for it: the rails of the triage policy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from mailroom.playbooks.act import Desk
from mailroom.playbooks.block_sender.model import MANAGED, BlockPlan
from mailroom.triage.rails import forbidden

BLOCK = MANAGED
"""The name of the action in the policy's modes and limits, however it is blocked."""
_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Ruled:
    """`act`, `propose` (a person decides), `observe` (only shown) or `deny`, and why."""

    outcome: Literal["act", "propose", "observe", "deny"]
    why: str


def rule(desk: Desk, plan: BlockPlan, *, automatic: bool) -> Ruled:
    """Whether a plan may be carried out now. Effect: reads the store.

    Args:
        desk: Store and policy.
        plan: What would be done.
        automatic: Nobody asked for it: mode, limits and what the mail proves count.
    """
    rails = desk.policy().rails
    if plan.refusals:
        return Ruled("deny", " ".join(refusal.text for refusal in plan.refusals))
    if rails.kill_switch:
        return Ruled("deny", "The kill switch of the triage policy is on: nothing is changed until it is off.")
    if not automatic:
        return Ruled("act", "A person asked for it.")
    if plan.set_aside:  # that is a person's to say
        return Ruled("deny", " ".join(refusal.text for refusal in plan.set_aside))
    details = {
        "scope": "domain" if plan.subject.whole_domain else "address", "case_tag": plan.alert_id,
        "expires_at": all(step.expires_at for step in plan.steps),
    }  # fmt: skip
    if found := forbidden(BLOCK, plan.facts, rails, details):
        return Ruled("deny", " ".join(dict.fromkeys(text for _, text in found)))
    mode = rails.modes.get(BLOCK, "observe")
    if mode == "observe":
        return Ruled("observe", f"The mode of {BLOCK} is observe: it is shown and not done.")
    if mode == "advise":
        return Ruled("propose", f"The mode of {BLOCK} is advise: a person decides.")
    reached = _limits(desk, plan.tenant, len(plan.steps))
    return Ruled("propose", reached) if reached else Ruled("act", f"The mode of {BLOCK} is auto and no rail objects.")


def _limits(desk: Desk, tenant: str, wanted: int) -> str:
    rails, ledger = desk.policy().rails, desk.store.ledger
    names, _ = desk.store.sources.family([tenant])
    done = ledger.counts_since(ledger.now() - _HOUR, mode="auto", tenants=names)
    if done + wanted > rails.per_hour:
        return f"The limit of {rails.per_hour} automatic actions in this hour would be passed: a person decides."
    most = min(rails.per_run, rails.per_action.get(BLOCK, rails.per_run))
    if wanted > most:
        return f"The limit of {most} automatic actions at once would be passed: a person decides."
    return ""
