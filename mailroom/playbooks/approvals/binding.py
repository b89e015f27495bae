"""What an approval is bound to: an action as it would happen now, on the evidence and by the rules of now."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailroom.chunks import chunks
from mailroom.effects.kinds import KINDS
from mailroom.playbooks.policy import Policy
from mailroom.store import Store
from mailroom.store.actions import Action, NewAction
from mailroom.store.alerts import Alert
from mailroom.store.approval_rows import USED
from mailroom.store.columns import canonical_json
from mailroom.store.evidence import Evidence
from mailroom.store.verdicts import Verdict
from mailroom.triage.approvals import Approval, approval_digest, check_approval
from mailroom.triage.extract import extract
from mailroom.triage.rails import judge_execution

_POLICIES = ("create_block_sender_policy", "update_block_sender_policy", "delete_block_sender_policy")
_CHUNK = 250


@dataclass(frozen=True, slots=True)
class Bound:
    """One action, what it is about, and the digest that names exactly this."""

    action: Action
    alert: Alert | None
    verdict: Verdict | None
    digest: str
    against: tuple[str, ...]
    """Why it must not be done now, whoever approves it; the message is not what it was."""


def bind(store: Store, policy: Policy, actions: Iterable[Action]) -> dict[int, Bound]:
    """Each action with its digest as of now. Effect: reads the store.

    Raises:
        InvalidInputError: a rule or list is wrong.
    """
    return _bind(store, policy.ruleset().digest, actions)


def _bind(store: Store, rules: str, actions: Iterable[Action]) -> dict[int, Bound]:
    wanted, now = list(actions), store.approvals.now()
    found: dict[int, Bound] = {}
    for chunk in chunks(wanted, _CHUNK):
        ids = sorted({one.alert_id for one in chunk if one.alert_id is not None})
        alerts, verdicts = store.alerts.get_many(ids), store.verdicts.current_many(ids)
        said = store.evidence.of_many(ids)
        for one in chunk:
            alert, verdict = alerts.get(one.alert_id or 0), verdicts.get(one.alert_id or 0)
            evidence = _evidence_digest(alert, verdict, said.get(one.alert_id or 0, []))
            digest = approval_digest(
                one.kind, one.target, _recipients(one, alert),
                {"parameters": one.parameters, "tenant": one.tenant, "slot": one.slot, "ends": one.expires_at},
                evidence, rules,
            )  # fmt: skip
            found[one.id] = Bound(one, alert, verdict, digest, tuple(_against(one, alert, verdict, now)))
    return found


def whole_digest(bound: Sequence[Bound]) -> str:
    """Over everything that one approval covers."""
    content = sorted([one.action.id, one.digest] for one in bound)
    return hashlib.sha256(canonical_json(content).encode("ascii")).hexdigest()


def reach(action: Action | NewAction) -> dict[str, Any]:
    """The parameters in the words of the rails: a policy for a whole domain, or for everyone, is wide.

    So is a URL that is permitted: it is for everyone.
    What a policy that is changed or deleted says may not be known here: it counts as wide.
    """
    wanted = dict(action.parameters)
    if action.kind in _POLICIES and {wanted.get("sender_type"), wanted.get("recipient_type")} != {"Email Address"}:
        wanted["scope"] = "domain" if "domain" in str(wanted.get("sender_type", "")).lower() else "everyone"
    if action.kind == "create_managed_url" and wanted.get("action") == "permit":
        wanted["to"] = "everyone"
    return wanted


def objection_to_approved(store: Store, policy: Policy, action: Action, event: Mapping[str, Any] | None) -> str:
    """The last look at an action that somebody approved: is it still exactly that, in time, and allowed?

    Effect: reads the store.

    Args:
        store: Whose ledger.
        policy: As it is at this moment.
        action: With the number of its approval.
        event: Of the held message, for the rails; None for another change of the tenant.
    """
    approval = store.approvals.get(action.approval_id or 0)
    if approval.state != USED or approval.decided_at is None:
        return f"Approval {approval.id} is {approval.state}; it covers nothing."
    ruleset = policy.ruleset()
    bound = _bind(store, ruleset.digest, [action])[action.id]
    given = Approval(
        store.approvals.digest_of(approval.id, action.id), approval.proposer, approval.approver, approval.decided_at,
        approval.expires_at,
    )  # fmt: skip
    now = store.approvals.now()
    if event is None:
        found = check_approval(
            given, bound.digest, now, action=action.kind, parameters=reach(action), targets=approval.targets
        )
        return " ".join([*found, *bound.against, *_against_blocking(action, policy)])
    ruling = judge_execution(
        action.kind,
        extract(event, ruleset.context),
        policy.rails,
        still_held=True,  # looked at by the effect itself, right before it is sent
        mode="manual",
        now=now,
        parameters=reach(action),
        approval=given,
        digest=bound.digest,
        targets=approval.targets,
        extra=lambda: bound.against,
    )
    return "" if ruling.outcome == "act" else ruling.text


def _against_blocking(action: Action, policy: Policy) -> list[str]:
    """Whom nobody blocks, whoever approved it."""
    from mailroom.playbooks.block_sender import model, refusals  # stands above this module

    sender = str(action.parameters.get("sender") or "")
    if action.kind not in (model.MANAGED, model.POLICY) or not sender:
        return []
    whole = reach(action).get("scope") == "domain" or "@" not in sender
    subject = model.Subject.of(sender, whole_domain=whole)
    return [one.text for one in refusals.by_lists(subject, policy.ruleset().context)]


def _evidence_digest(alert: Alert | None, verdict: Verdict | None, said: Sequence[Evidence]) -> str:
    """Everything that speaks for or against: the message as it was read, the verdict, what people said."""
    if alert is None:
        return ""
    content = [
        alert.id, alert.level, alert.event, verdict.evidence_digest if verdict else "",
        [[one.key, one.kind, one.points, one.text, one.who] for one in said],
    ]  # fmt: skip
    return hashlib.sha256(canonical_json(content).encode("ascii")).hexdigest()


def _recipients(action: Action, alert: Alert | None) -> list[str]:
    """Whose mail it touches."""
    named = [str(action.parameters[name]) for name in ("recipient", "to") if action.parameters.get(name)]
    if alert is None:
        return named
    return named + [str(one) for one in alert.event.get("recipients") or [alert.recipient]]


def _against(action: Action, alert: Alert | None, verdict: Verdict | None, now: datetime) -> list[str]:
    if action.kind not in KINDS:
        return []
    if alert is None:
        return ["The message is not in the store any more."]
    found = []
    if alert.handling != "open":
        found.append(f"The message is {alert.handling} already.")
    expires = alert.event.get("expires_at")
    if expires and datetime.fromisoformat(str(expires)) <= now:
        found.append("Its hold has expired.")
    if action.state == "proposed" and action.mode == "auto":  # a rule wanted it, no person
        if verdict is None:
            found.append("People said something about it since; it waits to be judged again.")
        elif verdict.proposed_action != action.kind:
            found.append(f"The rules want something else by now: {verdict.proposed_action or 'nothing'}.")
    return found
