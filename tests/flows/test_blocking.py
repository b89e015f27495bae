"""Blocking, remediation and expiry through a real Prefect server: forms, approvals, tables, and what Prefect learns."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from prefect import resume_flow_run
from prefect.client.orchestration import get_client

from flows.approve_action import approve_action
from flows.block_sender import block_sender
from flows.expire_blocks import expire_blocks
from flows.remediate import remediate
from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.errors import EffectsFailedError, InvalidInputError, RefusedError
from mailroom.playbooks.approvals import deciding
from tasks import _open

pytestmark = [pytest.mark.prefect]

BAD = "boeser.absender@evil.example"
PEOPLE = ["stille.eins@northwind.example", "stille.zwei@northwind.example"]
"""Nobody types them into a form: Prefect must not learn them."""
TYPED = ["getippt.eins@northwind.example", "getippt.zwei@northwind.example"]
AUTHENTIC = {"spf": "pass", "dkim": "pass", "dmarc": "pass", "dkim_domain": "evil.example"}
MANAGED = "/api/managedsender/permit-or-block-sender"
BLOCK = "block sender/on demand"


def changes(world: Any) -> list[str]:
    return [effect.kind for effect in world.tenant.effects if not effect.kind.startswith("admin")]


def ledger(world: Any) -> list[tuple[str, str]]:
    with world.opened() as store:
        return sorted((one.kind, one.state) for one in store.ledger.list())


def alert_of(world: Any, to: list[str], **fields: Any) -> str:
    """An alert about a held mail of the phisher; returns its number."""
    known = {
        "from_addr": BAD,
        "from_env": BAD,
        "subject": "Kanari-Betreff",
        "hold": "spam",
        "dkim_domain": "evil.example",
    }
    auth = {"spf": "pass", "dkim": "pass", "dmarc": "pass", "impersonation": None, "raw_from": None, "foreign_auth": []}
    (hold_id, *_) = world.tenant.add_message(to=to, **known | auth | fields)
    _open.close_all()
    ingest_held(_open.client(world.name), _open.store(world.name), HeldSettings())
    number = str(_open.store(world.name).alerts.find(hold_id).id)
    _open.close_all()
    return number


def delivered(world: Any, to: list[str], **fields: Any) -> str:
    """A mail in mailboxes; returns its Message-ID."""
    world.tenant.add_message(
        to=to, subject="Kanari-Betreff", status="archived", category="phish",
        **{"from_addr": BAD, "from_env": BAD, "raw_from": None, "foreign_auth": []} | AUTHENTIC | fields,
    )  # fmt: skip
    return next(one["messageId"] for one in world.tenant.archived() if one["subject"] == "Kanari-Betreff")


def test_a_dry_run_shows_the_plan_and_changes_nothing(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(0)
    world.save_blocks()
    state = world.run(block_sender, alert=alert_of(world, PEOPLE), dry_run=True)
    assert state.result()["state"] == "shown"
    assert "sender-block-plan" in helper.artifacts(helper.run_id(state))
    assert (changes(world), ledger(world)) == ([], [])

    refused = world.run(block_sender, sender="ceo@northwind.example", dry_run=True).result()
    assert (refused["state"], refused["refused_because"]) == ("refused", ["own_domain"])


def test_a_sender_is_blocked_once_and_the_second_run_says_so(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(0)
    world.save_blocks()
    alert = alert_of(world, PEOPLE)

    first = world.run(block_sender, alert=alert, requested_by="amy")
    second = world.run(block_sender, alert=alert, requested_by="amy")

    assert (first.result()["state"], second.result()["state"]) == ("blocked", "already blocked")
    assert changes(world) == ["create_policy"]
    shown = json.dumps(helper.artifacts(helper.run_id(first)))
    assert "stille.eins" not in shown
    assert "stille.zwei" not in shown


def test_a_block_for_everybody_becomes_a_proposal_that_somebody_else_approves(api: Any, make_world: Any) -> None:
    world = make_world(0)
    world.save_blocks(wide_changes_need_approval=True)
    wanted: dict[str, Any] = {"alert": alert_of(world, PEOPLE), "requested_by": "amy"}

    states = [world.run(block_sender, **wanted).result()["state"] for _ in range(2)]
    assert (states, changes(world)) == (["proposed"] * 2, [])
    with world.opened() as store:
        [known] = store.approvals.newest()
        given: dict[str, Any] = {"digest": known.digest}
        for by, channel in (("Ben", "form"), ("amy", "command line")):
            with pytest.raises(RefusedError, match="does not count"):
                deciding.approve(store, _open.policy(world.name), known.id, by=by, channel=channel, **given)
        deciding.approve(store, _open.policy(world.name), known.id, by="ben", channel="command line", **given)
    _open.close_all()
    assert world.run(approve_action, approval=known.id).result()["actions"] == {"applied": 1}

    assert world.run(block_sender, **wanted).result()["state"] == "already blocked"
    assert changes(world) == ["create_policy"]


def test_a_refusal_ends_the_run_with_what_to_do_instead(api: Any, make_world: Any) -> None:
    world = make_world(0)
    world.save_blocks()
    with pytest.raises(RefusedError, match=r"is on the list of partners.*Tell the partner"):
        world.run(block_sender, sender="ann@fabrikam.example").result()
    assert changes(world) == []


def test_a_failed_change_fails_the_run_and_the_next_one_makes_only_it(api: Any, make_world: Any) -> None:
    world = make_world(0)
    world.save_blocks()
    world.break_calls(
        "fail_in_200", "/api/managedsender/permit-or-block-sender", times=1, code="err_managedsender_busy"
    )
    form = {"sender": BAD, "how": "managed sender", "recipients": ", ".join(TYPED)}

    with pytest.raises(EffectsFailedError, match=r"1 of 2 blocks were not made.*Retry makes only these"):
        world.run(block_sender, **form).result()
    assert world.run(block_sender, **form).result()["state"] == "blocked"
    assert changes(world) == ["block_sender"] * 2


def test_without_a_person_the_mode_decides(api: Any, make_world: Any) -> None:
    world = make_world(0)
    world.save_blocks(block_sender="advise")
    alert = alert_of(world, PEOPLE)
    assert world.run(block_sender, alert=alert, automatic=True).result()["state"] == "proposed"
    assert (changes(world), ledger(world)) == ([], [("create_block_sender_policy", "proposed")])

    world.save_policy(block_sender="auto")
    assert world.run(block_sender, alert=alert, automatic=True).result()["state"] == "blocked"
    assert ledger(world) == [("create_block_sender_policy", "applied")]


def test_asking_first_needs_a_deployed_run(api: Any, make_world: Any) -> None:
    world = make_world(0)
    world.save_blocks()
    with pytest.raises(InvalidInputError, match="needs a deployed run"):
        world.run(block_sender, sender=BAD, ask_first=True).result()
    assert ledger(world) == [("create_block_sender_policy", "proposed")]


def test_mail_is_pulled_back_and_nobody_is_named(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(0, remediation_fails=0, remediation_steps=2)
    world.save_blocks()
    message_id = delivered(world, PEOPLE)
    form = {"look_for": "message id", "values": message_id, "also_block_sender": "address"}

    dry = world.run(remediate, **form, dry_run=True)
    assert dry.result() == {"dry_run": True, "items": 1, "delivered_copies": 2, "not_searched": 0}
    assert changes(world) == []
    state = world.run(remediate, **form)

    assert state.result()["items"] == {"done": 1}
    assert state.result()["pulled_back"] == 2
    assert sorted(set(changes(world))) == ["create_incident", "create_policy", "remediate"]
    shown = json.dumps(helper.artifacts(helper.run_id(state)))
    assert "stille.eins" not in shown
    assert world.run(remediate, **form).result()["items"] == {"done": 1}
    assert changes(world).count("create_incident") == 1


def test_a_forged_sender_of_mail_that_is_pulled_back_is_not_blocked(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(0, remediation_fails=0, remediation_steps=2)
    world.save_blocks()
    forged = {
        "from_addr": "sales@bystander.example", "from_env": "bounce@bulk.evil.example", "spf": "none", "dkim": "none",
        "dmarc": "fail", "dkim_domain": "",
    }  # fmt: skip
    message_id = delivered(world, PEOPLE, **forged)

    state = world.run(remediate, look_for="message id", values=message_id, also_block_sender="address")

    assert state.result()["items"] == {"done": 1}
    assert set(changes(world)) == {"create_incident", "remediate"}
    shown = json.dumps(helper.artifacts(helper.run_id(state))["remediation-blocks"])
    assert "left alone" in shown
    assert "failed DMARC" in shown


def test_what_was_pulled_back_is_shown_also_where_nobody_can_be_told(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(0, remediation_fails=0, remediation_steps=2)
    world.save_blocks()
    message_id = delivered(world, PEOPLE)

    state = world.run(
        remediate, look_for="message id", values=message_id, tell_recipients=True, mailbox="there is none"
    )

    assert state.is_failed()
    assert "there is none" in state.message
    assert "done" in json.dumps(helper.artifacts(helper.run_id(state))["remediation"])


def test_copies_that_stay_behind_fail_the_run(api: Any, make_world: Any) -> None:
    world = make_world(0, remediation_fails=2, remediation_steps=2)
    world.save_blocks()
    message_id = delivered(world, PEOPLE)
    with pytest.raises(EffectsFailedError, match="could not be pulled back"):
        world.run(remediate, look_for="message id", values=message_id).result()


def test_blocks_end_and_what_was_changed_by_hand_stays(api: Any, make_world: Any) -> None:
    world = make_world(0, frozen=True)
    world.save_blocks()
    world.run(block_sender, sender=BAD, days=1).result()
    assert world.run(expire_blocks).result() == {}
    world.tenant.clock.advance(timedelta(days=2))
    assert world.run(expire_blocks, dry_run=True).result() == {"would end": 1, "left alone": 0}
    assert world.tenant.policies()
    assert world.run(expire_blocks).result() == {"ended": 1}
    assert world.tenant.policies() == []


@pytest.mark.slow
def test_prefect_learns_nobodys_address(api: Any, make_world: Any, helper: Any) -> None:
    world = make_world(0, remediation_fails=2, remediation_steps=2)
    world.save_blocks()
    world.break_calls("fail_in_200", MANAGED, times=1, code="err_managedsender_busy", message=f"no {PEOPLE[0]}")
    alert = alert_of(world, PEOPLE)
    assert world.run(block_sender, alert=alert, how="managed sender").is_failed()
    assert world.run(block_sender, alert=alert, how="managed sender").is_completed()
    assert world.run(block_sender, alert=alert, how="managed sender", dry_run=True).is_completed()
    assert world.run(remediate, look_for="message id", values=delivered(world, PEOPLE)).is_failed()
    assert world.run(expire_blocks).is_completed()

    api.wait_until_written()
    places = {"Prefect's database": helper.database_text(api.database), "its log": api.log_text("server")}
    for path in api.home.rglob("*"):
        if path.is_file() and "prefect.db" not in path.name:
            places[str(path.relative_to(api.home))] = path.read_bytes().decode("utf-8", "replace")
    for where, text in places.items():
        assert not {person for person in PEOPLE if person.partition("@")[0] in text}, where
    assert "sender-block-plan" in places["Prefect's database"]


def _name(server: Any, run: Any) -> str:
    with server.settings(), get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    return state.name if state else ""


def _answer(server: Any, run: Any, **answer: str) -> None:
    with server.settings():
        resume_flow_run(run, run_input={"your_name": "ben", "note": "", **answer}, _sync=True)  # type: ignore[call-arg]


@pytest.mark.slow
def test_a_person_approves_exactly_what_is_done_and_a_changed_plan_is_asked_again(worker: Any, make_world: Any) -> None:
    world = make_world(0)
    world.save_blocks()
    alert = alert_of(world, PEOPLE[:1])
    run = worker.begin(BLOCK, **world.names, alert=alert, requested_by="amy", ask_first=True)
    worker.wait_until(lambda: _name(worker, run) == "Suspended", seconds=200)
    assert ledger(world) == [("block_sender", "proposed")]
    assert changes(world) == []

    alert_of(world, PEOPLE[1:])  # somebody else gets mail from there: now it would be a policy
    _answer(worker, run, decision="approve")
    instead = [("block_sender", "refused"), ("create_block_sender_policy", "proposed")]
    worker.wait_until(lambda: ledger(world) == instead, seconds=200)
    worker.wait_until(lambda: _name(worker, run) == "Suspended", seconds=200)
    assert changes(world) == []

    _answer(worker, run, decision="approve", your_name=" ")  # nobody: asked again
    worker.wait_until(lambda: _name(worker, run) == "Suspended", seconds=200)
    assert changes(world) == []

    _answer(worker, run, decision="approve")
    done = worker.wait(run)
    assert done.state.is_completed(), done.state
    assert changes(world) == ["create_policy"]
    assert ledger(world) == [("block_sender", "refused"), ("create_block_sender_policy", "applied")]
    with world.opened() as store:
        (made,) = store.ledger.list(state="applied")
    assert made.requested_by == "amy, approved by ben"


@pytest.mark.slow
def test_a_declined_block_is_withdrawn(worker: Any, make_world: Any) -> None:
    world = make_world(0)
    world.save_blocks()
    run = worker.begin(BLOCK, **world.names, sender=BAD, ask_first=True)
    worker.wait_until(lambda: _name(worker, run) == "Suspended", seconds=200)
    _answer(worker, run, decision="decline", note="it is a supplier")

    assert worker.wait(run).state.is_completed()
    assert changes(world) == []
    assert ledger(world) == [("create_block_sender_policy", "refused")]
