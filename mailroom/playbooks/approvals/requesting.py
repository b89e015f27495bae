"""Opening approvals: over chosen actions, or every proposal that waits; and ending those that lost their object."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from mailroom.chunks import chunks
from mailroom.effects.changes import CHANGES
from mailroom.effects.kinds import KINDS
from mailroom.errors import InvalidInputError
from mailroom.playbooks.approvals.binding import Bound, bind, reach, whole_digest
from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.policy import Policy
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult, NewAction
from mailroom.store.approval_rows import OPEN, Member, NewApproval, StoredApproval
from mailroom.store.intents import SUPERSEDED
from mailroom.triage.approvals import BULK, needs_second_person
from mailroom.triage.context import Context
from mailroom.triage.extract import extract
from mailroom.triage.rails import forbidden

APPROVABLE = frozenset({*KINDS, *CHANGES})
"""Kinds that an approval carries out."""
ProposedBy = Literal["name", "account", "run"]
"""How whoever proposes is known: a name that somebody typed, the account that ran a command, or, in a flow run, not at
all."""
SEVERAL = "several"
_MOST_PROPOSALS = 2_000


@dataclass(frozen=True, slots=True)
class Requested:
    """What asking for an approval came to."""

    approval: StoredApproval | None
    left_out: dict[int, str] = field(default_factory=dict)
    """Actions that nobody may approve now, and why."""
    actions: tuple[int, ...] = ()
    """What the approval covers."""


@dataclass(slots=True)
class Round:
    """What one look at all proposals did."""

    opened: list[int] = field(default_factory=list)
    expired: list[int] = field(default_factory=list)
    void: list[int] = field(default_factory=list)
    withdrawn: list[int] = field(default_factory=list)
    """Proposals that nobody wants any more, or that the rails forbid by now."""


def request(
    store: Store, policy: Policy, action_ids: Iterable[int], *, proposer: str = "", case_id: int | None = None,
    by_rule: bool = False, proposed_by: ProposedBy = "name", account: str = "", dry_run: bool = False,
) -> Requested:  # fmt: skip
    """Ask for one approval of these proposals.

    Effect: writes the store. Twice is harmless: what is undecided is not asked again.

    Args:
        store: Whose ledger.
        policy: Rules, lists, rails.
        action_ids: Actions in state `proposed`, of one tenant.
        proposer: Who wants it; by default whoever proposed the actions.
        case_id: Which case it belongs to.
        by_rule: No person proposed it, whatever its actions say: a playbook that nobody started by hand did.
        proposed_by: How the proposer is known.
        account: Code of the account whose tenant it is about, for callers that know it: the store knows it only of
            tenants whose mail it has read.
        dry_run: Open nothing; what would be asked is returned, without number if nobody was asked before.

    Raises:
        InvalidInputError: They belong to several tenants, were proposed by several people, or are more than ten and
            nobody is said to have chosen them.
    """
    actions = [one for _, one in sorted(store.ledger.get_many(set(action_ids)).items())]
    left_out = {one.id: f"it is {one.state}, and no proposal" for one in actions if one.state != "proposed"}
    left_out |= {one.id: f"{one.kind} is not done by approval" for one in actions if one.kind not in APPROVABLE}
    bound = bind(store, policy, [one for one in actions if one.id not in left_out])
    left_out |= {one.action.id: " ".join(one.against) for one in bound.values() if one.against}
    context = policy.ruleset().context  # once: it looks at every rule file
    left_out |= {one.action.id: text for one in bound.values() if (text := denied(policy, context, one))}
    members = [one for known, one in bound.items() if known not in left_out]
    if not members:
        return Requested(None, left_out)
    wanted_by = {one.action.requested_by or one.action.mode for one in members}
    tenants = {one.action.tenant for one in members}
    if len(tenants) > 1:
        raise InvalidInputError("the actions belong to several tenants; ask for each tenant's separately")
    if not proposer and len(wanted_by) > 1:
        raise InvalidInputError(f"several people proposed these actions ({', '.join(sorted(wanted_by))}): ask for each")
    by_rule = by_rule or (not proposer and all(one.action.mode == "auto" for one in members))
    if by_rule and len(members) > BULK:
        raise InvalidInputError(
            f"{len(members)} proposals of rules are more than {BULK} in one approval: say who chose them, or ask for "
            f"{BULK} at a time"
        )
    kinds = {one.action.kind for one in members}
    now = store.approvals.now()
    new = NewApproval(
        tenant=tenants.pop(), kind=kinds.pop() if len(kinds) == 1 else SEVERAL, summary=_summary(members),
        digest=whole_digest(members), wide=any(is_wide(one.action, len(members)) for one in members),
        proposer=proposer or wanted_by.pop(), expires_at=_until(policy, members, now), case_id=case_id,
        members=tuple(Member(one.action.id, one.digest) for one in members),
        plan={"by_rule": by_rule, "proposed_by": proposed_by, "rule_digest": policy.ruleset().digest,
              "account": account},
    )  # fmt: skip
    asked = store.approvals.would_open(new) if dry_run else store.approvals.open(new)
    return Requested(asked, left_out, tuple(one.action_id for one in new.members))


def request_for_proposals(
    store: Store, policy: Policy, *, tenants: Iterable[str], limit: int = _MOST_PROPOSALS
) -> Round:
    """Look at everything that waits: end what is over or has changed, withdraw what nobody wants, ask for the rest.

    Effect: writes the store. Twice is harmless. Proposals of the same kind, proposer, sender domain and parameters are
    put together, at most ten: what needs a second person is only what a person made wide.

    Args:
        store: Whose ledger.
        policy: Rules, lists, rails.
        tenants: Names of the tenant in the store.
        limit: Most proposals looked at, of those that nobody is asked about yet.
    """
    done = Round(expired=[one.id for one in store.approvals.expire()])
    names = sorted(set(tenants))
    done.void = [one.id for name in names for one in void_changed(store, policy, tenant=name)]
    proposed: list[Action] = []
    for name in names:
        # What a person proposed is asked by whoever proposed it: a form of its own, a bulk, a script.
        proposed += store.approvals.unasked(name, kinds=APPROVABLE, mode="auto", limit=limit)
    bound = bind(store, policy, proposed)
    done.withdrawn = withdraw_overtaken(store, policy, bound.values())
    groups: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for one in bound.values():
        if not one.against and one.action.id not in done.withdrawn:
            groups[_group(one)].append(one.action.id)
    for ids in groups.values():
        for some in chunks(ids, BULK):
            asked = request(store, policy, some)
            if asked.approval is not None and asked.approval.created:
                done.opened.append(asked.approval.id)
    return done


def void_changed(store: Store, policy: Policy, *, tenant: str) -> list[StoredApproval]:
    """End every undecided approval whose messages, evidence, actions or rules are not what was shown."""
    return [
        store.approvals.void(approval.id, why)
        for approval in store.approvals.every(OPEN, tenants=(tenant,))
        if (why := changed(store, policy, approval))
    ]


def changed(store: Store, policy: Policy, approval: StoredApproval) -> str:
    """What is not as it was shown, in one sentence; empty when everything is."""
    members = store.approvals.members(approval.id)
    known = store.ledger.get_many([one.action_id for one in members])
    gone = [one for one in known.values() if one.state != "proposed"]
    if gone:
        return f"action {gone[0].id} ({gone[0].kind}) is {gone[0].state} by now"
    bound = bind(store, policy, known.values())
    for member in members:
        one = bound[member.action_id]
        if one.against:
            return f"action {member.action_id} ({one.action.kind}): {' '.join(one.against)}"
        if one.digest != member.digest:
            return f"action {member.action_id} ({one.action.kind}): the message, the evidence or the rules have changed"
    return ""


def withdraw_overtaken(store: Store, policy: Policy, bound: Iterable[Bound]) -> list[int]:
    """Close proposals of rules about messages handled by now, that the rules do not make any more, or rails forbid."""
    context = policy.ruleset().context
    results = [
        ActionResult(one.action.id, "refused", why, SUPERSEDED, retryable=False)
        for one in bound
        if (why := " ".join(one.against) if one.verdict is not None else "") or (why := denied(policy, context, one))
    ]
    store.ledger.settle(results, who="approvals")
    return [one.action_id for one in results]


def denied(policy: Policy, context: Context, bound: Bound) -> str:
    """What the rails forbid whoever asks; the kill switch is looked at when it is done."""
    if bound.action.kind not in KINDS or bound.alert is None:
        return ""
    rails = policy.rails.model_copy(update={"kill_switch": False})
    found = forbidden(bound.action.kind, extract(bound.alert.event, context), rails, reach(bound.action))
    return " ".join(text for _, text in found)


def needs_approval(policy: Policy, action: Action | NewAction) -> bool:
    """Whether a person may make this change only with somebody else's yes. Taking back what was done needs none."""
    if action.mode != "manual" or action.approval_id is not None or action.undoes_id is not None:
        return False
    return policy.rails.wide_changes_need_approval and is_wide(action, 1)


