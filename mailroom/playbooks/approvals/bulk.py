"""Many messages at once: chosen by a query, shown first, proposed as one approval, done once, one report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from mailroom.effects.changes import change_of
from mailroom.effects.disposition_parameters import check_parameters
from mailroom.effects.kinds import slot
from mailroom.errors import InvalidInputError, RefusedError
from mailroom.faults import faultpoint
from mailroom.playbooks.act import gives_way
from mailroom.playbooks.approvals.choosing import Choice, choose
from mailroom.playbooks.approvals.requesting import ProposedBy, Requested, request
from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.policy import Policy
from mailroom.store import Store
from mailroom.store.actions import Action, NewAction
from mailroom.store.approval_rows import StoredApproval
from mailroom.triage.extract import extract
from mailroom.triage.rails import forbidden

What = Literal["release", "reject", "report"]
_REPORT = "report_message"
_UNFINISHED = ("intended", "sending", "unknown", "not_applied", "failed")


@dataclass(frozen=True, slots=True)
class Line:
    """One chosen message, and why it will not be touched, if so."""

    choice: Choice
    action: NewAction
    refused: str = ""

    def row(self) -> dict[str, Any]:
        """For the preview: nobody's address."""
        alert, verdict = self.choice.alert, self.choice.verdict
        return {
            "alert": alert.id, "verdict": f"{verdict.verdict} {verdict.risk}" if verdict else "",
            "domain": harmless(alert.sender_domain, 60), "subject": harmless(alert.title, 80),
            "would": f"left out: {harmless(self.refused, 160)}" if self.refused else self.action.kind,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """What a bulk action would do."""

    what: What
    lines: tuple[Line, ...]
    proposer: str
    where: tuple[str, ...] = field(default=())

    @property
    def wanted(self) -> list[NewAction]:
        """The actions of what is not left out."""
        return [one.action for one in self.lines if not one.refused]


@dataclass(frozen=True, slots=True)
class Asked:
    """The approval over a plan, and by alert why a message is not in it."""

    approval: StoredApproval
    left_out: dict[int, str] = field(default_factory=dict)


def plan_bulk(
    store: Store, policy: Policy, what: What, where: Sequence[str], *, proposer: str, parameters: dict[str, Any],
    limit: int = 500, tenants: Sequence[str] = (),
) -> Plan:  # fmt: skip
    """Choose and look, without writing anything.

    Args:
        store: Whose alerts.
        policy: Rails: what they forbid is left out and shown.
        what: `release`, `reject` or `report`.
        where: The query; see `choosing`.
        proposer: Who wants it.
        parameters: Of the action: note, reason and notify_sender of a rejection; report_as and comment of a report.
        limit: Most messages.
        tenants: Only of these.

    Raises:
        InvalidInputError: The query or a parameter cannot be read, or too many messages fit.
    """
    if what not in ("release", "reject", "report"):
        raise InvalidInputError(f"{what!r}: choose release, reject or report")
    if what != "report":
        check_parameters(parameters)
    context = policy.ruleset().context
    rails = policy.rails.model_copy(update={"kill_switch": False})
    lines = []
    chosen = choose(store, where, limit=limit, tenants=tenants)
    known = store.inquiries.actions_of(one.alert.id for one in chosen)
    for choice in chosen:
        action = _action(choice, what, parameters, proposer)
        why = ""
        if what != "report":
            denied = forbidden(action.kind, extract(choice.alert.event, context), rails, action.parameters)
            why = " ".join(text for _, text in denied) or _wanted_by_rules(action, known.get(choice.alert.id, []))
        elif not choice.alert.tracking_id:
            why = "It has no tracking id, by which it could be reported."
        lines.append(Line(choice, action, why))
    return Plan(what, tuple(lines), proposer, tuple(where))


def _wanted_by_rules(new: NewAction, known: Sequence[Action]) -> str:
    """What the rules want done to the message by themselves, and the next run does; empty when nothing is."""
    for one in known:
        if gives_way(one) and (one.is_live or one.digest == new.digest):
            same = "Nothing needs to be asked" if one.digest == new.digest else "One message at a time goes before it"
            return (
                f"The rules want to {one.kind} it by themselves (action {one.id}, {one.state}), and the next run does. "
                f"{same}: `mailroom {new.kind} {new.alert_id}` does it at once."
            )
    return ""


def propose_bulk(store: Store, policy: Policy, plan: Plan, *, proposed_by: ProposedBy = "name") -> Asked:
    """Write the plan down as proposals with one approval over all of them.

    Effect: writes the store. Twice is harmless: equal proposals and an equal approval are found again. When all of it
    was approved and is not finished, the approval under way is returned.

    Args:
        store: Whose ledger.
        policy: Rules, lists, rails.
        plan: What was shown.
        proposed_by: How the proposer is known.

    Raises:
        RefusedError: Nothing is left of it.
    """
    left_out = {one.choice.alert.id: one.refused for one in plan.lines if one.refused}
    proposed: dict[int, int] = {}
    under_way: set[int] = set()
    answers = store.ledger.propose_many(plan.wanted)
    for new, answer in zip(plan.wanted, answers, strict=True):
        if isinstance(answer, Action) and answer.state == "proposed":
            proposed[answer.id] = new.alert_id or 0
        elif isinstance(answer, Action):
            left_out[new.alert_id or 0] = f"it is {answer.state} as action {answer.id}"
            if answer.approval_id is not None and answer.state in _UNFINISHED:
                under_way.add(answer.approval_id)
        else:
            left_out[new.alert_id or 0] = str(answer)
    faultpoint("bulk.proposed")
    done = Requested(None)
    if proposed:
        done = request(store, policy, proposed, proposer=plan.proposer, proposed_by=proposed_by)
    left_out |= {proposed[action_id]: why for action_id, why in done.left_out.items()}
    if done.approval is not None:
        return Asked(done.approval, left_out)
    if under_way:  # the same command again, after it was killed
        return Asked(store.approvals.get(min(under_way)), left_out)
    reasons = sorted(set(left_out.values()))
    raise RefusedError(f"Nothing can be approved: {'; '.join(reasons[:3]) or 'no message fits'}.")


def _action(choice: Choice, what: What, parameters: dict[str, Any], proposer: str) -> NewAction:
    alert, verdict = choice.alert, choice.verdict
    if what == "report":
        change = change_of(_REPORT)
        wanted = change.checked({"message_id": alert.tracking_id or "-", **parameters})
        kind, target, place = _REPORT, change.target(wanted), change.slot(wanted)
    else:
        kind, target, place, wanted = str(what), alert.hold_id, slot(alert.hold_id), dict(parameters)
    return NewAction(
        kind=kind, target=target, slot=place, parameters=wanted, tenant=alert.tenant, alert_id=alert.id, mode="manual",
        requested_by=proposer, verdict_id=verdict.id if verdict else None,
        rule_digest=verdict.rule_digest if verdict else "",
    )  # fmt: skip
