"""Changing the tenant on request: senders, policies, URLs, groups, incidents, reports. Each once, and undone again.

Effect: changes the tenant, each change at most once, however often it is called.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from mailroom.effects import changes
from mailroom.effects.changes import CHANGES, ChangeResult, Preview, change_of
from mailroom.effects.changes.policy import parameters_of
from mailroom.errors import (
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    RejectedError,
    TransientError,
)
from mailroom.mimecast import MimecastClient, policies
from mailroom.mimecast.policy_models import PolicyWish
from mailroom.playbooks.act import Desk
from mailroom.playbooks.approvals.requesting import ProposedBy, needs_approval
from mailroom.playbooks.approvals.wide_changes import PROPOSED, propose_instead
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.tenants import names_of, tenant_of
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult, NewAction

__all__ = [
    "as_action_result",
    "change",
    "policy_with",
    "preview",
    "raise_unless_done",
    "report_target",
    "retry",
    "tenant_of",
    "undo",
]


def change(
    desk: Desk,
    kind: str,
    parameters: Mapping[str, Any],
    *,
    requested_by: str = "analyst",
    tenant: str = "",
    alert_id: int | None = None,
    again: str = "",
    expires_at: datetime | None = None,
    mode: str = "manual",
    proposed_by: ProposedBy = "name",
) -> ChangeResult:
    """Make one change of the tenant, once; or, where it is wide and a person asks for it, propose it for an approval.

    Args:
        desk: Tenant, store and policy; the policy's kill switch applies to people too.
        kind: A name of `mailroom.effects.changes.CHANGES`.
        parameters: What the kind takes.
        requested_by: Who wants it, for the history.
        tenant: Name of the tenant in the store; the account code when empty.
        alert_id: Which alert it is about.
        again: Any text names a new wish; without it an equal change that was made is not made again.
        expires_at: When its time is over: `expire_blocks` takes it back then, or reports it. Of what an equal wish made
            before, the end is moved.
        mode: `manual` or `auto`.
        proposed_by: How whoever asks for it is known.

    Returns:
        What the ledger says; `proposed` when it waits for somebody else's approval: its number is in `result`.

    Raises:
        InvalidInputError, NotOfferedError: before any call.
        RefusedError: the kill switch is on, or another process is at it.
        AccessError, TransientError, ResponseError: not sent.
    """
    wanted = change_of(kind)
    checked = wanted.checked(parameters)
    wanted.check_now(desk.client, checked)
    tenant = tenant or tenant_of(desk.client)
    new = NewAction(
        tenant, alert_id, kind, wanted.target(checked), wanted.slot(checked) + (f":{again}" if again else ""), checked,
        mode, requested_by=requested_by, expires_at=expires_at or wanted.expires_at(checked),
    )  # fmt: skip
    if (waits := propose_instead(desk, wanted, new, proposed_by)) is not None:
        return waits
    done = changes.change_once(
        desk.client, desk.store, wanted, checked, tenant=tenant, requested_by=requested_by,
        gate=PolicyChangeGate(desk.policy, desk.store), alert_id=alert_id, again=again, expires_at=expires_at,
        mode=mode,
    )  # fmt: skip
    made = None if expires_at is None else _ours(desk.store, new, done)
    if expires_at is None or made is None:
        return done
    if made.expires_at == expires_at:
        return replace(done, expires_at=expires_at)
    return _with_another_end(desk, new, made, done, expires_at)


def _ours(store: Store, new: NewAction, done: ChangeResult) -> Action | None:
    """The action of ours that made what is wanted: this one, or one in other words (another comment) before it."""
    if done.state == "applied":
        return store.ledger.get(done.action_id)
    if done.state != "already_done":
        return None
    before = store.ledger.find(new.tenant, kinds=(new.kind,), states=("applied",), target=new.target)
    return max(before, key=lambda one: one.id, default=None)


def _with_another_end(
    desk: Desk, new: NewAction, made: Action, done: ChangeResult, expires_at: datetime
) -> ChangeResult:
    """What an equal wish made before is over when the newest wish says so; the tenant need not hear of it.

    Raises:
        InvalidInputError: That has passed already.
        RefusedError: It would last longer than what somebody else has approved.
    """
    changes.check_end(desk.client, expires_at)
    if made.expires_at is not None and expires_at > made.expires_at and needs_approval(desk.policy(), new):
        raise RefusedError(
            f"Action {made.id} made this and it ends at {made.expires_at:%Y-%m-%d %H:%M} UTC. Somebody else has to "
            "approve a later end: with --again (`again`) it is proposed anew."
        )
    kept = desk.store.ledger.end_at(made.id, expires_at, who=new.requested_by)
    text = f"{done.detail}; what action {made.id} made ends at {expires_at:%Y-%m-%d %H:%M} UTC from now on"
    return replace(done, detail=text, expires_at=kept.expires_at)


def preview(
    client: MimecastClient, store: Store, kind: str, parameters: Mapping[str, Any], *, tenant: str = "",
    again: str = "", expires_at: datetime | None = None,
) -> Preview:  # fmt: skip
    """What a change would do, and what is there now. Effect: reads the tenant; changes and writes nothing."""
    wanted = change_of(kind)
    checked = wanted.checked(parameters)
    wanted.check_now(client, checked)
    changes.check_end(client, expires_at)
    return changes.preview_change(client, store, wanted, checked, tenant=tenant or tenant_of(client), again=again)


def undo(desk: Desk, action_id: int, *, requested_by: str = "analyst") -> ChangeResult:
    """Take one applied change back, once. Errors as `mailroom.effects.changes.undo_once`."""
    gate = PolicyChangeGate(desk.policy, desk.store)
    return changes.undo_once(desk.client, desk.store, action_id, requested_by=requested_by, gate=gate)


def retry(desk: Desk, *, tenants: Collection[str] = ()) -> list[ChangeResult]:
    """Take up the changes of this tenant that were wanted and are not made; nothing while the kill switch is on."""
    gate = PolicyChangeGate(desk.policy, desk.store)
    if gate.closed() or not desk.store.ledger.to_do(1, kinds=CHANGES):
        return []
    names = tenants or names_of(desk.client, desk.store)
    return changes.retry_changes(desk.client, desk.store, tenants=names, gate=gate)


def policy_with(client: MimecastClient, policy_id: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that change a policy where something is given, and leave it as it is elsewhere. Effect: reads.

    Args:
        client: Which tenant.
        policy_id: Which policy.
        given: Parameters of `update_block_sender_policy`; None stays as it is.

    Raises:
        InvalidInputError: the policy holds what cannot be written here, or a field cannot be meant.
        NotFoundError: there is no such policy.
    """
    known = PolicyWish.again(policies.get_policy(client, policy_id))
    return {"policy_id": policy_id, **parameters_of(known)} | {k: v for k, v in given.items() if v is not None}