def is_wide(action: Action | NewAction, targets: int) -> bool:
    """Whether proposer and approver must be two people."""
    wanted = reach(action)
    return needs_second_person(action.kind, wanted, targets) or wanted.get("scope") in ("domain", "everyone")


def needs_two(approval: StoredApproval) -> bool:
    """Whether a person proposed something wide: then another person has to approve it, and be known as another."""
    return approval.wide and not approval.plan.get("by_rule")


def _group(one: Bound) -> tuple[str, ...]:
    action = one.action
    domain = one.alert.sender_domain if one.alert else ""
    return action.tenant, action.kind, action.requested_by, domain, repr(sorted(action.parameters.items()))


def _until(policy: Policy, members: Sequence[Bound], now: datetime) -> datetime:
    """Its own time, but never longer than the last of the messages is held."""
    ends = now + timedelta(hours=policy.rails.approval_ttl_hours)
    holds = [one.alert.event.get("expires_at") if one.alert and one.action.kind in KINDS else None for one in members]
    if all(holds):
        return min(ends, max(datetime.fromisoformat(str(one)) for one in holds))
    return ends


def _summary(members: Sequence[Bound]) -> str:
    """One line without anybody's address."""
    kinds = sorted({one.action.kind for one in members})
    domains = sorted({one.alert.sender_domain for one in members if one.alert and one.alert.sender_domain})
    what = f"{' and '.join(kinds).replace('_', ' ')}: {len(members)} {'action' if len(members) == 1 else 'actions'}"
    shown = ", ".join(harmless(domain, 60) for domain in domains[:3])
    return f"{what}, mail from {shown}{' and others' if len(domains) > 3 else ''}" if domains else what
