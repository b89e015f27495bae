"""Pulling back: one incident per item, begun once, followed until it is done, however often that is interrupted."""

from __future__ import annotations

from mailroom.effects.changes import ChangeResult, change_of, change_once
from mailroom.errors import MailroomError, RefusedError
from mailroom.faults import faultpoint
from mailroom.mimecast import remediation
from mailroom.mimecast.remediation import Followed, OnProgress
from mailroom.playbooks.act import Desk
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.remediate.model import Item, ItemResult, RemediationPlan
from mailroom.playbooks.remediate.planning import KIND, raise_if_too_many
from mailroom.playbooks.standing import supersede

FOLLOW_SECONDS = 900.0


def pull_back(
    desk: Desk, plan: RemediationPlan, item: Item, *, follow_seconds: float = FOLLOW_SECONDS,
    on_progress: OnProgress = lambda _incident: None,
) -> ItemResult:  # fmt: skip
    """Begin the incident of one item unless it was begun before, and follow it to its end.

    Effect: changes the tenant. Twice: the second call begins nothing and goes on following.

    Args:
        desk: Tenant, store and policy.
        plan: The plan.
        item: One of its items.
        follow_seconds: Longest time to follow; then the item is `in progress`.
        on_progress: Told each new state of the incident.

    Raises:
        RefusedError: Too many copies, the kill switch, or another process is at it.
        AccessError, TransientError, ResponseError: Not begun, or it cannot be followed now.
    """
    if item.not_searched:
        why = f"not searched: {item.not_searched}. Nobody knows whether there is something to pull back"
        return ItemResult(item.value, "not searched", why)
    if not item.begun and not item.findings.anything:
        return ItemResult(item.value, "nothing found", "no delivered copy was found; no incident was begun")
    raise_if_too_many(plan)
    faultpoint("remediate.before_begin")
    supersede(desk.store, item.supersedes, who=plan.requested_by)
    begun = change_once(
        desk.client, desk.store, change_of(KIND), item.parameters, tenant=plan.tenant, slot=item.slot,
        gate=PolicyChangeGate(desk.policy), requested_by=plan.requested_by or "analyst", alert_id=item.alert_id,
    )  # fmt: skip
    faultpoint("remediate.begun")
    if not begun.is_done:
        return ItemResult(item.value, _STATES.get(begun.state, "failed"), begun.detail, action_id=begun.action_id)
    followed = remediation.follow_incident(
        desk.client, str(begun.result["id"]), deadline=follow_seconds, on_progress=on_progress
    )
    faultpoint("remediate.followed")
    return _result(item, begun, followed)


def remediate(
    desk: Desk, plan: RemediationPlan, *, follow_seconds: float = FOLLOW_SECONDS,
    on_progress: OnProgress = lambda _incident: None,
) -> list[ItemResult]:  # fmt: skip
    """Pull back every item; one that fails does not stop the others. Effect, twice and errors as `pull_back`.

    Raises:
        RefusedError: Too many copies, or the kill switch is on; nothing was begun.
    """
    raise_if_too_many(plan)
    if reason := PolicyChangeGate(desk.policy).closed():
        raise RefusedError(reason)
    results = []
    for item in plan.items:
        try:
            results.append(pull_back(desk, plan, item, follow_seconds=follow_seconds, on_progress=on_progress))
        except MailroomError as error:
            results.append(ItemResult(item.value, "failed", str(error), action_id=item.action_id))
    return results


_STATES = {"unknown": "unknown", "refused": "refused"}


def _result(item: Item, begun: ChangeResult, followed: Followed) -> ItemResult:
    incident = followed.incident
    if not followed.finished:
        state = "in progress"
        detail = f"{incident.successful} of {incident.identified} copies so far; it goes on in the tenant"
    elif not incident.identified:
        state, detail = "nothing found", "Mimecast identified no copy"
    elif incident.failed:
        state = "partly"
        detail = f"{incident.failed} of {incident.identified} copies could not be pulled back: see the console"
    else:
        state, detail = "done", f"all {incident.identified} copies were pulled back"
    return ItemResult(
        item.value, state, detail, incident.code, incident.identified, incident.successful, incident.failed,
        incident.restored, begun.action_id,
    )  # fmt: skip