def report_target(store: Store, message_id: str) -> tuple[str, int | None]:
    """What Report Message needs: the tracking id behind an alert's number, hold id or tracking id, and the alert.

    An id that no alert has is taken as a tracking id.

    Raises:
        NotFoundError: no alert has this number.
        InvalidInputError: message tracking did not show the alert's message, so nobody knows its tracking id.
    """
    try:
        alert = store.alerts.find(message_id.strip())
    except NotFoundError:
        if message_id.strip().isdigit():
            raise
        return message_id.strip(), None
    if not alert.tracking_id:
        raise InvalidInputError(
            f"alert {alert.id} has no tracking id, by which it could be reported: find the message with `mailroom "
            "mimecast messages --ids` (Search Messages) and give the id shown there"
        )
    return alert.tracking_id, alert.id


def as_action_result(result: ChangeResult) -> ActionResult:
    """A change's outcome in the words of the ledger, for reports about actions of all kinds."""
    return ActionResult(result.action_id, result.state, result.detail, result.code)


def raise_unless_done(result: ChangeResult) -> None:
    """Turn what is not as wanted into the error that says what to do.

    Raises:
        RefusedError, OutcomeUnknownError, TransientError, RejectedError: by state.
    """
    if result.is_done:
        return
    if result.state in ("refused", PROPOSED):
        raise RefusedError(result.detail)
    if result.state == "unknown":
        msg = f"{result.detail}. Nothing was repeated (action {result.action_id}); doing it again looks first."
        raise OutcomeUnknownError(msg)
    if result.state == "not_applied":
        raise TransientError(f"{result.detail}. Nothing was changed (action {result.action_id}); try again.")
    raise RejectedError(result.detail, result.code)
