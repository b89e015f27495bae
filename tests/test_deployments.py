"""`deployments.yaml`: every entry loads, every key means something, and the real command deploys it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow
from prefect.client.orchestration import get_client
from prefect.client.schemas.schedules import CronSchedule
from prefect.exceptions import PrefectHTTPStatusError
from prefect.flows import load_flow_from_entrypoint
from prefect.utilities.schema_tools import validate

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / "deployments.yaml"
TEXT = FILE.read_text("utf-8")
DOCUMENT: dict[str, Any] = yaml.safe_load(TEXT)
DEPLOYMENTS: list[dict[str, Any]] = DOCUMENT["deployments"]

# Prefect ignores keys that it does not know, so a typo would deploy something else than it says.
TOP = {"definitions", "deployments"}
REQUIRED = {"name", "entrypoint", "pull", "description", "tags", "parameters", "enforce_parameter_schema", "work_pool"}
OPTIONAL = {"concurrency_limit", "schedules", "triggers", "version"}
SCHEDULE = {"interval", "cron", "timezone", "slug", "active", "parameters"}
CONCURRENCY = {"limit", "collision_strategy", "grace_period_seconds"}
POOL = {"name", "job_variables", "work_queue_name"}


def _flow(entry: dict[str, Any]) -> Flow[Any, Any]:
    return load_flow_from_entrypoint(entry["entrypoint"], use_placeholder_flow=False)


def _filled_in(entry: dict[str, Any], flow: Flow[Any, Any]) -> dict[str, Any]:
    """The parameters of a run: what is deployed, and what a person has to write into the form."""
    active = [schedule for schedule in entry.get("schedules", []) if schedule.get("active", True)]
    assert not active or not flow.parameters.required, "nobody fills in the form of a scheduled run"
    shown = flow.parameters.properties
    return {name: shown[name].get("examples", ["words"])[0] for name in flow.parameters.required} | entry["parameters"]


def _runs_often(schedule: dict[str, Any]) -> bool:
    """More than once a day."""
    return schedule.get("interval", 86400) < 86400 or schedule.get("cron", "").split()[1:2] == ["*"]


def _id(entry: dict[str, Any]) -> str:
    return f"{entry.get('entrypoint', '?').rpartition('.')[2]}/{entry.get('name')}"


def key_problems(document: dict[str, Any]) -> list[str]:
    """Every key that nobody would read, and every one that is missing."""
    problems = [f"{key}: unknown" for key in document.keys() - TOP]
    for entry in document["deployments"]:
        where = _id(entry)
        problems += [f"{where}: {key} is missing" for key in sorted(REQUIRED - entry.keys())]
        problems += [f"{where}: {key} is unknown" for key in sorted(entry.keys() - REQUIRED - OPTIONAL)]
        for part, known in (("concurrency_limit", CONCURRENCY), ("work_pool", POOL)):
            problems += [f"{where}: {part}.{key} is unknown" for key in sorted(entry.get(part, {}).keys() - known)]
        for schedule in entry.get("schedules", []):
            problems += [f"{where}: schedule {key} is unknown" for key in sorted(schedule.keys() - SCHEDULE)]
            if "slug" not in schedule:
                problems.append(f"{where}: a schedule without slug is added anew by every deploy")
            if ("interval" in schedule) == ("cron" in schedule):
                problems.append(f"{where}: a schedule has either interval or cron")
    return problems


def secret_problems(text: str) -> list[str]:
    """What Prefect would resolve at deploy time and store in clear."""
    return re.findall(r"block_document_id|prefect\.blocks|prefect\.variables|\{\{\s*\$", text)


def test_every_key_is_known() -> None:
    assert key_problems(DOCUMENT) == []


@pytest.mark.parametrize(
    ("place", "typo"),
    [
        ((), "deploymentz"),
        (("deployments", 0), "schedulez"),
        (("deployments", 0), "enforce_parameters_schema"),
        (("deployments", 0, "concurrency_limit"), "colision_strategy"),
        (("deployments", 0, "schedules", 0), "intervl"),
        (("deployments", 0, "work_pool"), "queue"),
    ],
)
def test_a_typo_is_found(place: tuple[str | int, ...], typo: str) -> None:
    document = json.loads(json.dumps(DOCUMENT))
    part = document
    for step in place:
        part = part[step]
    part[typo] = 1
    assert any(typo in problem for problem in key_problems(document))


def test_no_secret_is_resolved_while_deploying() -> None:
    assert secret_problems(TEXT) == []
    assert secret_problems('{"$ref": {"block_document_id": "x"}}')
    assert secret_problems("{{ prefect.blocks.secret.key }}")


@pytest.mark.parametrize("entry", DEPLOYMENTS, ids=_id)
def test_the_flow_behind_a_deployment_can_be_imported(entry: dict[str, Any]) -> None:
    assert isinstance(_flow(entry), Flow)
    assert ":" not in entry["entrypoint"], "a module path; a file path would be tied to one folder"
    assert entry["pull"] == [], "the code is installed where the worker runs"


@pytest.mark.parametrize("entry", DEPLOYMENTS, ids=_id)
def test_the_parameters_fit_the_flow(entry: dict[str, Any]) -> None:
    flow = _flow(entry)
    schema = flow.parameters.model_dump()
    for given in (entry["parameters"], *(s.get("parameters", {}) for s in entry.get("schedules", []))):
        assert given.keys() <= schema["properties"].keys()
        validate(_filled_in(entry, flow) | given, schema, raise_on_error=True)
    flow.validate_parameters(_filled_in(entry, flow))
    assert entry["enforce_parameter_schema"] is True


def _numbers(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") in ("integer", "number"):
            yield schema
        for part in schema.values():
            yield from _numbers(part)
    elif isinstance(schema, list):
        for part in schema:
            yield from _numbers(part)


@pytest.mark.parametrize("entry", DEPLOYMENTS, ids=_id)
def test_no_number_in_a_form_can_be_larger_than_prefect_can_show(entry: dict[str, Any]) -> None:
    """One run with a larger one, and its server shows no list of runs to anybody any more."""
    for number in _numbers(_flow(entry).parameters.model_dump()):
        assert number.get("maximum", 2**63) < 2**63, number


@pytest.mark.parametrize("entry", DEPLOYMENTS, ids=_id)
def test_the_schedules_are_possible(entry: dict[str, Any]) -> None:
    for schedule in entry.get("schedules", []):
        if "cron" in schedule:
            CronSchedule(cron=schedule["cron"], timezone=schedule["timezone"])
        else:
            assert schedule["interval"] >= 60


@pytest.mark.parametrize("entry", DEPLOYMENTS, ids=_id)
def test_runs_of_a_deployment_never_overlap(entry: dict[str, Any]) -> None:
    """What runs often skips when the last one is still at it; what a person starts waits for its turn."""
    limit = entry.get("concurrency_limit")
    if limit is None:
        assert _flow(entry).parameters.required, (
            "only what people fill in may run side by side: each is its own question"
        )
        return
    assert limit["limit"] == 1
    often = any(_runs_often(schedule) for schedule in entry.get("schedules", []))
    assert limit["collision_strategy"] == ("CANCEL_NEW" if often else "ENQUEUE")


def test_names_and_slugs_are_unique() -> None:
    assert max(Counter(_id(entry) for entry in DEPLOYMENTS).values()) == 1
    for entry in DEPLOYMENTS:
        slugs = [schedule["slug"] for schedule in entry.get("schedules", [])]
        assert len(slugs) == len(set(slugs))


def test_every_flow_is_deployed() -> None:
    deployed = {entry["entrypoint"] for entry in DEPLOYMENTS}
    files = {path.stem for path in (ROOT / "flows").glob("*.py") if not path.name.startswith("_")}
    assert deployed == {f"flows.{name}.{name}" for name in files}


@pytest.mark.prefect
def test_the_documented_command_deploys_everything(prefect_deployed: Any) -> None:
    with prefect_deployed.settings(), get_client(sync_client=True) as client:
        stored = {item.name + "/" + str(item.entrypoint): item for item in client.read_deployments()}
    for entry in DEPLOYMENTS:
        item = stored.pop(f"{entry['name']}/{entry['entrypoint']}")
        assert item.description.split() == entry["description"].split()
        assert item.tags == entry["tags"]
        assert item.parameters == entry["parameters"]
        assert item.enforce_parameter_schema
        if limit := entry.get("concurrency_limit"):
            assert item.global_concurrency_limit.limit == 1
            assert item.concurrency_options.collision_strategy == limit["collision_strategy"]
        else:
            assert item.global_concurrency_limit is None
        wanted = {schedule["slug"]: schedule["active"] for schedule in entry.get("schedules", [])}
        assert prefect_deployed.schedules[f"{item.name}/{item.entrypoint}"] == wanted
        assert item.work_pool_name == "mailroom"
        assert str(ROOT) not in item.model_dump_json(), "something of this machine is stored in the deployment"
    assert not stored


@pytest.mark.prefect
@pytest.mark.parametrize(
    "wrong",
    [{"lowest_risk": "gigantic"}, {"max_hours_backwards": 100_000}, {"max_messages": -1}, {"dry_run": "perhaps"}],
    ids=str,
)
def test_the_form_refuses_impossible_values(prefect_deployed: Any, wrong: dict[str, Any]) -> None:
    with prefect_deployed.settings(), get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("ingest held messages then triage/hourly")
        with pytest.raises(PrefectHTTPStatusError, match="409"):
            client.create_flow_run_from_deployment(deployment.id, parameters=wrong)
