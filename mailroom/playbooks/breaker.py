"""What the circuit breaker must know: which rules stood behind automatic actions that people overturned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.store import Store
from mailroom.store.automatic import Automatic
from mailroom.store.labels import OVERTURN
from mailroom.triage.testimony import GROUP as PEOPLE

OVERTURNED = "overturned"
MALICIOUS = "reported_malicious"


@dataclass(frozen=True)
class BreakerState:
    """What people found wrong. Rules of whose decisions nothing was found wrong are not in it.

    Attributes:
        overturned: Rule id -> (overturned, automatic decisions looked at), both of the rule's last decisions.
        released_then_malicious: Rules behind a release that turned out malicious.
        wrong: Rule id -> the alerts that were overturned.
        versions: Rule id -> the version whose decisions these are.
    """

    overturned: dict[str, tuple[int, int]] = field(default_factory=dict)
    released_then_malicious: frozenset[str] = frozenset()
    wrong: dict[str, tuple[int, ...]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)


def breaker_state(
    store: Store, window: int, versions: Mapping[str, int] | None = None, *, tenants: Collection[str] | None = None
) -> BreakerState:
    """What analysts said of each rule's last `window` automatic decisions. Effect: reads the store.

    A decision that turned out malicious counts however old it is.

    Args:
        store: Ledger, verdicts, alerts.
        window: How many decisions of each rule.
        versions: Version of each rule as it is now: only decisions of this version count, so that a corrected rule
            begins anew. Of a rule that is not named, the newest version with a wrong decision.
        tenants: Only decisions about these; the many of one tenant would push another's few out of the window.
    """
    found = store.automatic.with_handling((OVERTURNED, MALICIOUS), tenants=tenants)
    if not found:
        return BreakerState()
    current = dict(versions or {})
    for rule, version in [pair for one in found for pair in _counting(one.evidence).items()]:
        if rule not in (versions or {}):
            current[rule] = max(current.get(rule, version), version)

    def rules(one: Automatic) -> list[str]:
        return [rule for rule, version in _counting(one.evidence).items() if version == current.get(rule)]

    wrong: dict[str, set[int]] = {}
    malicious: set[str] = set()
    oldest: dict[str, int] = {}
    for one in found:  # the newest first
        for rule in rules(one):
            wrong.setdefault(rule, set())
            oldest[rule] = one.action_id
            if one.handling == MALICIOUS:
                malicious.add(rule)
                wrong[rule].add(one.alert_id)
    looked_at, overturned = Counter[str](), Counter[str]()
    waiting = set(wrong)  # rules whose window is not full, and that have a wrong decision further back
    last: int | None = None
    while waiting and (page := store.automatic.before(last, tenants=tenants)):
        for one in page:
            for rule in waiting.intersection(rules(one)):
                if looked_at[rule] == window:
                    continue
                looked_at[rule] += 1
                if one.handling in {OVERTURNED, MALICIOUS}:
                    overturned[rule] += 1
                    wrong[rule].add(one.alert_id)
        last = page[-1].action_id
        waiting = {rule for rule in waiting if looked_at[rule] < window and oldest[rule] < last}
    return BreakerState(
        {rule: (overturned[rule], looked_at[rule]) for rule in wrong if looked_at[rule]},
        frozenset(malicious),
        {rule: tuple(sorted(ids)) for rule, ids in wrong.items() if ids},
        {rule: current[rule] for rule, ids in wrong.items() if ids},
    )


def _counting(evidence: list[dict[str, Any]]) -> dict[str, int]:
    """Rules that counted, with their version: neither insights, which have no group, nor what people said."""
    return {
        str(entry.get("rule_id", "")): int(entry.get("version") or 0)
        for entry in evidence
        if entry.get("group") not in {"", None, PEOPLE}
    }


def overturn(store: Store, text: str, *, malicious: bool, who: str, why: str) -> int:
    """Record that a person found an automatic decision wrong.

    Effect: writes the store. The rules behind the decision lose their automatic mode when too many are overturned,
    or at once when released mail turned out malicious. Twice is harmless.

    Returns:
        The alert's id.

    Raises:
        NotFoundError: no alert has this id.
        InvalidInputError: nothing was done to this message, several are meant, or no reason is given.
    """
    if not why.strip():
        raise InvalidInputError("Say what was wrong with the decision: it counts against the rules behind it.")
    alert = store.alerts.find_one(text)
    applied = [action for action in store.ledger.for_alert(alert.id) if action.state == "applied"]
    if not applied:
        msg = f"Nothing was done to the message of alert {alert.id}, so there is nothing to overturn."
        raise InvalidInputError(msg)
    kept_away = applied[-1].kind not in {"release", "release_to_sandbox"}
    label = "malicious" if malicious else "wanted" if kept_away else "suspicious"

    handling = MALICIOUS if malicious else OVERTURNED
    store.run(lambda tx: (
        store.alerts.set_handling(alert.id, handling, why, who, tx),
        store.labels.record(alert.id, label, source=OVERTURN, who=who, why=why, tx=tx),
    ))  # fmt: skip
    return alert.id
