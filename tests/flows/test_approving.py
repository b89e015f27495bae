"""Approvals through a real Prefect server: one suspended run each; a form, a mail or a command decides first."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email import policy as mail_policy
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from mailroom_tests_small_tenant import PEOPLE, RULES, add
from prefect import resume_flow_run
from prefect.client.orchestration import get_client
from prefect.states import Crashed
from pydantic import SecretStr

from blocks import MailboxCredentials
from flows.approve_action import approve_action
from flows.request_approvals import request_approvals
from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.errors import InvalidInputError
from mailroom.playbooks.approvals import deciding
from mailroom.playbooks.triage import triage_alerts
from sandbox.mail import AUTHSERV_ID, Habit
from tasks import _open
from tasks._resume import resume_approval

pytestmark = [pytest.mark.prefect]

REQUEST = "request approvals/every five minutes"
WATCH = "watch replies/every minute"
BEN = "tomasz.nowak@northwind.example"
ADVISE: dict[str, Any] = {
    "release": "advise", "reject": "advise", "rules": [str(RULES)], "starter_rules": False,
}  # fmt: skip


@pytest.fixture
def scene(make_world: Callable[..., Any]) -> Any:
    """A tenant with two proposals of the rules: one release, one rejection."""
    world = make_world(0, history=0)
    world.save_blocks(**ADVISE)
    world.holds = [add(world.tenant, f"{one} Kanari-Betreff", to=PEOPLE[:1])[0] for one in ("wanted", "junk")]
    judge(world)
    return world


def judge(world: Any) -> None:
    _open.close_all()
    ingest_held(_open.client(world.name), _open.store(world.name), HeldSettings())
    triage_alerts(_open.store(world.name), _open.policy(world.name))
    _open.close_all()


def changes(world: Any) -> list[str]:
    return [effect.kind for effect in world.tenant.effects if not effect.kind.startswith("admin")]


def approvals(world: Any) -> dict[str, Any]:
    with world.opened() as store:
        return {one.kind: one for one in store.approvals.newest()}


def state_of(server: Any, run: Any) -> str:
    with server.settings(), get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    return state.name if state else ""


def answer(server: Any, run: Any, decision: str, **more: str) -> None:
    given = {"decision": decision, "your_name": "ben", "note": ""} | more
    with server.settings():
        resume_flow_run(run, run_input=given, _sync=True)  # type: ignore[call-arg]


def test_outside_of_a_deployed_run_an_open_approval_is_refused_with_what_to_do(api: Any, scene: Any) -> None:
    _open.close_all()
    from mailroom.playbooks.approvals.requesting import request

    with scene.opened() as store:
        ids = [one.id for one in store.ledger.list(state="proposed", kind="release")]
        known = request(store, _open.policy(scene.name), ids).approval
        assert known is not None
    with pytest.raises(InvalidInputError, match=f"mailroom approve {known.id}"):
        scene.run(approve_action, approval=known.id).result()
    with scene.opened() as store:
        deciding.approve(store, _open.policy(scene.name), known.id, digest=known.digest, by="ben", channel="form")
    assert [resume_approval(replace(known, flow_run_id=gone)) for gone in ("", str(uuid4()))] == [False, False]
    _open.close_all()
    done = [scene.run(approve_action, approval=known.id).result() for _ in range(2)]
    assert done == [{"state": "used", "approval": known.id, "actions": {"applied": 1}}] * 2
    assert changes(scene) == ["release"]


@pytest.mark.slow
def test_every_proposal_gets_one_suspended_run_and_the_form_decides(worker: Any, scene: Any, helper: Any) -> None:
    for _ in range(2):
        done = worker.run(REQUEST, **scene.names)
        assert done.state.name == "Completed", done.state.message
    known = approvals(scene)
    runs = {kind: one.flow_run_id for kind, one in known.items()}
    assert sorted(runs) == ["reject", "release"]
    for run in runs.values():
        worker.wait_until(lambda run=run: state_of(worker, run) == "Suspended", seconds=200)
    assert changes(scene) == []

    answer(worker, runs["release"], "approve", your_name="")  # nobody: asked again
    worker.wait_until(lambda: state_of(worker, runs["release"]) == "Suspended", seconds=200)
    answer(worker, runs["release"], "approve")
    answer(worker, runs["reject"], "decline", note="a supplier")
    for run in runs.values():
        assert worker.wait(run).state.is_completed()

    known = approvals(scene)
    assert {kind: (one.state, one.approver, one.channel) for kind, one in known.items()} == {
        "release": ("used", "ben", "form"), "reject": ("declined", "ben", "form"),
    }  # fmt: skip
    assert changes(scene) == ["release"]
    shown = str(helper.artifacts(runs["release"]))
    assert "Kanari-Betreff" in shown
    assert PEOPLE[0] not in shown


@pytest.mark.slow
def test_what_changes_while_the_run_waits_is_void_and_what_is_decided_elsewhere_goes_on(
    worker: Any, scene: Any
) -> None:
    assert worker.run(REQUEST, **scene.names).state.name == "Completed"
    known = approvals(scene)
    for one in known.values():
        worker.wait_until(lambda one=one: state_of(worker, one.flow_run_id) == "Suspended", seconds=200)
    with scene.opened() as store:
        alert = store.alerts.find(scene.holds[1])
        store.alerts.set_handling(alert.id, "released", "in the console", "somebody")
        release = known["release"]
        granted = deciding.approve(
            store, _open.policy(scene.name), release.id, digest=release.digest, by="eve", channel="command line"
        )
    assert resume_approval(granted) is True
    answer(worker, known["reject"].flow_run_id, "approve")
    for one in known.values():
        assert worker.wait(one.flow_run_id).state.is_completed()

    now = approvals(scene)
    assert (now["reject"].state, now["release"].state) == ("void", "used")
    assert changes(scene) == ["release"]
    assert worker.run(REQUEST, **scene.names).state.name == "Completed"
    with scene.opened() as store:
        assert store.approvals.to_tell() == []
    assert resume_approval(now["release"]) is False  # it has ended: nobody waits there any more


@pytest.mark.slow
def test_approvals_wait_over_a_restart_of_everything_and_are_done_once(worker: Any, scene: Any) -> None:
    assert worker.run(REQUEST, **scene.names).state.name == "Completed"
    known = approvals(scene)
    for one in known.values():
        worker.wait_until(lambda one=one: state_of(worker, one.flow_run_id) == "Suspended", seconds=200)
    policy, reject = _open.policy(scene.name), known["reject"]
    worker.stop_worker()
    worker.kill_server()
    with scene.opened() as store:  # decided on the command line while there is no server to tell
        deciding.approve(store, policy, reject.id, digest=reject.digest, by="eve", channel="command line")
    worker.start()
    worker.start_worker()

    assert changes(scene) == []
    ends = {kind: (one.expires_at, one.flow_run_id) for kind, one in approvals(scene).items()}
    assert ends == {kind: (one.expires_at, one.flow_run_id) for kind, one in known.items()}
    answer(worker, known["release"].flow_run_id, "approve")
    assert worker.run(REQUEST, **scene.names).state.name == "Completed"
    for one in known.values():
        assert worker.wait(one.flow_run_id).state.is_completed()
    assert worker.run(REQUEST, **scene.names).state.name == "Completed"

    now = approvals(scene)
    assert {kind: (one.id, one.state, one.approver) for kind, one in now.items()} == {
        "release": (known["release"].id, "used", "ben"), "reject": (known["reject"].id, "used", "eve"),
    }  # fmt: skip
    assert sorted(changes(scene)) == ["reject", "release"]


@pytest.mark.slow
def test_an_approver_answers_by_mail_and_the_run_goes_on(
    worker: Any, scene: Any, mail_helper: ModuleType, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        habit = Habit("answers", text="approve", delay=0)
        post = stack.enter_context(mail_helper.mail_world(f"{scene.name}-post", tmp_path / "post", {BEN: habit}))
        known = post.fields()
        MailboxCredentials(
            address=known.address, password=SecretStr(known.password), imap_host=known.imap_host,
            imap_port=known.imap_port, smtp_host=known.smtp_host, smtp_port=known.smtp_port,
            ca_bundle=known.ca_bundle, trusted_authserv_ids=[AUTHSERV_ID],
        ).save(post.name, overwrite=True, _sync=True)  # type: ignore[call-arg]  # fmt: skip
        scene.save_policy(**ADVISE | {"reject": "observe"}, approvers=[BEN], approval_mailbox=post.name)
        with scene.opened() as store:  # the rejection is not what this is about
            alert = store.alerts.find(scene.holds[1])
            store.alerts.set_handling(alert.id, "released", "in the console", "somebody")

        assert worker.run(REQUEST, **scene.names).state.name == "Completed"
        run = approvals(scene)["release"].flow_run_id
        worker.wait_until(lambda: state_of(worker, run) == "Suspended", seconds=200)
        deadline = datetime.now(UTC).timestamp() + 200
        while state_of(worker, run) == "Suspended":
            assert datetime.now(UTC).timestamp() < deadline
            watched = worker.run(WATCH, mailbox=post.name, store=scene.name)
            assert watched.state.name == "Completed", watched.state.message
        assert worker.wait(run).state.is_completed()

        done = approvals(scene)["release"]
        assert (done.state, done.approver, done.channel) == ("used", BEN, "mail")
        assert changes(scene) == ["release"]
        assert len(post.mail.sent) == 1
        mail = message_from_bytes(post.mail.sent[0].raw, policy=mail_policy.default)
        assert PEOPLE[0] not in str(mail.get_body().get_content())  # type: ignore[union-attr]


@pytest.mark.slow
def test_an_open_approval_whose_run_is_deleted_or_crashed_gets_another_run(worker: Any, scene: Any) -> None:
    assert worker.run(REQUEST, **scene.names).state.name == "Completed"
    first = {kind: one.flow_run_id for kind, one in approvals(scene).items()}
    for run in first.values():
        worker.wait_until(lambda run=run: state_of(worker, run) == "Suspended", seconds=200)
    with worker.settings(), get_client(sync_client=True) as client:
        client.delete_flow_run(UUID(first["release"]))
        client.set_flow_run_state(UUID(first["reject"]), Crashed(), force=True)

    for _ in range(2):
        assert worker.run(REQUEST, **scene.names).state.name == "Completed"
    second = {kind: one.flow_run_id for kind, one in approvals(scene).items()}
    assert not set(first.values()) & set(second.values())
    for run in second.values():
        worker.wait_until(lambda run=run: state_of(worker, run) == "Suspended", seconds=200)
    answer(worker, second["release"], "approve")
    assert worker.wait(second["release"]).state.is_completed()
    assert changes(scene) == ["release"]


def test_asking_for_approvals_needs_nothing_to_do(api: Any, make_world: Any) -> None:
    world = make_world(0, history=0)
    world.save_blocks(**ADVISE)
    done = world.run(request_approvals).result()
    assert (done["opened"], done["started"], done["problems"]) == ([], [], 0)
