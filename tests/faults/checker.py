"""What must be true of store and tenant after any fault, once everything has been resumed."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import Any

from sqlalchemy import select

from mailroom.store import Store
from mailroom.store.schema import actions, alerts, case_events, items, sources, verdicts
from sandbox import Tenant

FINAL = {"alerted", "duplicate", "filtered", "quarantined", "gone"}


def rows(store: Store, query: Any) -> list[Any]:
    return store.db.read(lambda tx: list(tx.execute(query).all()))


def check_invariants(store: Store, tenant: Tenant, *, entries: set[str] | None = None) -> None:
    """I1 to I7. `entries`: the hold ids that must be known; by default everything that was ever held."""
    expected = set(tenant.labels) if entries is None else entries
    _nothing_lost_or_doubled(store, expected)
    _effects_agree(store, tenant)
    _intent_before_effect(store)
    problems = store.check().problems
    assert not problems, problems


def _nothing_lost_or_doubled(store: Store, expected: set[str]) -> None:
    listed = rows(store, select(items.c.external_key, items.c.state, items.c.alert_id))
    states = Counter(row.external_key for row in listed)
    # I1, I3: every entry has exactly one item, in a final state, and at most one alert.
    assert set(states) == expected
    assert set(states.values()) <= {1}
    assert {row.state for row in listed} <= FINAL
    stored = rows(store, select(alerts.c.id, alerts.c.hold_id))
    assert max(Counter(row.hold_id for row in stored).values(), default=1) == 1
    assert {row.alert_id for row in listed if row.state == "alerted"} == {row.id for row in stored}
    # I2: the cursor stands, and nothing behind it is undecided (no item is, see above).
    assert all(store.cursors.get(row.id) is not None for row in rows(store, select(sources.c.id)))
    # I4
    assert store.runs.conservation_violations() == []


def _effects_agree(store: Store, tenant: Tenant) -> None:
    done = [effect for effect in tenant.effects if effect.kind in {"release", "reject", "release_to_sandbox"}]
    # I6: at most one disposition per entry, applied at most once.
    assert max(Counter(effect.hold_id for effect in done).values(), default=1) == 1
    ledger = rows(store, select(actions.c.kind, actions.c.target, actions.c.state))
    # I7: nothing is left open, and what the ledger calls applied is what happened.
    assert {row.state for row in ledger} <= {"applied", "already_done", "refused", "proposed", "failed", "not_applied"}
    applied = {(row.kind, row.target) for row in ledger if row.state == "applied"}
    happened = {(effect.kind, effect.hold_id) for effect in done}
    assert happened <= applied, f"only in the tenant: {happened - applied}"
    # The release log names no hold id: where our answer was lost, an administrator's equal doing passes for ours.
    alike = {
        (effect.kind.removeprefix("admin_"), effect.hold_id) for effect in tenant.effects if "admin_" in effect.kind
    }
    assert applied - happened <= alike, f"only in the ledger: {applied - happened}"
    live = Counter(row.target for row in ledger if row.state == "applied")
    assert max(live.values(), default=1) == 1


def _intent_before_effect(store: Store) -> None:
    # I5, I7: intent, then sending, then a result; from unknown no way leads straight back to sending.
    wall: dict[int, list[str]] = {}
    query = select(case_events.c.action_id, case_events.c.kind).where(case_events.c.action_id.is_not(None))
    for row in rows(store, query.order_by(case_events.c.id)):
        wall.setdefault(row.action_id, []).append(row.kind.removeprefix("action."))
    for row in rows(store, select(actions.c.id, actions.c.state)):
        steps = [step for step in wall[row.id] if step != "result_ignored"]  # of somebody who came too late
        assert steps[0] in {"intended", "proposed"}
        assert steps[-1] == row.state
        assert row.state != "applied" or "sending" in steps
        assert ("unknown", "sending") not in set(pairwise(steps))
        assert steps.count("applied") <= 1


def outcome(store: Store) -> dict[str, tuple[Any, ...]]:
    """What became of each hold entry, without ids and times: equal for equal runs."""
    found: dict[str, tuple[Any, ...]] = {}
    for row in rows(store, select(items.c.external_key, items.c.state)):
        found[row.external_key] = (row.state,)
    judged = select(alerts.c.hold_id, alerts.c.level, alerts.c.handling, alerts.c.priority, verdicts.c.verdict)
    judged = judged.add_columns(verdicts.c.risk, verdicts.c.proposed_action)
    joined = alerts.outerjoin(verdicts, (verdicts.c.alert_id == alerts.c.id) & verdicts.c.is_current)
    for row in rows(store, judged.select_from(joined)):
        found[row.hold_id] += tuple(row[1:])
    for row in rows(store, select(actions.c.target, actions.c.kind, actions.c.state).order_by(actions.c.id)):
        found[row.target] += (row.kind, row.state)
    return found


def content(store: Store) -> dict[str, list[Any]]:
    """Everything that a run with nothing to do must leave as it is (runs and leases are records of the run itself)."""
    tables = (items, alerts, verdicts, actions, case_events)
    return {table.name: rows(store, select(table).order_by(*table.primary_key.columns)) for table in tables}
