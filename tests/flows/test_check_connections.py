"""The playbook "check connections": what is configured is tested, whatever else is missing or wrong."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from blocks import MimecastCredentials
from flows.check_connections import check_connections
from flows.ingest_mailbox import ingest_mailbox
from flows.request_approvals import request_approvals
from flows.retry_failed_triage import retry_failed_triage
from tasks import _open

pytestmark = [pytest.mark.prefect, pytest.mark.slow]


@pytest.fixture
def office(api: Any, mail_helper: Any, tmp_path: Path) -> Iterator[Any]:
    """A mailbox and a store, and no tenant."""
    with mail_helper.mail_world("check-flow", tmp_path / "mail", {}) as world:
        world.save_blocks()
        _open.close_all()
        yield world
        _open.close_all()


def results(helper: Any, state: Any) -> dict[str, str]:
    rows = json.loads(helper.artifacts(helper.run_id(state))["connection-check"])
    return {row["stage"]: row["result"] for row in rows}


def test_a_mailbox_alone_is_enough(office: Any, helper: Any) -> None:
    state = check_connections(mimecast="none", policy="none", **office.names, return_state=True)

    assert state.is_completed(), state.message
    found = results(helper, state)
    assert (found["mimecast"], found["rules"]) == ("skipped", "skipped")
    assert (found["imap login"], found["smtp login"], found["store"]) == ("ok", "ok", "ok")


def test_without_a_tenant_and_a_mailbox_the_first_thing_to_do_is_said_and_the_rest_is_tested(
    office: Any, helper: Any
) -> None:
    state = check_connections(
        mimecast="none", policy="none", mailbox="none", store=office.names["store"], return_state=True
    )

    assert state.is_failed()
    assert "mimecast: There is no block 'none' of type 'Mimecast Credentials'" in state.message
    assert results(helper, state)["store"] == "ok"


def test_a_tenant_without_a_policy_is_no_reason_to_pass_over_the_rules(office: Any, helper: Any) -> None:
    keys = MimecastCredentials(api_root="http://127.0.0.1:9", client_id="c", client_secret=SecretStr("nobody"))
    keys.save("check-tenant", overwrite=True, _sync=True)  # type: ignore[call-arg]

    state = check_connections(mimecast="check-tenant", policy="none", **office.names, return_state=True)

    found = results(helper, state)
    assert (found["connection"], found["rules"], found["imap login"]) == ("failed", "failed", "ok")


@pytest.mark.parametrize(
    "playbook", [retry_failed_triage, ingest_mailbox, request_approvals], ids=lambda playbook: playbook.name
)
def test_a_missing_block_is_said_in_the_documented_words(api: Any, playbook: Any) -> None:
    blocks = {"mimecast", "store", "policy", "mailbox"} & playbook.parameters.properties.keys()
    state = playbook(**dict.fromkeys(blocks, "none"), return_state=True)

    assert state.is_failed()
    assert re.search(r"Error executing action \"[^\"]+\"\. Reason: There is no block 'none' of type", state.message)
