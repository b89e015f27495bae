"""Many faults at once: cycles that mostly fail, then calm. In the end everything is as if nothing had happened."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from faults_checker import check_invariants, content, rows
from mailroom_tests_small_tenant import add, small_tenant
from sqlalchemy import Connection, select

from mailroom.errors import MailroomError
from mailroom.playbooks import act
from mailroom.playbooks.settle_action import settle_action
from mailroom.store.schema import actions, items
from sandbox import Fault
from sandbox.faults import KINDS

PATHS = ("*", "/api/gateway/*", "/api/message-finder/*", "/api/gateway/hold-*", "/api/gateway/get-held-release-logs")
TOO_SLOW = {"slow", "huge_body", "deep_json"}


def some_fault(rng: random.Random) -> Fault:
    kind = rng.choice(sorted(KINDS - TOO_SLOW))
    options: dict[str, Any] = {}
    if kind in {"apply_then_fail", "fail_without_applying"}:
        options = {"how": rng.choice(("status", "reset"))}
    elif kind == "status":
        options = {"status": rng.choice((400, 401, 403, 404, 418, 500, 502, 503, 504))}
    elif kind == "drift":
        options = {"how": rng.choice(("unknown_status", "missing_field", "new_type", "extra_field", "all"))}
    elif kind == "concurrent_admin":
        options = {"action": rng.choice(("release", "reject"))}
    return Fault(kind, rng.choice(PATHS), times=rng.choice((1, 1, 2, 5)), after=rng.randrange(6), **options)


def pass_by(bench: Any, time: timedelta) -> None:
    """The same time passes for the tenant and for what was sent to it."""
    bench.tenant.advance(time)
    sent = rows(bench.store, select(actions.c.id, actions.c.created_at, actions.c.claimed_at))

    def back(tx: Connection) -> None:
        for known, created_at, claimed_at in sent:
            change = {"created_at": created_at - time} | ({"claimed_at": claimed_at - time} if claimed_at else {})
            tx.execute(actions.update().where(actions.c.id == known).values(**change))

    bench.store.run(back)


# F25, F30 to F37, F40, F41, F45 together
@pytest.mark.parametrize("generation", ["1.0", "2.0"])
@pytest.mark.parametrize("seed", range(6))
def test_after_a_storm_every_message_is_accounted_for_and_nothing_happened_twice(
    bench_for: Callable[..., Any], longest_pauses: None, generation: str, seed: int
) -> None:
    rng = random.Random(f"storm {seed}")
    tenant = small_tenant()
    bench = bench_for(tenant, generation, deadline=40.0)
    for step in range(8):
        for _ in range(rng.randrange(2, 8)):
            tenant.faults.add(some_fault(rng))
        add(tenant, rng.choice(("wanted", "junk", "note")) + f" of step {step}", minutes=rng.randrange(30))
        if rng.random() < 0.3:
            tenant.expire(rng.choice(sorted(tenant.labels)))
        for part in (bench.ingest, lambda: act.look_up_unknown(bench.desk), bench.act):
            with suppress(MailroomError):
                part()
        pass_by(bench, timedelta(minutes=rng.randrange(1, 20)))
    assert sum(call.fault != "" for call in tenant.calls) >= 8  # it was a storm

    tenant.faults.clear()
    # A new day: everything is listed again. Then every hold is over: what vanished without a trace is settled.
    for passes in (timedelta(hours=13), timedelta(hours=13), timedelta(days=15)):
        pass_by(bench, passes)
        bench.ingest()
        act.look_up_unknown(bench.desk)
        with suppress(MailroomError):
            bench.act()
    for unclear in act.look_up_unknown(bench.desk):  # what no log line proves is left to people, and nothing else is
        assert (unclear.state, unclear.code) == ("unknown", "ambiguous")
        target = bench.store.ledger.get(unclear.action_id).target
        happened = any(one.hold_id == target and one.kind in {"release", "reject"} for one in tenant.effects)
        settle_action(bench.store, unclear.action_id, applied=happened, why="the product's console", who="ben")
    states = {row.external_key: row.state for row in rows(bench.store, select(items.c.external_key, items.c.state))}
    entries = set(tenant.labels)
    others = {effect.hold_id for effect in tenant.effects if effect.kind not in {"release", "reject"}}
    assert entries - set(states) <= others  # never seen, because somebody else was quicker, or they expired
    assert {states[key] for key in set(states) - entries} <= {"quarantined"}  # a drifting list, whole again later
    check_invariants(bench.store, tenant, entries=set(states))

    before = content(bench.store)
    bench.ingest()
    bench.act()
    assert content(bench.store) == before
