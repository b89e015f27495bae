"""What the circuit breaker must know: which rules stood behind automatic actions that people overturned."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.store import Store
from mailroom.store.labels import OVERTURN
from mailroom.triage.testimony import GROUP as PEOPLE

OVERTURNED = "overturned"
MALICIOUS = "reported_malicious"


@dataclass(frozen=True)
class BreakerState:
    """What people found wrong.

    Attributes:
        overturned: Rule id -> (overturned, automatic decisions looked at).
        released_then_malicious: Rules behind a release that turned out malicious.
        wrong: Rule id -> the alerts that were overturned.
        versions: Rule id -> the newest version among these decisions.
    """

    overturned: dict[str, tuple[int, int]] = field(default_factory=dict)
    released_then_malicious: frozenset[str] = frozenset()
    wrong: dict[str, tuple[int, ...]] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)


def breaker_state(store: Store, window: int) -> BreakerState:
    """Look at the last `window` automatic actions and what analysts said of them."""
    automatic = [action for action in store.ledger.undo_list(limit=window) if action.mode == "auto"]
    alert_ids = [action.alert_id for action in automatic if action.alert_id is not None]
    alerts = store.alerts.get_many(alert_ids)
    verdicts = store.verdicts.current_many(alert_ids)
    looked_at: dict[str, int] = defaultdict(int)
    wrong: dict[str, list[int]] = defaultdict(list)
    versions: dict[str, int] = defaultdict(int)
    malicious: set[str] = set()
    for alert_id in alert_ids:
        if alert_id not in verdicts or alert_id not in alerts:
            continue
        handling = alerts[alert_id].handling
        for rule, version in _counting(verdicts[alert_id].evidence).items():
            looked_at[rule] += 1
            versions[rule] = max(versions[rule], version)
            if handling in {OVERTURNED, MALICIOUS}:
                wrong[rule].append(alert_id)
            if handling == MALICIOUS:
                malicious.add(rule)
    counts = {rule: (len(wrong[rule]), number) for rule, number in looked_at.items()}
    return BreakerState(
        counts, frozenset(malicious), {rule: tuple(sorted(ids)) for rule, ids in wrong.items() if ids}, dict(versions)
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
        InvalidInputError: nothing was done to this message.
    """
    alert = store.alerts.find(text)
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
