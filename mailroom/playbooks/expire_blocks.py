"""Ending changes of ours whose time is over. What somebody changed by hand meanwhile is left alone and reported.

This is the only way by which anything ends: the playbook, the command and the action "Expire Changes" go through it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from mailroom.effects.changes import CHANGES, ChangeResult, change_of, undo_once
from mailroom.errors import AccessError, MailroomError, RefusedError, TransientError
from mailroom.faults import faultpoint
from mailroom.mimecast import MimecastClient
from mailroom.playbooks.act import Desk
from mailroom.playbooks.block_sender.model import MANAGED, POLICY
from mailroom.playbooks.block_sender.recorded import (
    as_we_left_it,
    given_more_time,
    policy_of,
    shown,
)
from mailroom.playbooks.gate import PolicyChangeGate
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.tenants import names_of
from mailroom.redact import without_mailboxes
from mailroom.store import Store
from mailroom.store.actions import Action

_REPORTED = frozenset(kind for kind, change in CHANGES.items() if change.only_reported)
_WELL = {"ended", "ended before", "would end", "left alone"}


@dataclass(frozen=True, slots=True)
class Ending:
    """One change whose time is over."""

    action_id: int
    kind: str
    target: str
    """What it is about: whom it blocks for whom, which URL, which member of which group."""
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
        return {
            "action": str(self.action_id), "kind": self.kind.replace("_", " "), "what": _without_mailboxes(self.target),
            "due": f"{self.due:%Y-%m-%d %H:%M}", "outcome": self.outcome,
            "why": without_mailboxes(self.why),
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
    """Changes of ours whose time is over, and what would become of each. Effect: reads.

    Args:
        desk: Tenant, store and policy.
        tenant: One more name of the tenant in the store, besides those that the store knows.
        now: This instant; by default by the tenant's clock.
        permit_managed_senders: End blocks in single recipients' lists too. Mimecast can only turn them into permits.
        limit: Most changes of one call; what is only reported takes no place from what is ended.

    Raises:
        MailroomError: The tenant cannot be read.
    """
    names = sorted(names_of(desk.client, desk.store) | ({tenant} if tenant else set()))
    moment = now or desk.client.now()
    reported = _REPORTED - {MANAGED} if permit_managed_senders else _REPORTED
    due = [
        one
        for kinds in (CHANGES.keys() - reported, reported)
        for name in names
        for one in desk.store.ledger.expiring(moment, tenant=name, kinds=kinds, limit=limit)
    ]
    return [_seen(desk, action, moment, permit_managed_senders) for action in due]


def end_one(desk: Desk, ending: Ending, *, requested_by: str = "expiry") -> Ending:
    """End one change that `find_due` named, once.

    Effect: changes the tenant. Twice: the second call sends nothing.

    Raises:
        RefusedError: The kill switch is on.
        AccessError, TransientError: The tenant refuses or cannot be reached; it stays due.
    """
    if ending.outcome != "would end":
        return ending
    action = desk.store.ledger.get(ending.action_id)
    if action.state == "undone":
        return _ended(ending, "ended before", action.detail)
    if action.expires_at is not None and action.expires_at > ending.due:
        return _ended(ending, "left alone", f"it was given more time a moment ago: until {action.expires_at:%Y-%m-%d}")
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
    ending = Ending(action.id, action.kind, action.target, action.expires_at or now, "would end")
    if action.kind == MANAGED and permit:
        return _ended(ending, "would end", "the sender is permitted for this recipient: nothing else ends a block")
    if why := change_of(action.kind).only_reported:
        return _ended(ending, "left alone", why)
    return _policy_seen(desk, action, ending, now) if action.kind == POLICY else ending


def _policy_seen(desk: Desk, action: Action, ending: Ending, now: datetime) -> Ending:
    known = policy_of(desk.client, action)
    if known is None:
        return _ended(ending, "would end", "the policy is gone already; this is written down")
    if not as_we_left_it(desk.store, action, known):
        return _ended(ending, "left alone", f"somebody changed it in the console: {shown(known)}. It is theirs now")
    if given_more_time(desk.store, action, known, now):
        return _ended(ending, "left alone", f"it was given more time by an update of ours: {shown(known)}")
    return ending


def _outcome(result: ChangeResult) -> str:
    return {"applied": "ended", "already_done": "ended before", "refused": "left alone"}.get(result.state, "not ended")


def _ended(ending: Ending, outcome: str, why: str) -> Ending:
    return replace(ending, outcome=outcome, why=why)


def _without_mailboxes(target: str) -> str:
    """What a change is about: domains, and links that nothing opens by mistake."""
    sender, arrow, recipient = target.partition(" -> ")
    if arrow:
        return f"{sender.rpartition('@')[2]} -> {'one recipient' if '@' in recipient else recipient}"
    where, _, what = target.rpartition(" ")
    if "://" in what:
        return f"{where} {what.replace('http', 'hxxp', 1)}".strip()
    return f"{what.rpartition('@')[2]} in group …{where[-12:]}" if where else what
