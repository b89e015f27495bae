"""The ten safety rails. Pure functions: counters come in, a ruling with sentences comes out.

R1 modes, R2 limits, R3 absolute denials, R4 allow lists need authentication, R5 approvals, R6 circuit breaker,
R7 kill switch, R8 end dates and undo for blocks and permits, R9 quiet notifications, R10 no loops.
Reaching a limit stops acting, never triaging.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator

from mailroom.errors import InvalidInputError
from mailroom.rulelang.ternary import UNKNOWN
from mailroom.triage.approvals import Approval, check_approval
from mailroom.triage.decision import Decision
from mailroom.triage.denials import DELIVERING, absolute_denials
from mailroom.triage.testimony import GROUP

Mode = Literal["observe", "advise", "auto"]
Action = Literal["release", "reject", "release_to_sandbox", "block_sender", "ask_recipient"]
"""What has a mode, and may have a limit of its own."""
Count = Annotated[int, Field(ge=0)]
Outcome = Literal["act", "propose", "observe", "deny"]
PASSIVE = frozenset({"leave", "ask_analyst"})
"""Proposals that change nothing outside our own store."""
_NEEDS_NO_RECORD = frozenset({"ask_recipient"})
"""A question changes nothing about the message; the mode says whether it may be put by itself."""
_AUTOMATIC_MAIL = frozenset({"bulk", "list", "junk", "auto_reply"})


class RailSettings(BaseModel):
    """Limits and modes. Defaults are the safe ones: everything observes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modes: dict[str, Mode] = Field(default_factory=dict, description="Mode per action; left out means observe.")
    per_run: int = Field(20, ge=0, description="Automatic actions per run.")
    per_hour: int = Field(100, ge=0, description="Automatic actions per hour.")
    per_action: dict[str, Count] = Field(default_factory=dict, description="Automatic actions per run, by action.")
    per_sender_domain: int = Field(10, ge=0, description="Automatic actions per sender domain and hour.")
    max_release_share: float = Field(0.30, ge=0, le=1, description="Share of a run's mail that may be released.")
    kill_switch: bool = Field(False, description="Stops every action that changes anything.")
    approval_ttl_hours: float = Field(4.0, gt=0, le=72, description="Hours an approval is valid.")
    wide_changes_need_approval: bool = Field(
        False, description="Permits and block policies that a person asks for wait for somebody else's approval."
    )
    breaker_window: int = Field(200, ge=1, description="Automatic decisions of a rule that the breaker looks at.")
    breaker_overturn: float = Field(0.02, ge=0, le=1, description="Share of them that analysts may overturn.")
    require_evaluated_rules: bool = Field(True, description="Act only on rules with status auto for this action.")
    own_senders: frozenset[str] = Field(
        default_factory=frozenset, description="Addresses this system sends from: their mail is never acted on."
    )

    @field_validator("per_action")
    @classmethod
    def _are_actions(cls, per_action: dict[str, int]) -> dict[str, int]:
        """A limit under a name that is mistyped would limit nothing."""
        for kind in per_action:
            if kind not in get_args(Action):
                msg = f"{kind[:80]!r} is no action with a limit; there are {', '.join(get_args(Action))}"
                raise InvalidInputError(msg)
        return per_action

    @field_validator("own_senders")
    @classmethod
    def _as_facts_have_them(cls, own_senders: frozenset[str]) -> frozenset[str]:
        """Compared with addresses in this form; a name, or an address of another form, would never be found."""
        if not own_senders:
            return own_senders
        from mailroom.rulelang.from_header import canonical_address  # only where there are any

        known = {text: canonical_address(text) for text in own_senders}
        for text, address in known.items():
            if not address:
                msg = f"{text[:80]!r} is no address; write name@domain"
                raise InvalidInputError(msg)
        return frozenset(known.values())


@dataclass(frozen=True)
class RailState:
    """Counters at the moment of judging. `overturned` maps rule id -> (overturned, automatic decisions looked at).

    `released_then_malicious` are rules behind an automatic release later reported as malicious; `notified_today` is
    true when this person already got a message about this case today.
    """

    acted_this_run: int = 0
    acted_this_hour: int = 0
    by_action: Mapping[str, int] = field(default_factory=dict)
    by_domain: Mapping[str, int] = field(default_factory=dict)
    triaged_this_run: int = 0
    released_this_run: int = 0
    overturned: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    released_then_malicious: frozenset[str] = frozenset()
    kill: bool = False
    notified_today: bool = False


@dataclass(frozen=True)
class Ruling:
    """What may happen with a proposal, which rails said so, and in which words.

    `act`: do it now. `propose`: show it and ask for approval. `observe`: only record it. `deny`: it must not happen.
    `alarm`: somebody should be told that a limit or the breaker stopped automatic work.
    """

    outcome: Outcome
    mode: Mode
    reasons: tuple[str, ...] = ()
    rails: tuple[str, ...] = ()
    alarm: bool = False

    @property
    def text(self) -> str:
        """The reasons as one line."""
        return " ".join(self.reasons)


