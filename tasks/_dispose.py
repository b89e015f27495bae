"""What Release Message and Reject Message share: resolve, intend, carry out, and say it in the documented words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect.runtime import task_run
from pydantic import BaseModel, ConfigDict

from mailroom.effects.kinds import KINDS
from mailroom.errors import InvalidInputError, OutcomeUnknownError, RefusedError, RejectedError, TransientError
from mailroom.playbooks import act
from mailroom.playbooks.disposition_preview import preview_disposition
from tasks import _open
from tasks._log import log_if_running
from tasks._wording import action

_VERBS = {"release": "released", "release_to_sandbox": "released", "reject": "rejected"}


class ActionOutcome(BaseModel):
    """Result of one action on one message."""

    model_config = ConfigDict(frozen=True)

    is_success: bool
    state: str
    """`applied`, `already_done` when somebody else was first, or `dry_run`."""
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
        desk = act.Desk(
            client=_open.client(mimecast),
            store=_open.store(store),
            policy=lambda: _open.policy(policy),
        )
        if dry_run:
            shown = preview_disposition(desk, kind, message_id.strip(), parameters)
            log_if_running(f"Dry run. {shown.text}")
            return ActionOutcome(
                is_success=True, state="dry_run", message=f"Dry run. {shown.text}", result=shown.as_json()
            )
        result = act.dispose(desk, kind, message_id.strip(), parameters)
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
