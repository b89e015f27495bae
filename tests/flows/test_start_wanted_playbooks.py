"""What templates want is started through a real Prefect server: once, by number, and its end is written down."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import UUID

import pytest
from prefect.client.orchestration import get_client
from prefect.logging.handlers import APILogWorker

from flows.start_wanted_playbooks import start_wanted_playbooks
from mailroom.cases.templates import load_templates
from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.playbooks.cases import open_case
from mailroom.playbooks.known_playbooks import KNOWN
from mailroom.playbooks.playbook_runs import start_key
from tasks import _open

pytestmark = [pytest.mark.prefect]

BAD = "verborgene.rechnung@evil-parcels.example"
DEPLOYMENT = "start wanted playbooks/every five minutes"


def case_of(world: Any, to: str = "stille.drei@northwind.example") -> int:
    """A case of one held mail, made from the template that wants "investigate sender"; returns the wish's number."""
    world.tenant.add_message(to=[to], from_addr=BAD, from_env=BAD, subject="Kanari-Paket", hold="spam")
    _open.close_all()
    ingest_held(_open.client(world.name), _open.store(world.name), HeldSettings())
    _open.close_all()
    with world.opened() as store:
        [alert] = store.alerts.list()
        case = open_case(
            store,
            tenant=alert.tenant,
            title="",
            who="test",
            alert_ids=[alert.id],
            template=load_templates()["phishing"],
        )
        [run] = store.playbook_runs.list(case_ids=[case.id])
    return int(run.id)


def test_what_is_not_deployed_waits_and_nothing_fails(
    api: Any, make_world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make_world(0)
    world.save_blocks()
    number = case_of(world)
    nowhere = dataclasses.replace(KNOWN["investigate sender"], deployment="investigate sender/nowhere")
    monkeypatch.setitem(KNOWN, "investigate sender", nowhere)

    assert world.run(start_wanted_playbooks, mailbox=world.name).result() == {"waiting": 1}

    with world.opened() as store:
        run = store.playbook_runs.get(number)
    assert run.state == "wanted"
    assert "There is no deployment 'investigate sender/nowhere'" in run.detail


@pytest.mark.slow
def test_a_wish_becomes_one_run_that_knows_no_address(worker: Any, make_world: Any, helper: Any) -> None:
    world = make_world(0)
    world.save_blocks()
    number = case_of(world)

    first = worker.run(DEPLOYMENT, **world.names, mailbox=world.name)
    assert first.state.name == "Completed", first.state.message
    with world.opened() as store:
        run = store.playbook_runs.get(number)
    assert run.state == "started"
    worker.wait(UUID(run.flow_run_id))
    with get_client(sync_client=True) as client:
        begun = client.read_flow_run(UUID(run.flow_run_id))
        key = start_key(dataclasses.replace(run, attempts=run.attempts - 1))  # before the attempt was counted
        again = client.create_flow_run_from_deployment(begun.deployment_id, idempotency_key=key)
    assert begun.parameters["alert"] == str(run.alert_id)
    assert str(again.id) == run.flow_run_id, "the same wish is the same run"

    second = worker.run(DEPLOYMENT, **world.names, mailbox=world.name)
    assert second.state.name == "Completed", second.state.message
    with world.opened() as store:
        assert store.playbook_runs.get(number).state == "completed"
    APILogWorker.instance().drain()
    assert BAD not in helper.database_text(worker.database)
