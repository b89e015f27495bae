"""One triage run that has something to decide.

Two passes. The first gives every alert its verdict, so that the second knows how many were triaged when it asks the
rails what share may be released. The verdicts of the first are part of what is known of a sender, so the second judges
anew what it rules on, and stores that verdict where it is another one: what is done has the verdict that led to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection

from mailroom.chunks import chunks
from mailroom.connectors.held import CONNECTOR
from mailroom.effects.kinds import KINDS, slot
from mailroom.errors import RefusedError
from mailroom.faults import faultpoint
from mailroom.playbooks.harmless import harmless
from mailroom.playbooks.judging import judge_alerts, record_verdicts, supersede
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.rail_counters import RailCounters
from mailroom.playbooks.triaged import TriageReport, concerns
from mailroom.store import Store
from mailroom.store.actions import Action, NewAction
from mailroom.store.alerts import Alert
from mailroom.store.events import NewEvent
from mailroom.store.intents import SUPERSEDED
from mailroom.store.lease_keeper import LeaseKeeper
from mailroom.store.verdicts import Verdict
from mailroom.triage.decision import Decision
from mailroom.triage.extract import Facts
from mailroom.triage.rails import Ruling, judge
from mailroom.triage.ruleset import RuleSet
from mailroom.triage.testimony import GROUP

_BATCH = 250
_PREVIEW = 25
_MOST_UNFINISHED = 100
_ENDED = "It ended without a word; a later run went on."
Progress = Callable[[str, int, int | None], None]


class _Candidate(NamedTuple):
    """What the first pass found of an alert for which an effect is proposed."""

    verdict: str
    verdict_id: int
    said: tuple[str, ...]
    """What must be the same in the second pass; empty when that is not known."""


class TriageRun:
    """Verdicts and rulings of one run, over the open alerts or over a few."""

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
        tenants: Collection[str] | None = None,
        keeper: LeaseKeeper | None = None,
    ) -> None:
        self.only, self.tenants, self.keeper = only, tenants, keeper
        self.store, self.policy, self.ruleset, self.now = store, policy, ruleset, now
        self.progress, self.dry_run = progress, dry_run
        self.report = TriageReport(run_id=run_id, warnings=list(ruleset.warnings))
        self.candidates: dict[int, _Candidate] = {}  # by alert id, where an effect is proposed
        self.judged: set[int] = set()  # alerts with a new verdict: what older ones led to may be void
        self.entered: Counter[str] = Counter()  # actions that an unfinished run entered before it ended
        self.verdicts: Counter[str] = Counter()
        self.planned: Counter[str] = Counter()

    def run(self) -> TriageReport:
        """Give verdicts, rule on what they propose, and enter what the rails allow."""
        unfinished = {} if self.dry_run else self._unfinished_runs()
        if unfinished:
            self._take_up(unfinished)
        self._give_verdicts()
        faultpoint("triage.verdicts_given")
        self._rule_on_candidates()
        faultpoint("triage.ruled")
        for run_id in (known for known, is_over in unfinished.items() if is_over):
            self.store.runs.finish(run_id, "lost", {}, _ENDED)
        self.report.verdicts = dict(sorted((+self.verdicts).items()))
        self.report.planned = dict(sorted(self.planned.items()))
        return self.report

    # what an earlier run left ---------------------------------------------------------------------------------

    def _unfinished_runs(self) -> dict[int, bool]:
        """Runs that gave verdicts and may not have ruled on all of them, and whether nothing of them is left then.

        The lease says that none of ours is under way. What they left of other tenants is for those tenants' runs.
        """
        runs = self.store.runs.unfinished("triage", _MOST_UNFINISHED)
        return {
            run.id: self.only is None and self._is_ours(run.parameters)
            for run in runs
            if run.id != self.report.run_id and concerns(run, self.tenants)
        }

    def _is_ours(self, parameters: Mapping[str, Any]) -> bool:
        """Whether a run was about nothing else than this one."""
        if self.tenants is None:
            return True
        return bool(parameters.get("tenants")) and set(parameters["tenants"]) <= set(self.tenants)

    def _take_up(self, unfinished: Mapping[int, bool]) -> None:
        """Make the verdicts of these runs part of this one; what they entered in the ledger stays and is counted.

        Once: of a run that a later one takes up as well, only what was not ruled on.
        """
        for alerts in self._open_alerts():
            current = self.store.verdicts.current_many([alert.id for alert in alerts])
            for alert in alerts:
                verdict = current.get(alert.id)
                if verdict is None or verdict.run_id is None or verdict.run_id not in unfinished:
                    continue
                if not _is_by(verdict, self.ruleset, alert):
                    continue  # the first pass judges it again
                actions = [one for one in self.store.ledger.for_alert(alert.id) if one.kind in KINDS]
                heard = any(entry.get("group") == GROUP for entry in verdict.evidence)
                is_ruled_on = not heard and any(_is_ruled_on(one, verdict.id) for one in actions)
                if is_ruled_on and not unfinished[verdict.run_id]:
                    continue
                self.report.triaged += 1
                self.report.alert_ids.append(alert.id)
                self.verdicts[verdict.verdict] += 1
                if is_ruled_on:
                    self.entered.update(action.kind for action in actions if action.is_live)
                    continue
                self.judged.add(alert.id)  # what stands in the ledger may be older: ruled on once more
                if verdict.proposed_action in KINDS:
                    self.candidates[alert.id] = _Candidate(verdict.verdict, verdict.id, ())

    def _open_alerts(self) -> Iterator[list[Alert]]:
        if self.only is not None:
            wanted = self.store.alerts.get_many(sorted(set(self.only)))
            mine = self.tenants
            left = [one for one in wanted.values() if one.handling == "open" and (mine is None or one.tenant in mine)]
            yield from (left[start : start + _BATCH] for start in range(0, len(left), _BATCH))
            return
        after = 0
        while alerts := self.store.alerts.list(handling="open", after_id=after, limit=_BATCH, tenants=self.tenants):
            after = alerts[-1].id
            yield alerts

    # first pass ---------------------------------------------------------------------------------------------

    def _give_verdicts(self) -> None:
        best: list[tuple[int, int, dict[str, str]]] = []
        for alerts in self._batches():
            if self.dry_run:
                decided, ids = judge_alerts(self.store, self.ruleset, alerts, self.now), [0] * len(alerts)
            else:
                decided, ids = record_verdicts(self.store, self.ruleset, alerts, self.report.run_id, self.now)
            faultpoint("triage.batch_recorded")
            for alert, (_, decision), verdict_id in zip(alerts, decided, ids, strict=True):
                self.verdicts[decision.verdict] += 1
                if decision.proposal.action in KINDS:
                    self.candidates[alert.id] = _Candidate(decision.verdict, verdict_id, _said(decision))
                if self.dry_run:
                    best.append((-decision.risk, alert.id, _preview(alert, decision)))
            if self.dry_run:
                best = sorted(best, key=lambda entry: entry[:2])[:_PREVIEW]
            self.judged.update(alert.id for alert in alerts)
            self.report.triaged += len(alerts)
            self.report.alert_ids += [alert.id for alert in alerts]
            self.progress("triaged", self.report.triaged, None)
            if self.keeper is not None:
                self.keeper.keep()
        self.report.preview = [row for _, _, row in best]

    def _batches(self) -> Iterator[list[Alert]]:
        if self.only is not None:
            for page in self._open_alerts():
                judged = self.store.verdicts.current_many([one.id for one in page])
                if left := [one for one in page if not _is_by(judged.get(one.id), self.ruleset, one)]:
                    yield left
            return
        after = 0
        while alerts := self.store.alerts.untriaged(
            _BATCH, after_id=after, rule_digest=self.ruleset.digest, connector=CONNECTOR, tenants=self.tenants
        ):
            after = alerts[-1].id
            yield alerts

    # second pass --------------------------------------------------------------------------------------------

    def _rule_on_candidates(self) -> None:
        if not self.dry_run and (others := self.judged - self.candidates.keys()):
            supersede(self.store, dict.fromkeys(others, ("", False)))
        if not self.candidates:
            return
        counters = RailCounters(
            self.store, self.policy, self.now, self.report.triaged, self.entered, tenants=self.tenants
        )
        if counters.breaker.wrong and not self.dry_run:
            from mailroom.playbooks.breaker_cases import open_breaker_cases  # seldom needed, and slow to import

            open_breaker_cases(self.store, self.policy.rails, counters.breaker)
        ids = list(self.candidates)
        for chunk in chunks(ids, _BATCH):
            alerts = self.store.alerts.get_many(chunk)
            ordered = [alerts[alert_id] for alert_id in chunk]
            decided, verdict_ids = self._judge_again(ordered)
            to_act: list[NewAction] = []
            to_propose: list[NewAction] = []
            wall: list[NewEvent] = []
            void: dict[int, tuple[str, bool]] = {}
            for alert, (facts, decision), verdict_id in zip(ordered, decided, verdict_ids, strict=True):
                kind = decision.proposal.action
                if kind not in KINDS:
                    void[alert.id] = ("", False)
                    continue
                ruling = judge(
                    decision, facts, self.policy.rails, counters.state(facts), parameters=self._parameters(decision)
                )
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
                void[alert.id] = (kind if ruling.outcome in {"act", "propose"} else "", ruling.outcome == "act")
            if not self.dry_run:
                self._enter(to_act, to_propose, wall, void)
            if self.keeper is not None:
                self.keeper.keep()

    def _judge_again(self, alerts: list[Alert]) -> tuple[list[tuple[Facts, Decision]], list[int]]:
        """Decisions as of now and the ids of their verdicts, which are the alerts' current ones from here on."""
        decided = judge_alerts(self.store, self.ruleset, alerts, self.now)
        known = [self.candidates[alert.id] for alert in alerts]
        ids = [one.verdict_id for one in known]
        anew = [place for place, (_, decision) in enumerate(decided) if known[place].said != _said(decision)]
        if self.dry_run or not anew:
            return decided, ids
        named = [alerts[place] for place in anew]
        again, new_ids = record_verdicts(self.store, self.ruleset, named, self.report.run_id, self.now)
        for place, found, verdict_id in zip(anew, again, new_ids, strict=True):
            decided[place], ids[place] = found, verdict_id
            self.verdicts[known[place].verdict] -= 1
            self.verdicts[found[1].verdict] += 1
        return decided, ids

    def _enter(
        self, to_act: list[NewAction], to_propose: list[NewAction], wall: list[NewEvent],
        void: dict[int, tuple[str, bool]],
    ) -> None:  # fmt: skip
        """Withdraw and enter as a whole, as long as the lease is ours: whoever was replaced changes nothing."""
        digests = {new.alert_id or 0: new.digest for new in (*to_act, *to_propose)}

        def write(tx: Connection) -> list[Action | RefusedError]:
            if self.keeper is not None:
                self.store.leases.check(tx, self.keeper.lease)
            supersede(self.store, void, digests, tx)
            answers = self.store.ledger.intend_many(to_act, tx)
            self.store.ledger.propose_many(to_propose, tx)
            self.store.events.add_many(tx, wall)
            return answers

        for answer in self.store.run(write):
            if isinstance(answer, RefusedError):
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


def _said(decision: Decision) -> tuple[str, ...]:
    """What a verdict says, as far as anything is done by it."""
    return decision.evidence_digest, decision.proposal.action, decision.proposal.row


def _is_by(verdict: Verdict | None, ruleset: RuleSet, alert: Alert) -> bool:
    """Whether these rules gave this verdict, on all that is known of the message."""
    return verdict is not None and (verdict.rule_digest, verdict.level) == (ruleset.digest, alert.level)


def _is_ruled_on(action: Action, verdict_id: int) -> bool:
    """Whether this action shows that nothing is left to rule on: the verdict led to it, or a person acts."""
    by_verdict = action.verdict_id == verdict_id and action.code != SUPERSEDED
    return by_verdict or (action.is_live and action.requested_by != "triage")


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
