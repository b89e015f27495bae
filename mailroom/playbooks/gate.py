"""The last check before an effect, with the policy as it is at that moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from mailroom.playbooks.approvals.binding import objection_to_approved
from mailroom.playbooks.approvals.requesting import needs_approval
from mailroom.playbooks.breaker import BreakerState, breaker_state
from mailroom.playbooks.policy import Policy
from mailroom.store import Store
from mailroom.store.actions import Action
from mailroom.store.verdicts import Verdict
from mailroom.triage.extract import extract
from mailroom.triage.rails import RailState, forbidden, judge_execution, tripped

_KILLED = "The kill switch of the triage policy is on: nothing is changed until it is off."
_MODE_OF = {"create_block_sender_policy": "block_sender"}
"""A sender is blocked either way; the policy has one mode for it."""


class PolicyChangeGate:
    """Kill switch, mode and approval, for changes of the tenant; denials about a held message do not apply here.

    What one person asks for and is wide needs somebody else's approval here too, whichever way it came into the ledger.
    """

    def __init__(self, policy: Callable[[], Policy], store: Store | None = None) -> None:
        self._read, self._store = policy, store

    def closed(self) -> str:
        """Why nothing may be changed now. Reads the policy each time."""
        return _KILLED if self._read().rails.kill_switch else ""

    def objection(self, action: Action) -> str:
        """Why this change must not be made: what nobody asked for needs the mode `auto`, or its approval."""
        if action.approval_id is not None:
            if self._store is None:
                return "It was approved, and whether the approval still counts cannot be seen here."
            return objection_to_approved(self._store, self._read(), action, None)
        if needs_approval(self._read(), action):
            return f"{action.kind} is wide, and nobody has approved it: asked for again, it becomes a proposal."
        name = _MODE_OF.get(action.kind, action.kind)
        if action.mode == "auto" and self._read().rails.modes.get(name, "observe") != "auto":
            return f"The mode of {name} is not auto: a person has to do it."
        return ""


class PolicyGate:
    """Kill switch, mode, approval, absolute denials, and whether the verdict behind what nobody asked for still stands.

    Whether the message is still held the effect itself looks up.
    """

    def __init__(self, policy: Callable[[], Policy], store: Store) -> None:
        self._read, self._store = policy, store
        self._policy = policy()
        self._rules = self._policy.ruleset()

    def closed(self) -> str:
        """Why nothing may be changed now. Reads the policy and its rules again; the others go by what was read here."""
        self._policy = self._read()
        if self._policy.rails.kill_switch:
            return _KILLED
        self._rules = self._policy.ruleset()
        return ""

    def outdated(self, actions: Sequence[Action]) -> dict[int, str]:
        """Why the decision behind automatic actions does not stand any more, by id. What people want always stands.

        It stands as long as the alert's current verdict is the one that the action was entered by, from the rules of
        now and on all that is known of the message, and the circuit breaker stopped none of the rules that made it.
        """
        automatic = [one for one in actions if one.mode == "auto" and one.approval_id is None]
        if not automatic:
            return {}
        known = self._store.verdicts.as_of_now(one.alert_id or 0 for one in automatic)
        breakers: dict[str, BreakerState] = {}
        found: dict[int, str] = {}
        for one in automatic:
            if one.tenant not in breakers:
                breakers[one.tenant] = self._breaker(one.tenant)
            level, verdict = known.get(one.alert_id or 0, ("", None))
            if why := self._overtaken(one, level, verdict) or self._stopped(verdict, breakers[one.tenant]):
                found[one.id] = why
        return found

    def _breaker(self, tenant: str) -> BreakerState:
        """What this tenant's people found wrong with the rules as they are."""
        versions = {rule.id: rule.version for rule in self._rules.rules}
        names, _ = self._store.sources.family([tenant])
        return breaker_state(self._store, self._policy.rails.breaker_window, versions, tenants=names)

    def objection(self, action: Action, event: dict[str, Any]) -> str:
        """Why this action must not be carried out; a person may do what is merely unproven."""
        policy = self._policy
        if action.approval_id is not None:
            return objection_to_approved(self._store, policy, action, event)
        facts = extract(event, self._rules.context)
        if action.mode == "manual":
            found = forbidden(action.kind, facts, policy.rails, action.parameters, by_person=True)
            return " ".join(text for _, text in found)
        ruling = judge_execution(
            action.kind,
            facts,
            policy.rails,
            still_held=True,
            mode="auto",
            now=datetime.now(UTC),
            parameters=action.parameters,
        )
        return "" if ruling.outcome == "act" else ruling.text

    def _overtaken(self, action: Action, level: str, verdict: Verdict | None) -> str:
        if verdict is None:
            return "People said something about it since it was judged: it waits to be judged again."
        if verdict.rule_digest != self._rules.digest or verdict.level != level:
            return (
                "The rules, or what is known of the message, changed since it was judged: it waits to be judged again."
            )
        if verdict.proposed_action != action.kind:
            return f"The rules want something else by now: {verdict.proposed_action or 'nothing'}."
        if verdict.id != action.verdict_id:
            return "It was judged again since: whether it may still be done by itself is not decided."
        return ""

    def _stopped(self, verdict: Verdict | None, breaker: BreakerState) -> str:
        state = RailState(overturned=breaker.overturned, released_then_malicious=breaker.released_then_malicious)
        rules = [str(entry.get("rule_id", "")) for entry in verdict.evidence] if verdict else []
        return " ".join(text for rule in rules for text in tripped(rule, self._policy.rails, state))
