"""One store, two tenants: a run of one of them says nothing about the messages of the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from mailroom_tests_small_tenant import Workbench, policy, small_tenant

import mailroom.faults
from mailroom.errors import BusyError, RefusedError
from mailroom.playbooks import act
from mailroom.playbooks.breaker import breaker_state, overturn
from mailroom.playbooks.disposition_preview import preview_disposition
from mailroom.playbooks.tenants import own_names, tenant_of
from mailroom.playbooks.triage import TriageReport, triage_alerts
from mailroom.store import Store
from sandbox import serve

ALL = {"release": 4, "reject": 5}


@pytest.fixture
def benches(store: Store) -> Iterator[tuple[Workbench, Workbench]]:
    """The same ten messages in two tenants, taken into one store; on both databases."""
    one, two = small_tenant(), small_tenant(seed=11, account_code="CSBY2B2")
    with serve(one) as first, serve(two) as second:
        a, b = Workbench(one, first.url, store), Workbench(two, second.url, store)
        for bench in (a, b):
            bench.ingest()
        yield a, b
        for bench in (a, b):
            bench.client.close()


def triage(bench: Workbench) -> TriageReport:
    return triage_alerts(bench.store, bench.policy, tenants=own_names(lambda: bench.client, bench.store))


def run(bench: Workbench) -> Counter[str]:
    results = act.carry_out_wanted(bench.desk, [one.action_id for one in triage(bench).to_do])
    return Counter(result.state for result in results)


def handlings(bench: Workbench) -> Counter[str]:
    code = tenant_of(bench.client)
    return Counter(one.handling for one in bench.store.alerts.list(limit=100) if one.tenant == code)


def effects(bench: Workbench) -> Counter[str]:
    return Counter(effect.kind for effect in bench.tenant.effects)


def test_each_tenants_run_decides_and_does_its_own(benches: tuple[Workbench, Workbench]) -> None:
    a, b = benches

    assert run(a) == {"applied": 9}
    assert handlings(b) == {"open": 13}
    assert b.store.verdicts.counts() == {"undetermined": 8, "suspicious": 5}, "of one tenant"
    assert effects(a) == ALL
    assert not effects(b)

    assert run(b) == {"applied": 9}
    assert effects(b) == ALL
    assert handlings(a) == handlings(b)


def test_what_one_tenant_wants_is_not_named_to_the_other(benches: tuple[Workbench, Workbench]) -> None:
    a, b = benches

    wanted = {one.action_id for one in triage(a).to_do}

    assert len(wanted) == 9
    assert not wanted & {one.action_id for one in triage(b).to_do}
    assert triage(a).triaged == triage(b).triaged == 0


def test_the_actions_of_another_tenant_are_refused_and_stay_wanted(benches: tuple[Workbench, Workbench]) -> None:
    a, b = benches
    ids = [one.action_id for one in triage(b).to_do]

    for do in (lambda: act.carry_out_wanted(a.desk, ids), lambda: act.carry_out_action(a.desk, ids[0])):
        with pytest.raises(RefusedError, match="CSBY2B2: use its credentials"):
            do()

    assert {action.state for action in b.store.ledger.get_many(ids).values()} == {"intended"}
    assert handlings(b) == {"open": 13}


def test_a_person_is_told_when_the_message_is_another_tenants(benches: tuple[Workbench, Workbench]) -> None:
    a, b = benches
    alert = next(one for one in b.store.alerts.list() if one.tenant == "CSBY2B2")

    for do in (act.dispose, preview_disposition):
        with pytest.raises(RefusedError, match="CSBY2B2: use its credentials"):
            do(a.desk, "release", str(alert.id), {})

    assert b.store.alerts.get(alert.id).handling == "open"
    assert b.store.ledger.list() == []
    assert act.dispose(b.desk, "release", str(alert.id), {}).state == "applied"


def test_outcomes_that_nobody_saw_are_looked_up_in_their_own_tenant(benches: tuple[Workbench, Workbench]) -> None:
    a, b = benches
    [first, *_] = [one for one in triage(b).to_do if one.kind == "release"]
    b.store.ledger.claim([first.action_id], owner="somebody")
    b.store.ledger.adopt_orphans(alive=lambda _owner: False)

    assert act.look_up_unknown(a.desk) == []
    assert b.store.ledger.get(first.action_id).state == "unknown"

    assert [result.state for result in act.look_up_unknown(b.desk)] == ["not_applied"]


def test_a_run_that_ended_too_early_is_taken_up_by_its_own_tenant(
    benches: tuple[Workbench, Workbench], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = benches
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:triage.verdicts_given"))
    with pytest.raises(mailroom.faults.FaultError):
        triage(b)
    monkeypatch.setattr(mailroom.faults, "_plan", None)

    assert run(a) == {"applied": 9}
    assert not effects(b)
    assert run(b) == {"applied": 9}
    assert effects(b) == ALL


def test_a_killed_run_about_all_tenants_is_taken_up_by_each_of_them(
    benches: tuple[Workbench, Workbench], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = benches
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:triage.verdicts_given"))
    with pytest.raises(mailroom.faults.FaultError):
        triage_alerts(a.store, a.policy)
    monkeypatch.setattr(mailroom.faults, "_plan", None)

    assert run(a) == {"applied": 9}
    assert run(b) == {"applied": 9}
    assert (effects(a), effects(b)) == (ALL, ALL)


def test_once_a_killed_run_is_taken_up_runs_with_nothing_to_decide_are_short_again(
    benches: tuple[Workbench, Workbench], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = benches
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:triage.verdicts_given"))
    with pytest.raises(mailroom.faults.FaultError):
        triage_alerts(a.store, a.policy)
    monkeypatch.setattr(mailroom.faults, "_plan", None)
    assert (run(a), run(b)) == ({"applied": 9}, {"applied": 9})

    a.store.leases.acquire("triage", "another machine")  # whoever has something to decide would have to wait
    assert (triage(a).triaged, triage(b).triaged) == (0, 0)
    with pytest.raises(BusyError):
        triage_alerts(a.store, a.policy)


def test_a_killed_run_is_taken_up_however_many_runs_of_others_came_after_it(
    benches: tuple[Workbench, Workbench], monkeypatch: pytest.MonkeyPatch
) -> None:
    a, b = benches
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:triage.verdicts_given"))
    with pytest.raises(mailroom.faults.FaultError):
        triage(b)
    monkeypatch.setattr(mailroom.faults, "_plan", None)
    for _ in range(110):
        triage(a)

    assert run(b) == {"applied": 9}


def test_two_tenants_are_decided_about_at_the_same_time(benches: tuple[Workbench, Workbench]) -> None:
    a, b = benches
    others: list[TriageReport] = []

    def meanwhile(*_: object) -> None:
        if not others:
            others.append(triage(b))
            with pytest.raises(BusyError):
                triage(a)
            with pytest.raises(BusyError):
                triage_alerts(a.store, a.policy)

    mine = triage_alerts(a.store, a.policy, tenants=own_names(lambda: a.client, a.store), progress=meanwhile)

    assert (mine.triaged, others[0].triaged) == (13, 13)
    assert not {one.action_id for one in mine.to_do} & {one.action_id for one in others[0].to_do}


def test_a_run_about_all_tenants_of_an_earlier_version_lets_no_tenant_in(benches: tuple[Workbench, Workbench]) -> None:
    a, b = benches
    lease = a.store.leases.acquire("triage", "another machine")

    for bench in (a, b):
        with pytest.raises(BusyError):
            triage(bench)

    a.store.leases.release(lease)
    assert (triage(a).triaged, triage(b).triaged) == (13, 13)


def test_what_one_tenant_did_within_the_hour_is_not_taken_off_the_others_limits(
    benches: tuple[Workbench, Workbench],
) -> None:
    a, b = benches
    for bench in (a, b):
        bench.policy = policy(per_hour=9, per_sender_domain=9)

    assert run(a) == {"applied": 9}
    assert run(b) == {"applied": 9}, "neither the hour's limit nor a sender's is used up by the other"


def test_a_decision_overturned_at_one_tenant_stops_the_rule_there_only(benches: tuple[Workbench, Workbench]) -> None:
    a, b = benches
    assert run(a) == {"applied": 9}
    rejected = next(one for one in a.store.ledger.list() if one.kind == "reject")
    overturn(a.store, str(rejected.alert_id), malicious=True, who="ann", why="it was phishing")

    assert run(b) == {"applied": 9}
    for bench, stopped in ((a, {"subject-says-junk"}), (b, set())):
        names, _ = bench.store.sources.family([tenant_of(bench.client)])
        assert breaker_state(bench.store, 200, tenants=names).released_then_malicious == stopped


def test_nobody_is_asked_whose_store_it_is_while_it_serves_one_tenant(store: Store) -> None:
    tenant = small_tenant()
    with serve(tenant) as server:
        bench = Workbench(tenant, server.url, store)
        bench.ingest()
        asked = len(tenant.calls)

        assert own_names(lambda: bench.client, store) is None
        assert triage_alerts(store, policy()).triaged == 13
        assert len(tenant.calls) == asked
        bench.client.close()
