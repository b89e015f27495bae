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
from sqlalchemy import select

from mailroom.errors import MailroomError
from mailroom.playbooks import act
from mailroom.store.schema import items
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
        tenant.advance(timedelta(minutes=rng.randrange(1, 20)))
    assert sum(call.fault != "" for call in tenant.calls) >= 8  # it was a storm

    tenant.faults.clear()
    for _ in range(2):
        tenant.advance(timedelta(hours=13))  # a new day: everything is listed again
        bench.ingest()
        act.look_up_unknown(bench.desk)
        with suppress(MailroomError):
            bench.act()
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
