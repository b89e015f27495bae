"""Decide about open alerts and write down what is to be done; the tenant is not touched here.

Two passes. The first gives every alert its verdict, so that the second knows how many were triaged when it asks the
rails what share may be released. Both are deterministic: same alerts, same rules, same result.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from mailroom.connectors.held import CONNECTOR
from mailroom.effects.kinds import KINDS, slot
from mailroom.errors import MailroomError, RefusedError
from mailroom.faults import faultpoint
from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.judging import heard, judge_alerts, record_verdicts, supersede
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.rail_counters import RailCounters
from mailroom.store import Store
from mailroom.store.actions import Action, NewAction
from mailroom.store.alerts import Alert
from mailroom.store.events import NewEvent
from mailroom.triage import Decision, RuleSet, Ruling, judge
from mailroom.triage.testimony import GROUP

_BATCH = 250
_PREVIEW = 25
_MOST_TO_DO = 10_000
_MOST_UNFINISHED = 100
_MOST_FAILURES = 5
_ENDED = "It ended without a word; a later run went on."
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Wanted:
    """One action that the ledger wants done."""

    action_id: int
    alert_id: int
    kind: str
    hold_id: str
    parameters: dict[str, Any]


@dataclass
class TriageReport:
    """What one triage run decided."""

    run_id: int = 0
    """The run's row in the store; 0 when nothing was written."""
    triaged: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    planned: dict[str, int] = field(default_factory=dict)
    """Rulings on proposed effects, such as "release: act"."""
    alert_ids: list[int] = field(default_factory=list)
    to_do: list[Wanted] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    preview: list[dict[str, str]] = field(default_factory=list)
    """The first rows, for a dry run that stores nothing."""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def triage_alerts(
    store: Store,
    policy: Policy,
    *,
    dry_run: bool = False,
    flow_run_id: str = "",
    now: datetime | None = None,
    again: bool = False,
    alert_ids: Collection[int] | None = None,
    progress: Progress = lambda _step, _done, _total: None,
) -> TriageReport:
    """Give every open alert without a current verdict its verdict, and enter the actions that the rails allow.

    Effect: writes the store. Twice is harmless: nothing is left to decide, and what was entered and is not applied
    is named again in `to_do`.

    Args:
        store: Alerts, verdicts and ledger.
        policy: Rules and rails.
        dry_run: Decide and report; write nothing.
        flow_run_id: Kept with the run.
        now: This instant; the system's when left out.
        again: Also name actions that the tenant refused several times; left alone otherwise.
        alert_ids: Only these, because people said something about them; None for every open alert.
        progress: Told how many alerts are done.

    Raises:
        InvalidInputError: a rule or list is wrong.
        BusyError: another process is deciding.
    """
    started = time.monotonic()
    now = now or datetime.now(UTC)
    rules = policy.fingerprint(now.date())
    if not dry_run and alert_ids is None and (digest := _nothing_to_decide(store, rules)):
        run_id = store.runs.start("triage", flow_run_id=flow_run_id, parameters={"rule_digest": digest, "rules": rules})
        store.runs.finish(run_id, "completed", {"triaged": 0})
        idle = TriageReport(run_id=run_id)
        _name_what_is_wanted(store, idle, again=again)
        idle.seconds = round(time.monotonic() - started, 3)
        return idle
    ruleset = policy.ruleset(now.date())
    if dry_run:
        report = _Triage(store, policy, ruleset, now, 0, progress, dry_run=True, only=alert_ids).run()
    else:
        lease = store.leases.acquire("triage")
        try:
            parameters = {"rule_digest": ruleset.digest, "rules": rules}
            run_id = store.runs.start("triage", flow_run_id=flow_run_id, parameters=parameters)
            try:
                report = _Triage(store, policy, ruleset, now, run_id, progress, dry_run=False, only=alert_ids).run()
            except MailroomError as error:
                store.runs.finish(run_id, "failed", {}, str(error))
                raise
            _name_what_is_wanted(store, report, again=again)
            store.runs.finish(run_id, "completed", {"triaged": report.triaged, "verdicts": report.verdicts})
        finally:
            store.leases.release(lease)
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _name_what_is_wanted(store: Store, report: TriageReport, *, again: bool) -> None:
    """The actions to carry out now. One that the tenant keeps refusing is left alone, and that is said."""
    failures = None if again else _MOST_FAILURES
    wanted = store.ledger.to_do(_MOST_TO_DO, kinds=KINDS, max_failures=failures)
    report.to_do = [_wanted(action) for action in wanted]
    if not again and (given_up := store.ledger.given_up(_MOST_FAILURES, kinds=KINDS)):
        report.warnings.append(
            f"The tenant refused {given_up} actions {_MOST_FAILURES} times; they are left alone. See `mailroom actions "
            'list --state failed`; "retry failed triage" (`mailroom retry`) tries them again.'
        )


