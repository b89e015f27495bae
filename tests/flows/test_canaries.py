"""Canaries: secrets, bodies and recipients are planted, runs succeed and fail, and then everything is searched."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import SecretStr

from blocks import MimecastCredentials
from flows._flow import flow
from flows.check_connections import check_connections
from flows.ingest_held_messages_then_triage import ingest_held_messages_then_triage
from flows.retry_failed_triage import retry_failed_triage
from mailroom import redact
from sandbox.data.mail import Component
from tasks._wording import action

pytestmark = [pytest.mark.prefect, pytest.mark.slow]

RECIPIENTS = ["kanari.eins@northwind.example", "kanari.zwei@northwind.example"]
HEADER = "kanari-in-a-header-block"
BODY = "kanari-in-a-body-part"
FILE = "kanari-in-a-file-name.pdf"
WRONG = "kanari-wrong-secret-9x7y"
LOGGED = "kanari-logged-secret-1a2b"


@pytest.fixture
def canary_world(make_world: Any) -> Any:
    world = make_world(15)
    world.tenant.add_message(
        category="phish",
        to=RECIPIENTS,
        extra_headers=[("X-Kanari", HEADER)],
        components=[
            Component("text", "body.txt", "text/plain", 500, token=BODY, attachment=False),
            Component("pdf", FILE, "application/pdf", 900, token="p"),
        ],
    )
    return world


@task(name="Careless", cache_policy=NO_CACHE)
def careless() -> None:
    with action("Careless"):
        get_run_logger().warning("the key is %s", LOGGED)
        logging.getLogger("mailroom.careless").warning("the key is %s", LOGGED)
        try:
            raise KeyError(LOGGED)
        except KeyError as error:
            raise RuntimeError(f"https://user:{LOGGED}@api.example refused") from error


@flow(name="careless")
def careless_flow(mimecast: str = "", store: str = "", policy: str = "") -> None:
    careless()


def _searched(server: Any, world: Any, helper: Any) -> Iterator[tuple[str, str]]:
    """(where, everything that is written there)."""
    yield "Prefect's database", helper.database_text(server.database)
    for path in server.home.rglob("*"):
        if path.is_file() and "prefect.db" not in path.name:
            yield str(path.relative_to(server.home)), path.read_bytes().decode("utf-8", "replace")
    yield "the worker's log", server.log_text("worker")
    yield "the server's log", server.log_text("server")


def test_nothing_secret_or_private_reaches_prefect(
    worker: Any, canary_world: Any, helper: Any, caplog: pytest.LogCaptureFixture
) -> None:
    world, tenant = canary_world, canary_world.tenant
    keys, application = tenant.credentials_v1, tenant.credentials_v2
    world.save_blocks()
    secrets = {WRONG, LOGGED, application.client_secret, keys.app_key, keys.access_key, keys.secret_key}

    # A good run in a process of its own, with an action that fails and whose answer names people.
    refusal = f"not allowed for {RECIPIENTS[0]}, {RECIPIENTS[1]}: key {application.client_secret}"
    world.break_calls("fail_in_200", helper.REJECT, times=2, code="err_policy", message=refusal)
    failed = worker.run(helper.INGEST, **world.names)
    assert failed.state.name == "Failed"
    assert "not allowed for" in failed.state.message

    # Refusals that repeat what was sent to them.
    of_another_process = set(tenant.tokens)
    assert world.run(retry_failed_triage).is_completed()
    sent = set(tenant.tokens) - of_another_process
    assert sent
    echo = f"bad credentials {application.client_secret} {' '.join(sent)}"
    for status in (401, 403, 418):
        world.break_calls("status", helper.LIST, times=None, status=status, code="err_x", message=echo)
        assert world.run(ingest_held_messages_then_triage).is_failed()
        tenant.faults.clear()
    world.save_credentials(secret=WRONG)
    assert world.run(ingest_held_messages_then_triage).is_failed()
    assert world.run(check_connections).is_failed()

    # The other generation, with all four keys.
    MimecastCredentials(
        api_root=world.url,
        application_id=keys.app_id,
        application_key=SecretStr(keys.app_key),
        access_key=SecretStr(keys.access_key),
        secret_key=SecretStr(keys.secret_key),
    ).save(world.name, overwrite=True, _sync=True)
    world.run(check_connections)
    assert world.run(ingest_held_messages_then_triage).name in {"Completed", "Failed"}

    # Code that is careless with a secret that the process knows.
    redact.register(LOGGED)
    assert "[secret]" in world.run(careless_flow).message

    secrets |= set(tenant.tokens)
    assert len(secrets) > 6
    worker.wait_until_written()
    private = {*RECIPIENTS, HEADER, BODY, FILE}
    seen = dict(_searched(worker, world, helper))
    for where, text in seen.items():
        assert not {canary for canary in secrets | private if canary in text}, where
    assert "[secret]" in seen["Prefect's database"], "nothing was searched, or nothing had to be hidden"
    assert "[secret]" in caplog.text
    assert LOGGED not in caplog.text

    # Our store has the people and the headers, which is its purpose, and no secret either.
    own = helper.database_text(world.folder / "store.db")
    assert RECIPIENTS[0] in own
    assert not {secret for secret in secrets if secret in own}

    # What Prefect writes of a failed run is its sentence, as JSON; a pickle would be code when it is read back.
    kept = [json.loads(path.read_text()) for path in (worker.home / "storage").rglob("*")]
    assert kept
    assert all(set(entry) == {"__exc_type__", "message"} for entry in kept), kept
