"""Wanted playbooks are started once: in Prefect by a key, or here, and what became of them stands with their case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from mailroom_tests_small_tenant import Workbench, add, empty_tenant

from mailroom.cases.templates import load_templates
from mailroom.errors import BusyError, InvalidInputError, NotFoundError, TransientError
from mailroom.playbooks import known_playbooks
from mailroom.playbooks.block_sender import BlockForm
from mailroom.playbooks.cases import open_case
from mailroom.playbooks.known_playbooks import Workplace, template_problems
from mailroom.playbooks.playbook_runs import Look, accept, run_in_place, start_wanted
from mailroom.playbooks.remediate import RemediateForm
from mailroom.store import Store
from mailroom.store.playbook_runs import LEASE, NewPlaybookRun
from sandbox import Tenant

BLOCKS = {"mimecast": "m", "store": "s", "policy": "p", "mailbox": "b"}


class Api:
    """Remembers like Prefect: the same key is the same run."""

    def __init__(self) -> None:
        self.runs: dict[str, tuple[str, dict[str, Any]]] = {}
        self.states: dict[str, str] = {}
        self.error: Exception | None = None

    def start(self, deployment: str, parameters: dict[str, Any], key: str) -> str:
        if self.error is not None:
            raise self.error
        self.runs.setdefault(key, (deployment, parameters))
        return f"run-{list(self.runs).index(key)}"

    def look(self, flow_run_id: str) -> Look:
        return Look(self.states.get(flow_run_id, "running"), "as it was")


@pytest.fixture
def tenant() -> Tenant:
    tenant = empty_tenant()
    add(tenant, "junk", minutes=10, from_addr="billing@evil.example", from_env="billing@evil.example")
    return tenant


@pytest.fixture
def bench(bench_for: Callable[..., Workbench], tenant: Tenant) -> Workbench:
    bench = bench_for(tenant)
    bench.ingest()
    return bench


def case_of(bench: Workbench) -> int:
    """A phishing case: it wants "investigate sender" for its only alert."""
    [alert] = bench.store.alerts.list()
    return open_case(
        bench.store, tenant=alert.tenant, title="", who="amara", key="k", alert_ids=[alert.id],
        template=load_templates()["phishing"],
    ).id  # fmt: skip


def states(store: Store) -> list[str]:
    return [run.state for run in reversed(store.playbook_runs.list())]


def test_a_wish_is_started_once_and_ends_as_its_run_does(bench: Workbench) -> None:
    case_id, api = case_of(bench), Api()
    [alert] = bench.store.alerts.list()

    assert [one.outcome for one in start_wanted(bench.store, api, BLOCKS)] == ["started"]
    assert [one.outcome for one in start_wanted(bench.store, api, BLOCKS)] == ["running"]
    api.states["run-0"] = "completed"
    assert [one.outcome for one in start_wanted(bench.store, api, BLOCKS)] == ["completed"]
    assert start_wanted(bench.store, api, BLOCKS) == []

    names = {"mimecast": "m", "store": "s", "policy": "p"}
    assert list(api.runs.values()) == [("investigate sender/on demand", {"alert": str(alert.id), **names})]
    kinds = [event.kind for event in bench.store.events.for_case(case_id) if event.kind.startswith("playbook")]
    assert kinds == ["playbook.wanted", "playbook.started", "playbook.completed"]


def test_nobody_answering_leaves_the_wish_for_the_next_round(bench: Workbench) -> None:
    case_of(bench)
    api = Api()
    api.error = TransientError("away")
    with pytest.raises(TransientError):
        start_wanted(bench.store, api, BLOCKS)
    api.error = NotFoundError("no such deployment")
    assert [(one.outcome, one.detail) for one in start_wanted(bench.store, api, BLOCKS)] == [
        ("waiting", "no such deployment")
    ]
    api.error = None
    assert [one.outcome for one in start_wanted(bench.store, api, BLOCKS)] == ["started"]


def test_refused_parameters_fail_and_a_person_can_want_it_again(bench: Workbench) -> None:
    case_of(bench)
    api = Api()
    api.error = InvalidInputError("does not take these parameters")
    assert [one.outcome for one in start_wanted(bench.store, api, BLOCKS)] == ["failed"]
    api.error = None
    assert start_wanted(bench.store, api, BLOCKS) == []
    [run] = bench.store.playbook_runs.list()
    accept(bench.store, run.id, who="amara")
    accept(bench.store, run.id, who="amara")
    assert [one.outcome for one in start_wanted(bench.store, api, BLOCKS)] == ["started"]


def test_a_run_that_prefect_forgot_is_unknown_and_not_started_again(bench: Workbench) -> None:
    case_of(bench)
    api = Api()
    start_wanted(bench.store, api, BLOCKS)
    api.states["run-0"] = "unknown"
    assert [one.outcome for one in start_wanted(bench.store, api, BLOCKS)] == ["unknown"]
    assert start_wanted(bench.store, api, BLOCKS) == []
    assert len(api.runs) == 1


def test_without_prefect_it_is_carried_out_here(bench: Workbench) -> None:
    case_id = case_of(bench)
    place = Workplace(bench.store, lambda: bench.desk)

    [done] = run_in_place(place)

    assert done.outcome == "completed", done.detail
    [run] = bench.store.playbook_runs.list(case_ids=[case_id])
    assert run.result["received"] >= 0
    assert "@" not in run.detail
    assert run_in_place(place) == []


def test_blocking_by_itself_only_proposes(bench: Workbench) -> None:
    [alert] = bench.store.alerts.list()
    wish = NewPlaybookRun("x", "block sender", alert.tenant, alert_id=alert.id, parameters={"days": 3})
    bench.store.playbook_runs.want([wish])

    [done] = run_in_place(Workplace(bench.store, lambda: bench.desk))

    assert done.outcome == "completed", done.detail
    assert {action.state for action in bench.store.ledger.list()} == {"proposed"}
    assert known_playbooks.KNOWN["block sender"].parameters(bench.store.playbook_runs.get(done.run_id))["ask_first"]


@pytest.mark.parametrize("playbook", ["block sender", "remediate"])
def test_a_rule_may_have_as_long_a_name_as_rules_may_have(bench: Workbench, playbook: str) -> None:
    [alert] = bench.store.alerts.list()
    name = f"rule {'long-' * 15}named"  # rule ids have up to eighty characters
    bench.store.playbook_runs.want([
        NewPlaybookRun("x", playbook, alert.tenant, alert_id=alert.id, requested_by=name)
    ])  # fmt: skip

    [run] = bench.store.playbook_runs.list()
    given = known_playbooks.KNOWN[playbook].parameters(run)

    form = BlockForm if playbook == "block sender" else RemediateForm
    asked = {"values": (given["values"],)} if playbook == "remediate" else {"alert": given["alert"]}
    assert name.startswith(form(requested_by=given["requested_by"], **asked).requested_by)
    if playbook == "block sender":
        [done] = run_in_place(Workplace(bench.store, lambda: bench.desk))
        assert done.outcome == "completed", done.detail


@pytest.mark.parametrize(
    ("playbook", "parameters", "said"),
    [
        ("format the disk", {}, "There is no playbook"),
        ("investigate sender", {"csv_folder": "/etc"}, "takes no parameter csv_folder"),
        ("block sender", {"ask_first": False}, "takes no parameter ask_first"),
    ],
)
def test_what_nobody_knows_or_may_set_fails(
    bench: Workbench, playbook: str, parameters: dict[str, Any], said: str
) -> None:
    [alert] = bench.store.alerts.list()
    bench.store.playbook_runs.want([NewPlaybookRun("x", playbook, alert_id=alert.id, parameters=parameters)])
    [done] = start_wanted(bench.store, Api(), BLOCKS)
    assert done.outcome == "failed"
    assert said in done.detail


def test_what_changes_the_tenant_without_asking_is_only_offered() -> None:
    assert known_playbooks.wanted_state("remediate", autorun=True) == "offered"
    assert known_playbooks.wanted_state("block sender", autorun=True) == "wanted"


def test_a_playbook_that_never_comes_to_an_end_is_given_up(bench: Workbench) -> None:
    case_of(bench)

    def away() -> Any:
        raise TransientError("the tenant is away")

    outcomes = [run_in_place(Workplace(bench.store, away))[0].outcome for _ in range(4)]

    assert outcomes == ["waiting", "waiting", "waiting", "failed"]
    assert "the tenant is away" in bench.store.playbook_runs.list()[0].detail


def test_wishes_of_other_tenants_are_left_alone(bench: Workbench) -> None:
    case_of(bench)
    [run] = bench.store.playbook_runs.list()
    place = Workplace(bench.store, lambda: bench.desk)
    assert start_wanted(bench.store, Api(), BLOCKS, tenants={"fabrikam"}) == []
    assert run_in_place(place, tenants={"fabrikam"}) == []
    assert [one.outcome for one in run_in_place(place, tenants={run.tenant})] == ["completed"]


def test_only_one_starts_at_a_time(bench: Workbench) -> None:
    case_of(bench)
    bench.store.leases.acquire(LEASE, owner="somebody elsewhere")
    with pytest.raises(BusyError):
        start_wanted(bench.store, Api(), BLOCKS)


def test_the_templates_that_come_with_mailroom_name_known_playbooks() -> None:
    assert [problem for one in load_templates().values() for problem in template_problems(one)] == []