def _nothing_to_decide(store: Store, rules: str) -> str:
    """The digest of the rules, if every open alert has its verdict by exactly these; seen without loading them."""
    last = next((run for run in store.runs.latest("triage", 1) if run.state == "completed"), None)
    if last is None or last.parameters.get("rules") != rules:
        return ""
    digest = str(last.parameters["rule_digest"])
    return "" if store.alerts.untriaged(1, rule_digest=digest, connector=CONNECTOR) else digest


class _Triage:
    def __init__(
        self,
        store: Store,
        policy: Policy,
        ruleset: RuleSet,
        now: datetime,
        run_id: int,
        progress: Progress,
        *,
        dry_run: bool,
        only: Collection[int] | None,
    ) -> None:
        self.only = only
        self.store, self.policy, self.ruleset, self.now = store, policy, ruleset, now
        self.progress, self.dry_run = progress, dry_run
        self.report = TriageReport(run_id=run_id, warnings=list(ruleset.warnings))
        self.candidates: list[tuple[int, int]] = []  # (alert id, verdict id) with an effect proposed
        self.heard: set[int] = set()  # alerts about which people said something: older wishes may be void
        self.entered: Counter[str] = Counter()  # actions that an unfinished run entered before it ended
        self.verdicts: Counter[str] = Counter()
        self.planned: Counter[str] = Counter()

    def run(self) -> TriageReport:
        unfinished = [] if self.dry_run else self._unfinished_runs()
        if unfinished:
            self._take_up(set(unfinished))
        self._give_verdicts()
        faultpoint("triage.verdicts_given")
        self._rule_on_candidates()
        faultpoint("triage.ruled")
        for run_id in unfinished if self.only is None else ():  # of others it may have left something, too
            self.store.runs.finish(run_id, "lost", {}, _ENDED)
        self.report.verdicts = dict(sorted(self.verdicts.items()))
        self.report.planned = dict(sorted(self.planned.items()))
        return self.report

    # what an earlier run left ---------------------------------------------------------------------------------

    def _unfinished_runs(self) -> list[int]:
        """Runs that gave verdicts and may not have ruled on all of them; the lease says that none is under way."""
        runs = self.store.runs.latest("triage", _MOST_UNFINISHED)
        return [run.id for run in runs if run.state in {"running", "failed"} and run.id != self.report.run_id]

    def _take_up(self, unfinished: set[int]) -> None:
        """Make the verdicts of these runs part of this one; what they entered in the ledger stays and is counted."""
        for alerts in self._open_alerts():
            current = self.store.verdicts.current_many([alert.id for alert in alerts])
            for alert in alerts:
                verdict = current.get(alert.id)
                if verdict is None or verdict.run_id not in unfinished:
                    continue
                if verdict.rule_digest != self.ruleset.digest or verdict.level != alert.level:
                    continue  # the first pass judges it again
                self.report.triaged += 1
                self.report.alert_ids.append(alert.id)
                self.verdicts[verdict.verdict] += 1
                if any(entry.get("group") == GROUP for entry in verdict.evidence):
                    self.heard.add(alert.id)  # what stands in the ledger may be older: ruled on once more
                elif actions := [one for one in self.store.ledger.for_alert(alert.id) if one.kind in KINDS]:
                    self.entered.update(action.kind for action in actions if action.is_live)
                    continue
                if verdict.proposed_action in KINDS:
                    self.candidates.append((alert.id, verdict.id))

    def _open_alerts(self) -> Iterator[list[Alert]]:
        if self.only is not None:
            wanted = self.store.alerts.get_many(sorted(set(self.only)))
            left = [one for one in wanted.values() if one.handling == "open"]
            yield from (left[start : start + _BATCH] for start in range(0, len(left), _BATCH))
            return
        after = 0
        while alerts := self.store.alerts.list(handling="open", after_id=after, limit=_BATCH):
            after = alerts[-1].id
            yield alerts

    # first pass ---------------------------------------------------------------------------------------------

    def _give_verdicts(self) -> None:
        best: list[tuple[int, int, dict[str, str]]] = []
        for alerts in self._batches():
            if self.dry_run:
                pairs, ids = judge_alerts(self.store, self.ruleset, alerts, self.now), [0] * len(alerts)
            else:
                pairs, ids = record_verdicts(self.store, self.ruleset, alerts, self.report.run_id, self.now)
            decided = [(alert, *pair) for alert, pair in zip(alerts, pairs, strict=True)]
            faultpoint("triage.batch_recorded")
            for (alert, _, decision), verdict_id in zip(decided, ids, strict=True):
                self.verdicts[decision.verdict] += 1
                if decision.proposal.action in KINDS:
                    self.candidates.append((alert.id, verdict_id))
                if heard(decision):
                    self.heard.add(alert.id)
                if self.dry_run:
                    best.append((-decision.risk, alert.id, _preview(alert, decision)))
            if self.dry_run:
                best = sorted(best, key=lambda entry: entry[:2])[:_PREVIEW]
            self.report.triaged += len(alerts)
            self.report.alert_ids += [alert.id for alert in alerts]
            self.progress("triaged", self.report.triaged, None)
        self.report.preview = [row for _, _, row in best]

    def _batches(self) -> Iterator[list[Alert]]:
        if self.only is not None:
            for page in self._open_alerts():
                judged = self.store.verdicts.current_many([one.id for one in page])
                current = {known for known, one in judged.items() if one.rule_digest == self.ruleset.digest}
                if left := [one for one in page if one.id not in current]:
                    yield left
            return
        after = 0
        while alerts := self.store.alerts.untriaged(
            _BATCH, after_id=after, rule_digest=self.ruleset.digest, connector=CONNECTOR
        ):
            after = alerts[-1].id
            yield alerts

    # second pass --------------------------------------------------------------------------------------------

    def _rule_on_candidates(self) -> None:
        if not self.dry_run and (others := self.heard - {alert_id for alert_id, _ in self.candidates}):
            supersede(self.store, dict.fromkeys(others, ("", False)))
        if not self.candidates:
            return
        counters = RailCounters(self.store, self.policy, self.now, self.report.triaged, self.entered)
        if counters.breaker.wrong and not self.dry_run:
            from mailroom.playbooks.breaker_cases import open_breaker_cases  # seldom needed, and slow to import

            open_breaker_cases(self.store, self.policy.rails, counters.breaker)
        for start in range(0, len(self.candidates), _BATCH):
            chunk = self.candidates[start : start + _BATCH]
            alerts = self.store.alerts.get_many([alert_id for alert_id, _ in chunk])
            ordered = [alerts[alert_id] for alert_id, _ in chunk]
            decided = judge_alerts(self.store, self.ruleset, ordered, self.now)
            to_act: list[NewAction] = []
            to_propose: list[NewAction] = []
            wall: list[NewEvent] = []
            void: dict[int, tuple[str, bool]] = {}
            for alert, (facts, decision), (_, verdict_id) in zip(ordered, decided, chunk, strict=True):
                ruling = judge(
                    decision, facts, self.policy.rails, counters.state(facts), parameters=self._parameters(decision)
                )
                kind = decision.proposal.action
                self.planned[f"{kind}: {ruling.outcome}"] += 1
                self._warn(ruling)
                new = self._new_action(alert, decision, verdict_id)
                if ruling.outcome == "act":
                    counters.acted(kind, facts)
                    to_act.append(new)
                elif ruling.outcome == "propose":
                    to_propose.append(new)
                if ruling.outcome in {"propose", "deny"}:
                    wall.append(NewEvent(f"rails.{ruling.outcome}", "rails", kind, alert.id, why=ruling.text))
                if alert.id in self.heard:
                    void[alert.id] = (kind if ruling.outcome in {"act", "propose"} else "", ruling.outcome == "act")
            if not self.dry_run:
                if void:
                    supersede(self.store, void)
                self._enter(to_act, to_propose, wall)

    def _enter(self, to_act: list[NewAction], to_propose: list[NewAction], wall: list[NewEvent]) -> None:
        refused = [answer for answer in self.store.ledger.intend_many(to_act) if isinstance(answer, RefusedError)]
        self.store.ledger.propose_many(to_propose)
        if wall:
            self.store.events.add_many(None, wall)
        for answer in refused:
            self._say(str(answer))

    def _parameters(self, decision: Decision) -> dict[str, Any]:
        return dict(self.policy.reject_parameters) if decision.proposal.action == "reject" else {}

    def _new_action(self, alert: Alert, decision: Decision, verdict_id: int) -> NewAction:
        parameters = self._parameters(decision)
        if decision.proposal.action == "release_to_sandbox":
            parameters["tracking_id"] = alert.tracking_id
        return NewAction(
            tenant=alert.tenant,
            alert_id=alert.id,
            kind=decision.proposal.action,
            target=alert.hold_id,
            slot=slot(alert.hold_id),
            parameters=parameters,
            mode="auto",
            verdict_id=verdict_id or None,
            rule_digest=decision.digest,
            requested_by="triage",
        )

    def _warn(self, ruling: Ruling) -> None:
        if ruling.alarm:
            self._say(f"A safety rail stopped automatic actions ({', '.join(ruling.rails)}): {ruling.text}")

    def _say(self, text: str) -> None:
        if text not in self.report.warnings and len(self.report.warnings) < _PREVIEW:
            self.report.warnings.append(text)


def _preview(alert: Alert, decision: Decision) -> dict[str, str]:
    return {
        "alert": str(alert.id),
        "verdict": decision.verdict,
        "risk": str(decision.risk),
        "domain": harmless(alert.sender_domain, 60),
        "subject": harmless(alert.title, 80),
        "would": decision.proposal.action,
        "why": harmless("; ".join(entry.text for entry in decision.evidence[:3]) or decision.proposal.reason, 160),
    }


def _wanted(action: Action) -> Wanted:
    return Wanted(action.id, action.alert_id or 0, action.kind, action.target, dict(action.parameters))
