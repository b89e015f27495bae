"""Flow "ingest tracked messages": its form refuses what is wrong; runs against a tenant and a Prefect server."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.exceptions import ParameterTypeError, PrefectHTTPStatusError
from prefect.utilities.schema_tools import is_valid_schema, validate
from prefect.utilities.schema_tools.validation import ValidationError

from flows.ingest_tracked_messages import ingest_tracked_messages
from sandbox import Fault

DOMAINS = "northwind.example, northwind-group.example"
DEPLOYMENT = "ingest tracked messages/hourly"
INFO = "/api/message-finder/get-message-info"
SCHEMA: dict[str, Any] = ingest_tracked_messages.parameters.model_dump()

WRONG = [
    {"domains": ""},
    {"domains": "ann@northwind.example"},
    {"domains": "northwind"},
    {"domains": "https://northwind.example"},
    {"domains": "a.example b.example"},
    {"domains": " , "},
    {"domains": None},
    {"status_filter": ["heldd"]},
    {"status_filter": "held"},
    {"route_filter": ["inward"]},
    {"lowest_risk": "gigantic"},
    {"max_hours_backwards": 0},
    {"max_hours_backwards": 721},
    {"max_messages": -1},
    {"time_limit": -1},
    {"event_field": ""},
    {"use_allow_list_as_deny_list": "perhaps"},
]


@pytest.mark.parametrize("wrong", WRONG, ids=str)
def test_the_form_and_the_flow_refuse_impossible_values(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        validate({"domains": DOMAINS} | wrong, SCHEMA, raise_on_error=True)
    with pytest.raises(ParameterTypeError):
        ingest_tracked_messages.validate_parameters({"domains": DOMAINS} | wrong)


@pytest.mark.parametrize("wrong", ["([", "*", "(?P<x", "a\\"])
def test_a_wrong_regular_expression_is_refused_while_somebody_types(wrong: str) -> None:
    parameters = {"domains": DOMAINS, "environment_regex": wrong}
    (error,) = validate(parameters, SCHEMA)  # as the form asks
    assert (list(error.path), error.message) == (["environment_regex"], f"{wrong!r} is not a 'regex'")
    with pytest.raises(ParameterTypeError, match="Environment Regex Pattern: not a regular expression"):
        ingest_tracked_messages.validate_parameters(parameters)


@pytest.mark.parametrize("right", ["", ".*", "@(.*)", r"\p{L}+\z", "[[:alpha:]]+", r"(?<=@)(\w)\1", "(?U)a+"])
def test_the_form_refuses_no_regular_expression_that_works(right: str) -> None:
    parameters = {"domains": DOMAINS, "environment_regex": right}
    assert validate(parameters, SCHEMA) == []
    ingest_tracked_messages.validate_parameters(parameters)


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"domains": "@northwind.example"},
        {"domains": "bücher.example, @例え.example.,xn--bcher-kva.example"},
        {"domains": ", a.example,, b.example"},
        {"domains": "a-b.example"},
        {"domains": " a.example ,b.c.example, "},
        {"status_filter": []},
        {"status_filter": ["held", "rejected"], "route_filter": ["inbound"], "lowest_risk": "medium"},
        {"max_hours_backwards": 720, "max_messages": 0, "time_limit": 0, "allow_list": ["Envelope Rejected"]},
    ],
    ids=str,
)
def test_the_form_and_the_flow_take_what_is_possible(right: dict[str, Any]) -> None:
    is_valid_schema(SCHEMA, preprocess=False)  # or raises
    validate({"domains": DOMAINS} | right, SCHEMA, raise_on_error=True)
    ingest_tracked_messages.validate_parameters({"domains": DOMAINS} | right)


def test_the_choices_are_lists_that_the_form_can_show() -> None:
    shown = SCHEMA["properties"]
    assert shown["status_filter"]["items"]["enum"] == [
        "delivery", "held", "accepted", "bounced", "deferred", "rejected", "archived",
    ]  # fmt: skip
    assert shown["route_filter"]["items"]["enum"] == ["internal", "outbound", "inbound"]
    assert "medium" in shown["lowest_risk"]["enum"]
    assert SCHEMA["required"] == ["domains"]


@pytest.mark.prefect
def test_messages_become_alerts_and_the_next_run_finds_nothing_new(api: Any, make_world: Any) -> None:
    world = make_world(40)
    world.save_blocks()
    names = {name: world.names[name] for name in ("mimecast", "store")}
    every = {"domains": DOMAINS, "max_hours_backwards": 720, **names}

    assert ingest_tracked_messages(**every, dry_run=True) == {"would_fetch": 40, "alerted": 40}
    assert world.alerts() == []
    first = ingest_tracked_messages(**every, max_messages=15)
    rest = ingest_tracked_messages(**every, catch_up=True)
    again = ingest_tracked_messages(**every)

    assert (first["alerted"], first["waiting"], rest["alerted"], again["alerted"]) == (15, 25, 25, 0)
    assert {(alert.connector, alert.handling) for alert in world.alerts()} == {("tracked", "open")}
    assert not world.tenant.effects


@pytest.mark.prefect
def test_a_run_that_failed_is_finished_by_the_next(api: Any, make_world: Any) -> None:
    world = make_world(30)
    world.save_blocks()
    names = {name: world.names[name] for name in ("mimecast", "store")}
    every = {"domains": DOMAINS, "max_hours_backwards": 720, **names}
    world.tenant.faults.add(Fault("status", INFO, times=None, after=10, status=403))
    state = ingest_tracked_messages(**every, return_state=True)
    assert state.is_failed()
    assert "Tracking | Read" in state.message
    world.tenant.faults.clear()

    assert ingest_tracked_messages(**every)["waiting"] == 0
    assert len(world.alerts()) == 30


@pytest.mark.prefect
@pytest.mark.slow
def test_a_deployed_run_is_refused_by_its_form_and_runs_when_it_is_right(worker: Any, make_world: Any) -> None:
    world = make_world(20)
    world.save_blocks()
    names = {name: world.names[name] for name in ("mimecast", "store")}
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(DEPLOYMENT)
        for wrong in ({}, {"domains": "ann@northwind.example"}, {"domains": DOMAINS, "status_filter": ["heldd"]}):
            with pytest.raises(PrefectHTTPStatusError, match="409"):
                client.create_flow_run_from_deployment(deployment.id, parameters=wrong)

    run = worker.run(DEPLOYMENT, domains=DOMAINS, max_hours_backwards=720, max_messages=0, **names)

    assert run.state.name == "Completed", run.state.message
    assert len(world.alerts()) == 20
    assert len(worker.task_runs(run.id)) == 1
