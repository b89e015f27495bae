"""Ending blocks of ours whose time is over. What somebody changed by hand meanwhile is left alone and reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from mailroom.effects.changes import ChangeResult, undo_once
from mailroom.errors import AccessError, MailroomError, RefusedError, TransientError
from mailroom.faults import faultpoint
from mailroom.mimecast import MimecastClient
from mailroom.playbooks.act import Desk
from mailroom.playbooks.block_sender.model import MANAGED, POLICY
from mailroom.playbooks.block_sender.recorded import as_we_left_it, policy_of, shown
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.tenants import names_of
from mailroom.store import Store
from mailroom.store.actions import Action

KINDS = (POLICY, MANAGED)
_WELL = {"ended", "ended before", "would end", "left alone"}


@dataclass(frozen=True, slots=True)
class Ending:
    """One block whose time is over."""

    action_id: int
    kind: str
    target: str
    """Whom it blocks for whom."""
    due: datetime
    outcome: str
    """`would end`, `ended`, `ended before` (somebody was quicker), `left alone`, `not ended`."""
    why: str = ""

    @property
    def is_well(self) -> bool:
        """Nothing has to be done again."""
        return self.outcome in _WELL

    def row(self) -> dict[str, str]:
        """For tables: nobody's address."""
        sender, _, recipient = self.target.partition(" -> ")
        whom = f"{sender.rpartition('@')[2]} -> {'one recipient' if '@' in recipient else recipient}"
        return {
            "action": str(self.action_id), "kind": self.kind.replace("_", " "), "block": whom,
            "due": f"{self.due:%Y-%m-%d %H:%M}", "outcome": self.outcome, "why": self.why,
        }  # fmt: skip


class _AsLeftGate(PolicyChangeGate):
    """The kill switch, and a last look at what would be deleted."""

    def __init__(self, policy: Callable[[], Policy], client: MimecastClient, store: Store, made: Action) -> None:
        super().__init__(policy, store)
        self._client, self._ours, self._made = client, store, made

    def objection(self, action: Action) -> str:
        """Why this policy is not ours to delete any more."""
        if self._made.kind != POLICY:
            return super().objection(action)
        known = policy_of(self._client, self._made)
        if known is not None and not as_we_left_it(self._ours, self._made, known):
            return f"It was changed by hand a moment ago: {shown(known)}."
        return super().objection(action)


def find_due(
    desk: Desk, *, tenant: str = "", now: datetime | None = None, permit_managed_senders: bool = False,
    limit: int = 500,
) -> list[Ending]:  # fmt: skip
    """Blocks of ours whose time is over, and what would become of each. Effect: reads.

    Args:
        desk: Tenant, store and policy.
        tenant: Name of the tenant in the store; when empty, every name of the tenant behind the client.
        now: This instant; by default by the tenant's clock.
        permit_managed_senders: End managed senders too. Mimecast can only turn them into permits.
        limit: Most blocks of one call.

    Raises:
        MailroomError: The tenant cannot be read.
    """
    names = [tenant] if tenant else sorted(names_of(desk.client, desk.store))
    moment = now or desk.client.now()
    due = [one for name in names for one in desk.store.ledger.expiring(moment, tenant=name, kinds=KINDS, limit=limit)]
    return [_seen(desk, action, moment, permit_managed_senders) for action in due]


def end_one(desk: Desk, ending: Ending, *, requested_by: str = "expiry") -> Ending:
    """End one block that `find_due` named, once.

    Effect: changes the tenant. Twice: the second call sends nothing.

    Raises:
        RefusedError: The kill switch is on.
        AccessError, TransientError: The tenant refuses or cannot be reached; the block stays due.
    """
    if ending.outcome != "would end":
        return ending
    action = desk.store.ledger.get(ending.action_id)
    gate = _AsLeftGate(desk.policy, desk.client, desk.store, action)
    if reason := gate.closed():
        raise RefusedError(reason)
    faultpoint("expire.before_end")
    try:
        result = undo_once(desk.client, desk.store, action.id, requested_by=requested_by, gate=gate)
    except (AccessError, TransientError):
        raise
    except MailroomError as error:
        return _ended(ending, "not ended", str(error))
    return _ended(ending, _outcome(result), result.detail)


def expire_blocks(
    desk: Desk, *, tenant: str = "", now: datetime | None = None, permit_managed_senders: bool = False,
    dry_run: bool = False, limit: int = 500,
) -> list[Ending]:  # fmt: skip
    """End everything that is due. Effect: changes the tenant unless `dry_run`. Errors as `end_one`."""
    found = find_due(desk, tenant=tenant, now=now, permit_managed_senders=permit_managed_senders, limit=limit)
    return found if dry_run else [end_one(desk, one) for one in found]


def _seen(desk: Desk, action: Action, now: datetime, permit: bool) -> Ending:
    ends = action.expires_at or now
    ending = Ending(action.id, action.kind, action.target, ends, "would end")
    if action.kind == MANAGED:
        if permit:
            return _ended(ending, "would end", "the sender is permitted for this recipient: nothing else ends a block")
        return _ended(
            ending, "left alone",
            "a managed sender cannot be removed from here, and permitting it would let its mail pass the spam checks: "
            "remove the entry in the console",
        )  # fmt: skip
    known = policy_of(desk.client, action)
    if known is None:
        return _ended(ending, "would end", "the policy is gone already; this is written down")
    if known.end is not None and known.end > now and as_we_left_it(desk.store, action, known):
        return _ended(ending, "left alone", f"it was given more time by an update of ours: {shown(known)}")
    if not as_we_left_it(desk.store, action, known):
        return _ended(ending, "left alone", f"somebody changed it in the console: {shown(known)}. It is theirs now")
    return ending


def _outcome(result: ChangeResult) -> str:
    return {"applied": "ended", "already_done": "ended before", "refused": "left alone"}.get(result.state, "not ended")


def _ended(ending: Ending, outcome: str, why: str) -> Ending:
    return Ending(ending.action_id, ending.kind, ending.target, ending.due, outcome, why)
