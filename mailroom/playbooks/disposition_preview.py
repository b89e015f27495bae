"""What releasing or rejecting one held message would do, shown before anybody does it.

Effect: reads the tenant and the store; changes and writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from mailroom.effects.kinds import RELEASE_TO_SANDBOX
from mailroom.effects.look import HeldRef, release_log, still_held
from mailroom.mimecast import MimecastClient, capabilities
from mailroom.mimecast.diagnosis import not_offered
from mailroom.playbooks.act import (
    Desk,
    check_wish,
    gives_way,
    held_alert,
    new_disposition,
    refuse_another,
    standing_wish,
)
from mailroom.store import Store
from mailroom.store.actions import OPEN_EFFECTS, Action, NewAction
from mailroom.store.intents import unwritten


@dataclass(frozen=True, slots=True)
class DispositionPreview:
    """What one disposition would do. Nothing was changed or written for it."""

    kind: str
    alert: int
    hold_id: str
    parameters: dict[str, Any]
    objections: tuple[str, ...]
    """Of the kill switch, the rails, the ledger and this generation of the API; empty when nothing objects."""
    still_held: bool
    there_now: str
    """What the hold queue, or else the release log, says."""
    standing: int | None = None
    """The action of this kind that the ledger has already and that would be taken up."""
    standing_state: str = ""

    @property
    def would_send(self) -> bool:
        """Whether anything would be sent to the tenant."""
        return self.still_held and not self.objections and self.standing_state != "applied"

    @property
    def text(self) -> str:
        """All of it in one line."""
        said = [f"{'Would' if self.would_send else 'Would not'} {self.kind.replace('_', ' ')} alert {self.alert}"]
        if self.parameters:
            said.append("with " + ", ".join(f"{name} {value!r}" for name, value in self.parameters.items()))
        found = [" ".join(said) + ".", f"There now: {self.there_now}."]
        found += [f"Objection: {text}" for text in self.objections]
        if self.standing is not None:
            found.append(f"Action {self.standing} wants this already ({self.standing_state}).")
        return " ".join(found)

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "dry_run": True, "kind": self.kind, "alert": self.alert, "hold_id": self.hold_id,
            "parameters": self.parameters, "objections": list(self.objections), "still_held": self.still_held,
            "there_now": self.there_now, "would_send": self.would_send, "action": self.standing,
            "state": self.standing_state,
        }  # fmt: skip


def preview_disposition(desk: Desk, kind: str, message_id: str, parameters: Mapping[str, Any]) -> DispositionPreview:
    """What `act.dispose` with the same arguments would do, and what stands against it.

    Effect: reads the tenant and the store; twice is harmless.

    Args:
        desk: Tenant, store and policy.
        kind: `release`, `release_to_sandbox` or `reject`.
        message_id: Alert id, hold id or tracking id of an ingested message.
        parameters: What the action needs beyond the message.

    Raises:
        NotFoundError: no alert has this id.
        InvalidInputError: not about one held message, or a parameter cannot be meant.
        RefusedError: the message is another tenant's.
        MailroomError: the tenant could not be asked whether the message is still held.
    """
    alert = held_alert(desk.store, message_id)
    refuse_another(desk, alert.tenant)
    check_wish(alert, kind, parameters)
    new = new_disposition(alert, kind, parameters, "")
    standing = standing_wish(desk.store, new)
    action = standing or unwritten(new, desk.store.ledger.now())
    held, there = _there_now(desk.client, alert.event)
    return DispositionPreview(
        kind, alert.id, alert.hold_id or "", dict(action.parameters),
        tuple(_objections(desk, action, new, alert.event)), held, there,
        standing.id if standing else None, standing.state if standing else "",
    )  # fmt: skip


def _objections(desk: Desk, action: Action, new: NewAction, event: dict[str, Any]) -> Iterator[str]:
    if action.state == "applied":  # it is reported as it is, whatever the rails say by now
        return
    gate = desk.gate()
    closed = gate.closed()
    rails = "" if action.state in OPEN_EFFECTS else gate.objection(action, event)  # what was sent is only looked up
    if reason := rails or closed:  # the rails name the kill switch too
        yield reason
    if reason := _contrary(desk.store, new):
        yield reason
    if action.kind == RELEASE_TO_SANDBOX.name:
        function = capabilities.RELEASE_TO_SANDBOX
        if desk.client.generation not in function.generations:
            yield str(not_offered(function, desk.client.generation))


def _contrary(store: Store, new: NewAction) -> str:
    """The live action that holds the message's one place in the ledger."""
    for other in store.ledger.for_alert(new.alert_id or 0):
        if other.is_live and other.slot == new.slot and other.kind != new.kind and not gives_way(other):
            return f"Action {other.id} ({other.kind}, {other.state}) holds the message: it gets one disposition only."
    return ""


def _there_now(client: MimecastClient, event: dict[str, Any]) -> tuple[bool, str]:
    ref = HeldRef.of(event)
    if still_held(client, [ref]):
        return True, "the message is held"
    log = release_log(client, ref)
    if log.status in {"", "ambiguous"}:
        return False, "no longer held, and the release log does not say clearly what became of it"
    when = f" at {log.at:%Y-%m-%d %H:%M} UTC" if log.at else ""
    return False, f"no longer held: {log.status} by {log.operator or 'someone'}{when}"
