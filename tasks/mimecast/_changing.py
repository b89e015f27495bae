"""What the actions that change the tenant share: once through the ledger, a dry run, the documented words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from mailroom.effects.changes import ChangeResult, Preview
from mailroom.mimecast.field_checks import checked_time
from mailroom.playbooks import changes
from mailroom.playbooks.act import Desk
from tasks import _open
from tasks._log import log_if_running
from tasks._wording import action


class ChangeOutcome(BaseModel):
    """Result of one change of the tenant. It stays in the calling flow: it may hold addresses."""

    model_config = ConfigDict(frozen=True)

    is_success: bool
    state: str
    """`applied`, `already_done` (as wanted before), or `dry_run`."""
    message: str
    action_id: int = 0
    """Its number in the ledger: "Undo Action" takes it."""
    result: dict[str, Any] = {}
    """What Mimecast made of it, as documented; of a dry run what would be done and what is there."""
    recorded: bool = False
    """An earlier call had done it; nothing was sent."""
    expires_at: datetime | None = None


Read = Callable[[Desk], tuple[Mapping[str, Any], int | None]]
"""Asks the tenant or the store first; gives the parameters, and the alert that it is about."""


def changed(
    name: str,
    kind: str,
    parameters: Mapping[str, Any] | Read,
    *,
    success: str,
    mimecast: str,
    store: str,
    policy: str,
    dry_run: bool,
    again: str = "",
    expires_at: str = "",
) -> ChangeOutcome:
    """Make one change, once, or show what it would do.

    Args:
        name: Documented name of the action.
        kind: As in the ledger.
        parameters: What the change takes; or what finds them out.
        success: The documented sentence.
        mimecast: Block.
        store: Block.
        policy: Block; its kill switch applies.
        dry_run: Only show it.
        again: Names a new wish.
        expires_at: ISO 8601 time at which its time is over.
    """
    with action(name):
        desk = desk_of(mimecast, store, policy)
        end = checked_time(expires_at, "Expires At")
        wanted, alert_id = parameters(desk) if callable(parameters) else (parameters, None)
        if dry_run:
            return shown(changes.preview(desk.client, desk.store, kind, wanted, again=again, expires_at=end))
        done = changes.change(
            desk, kind, wanted, requested_by="playbook", alert_id=alert_id, again=again, expires_at=end,
            proposed_by="run",
        )  # fmt: skip
        return outcome_of(done, success)


def desk_of(mimecast: str, store: str, policy: str) -> Desk:
    """What a change works with."""
    return Desk(client=_open.client(mimecast), store=_open.store(store), policy=lambda: _open.policy(policy))


def shown(preview: Preview) -> ChangeOutcome:
    """A dry run."""
    there = f" There now: {preview.there.detail}." if preview.there is not None and preview.there.detail else ""
    if preview.recorded is not None:
        there += f" Action {preview.recorded} has done this before."
    would = "Would do: " if preview.would_send else "Nothing would be sent. "
    message = f"Dry run. {would}{'; '.join(preview.lines)}.{there}"
    log_if_running(message)
    return ChangeOutcome(is_success=True, state="dry_run", message=message, result=preview.as_json())


def outcome_of(done: ChangeResult, success: str) -> ChangeOutcome:
    """A success in the documented words, or the error that says what to do."""
    changes.raise_unless_done(done)
    if done.state == "already_done" or done.recorded:
        log_if_running(f"nothing was sent: {done.detail}")
    return ChangeOutcome(
        is_success=True, state=done.state, message=success, action_id=done.action_id, result=done.result,
        recorded=done.recorded, expires_at=done.expires_at,
    )  # fmt: skip
