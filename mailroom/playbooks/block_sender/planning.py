"""From a wish to a plan: whom, how, until when; what speaks against it; what is there already. Changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial

from mailroom.effects.changes import change_of
from mailroom.errors import InvalidInputError, NotOfferedError, RefusedError
from mailroom.mimecast import policies
from mailroom.mimecast.reading import pass_over
from mailroom.playbooks.act import Desk
from mailroom.playbooks.block_sender import refusals
from mailroom.playbooks.block_sender.evidence import Evidence, gather, known_facts
from mailroom.playbooks.block_sender.form import BlockForm
from mailroom.playbooks.block_sender.model import (
    MANAGED,
    POLICY,
    BlockPlan,
    BlockStep,
    Method,
    Refusal,
    Subject,
    slot_of,
)
from mailroom.playbooks.block_sender.recorded import as_we_left_it, covering, policy_of, shown
from mailroom.playbooks.standing import meant_alike, standing
from mailroom.playbooks.tenants import names_of, tenant_of
from mailroom.store.actions import OPEN_EFFECTS, Action
from mailroom.store.alerts import Alert
from mailroom.store.schema import LIVE_STATES


def plan_block(desk: Desk, form: BlockForm, *, tenant: str = "") -> BlockPlan:
    """Everything a block would change, and every reason not to.

    Effect: reads the tenant and the store. Twice is harmless, and the second plan wants exactly what the first one
    wanted once that stands in the ledger.

    Args:
        desk: Tenant, store and policy (for the lists).
        form: What somebody wants.
        tenant: Name of the tenant in the store; the account code when empty.

    Raises:
        InvalidInputError: Nobody could be blocked this way.
        NotFoundError: There is no such alert.
        MailroomError: The tenant cannot be read.
    """
    context = desk.policy().ruleset().context
    alert = desk.store.alerts.find(form.alert) if form.alert.strip() else None
    subject = _subject(form, alert, dict(known_facts(alert, context)))
    name = tenant or tenant_of(desk.client)
    against = refusals.by_lists(subject, context)
    look_for_people = form.how == "automatic" and not form.recipients and not against
    found = gather(
        desk.client, desk.store, subject, alert, context, tenants=names_of(desk.client, desk.store) | {name},
        most_wanted_mail=form.most_wanted_mail, look_for_people=look_for_people, mails=form.mails,
    )  # fmt: skip
    against += refusals.by_evidence(subject, found, context, most_wanted_mail=form.most_wanted_mail)
    aside = [one for one in against if form.allow_uncounted and one.code == refusals.NOT_COUNTED]
    against = [one for one in against if one not in aside]
    notes = list(found.notes)
    if not context.own_domains:
        notes.append("the list own_domains is empty, so nobody can tell whether the sender is one of us: fill it in")
    if found.is_counted and not against:
        notes.append(f"mail with this domain within a month: {found.received} from there, {found.written} to there")
    method, people = _method(form, subject, found)
    plan = BlockPlan(
        subject, method, name, alert.id if alert else None, (), tuple(against), (), tuple(notes), form.requested_by,
        found.facts, tuple(aside),
    )  # fmt: skip
    if against:
        return plan
    return _with_steps(desk, form, plan, people)


def raise_if_refused(plan: BlockPlan) -> None:
    """Raises RefusedError: something stands against the block; the message says what to do instead."""
    if plan.refusals:
        raise RefusedError(
            f"{plan.subject.shown} is not blocked. " + " ".join(refusal.text for refusal in plan.refusals)
        )


def _subject(form: BlockForm, alert: Alert | None, facts: dict[str, object]) -> Subject:
    whole = form.covers == "whole domain"
    typed = form.sender.strip()
    if typed and not whole and "@" not in typed.strip("@"):
        raise InvalidInputError(
            f"{typed[:80]!r} is no full address: to block a domain with everybody in it, choose `whole domain`"
        )
    if typed:
        return Subject.of(typed, whole_domain=whole)
    if facts.get("from.ambiguous"):
        raise InvalidInputError("the mail names several senders: say which one is meant")
    sender = str(facts.get("from.address") or (alert.sender if alert else ""))
    if not sender:
        raise InvalidInputError("the alert's mail names no sender: say whom to block, e.g. the envelope's domain")
    return Subject.of(sender, whole_domain=whole)


def _method(form: BlockForm, subject: Subject, found: Evidence) -> tuple[Method, tuple[str, ...]]:
    """How, and for managed senders for whom."""
    if form.how == "policy" or subject.whole_domain:
        return "policy", ()
    if form.recipients:
        return "managed sender", form.recipients
    if form.how == "managed sender":
        people = _of_alert(found) or found.people
        if not people:
            raise InvalidInputError(
                "a managed sender is one person's entry: say for which recipients, or name an alert"
            )
        return "managed sender", people
    return ("managed sender", found.people) if len(found.people) == 1 else ("policy", ())


def _of_alert(found: Evidence) -> tuple[str, ...]:
    if found.alert is None:
        return ()
    wanted = {str(one).lower() for one in found.alert.event.get("recipients") or [found.alert.recipient]}
    return tuple(one for one in found.people if one in wanted)


def _with_steps(desk: Desk, form: BlockForm, plan: BlockPlan, people: tuple[str, ...]) -> BlockPlan:
    now = desk.client.now().replace(microsecond=0)
    try:
        known = policies.list_policies(desk.client, on_unreadable=pass_over)
    except NotOfferedError:
        known = []
    steps: list[BlockStep] = []
    already: list[str] = []
    against: list[Refusal] = []
    for recipient in people or ("",):
        again = partial(_step, form, plan, recipient)
        fresh = again(now + form.lasts if form.lasts else None)
        step, there, wrong = _compared(desk, _taken_up(desk, plan, fresh, now, again), fresh, now)
        against += [wrong] if wrong else []
        if not there and step.state not in LIVE_STATES and (other := covering(known, plan.subject, recipient, now)):
            there = shown(other)
        if there:
            already.append(f"{plan.subject.shown}{f' for {recipient}' if recipient else ''}: already blocked {there}")
        else:
            steps.append(step)
    notes = plan.notes
    if any(step.kind == MANAGED and step.expires_at for step in steps):
        notes += (
            "Mimecast cannot remove a managed sender, only permit it instead: when its time is over, `expire blocks` "
            "reports it, and permits only when told to",
        )
    return replace(
        plan, steps=tuple(steps), already=tuple(already), notes=notes, refusals=plan.refusals + tuple(against)
    )


def _step(form: BlockForm, plan: BlockPlan, recipient: str, ends: datetime | None) -> BlockStep:
    """The change for one recipient, or for everybody when it is empty."""
    if recipient:
        change = change_of(MANAGED)
        wanted = change.checked({"sender": plan.subject.value, "recipient": recipient})
        until = f" until {ends:%Y-%m-%d}" if ends else " without end"
        sentence = f"managed sender: block {plan.subject.value} for {recipient}{until}"
        return BlockStep(MANAGED, wanted, change.slot(wanted), ends, sentence)
    wanted = change_of(POLICY).checked({
        "description": _description(form, plan, ends), "sender": plan.subject.value,
        "sender_type": "Email Domain" if plan.subject.whole_domain else "Email Address",
        "recipient_type": "Everyone", "extracted_data": "Both", "end_time": ends.isoformat() if ends else "",
    })  # fmt: skip
    until = f" until {ends:%Y-%m-%d %H:%M} UTC" if ends else " without end"
    sentence = f"policy: block {plan.subject.shown} for everybody{until}"
    slot = slot_of(plan.subject.value, plan.subject.whole_domain, "everyone")
    return BlockStep(POLICY, wanted, slot, ends, sentence)


def _description(form: BlockForm, plan: BlockPlan, ends: datetime | None) -> str:
    parts = [
        "Mailroom block",
        f"alert {plan.alert_id}" if plan.alert_id else "",
        f"case {form.case}" if form.case else "",
        f"by {form.requested_by}" if form.requested_by else "",
        f"ends {ends:%Y-%m-%d}" if ends else "no end",
    ]
    return ", ".join(part for part in parts if part)


def _taken_up(
    desk: Desk, plan: BlockPlan, fresh: BlockStep, now: datetime, again: Callable[[datetime | None], BlockStep]
) -> BlockStep:
    """What the ledger has, or wants just like this, comes first, with its own end. Another wish is put aside."""

    def same(known: Action) -> bool:
        by_others = bool(plan.requested_by) and not known.requested_by.startswith(plan.requested_by)
        return (
            known.parameters == again(known.expires_at).parameters and known.alert_id == plan.alert_id
            and not by_others and meant_alike(desk.store, known, known.expires_at, fresh.expires_at)
        )  # fmt: skip

    there = standing(desk.store, plan.tenant, fresh.slot, now, same)
    known = there.action
    if known is None:
        return replace(fresh, supersedes=there.superseded)
    step = again(known.expires_at)
    begun = f" (begun before by action {known.id})" if known.state in OPEN_EFFECTS else ""
    return replace(
        step, parameters=known.parameters, sentence=step.sentence + begun, action_id=known.id, state=known.state
    )


def _compared(desk: Desk, step: BlockStep, fresh: BlockStep, now: datetime) -> tuple[BlockStep, str, Refusal | None]:
    """A step that the ledger calls applied, held against the tenant: the step to do, or what is there, or a refusal."""
    if step.state != "applied" or step.action_id is None:
        return step, "", None
    action = desk.store.ledger.get(step.action_id)
    until = f", until {action.expires_at:%Y-%m-%d}" if action.expires_at else ", without end"
    if step.kind == MANAGED:
        return step, f"by action {action.id}{until}", None
    policy = policy_of(desk.client, action)
    if policy is not None and as_we_left_it(desk.store, action, policy) and (policy.end is None or policy.end > now):
        return step, f"by action {action.id}: {shown(policy)}", None
    if policy is not None and not as_we_left_it(desk.store, action, policy):
        return step, "", Refusal(
            "changed_by_hand",
            f"The policy of action {action.id} was changed by somebody in the console: {shown(policy)}.",
            f"Correct it there, or take ours back first with `mailroom undo` of action {action.id}.",
        )  # fmt: skip
    renewed = replace(fresh, gone=action.id) if policy is None else replace(fresh, ends_first=action.id)
    return renewed, "", None
