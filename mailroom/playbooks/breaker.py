"""What the circuit breaker must know: which rules stood behind automatic actions that people overturned."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from mailroom.errors import InvalidInputError
from mailroom.store import Store
from mailroom.store.labels import OVERTURN

OVERTURNED = "overturned"
MALICIOUS = "reported_malicious"


@dataclass(frozen=True)
class BreakerState:
    """`overturned` maps rule id -> (overturned, automatic decisions looked at)."""

    overturned: dict[str, tuple[int, int]] = field(default_factory=dict)
    released_then_malicious: frozenset[str] = frozenset()


def breaker_state(store: Store, window: int) -> BreakerState:
    """Look at the last `window` automatic actions and what analysts said of them."""
    automatic = [action for action in store.ledger.undo_list(limit=window) if action.mode == "auto"]
    alert_ids = [action.alert_id for action in automatic if action.alert_id is not None]
    alerts = store.alerts.get_many(alert_ids)
    verdicts = store.verdicts.current_many(alert_ids)
    looked_at: dict[str, int] = defaultdict(int)
    overturned: dict[str, int] = defaultdict(int)
    malicious: set[str] = set()
    for alert_id in alert_ids:
        if alert_id not in verdicts or alert_id not in alerts:
            continue
        handling = alerts[alert_id].handling
        for rule in {str(entry.get("rule_id", "")) for entry in verdicts[alert_id].evidence}:
            looked_at[rule] += 1
            overturned[rule] += handling in {OVERTURNED, MALICIOUS}
            if handling == MALICIOUS:
                malicious.add(rule)
    counts = {rule: (overturned[rule], number) for rule, number in looked_at.items()}
    return BreakerState(counts, frozenset(malicious))


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
