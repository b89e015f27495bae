"""Asking every recipient whom triage would ask, within the rails: any number of questions, no worker waits for one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from mailroom.errors import AccessError, MailroomError, TransientError
from mailroom.playbooks.ask_recipient.asking import put
from mailroom.playbooks.ask_recipient.composing import KIND
from mailroom.playbooks.ask_recipient.planning import ASK, Ground, Plan, RecipientDesk, planned
from mailroom.store.alerts import Alert
from mailroom.store.lease_keeper import LeaseKeeper
from mailroom.triage.decision import Decision
from mailroom.triage.extract import Facts
from mailroom.triage.rails import RailState, judge

_PAGE = 250
_MOST_TROUBLE = 3
"""So many questions in a row that could not be sent: the server is away, and the others wait for a later run."""


@dataclass
class AskReport:
    """What one run of asking did; numbers only."""

    looked_at: int = 0
    asked: int = 0
    left: Counter[str] = field(default_factory=Counter)
    """Why people were not asked -> how many."""
    waits_for_a_person: int = 0
    """Of those left, how many would be asked if the mode of `ask_recipient` were auto, or if a person wanted it."""
    problems: list[str] = field(default_factory=list)
    questions: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return self.__dict__ | {"left": dict(self.left)}


def ask_recipients(desk: RecipientDesk, *, by: str = "", limit: int = 1_000, dry_run: bool = False) -> AskReport:
    """Ask every recipient whom triage would ask.

    Effect: sends mail. Killed and run again, nobody is asked twice, and what was stored and not sent is sent.

    Args:
        desk: Store, mailbox, policy, tenant.
        by: The person who wants it. Empty: nobody did, so the mode of `ask_recipient` must be `auto`, and its limits
            count.
        limit: Most questions of this run.
        dry_run: Only count.

    Raises:
        BusyError: another run is asking.
        LeaseLostError: another run took over while this machine slept.
        AccessError: the mailbox cannot be used as it is configured.
        InvalidInputError: the mailbox cannot send or read, or a rule is wrong.
    """
    report, tenants = AskReport(), desk.own_names()
    round_ = _Round(desk, by, limit, report, tenants, dry_run=dry_run)
    if dry_run:
        round_.run(lambda: None)
        return report
    lease = desk.store.leases.acquire("ask recipients", part=min(tenants) if tenants else "")
    try:
        keeper = LeaseKeeper(desk.store.leases, lease, desk.post.clock)
        round_.run(keeper.keep)
    finally:
        desk.store.leases.release(lease)
    return report


class _Round:
    def __init__(
        self, desk: RecipientDesk, by: str, limit: int, report: AskReport, tenants: Collection[str] | None, *,
        dry_run: bool,
    ) -> None:  # fmt: skip
        self.desk, self.by, self.limit, self.report, self.dry_run = desk, by, limit, report, dry_run
        self.tenants, since = tenants, desk.store.waits.now() - timedelta(hours=1)
        self.hour = desk.store.waits.count_since(KIND, since, tenants=tenants)
        self.by_domain: Counter[str] = Counter()
        self.trouble = 0

    def run(self, keep: Callable[[], None]) -> None:
        for alerts in self._pages():
            ground = Ground.of(self.desk)  # anew for each page: the kill switch may be on
            held = self.desk.held_among(alerts)
            judged = ground.judge(self.desk.store, alerts)
            for alert, (facts, decision) in zip(alerts, judged, strict=True):
                if self.report.asked >= self.limit or self.trouble >= _MOST_TROUBLE:
                    return
                keep()
                self.report.looked_at += 1
                still = None if held is None else alert.hold_id in held
                plan = planned(self.desk, ground, alert, (facts, decision), by=self.by, held=still)
                if self._may(ground, plan, facts, decision):
                    self._ask(alert, plan, facts)

    def _pages(self) -> Iterator[list[Alert]]:
        after = 0
        while ids := self.desk.store.recipients.to_ask(ASK, KIND, after_id=after, limit=_PAGE, tenants=self.tenants):
            after = ids[-1]
            found = self.desk.store.alerts.get_many(ids)
            yield [found[one] for one in ids if one in found]

    def _may(self, ground: Ground, plan: Plan, facts: Facts, decision: Decision) -> bool:
        reasons = plan.reasons
        if plan.asks and not self.by:
            ruling = judge(decision, facts, ground.policy.rails, self._state(facts), action=ASK)
            if ruling.outcome != "act":
                self.report.waits_for_a_person += ruling.outcome in {"propose", "observe"}
                reasons = (ruling.text,)
        if reasons:
            self.report.left[reasons[0]] += 1
        return plan.asks and not reasons

    def _ask(self, alert: Alert, plan: Plan, facts: Facts) -> None:
        assert plan.question is not None  # noqa: S101 - a plan that asks has one
        if not self.dry_run:
            try:
                wait = put(self.desk, alert, plan.question, plan.language, self.by or "triage")
            except AccessError:
                raise
            except TransientError as error:
                self.trouble += 1
                self.report.problems.append(f"alert {alert.id}: {error}")
                return
            except MailroomError as error:  # of this person or this mail; the next one may go through
                self.report.problems.append(f"alert {alert.id}: {error}")
                return
            self.trouble = 0
            self.report.questions.append(wait.id)
        self.report.asked += 1
        self.by_domain[_domain(facts)] += 1

    def _state(self, facts: Facts) -> RailState:
        asked, domain = self.report.asked, _domain(facts)
        return RailState(
            acted_this_run=asked, acted_this_hour=self.hour + asked, by_action={ASK: asked},
            by_domain={domain: self.by_domain[domain]},
        )  # fmt: skip


def _domain(facts: Facts) -> str:
    return str(facts.get("from.root_domain") or "")
