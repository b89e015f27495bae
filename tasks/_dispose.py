"""What Release Message and Reject Message share: carry out through the ledger, and say it in the documented words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect.runtime import task_run
from pydantic import BaseModel, ConfigDict

from mailroom.effects.kinds import KINDS
from mailroom.errors import InvalidInputError, OutcomeUnknownError, RefusedError, RejectedError, TransientError
from mailroom.playbooks import act
from mailroom.playbooks.disposition_preview import preview_disposition
from mailroom.store.actions import ActionResult
from mailroom.store.intents import SUPERSEDED
from tasks import _open
from tasks._log import log_if_running
from tasks._wording import action

_VERBS = {"release": "released", "release_to_sandbox": "released", "reject": "rejected"}


class ActionOutcome(BaseModel):
    """Result of one action on one message."""

    model_config = ConfigDict(frozen=True)

    is_success: bool
    state: str
    """`applied`, `already_done` when somebody else was first, `dry_run`, or `refused` when nobody wants it any more."""
    message: str
    result: dict[str, Any] = {}
    """Of a dry run: the parameters, what objects, whether the message is still held."""


def run_name(action_name: str) -> Callable[[], str]:
    """How a task run is called in the UI: by the alert, or by the end of an id (all hold ids begin alike)."""

    def name() -> str:
        given = str(task_run.parameters["message_id"]).strip()
        return f"{action_name}: alert {given}" if given.isdigit() else f"{action_name}: …{given[-12:]}"

    return name


def dispose(
    kind: str, message_id: str, parameters: dict[str, object], *, mimecast: str, store: str, policy: str, dry_run: bool
) -> ActionOutcome:
    """Carry out one disposition of one held message through the ledger, or show what it would do."""
    with action(KINDS[kind].action):
        if not message_id.strip():
            msg = "Message ID is empty: give the alert's number, the hold id or the tracking id of a held message."
            raise InvalidInputError(msg)
        desk = _desk(mimecast, store, policy)
        if dry_run:
            shown = preview_disposition(desk, kind, message_id.strip(), parameters)
            log_if_running(f"Dry run. {shown.text}")
            return ActionOutcome(
                is_success=True, state="dry_run", message=f"Dry run. {shown.text}", result=shown.as_json()
            )
        return _outcome(kind, message_id, act.dispose(desk, kind, message_id.strip(), parameters))


def carry_out(action_id: int, kind: str, message_id: str, *, mimecast: str, store: str, policy: str) -> ActionOutcome:
    """Carry out the very action that triage entered, as long as it is wanted; never one more in its place."""
    with action(KINDS[kind].action):
        result = act.carry_out_action(_desk(mimecast, store, policy), action_id)
        if result.state == "refused" and result.code == SUPERSEDED:
            text = f'Message with ID "{message_id}" was left alone: {result.detail}'
            log_if_running(text)
            return ActionOutcome(is_success=False, state=result.state, message=text)
        return _outcome(kind, message_id, result)


def _desk(mimecast: str, store: str, policy: str) -> act.Desk:
    return act.Desk(client=_open.client(mimecast), store=_open.store(store), policy=lambda: _open.policy(policy))


def _outcome(kind: str, message_id: str, result: ActionResult) -> ActionOutcome:
    if result.state == "applied":
        text = f'Successfully {_VERBS[kind]} message with ID "{message_id}" in Mimecast'
        return ActionOutcome(is_success=True, state=result.state, message=text)
    if result.state == "already_done":
        text = f'Message with ID "{message_id}" is no longer held: {result.detail}'
        return ActionOutcome(is_success=True, state=result.state, message=text)
    if result.state == "refused":
        raise RefusedError(result.detail)
    if result.state == "unknown":
        msg = f"{result.detail}. Nothing was repeated; Retry looks again."
        raise OutcomeUnknownError(msg)
    if result.state == "not_applied":
        msg = f"{result.detail}. Nothing happened to the message; Retry tries again."
        raise TransientError(msg)
    raise RejectedError(result.detail, result.code)