Finding = tuple[str, str]
Facts = Mapping[str, Any]


def judge(
    decision: Decision,
    facts: Facts,
    settings: RailSettings,
    state: RailState,
    *,
    action: str | None = None,
    parameters: Mapping[str, Any] | None = None,
) -> Ruling:
    """Rule on a decision's proposal, or on another `action` for the same message."""
    kind = action or decision.proposal.action
    details = dict(decision.proposal.parameters if parameters is None else parameters)
    mode: Mode = settings.modes.get(kind, "observe")
    if kind in PASSIVE:
        outcome: Outcome = "propose" if kind == "ask_analyst" else "observe"
        return Ruling(outcome, mode, ("This changes nothing outside our own records.",))
    denied = forbidden(kind, facts, settings, details, kill=state.kill, notified_today=state.notified_today)
    if denied:
        return _ruling("deny", mode, denied)
    if mode == "observe":
        return Ruling("observe", mode, (f"The mode of {kind} is observe: it is recorded and not done.",), ("R1",))
    if mode == "advise":
        return Ruling("propose", mode, (f"The mode of {kind} is advise: a person decides.",), ("R1",))
    careful = _hesitations(kind, decision, facts, settings)
    limits = _limits(kind, facts, settings, state) + _breaker(decision, settings, state)
    if careful or limits:
        return _ruling("propose", mode, careful + limits, alarm=bool(limits))
    return Ruling("act", mode, (f"The mode of {kind} is auto and no rail objects.",))


def _ruling(outcome: Outcome, mode: Mode, findings: list[Finding], *, alarm: bool = False) -> Ruling:
    rails = tuple(sorted({rail for rail, _ in findings}, key=lambda rail: int(rail[1:])))
    return Ruling(outcome, mode, tuple(dict.fromkeys(text for _, text in findings)), rails, alarm)


def forbidden(
    kind: str,
    facts: Facts,
    settings: RailSettings,
    parameters: Mapping[str, Any],
    *,
    kill: bool = False,
    notified_today: bool = False,
    by_person: bool = False,
) -> list[Finding]:
    """Everything that forbids an action whatever its mode (R3, R4, R7, R8, R9, R10), as (rail, sentence)."""
    found: list[Finding] = []
    if settings.kill_switch or kill:
        found.append(("R7", "The kill switch is on: nothing is changed until it is off."))
    found += [("R3", text) for text in absolute_denials(kind, facts, parameters, by_person=by_person)]
    if kind in DELIVERING and not by_person and _unproven_friend(facts):
        found.append(("R4", "The sender claims a trusted identity that DMARC does not prove."))
    if kind in ("block_sender", "permit_sender"):
        for name, words in (("expires_at", "an end date"), ("case_tag", "the tag of our case")):
            if not parameters.get(name):
                found.append(("R8", f"A policy needs {words}, so that it can be found and undone."))
    if kind == "ask_recipient" and notified_today:
        found.append(("R9", "This person already got a message about this case today."))
    if kind == "reject" and parameters.get("notify_sender") and not by_person:
        found.append(("R9", "A rejection never notifies the sender: it would confirm the address to an attacker."))
    return found + _loops(kind, facts, settings, by_person=by_person)


def _unproven_friend(facts: Facts) -> bool:
    friend = any(facts.get(name) is True for name in ("from.is_own", "from.is_partner", "from.is_vip"))
    return (friend or bool(facts.get("from.vip"))) and facts.get("auth.dmarc_pass", UNKNOWN) is not True


def _loops(kind: str, facts: Facts, settings: RailSettings, *, by_person: bool) -> list[Finding]:
    # People act once; and what only claims our address would otherwise be out of their reach.
    may_loop = not by_person or kind == "ask_recipient"
    senders = {facts.get("from.address"), facts.get("envelope.address"), *(facts.get("from.addresses") or [])}
    if may_loop and settings.own_senders & {sender for sender in senders if isinstance(sender, str)}:
        return [("R10", "This system sent the mail itself; acting on it could loop.")]
    automatic = facts.get("header.auto_submitted") or "no"
    precedence = facts.get("header.precedence")
    if kind == "ask_recipient" and (automatic != "no" or precedence in _AUTOMATIC_MAIL):
        return [("R10", "The mail was sent by a machine; nobody is asked about it.")]
    return []


