"""The playbook "retry failed triage" on changes of the tenant: looked up, taken up, and never made twice."""

from __future__ import annotations

from typing import Any

import pytest
from mailroom_tests_change_world import PERSON, POLICY, SENDER

from flows.retry_failed_triage import retry_failed_triage
from mailroom.effects.changes import change_of
from mailroom.errors import PermissionMissingError
from mailroom.mimecast import ClientCredentials, MimecastClient
from mailroom.playbooks import changes
from mailroom.playbooks.act import Desk
from mailroom.playbooks.policy import Policy
from mailroom.store import process_owner
from mailroom.store.actions import NewAction
from sandbox import Fault

pytestmark = pytest.mark.slow


def test_retry_looks_up_what_was_not_seen_and_makes_what_was_not_made(api: Any, make_world: Any) -> None:
    world = make_world(2)
    world.save_blocks(release="observe", reject="observe")
    keys = world.tenant.credentials_v2
    client = MimecastClient(world.url, ClientCredentials(keys.client_id, keys.client_secret))
    with client, world.opened() as store:
        desk = Desk(client, store, lambda: Policy.build())
        world.tenant.revoke("Gateway | Managed Senders | Edit")
        with pytest.raises(PermissionMissingError):
            changes.change(desk, "block_sender", {"sender": SENDER, "recipient": PERSON})
        world.tenant.grant("Gateway | Managed Senders | Edit")
        world.tenant.faults.add(Fault("apply_then_fail", "/api/policy/blockedsenders/create-policy", how="reset"))
        world.tenant.faults.add(Fault("status", "/api/policy/blockedsenders/get-policy", status=403, after=1))
        assert changes.change(desk, "create_block_sender_policy", POLICY).state == "unknown"

    state = world.run(retry_failed_triage)

    assert state.is_completed(), state.message
    assert sorted(effect.kind for effect in world.tenant.effects) == ["block_sender", "create_policy"]
    assert world.ledger() == {"applied": 2}
    assert world.run(retry_failed_triage).is_completed()
    assert len(world.tenant.effects) == 2


def test_retry_leaves_alone_what_another_run_is_sending(api: Any, make_world: Any) -> None:
    world = make_world(2)
    world.save_blocks(release="observe", reject="observe")
    change = change_of("create_block_sender_policy")
    wanted = change.checked(POLICY)
    with world.opened() as store:
        action = store.ledger.intend(
            NewAction("northwind", None, change.kind, change.target(wanted), change.slot(wanted), wanted, "manual")
        )
        store.ledger.claim([action.id], owner=process_owner("another run"))

        assert world.run(retry_failed_triage).is_completed()

        assert store.ledger.get(action.id).state == "sending"
    assert world.tenant.effects == []
