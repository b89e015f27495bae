"""Decide about open alerts and write down what is to be done; the tenant is not touched here.

Whether there is anything to decide is seen without the rules: a run with nothing new is as short as its start.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from mailroom.connectors.held import CONNECTOR
from mailroom.effects.kinds import KINDS
from mailroom.errors import MailroomError
from mailroom.playbooks.triaged import TriageReport, Wanted, concerns, covers

if TYPE_CHECKING:
    from mailroom.playbooks.policy import Policy
    from mailroom.store import Store
    from mailroom.store.actions import Action

__all__ = ["TriageReport", "Wanted", "triage_alerts"]

_MOST_TO_DO = 10_000
_MOST_FAILURES = 5
_MOST_LOOKED_AT = 50  # runs of other tenants, or about a few alerts, between two about all of one
Progress = Callable[[str, int, int | None], None]


def triage_alerts(
    store: Store,
    policy: Policy,
    *,
    dry_run: bool = False,
    flow_run_id: str = "",
    now: datetime | None = None,
    again: bool = False,
    alert_ids: Collection[int] | None = None,
    tenants: Collection[str] | None = None,
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
        tenants: Only what belongs to the tenant of these names, in a store that serves several; None for all of it.
        progress: Told how many alerts are done.

    Raises:
        InvalidInputError: a rule or list is wrong.
        BusyError: another process is deciding about messages of the same tenant.
    """
    started = time.monotonic()
    now = now or datetime.now(UTC)
    if alert_ids is not None and tenants is None:
        tenants = {alert.tenant for alert in store.alerts.get_many(alert_ids).values()}
    part = ""
    if tenants is not None:
        tenants, number = store.sources.family(tenants)
        part = min(tenants) if number == 1 else ""
    rules = policy.fingerprint(now.date())
    if not dry_run and alert_ids is None and (digest := _nothing_to_decide(store, rules, tenants)):
        parameters = {"rule_digest": digest, "rules": rules} | _whose(tenants)
        run_id = store.runs.start("triage", flow_run_id=flow_run_id, parameters=parameters)
        store.runs.finish(run_id, "completed", {"triaged": 0})
        idle = TriageReport(run_id=run_id)
        _name_what_is_wanted(store, idle, tenants, again=again)
        idle.seconds = round(time.monotonic() - started, 3)
        return idle
    from mailroom.playbooks.triage_run import TriageRun  # rules and signals take longer to load than to find none
    from mailroom.store.lease_keeper import LeaseKeeper

    ruleset = policy.ruleset(now.date())
    if dry_run:
        report = TriageRun(
            store, policy, ruleset, now, 0, progress, dry_run=True, only=alert_ids, tenants=tenants
        ).run()
    else:
        lease = store.leases.acquire("triage", part=part)
        try:
            parameters = {"rule_digest": ruleset.digest, "rules": rules} | _whose(tenants) | _which(alert_ids)
            run_id = store.runs.start("triage", flow_run_id=flow_run_id, parameters=parameters)
            try:
                keeper = LeaseKeeper(store.leases, lease, store.db.clock)
                report = TriageRun(
                    store,
                    policy,
                    ruleset,
                    now,
                    run_id,
                    progress,
                    dry_run=False,
                    only=alert_ids,
                    tenants=tenants,
                    keeper=keeper,
                ).run()
            except MailroomError as error:
                store.runs.finish(run_id, "failed", {}, str(error))
                raise
            _name_what_is_wanted(store, report, tenants, again=again)
            store.runs.finish(run_id, "completed", {"triaged": report.triaged, "verdicts": report.verdicts})
        finally:
            store.leases.release(lease)
    report.seconds = round(time.monotonic() - started, 3)
    return report


def _whose(tenants: Collection[str] | None) -> dict[str, Any]:
    return {} if tenants is None else {"tenants": sorted(tenants)}


def _name_what_is_wanted(store: Store, report: TriageReport, tenants: Collection[str] | None, *, again: bool) -> None:
    """The actions to carry out now. One that the tenant keeps refusing is left alone, and that is said."""
    failures = None if again else _MOST_FAILURES
    wanted = store.ledger.to_do(_MOST_TO_DO, kinds=KINDS, max_failures=failures, tenants=tenants)
    report.to_do = [_wanted(action) for action in wanted]
    if not again and (given_up := store.ledger.given_up(_MOST_FAILURES, kinds=KINDS, tenants=tenants)):
        report.warnings.append(
            f"The tenant refused {given_up} actions {_MOST_FAILURES} times; they are left alone. See `mailroom actions "
            'list --state failed`; "retry failed triage" (`mailroom retry`) tries them again.'
        )


def _nothing_to_decide(store: Store, rules: str, tenants: Collection[str] | None) -> str:
    """The digest of the rules, if every open alert has its verdict by exactly these; seen without loading them.

    A run about a few alerts, or other tenants, says nothing of the rest; one that did not come to its end may have left
    some, which the next one about all of them takes up.
    """
    latest = [run for run in store.runs.latest("triage", _MOST_LOOKED_AT) if covers(run, tenants)]
    last = next((run for run in latest if run.state == "completed" and not run.parameters.get("only_some")), None)
    if last is None or last.parameters.get("rules") != rules:
        return ""
    if any(run.id > last.id and concerns(run, tenants) for run in store.runs.unfinished("triage")):
        return ""
    digest = str(last.parameters["rule_digest"])
    return "" if store.alerts.untriaged(1, rule_digest=digest, connector=CONNECTOR, tenants=tenants) else digest


def _which(alert_ids: Collection[int] | None) -> dict[str, Any]:
    return {} if alert_ids is None else {"only_some": True}


def _wanted(action: Action) -> Wanted:
    return Wanted(action.id, action.alert_id or 0, action.kind, action.target, dict(action.parameters))
