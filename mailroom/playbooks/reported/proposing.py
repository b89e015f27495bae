"""What a person is asked to decide about a reported mail: pulling it back, blocking who sent it. Nothing is done."""

from __future__ import annotations

from typing import Any

from mailroom.effects.changes import change_of
from mailroom.errors import AccessError, InvalidInputError, NotOfferedError, RefusedError, RejectedError
from mailroom.faults import faultpoint
from mailroom.playbooks import block_sender
from mailroom.playbooks.approvals.requesting import APPROVABLE, request
from mailroom.playbooks.block_sender import BlockForm
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.remediate import RemediateForm, plan_remediation
from mailroom.playbooks.remediate.planning import KIND
from mailroom.playbooks.reported.model import WHO, ReportDesk
from mailroom.playbooks.standing import supersede
from mailroom.store.actions import Action, NewAction
from mailroom.store.alerts import Alert

_HARMFUL = ("malicious", "suspicious")
_NOT_NOW = (AccessError, NotOfferedError, RejectedError, RefusedError, InvalidInputError)


def propose(
    here: ReportDesk, alert: Alert, verdict: str, facts: dict[str, Any], message_ids: list[str], *, case: str,
    similar: bool = False,
) -> tuple[list[int], list[str]]:  # fmt: skip
    """Write down what could be done, for a person to decide.

    Effect: reads the tenant, writes the store. Twice is harmless.

    Args:
        here: Tenant, store and policy.
        alert: Stands for the reported mail.
        verdict: Of it; only for harmful mail anything is proposed.
        facts: Of it.
        message_ids: The mail's own Message-ID first, then those of mail like it.
        case: Number of the case.
        similar: Also propose to pull back the mail like it.

    Returns:
        Numbers of the proposed actions, and sentences about what is not proposed.
    """
    if verdict not in _HARMFUL:
        return [], []
    if PolicyChangeGate(here.desk.policy).closed():
        return [], ["nothing is proposed: the kill switch of the triage policy is on"]
    notes: list[str] = []
    wanted = message_ids if similar else message_ids[:1]
    numbers = _pull_back(here, alert, [one for one in wanted if one], case, notes)
    faultpoint("reported.pull_back_proposed")
    numbers += _block(here, alert, verdict, facts, case, notes)
    faultpoint("reported.block_proposed")
    return numbers, notes


def ask_for_approval(here: ReportDesk) -> list[int]:
    """Ask for an approval of each of our proposals that has none: one each, so that one may be declined.

    Effect: writes the store. Twice is harmless. An approval that is void, because more people reported the mail or the
    rules changed, is asked for anew.

    Returns:
        Numbers of the approvals that are new.
    """
    store, policy = here.desk.store, here.desk.policy()
    new = []
    for one in store.approvals.unasked(here.tenant, kinds=APPROVABLE, requested_by=WHO):
        cases = store.cases.for_alerts([one.alert_id]).get(one.alert_id, []) if one.alert_id else []
        asked = request(store, policy, [one.id], proposer=WHO, case_id=min(cases, default=None), by_rule=True)
        if asked.approval is not None and asked.approval.created:
            new.append(asked.approval.id)
    faultpoint("reported.approval_asked")
    return new


def _pull_back(here: ReportDesk, alert: Alert, message_ids: list[str], case: str, notes: list[str]) -> list[int]:
    """One proposal per Message-ID of which copies were delivered."""
    numbers, store = [], here.desk.store
    for message_id in message_ids:
        try:
            form = RemediateForm(look_for="message id", values=(message_id,), case=case, requested_by=WHO)
            plan = plan_remediation(here.desk, form, tenant=here.tenant)
        except _NOT_NOW as error:
            notes.append(f"pulling back is not proposed ({type(error).__name__})")
            continue
        for item in plan.items:
            if item.begun:
                notes.append(f"it was pulled back before (action {item.action_id})")
            elif item.supersedes is not None and not _own_failure(store.ledger.get(item.supersedes)):
                notes.append(f"it is to be pulled back already (action {item.supersedes})")
            elif item.findings.delivered:
                supersede(store, item.supersedes, who=WHO)
                numbers += _entered(here, NewAction(
                    tenant=here.tenant, alert_id=alert.id, kind=KIND, target=change_of(KIND).target(item.parameters),
                    slot=item.slot, parameters=item.parameters, mode="manual", requested_by=WHO,
                ), notes)  # fmt: skip
    return numbers


def _block(
    here: ReportDesk, alert: Alert, verdict: str, facts: dict[str, Any], case: str, notes: list[str]
) -> list[int]:
    """Only of somebody who is proven: a forged sender is a victim, and one that nobody proved may be."""
    if verdict != "malicious":
        return []
    if facts.get("auth.dmarc_pass") is not True:
        notes.append("blocking is not proposed: nobody proves that the sender is who it says")
        return []
    try:
        form = BlockForm(alert=str(alert.id), case=case, requested_by=WHO)
        plan = block_sender.plan_block(here.desk, form, tenant=here.tenant)
        ruled = block_sender.rule(here.desk, plan, automatic=True)
        if ruled.outcome == "deny":
            codes = ", ".join(one.code for one in plan.refusals) or "a rail"
            notes.append(f"blocking is not proposed: {codes}")
            return []
        if not plan.steps:
            notes.append("the sender is blocked already")
            return []
        numbers, _ = block_sender.propose(here.desk, plan, gives_way=True)
    except _NOT_NOW as error:
        notes.append(f"blocking is not proposed ({type(error).__name__})")
        return []
    return numbers


def _own_failure(known: Action) -> bool:
    return known.state == "failed" and known.requested_by == WHO


def _entered(here: ReportDesk, new: NewAction, notes: list[str]) -> list[int]:
    [answer] = here.desk.store.ledger.propose_many([new])
    if isinstance(answer, Action):
        return [answer.id]
    notes.append("pulling back is not proposed: the ledger holds another action for it")
    return []