def _hesitations(kind: str, decision: Decision, facts: Facts, settings: RailSettings) -> list[Finding]:
    """Why an action in mode auto still needs a person."""
    found: list[Finding] = []
    if kind in DELIVERING and facts.get("recipient.is_vip") is True:
        found.append(("R3", "The recipient is a VIP, whose mail is never released automatically."))
    if kind in ("permit_sender", "block_sender"):
        found.append(("R5", f"{kind} always needs an approval."))
    if any(entry.group == GROUP and kind not in entry.auto_actions for entry in decision.evidence):
        found.append(("R1", f"What people say is evidence: by itself it never leads to an automatic {kind}."))
    if settings.require_evaluated_rules and kind not in _NEEDS_NO_RECORD:
        lacking = [entry.rule_id for entry in decision.evidence if entry.points and kind not in entry.auto_actions]
        if lacking or not decision.evidence:
            names = ", ".join(lacking[:5]) or "none"
            found.append(("R1", f"Rules behind the verdict have not earned automatic {kind}: {names}."))
    return found


def _limits(kind: str, facts: Facts, settings: RailSettings, state: RailState) -> list[Finding]:
    found: list[Finding] = []
    domain = str(facts.get("from.root_domain") or "")
    checks: list[tuple[int, int, str]] = [
        (state.acted_this_run, settings.per_run, "actions in this run"),
        (state.acted_this_hour, settings.per_hour, "actions in this hour"),
        (state.by_domain.get(domain, 0), settings.per_sender_domain, "actions for this sender's domain"),
    ]
    if kind in settings.per_action:
        checks.append((state.by_action.get(kind, 0), settings.per_action[kind], f"actions of type {kind}"))
    for done, limit, words in checks:
        if done >= limit:
            found.append(("R2", f"The limit of {limit} automatic {words} is reached."))
    if kind in DELIVERING and state.released_this_run + 1 > settings.max_release_share * state.triaged_this_run:
        share = f"{settings.max_release_share:.0%}"
        found.append(("R2", f"More than {share} of this run's mail would be released automatically."))
    return found


def _breaker(decision: Decision, settings: RailSettings, state: RailState) -> list[Finding]:
    return [("R6", text) for entry in decision.evidence for text in tripped(entry.rule_id, settings, state)]


def tripped(rule_id: str, settings: RailSettings, state: RailState) -> list[str]:
    """Why a rule may cause nothing by itself any more; empty while the breaker has not tripped for it."""
    found: list[str] = []
    overturned, looked_at = state.overturned.get(rule_id, (0, 0))
    # The share is of a full window: one overturned decision of ten must not trip a breaker meant for 2 % of 200.
    if overturned > settings.breaker_overturn * settings.breaker_window and looked_at:
        found.append(f"Rule {rule_id}: analysts overturned {overturned} of its last {looked_at} decisions.")
    if rule_id in state.released_then_malicious:
        found.append(f"Rule {rule_id} was behind a release later reported as malicious.")
    return found


def judge_execution(
    kind: str,
    facts: Facts,
    settings: RailSettings,
    *,
    still_held: bool | None,
    mode: Literal["auto", "manual"],
    now: datetime,
    parameters: Mapping[str, Any] | None = None,
    kill: bool = False,
    approval: Approval | None = None,
    digest: str = "",
    targets: int = 1,
    extra: Callable[[], tuple[str, ...]] | None = None,
) -> Ruling:
    """What must hold right before an effect: the last look.

    Args:
        kind: The action.
        facts: Facts of the alert as it is now.
        settings: The rails.
        still_held: Whether the message is held at this moment; `None` when that could not be seen.
        mode: `auto` (the policy acts) or `manual` (a person approved).
        now: This instant, UTC.
        parameters: Parameters of the action.
        kill: The kill switch as read just now.
        approval: The approval, for `manual`.
        digest: `approval_digest` of the action as it would happen now.
        targets: Messages covered by the same approval.
        extra: More sentences that deny, for callers with checks of their own.

    Returns:
        `act` or `deny`.
    """
    details = dict(parameters or {})
    found = forbidden(kind, facts, settings, details, kill=kill)
    if kind in ("release", "reject", "release_to_sandbox") and still_held is not True:
        seen = "is no longer held" if still_held is False else "could not be checked to be still held"
        found.append(("R5", f"The message {seen}; nothing is done."))
    if mode == "manual":
        reasons = check_approval(approval, digest, now, action=kind, parameters=details, targets=targets)
        found += [("R5", text) for text in reasons]
    elif settings.modes.get(kind, "observe") != "auto":
        found.append(("R1", f"The mode of {kind} is not auto any more."))
    if mode == "auto" and kind in DELIVERING and facts.get("recipient.is_vip") is True:
        found.append(("R3", "The recipient is a VIP, whose mail is never released automatically."))
    if extra is not None:
        found += [("R3", text) for text in extra()]
    applied: Mode = "auto" if mode == "auto" else "advise"
    return _ruling("deny", applied, found) if found else Ruling("act", applied, ("Checked just before acting.",))
