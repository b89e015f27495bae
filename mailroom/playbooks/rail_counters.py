"""What the rails count, from the ledger and from the run that is under way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from mailroom.playbooks.breaker import breaker_state
from mailroom.playbooks.policy import Policy
from mailroom.store import Store
from mailroom.triage.extract import Facts
from mailroom.triage.rails import RailState


class RailCounters:
    """What the rails count, kept up to date while a run rules on its candidates. Other tenants do not count."""

    def __init__(
        self, store: Store, policy: Policy, now: datetime, triaged: int, entered: Counter[str], *,
        tenants: Collection[str] | None = None,
    ) -> None:  # fmt: skip
        self.store, self.since, self.triaged, self.tenants = store, now - timedelta(hours=1), triaged, tenants
        self.hour = store.ledger.counts_since(self.since, mode="auto", tenants=tenants)
        versions = {rule.id: rule.version for rule in policy.ruleset(now.date()).rules}
        self.breaker = breaker_state(store, policy.rails.breaker_window, versions, tenants=tenants)
        self.by_action: Counter[str] = entered.copy()
        self.in_hour = entered.total()  # of `by_action`, what the store's count of the hour contains already
        self.by_domain: dict[str, int] = {}

    def state(self, facts: Facts) -> RailState:
        """As it is for this message."""
        domain = domain_of(facts)
        if domain not in self.by_domain:
            self.by_domain[domain] = self.store.ledger.recent_for_domain(domain, None, self.since, tenants=self.tenants)
        acted = sum(self.by_action.values())
        return RailState(
            acted_this_run=acted,
            acted_this_hour=self.hour + acted - self.in_hour,
            by_action=self.by_action,
            by_domain=self.by_domain,
            triaged_this_run=self.triaged,
            released_this_run=self.by_action["release"] + self.by_action["release_to_sandbox"],
            overturned=self.breaker.overturned,
            released_then_malicious=self.breaker.released_then_malicious,
        )

    def acted(self, kind: str, facts: Facts) -> None:
        """One more action that is let through."""
        self.by_action[kind] += 1
        self.by_domain[domain_of(facts)] += 1


def domain_of(facts: Facts) -> str:
    """Registered domain of the sender; empty when it is not known."""
    value = facts.get("from.root_domain")
    return value if isinstance(value, str) else ""
