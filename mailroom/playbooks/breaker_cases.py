"""A case for every rule that the circuit breaker stopped: somebody has to look at it."""

from __future__ import annotations

from mailroom.playbooks.breaker import BreakerState, breaker_state
from mailroom.playbooks.cases import open_case
from mailroom.store import Store
from mailroom.store.case_rows import Case
from mailroom.triage.rails import RailSettings, RailState, tripped

_HIGH = 80
_ADVICE = "Look at the overturned messages, correct the rule and raise its version, or set it to advise."
_WHO = "circuit breaker"


def open_breaker_cases(store: Store, settings: RailSettings, state: BreakerState | None = None) -> list[Case]:
    """Open a case for each version of a rule that has lost its automatic mode, with the overturned alerts in it.

    Effect: writes the store. Twice is harmless: the case of a version is opened once, further alerts are added to it.

    Args:
        store: Ledger, verdicts, cases.
        settings: When the breaker trips.
        state: What `breaker_state` found, when somebody has asked it already.
    """
    state = state or breaker_state(store, settings.breaker_window)
    seen = RailState(overturned=state.overturned, released_then_malicious=state.released_then_malicious)
    cases = []
    for rule_id, wrong in sorted(state.wrong.items()):
        reasons = tripped(rule_id, settings, seen)
        if not reasons:
            continue
        version = state.versions.get(rule_id, 0)
        by_tenant: dict[str, list[int]] = {}
        for alert in store.alerts.get_many(wrong).values():
            by_tenant.setdefault(alert.tenant, []).append(alert.id)
        cases += [
            open_case(
                store, tenant=tenant, title=f"Rule {rule_id}, version {version}, no longer acts by itself", who=_WHO,
                why=" ".join(reasons), key=f"breaker:{rule_id}:{version}", priority=_HIGH, alert_ids=ids,
                description=_ADVICE,
            )
            for tenant, ids in sorted(by_tenant.items())
        ]  # fmt: skip
    return cases
