"""`mailroom actions`: the ledger by state, and a person's word about what nobody saw."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli.exits import Exit
from mailroom.playbooks import act
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult, NewAction
from sandbox import Tenant

Run = Callable[..., Any]
TENANT = "CNS1A1"


@pytest.fixture
def unknown(home: Path) -> Action:
    """A block that somebody sent, and whose outcome nobody saw."""
    return _unknown(home, "block_sender")


def _unknown(home: Path, kind: str) -> Action:
    with Store.open(f"sqlite:///{home / 'mailroom.db'}") as store:
        new = NewAction(tenant=TENANT, alert_id=None, kind=kind, target="a@evil.example", slot=f"{kind}:1")
        action = store.ledger.intend(new)
        store.ledger.claim([action.id], owner="worker")
        store.ledger.settle([ActionResult(action.id, "unknown", "the line broke", "unknown")])
        return store.ledger.get(action.id)


def test_what_a_person_knows_settles_an_unknown_action_and_is_kept(mailroom: Run, unknown: Action, home: Path) -> None:
    [listed] = mailroom("actions", "list", "--state", "unknown", "--json").json["actions"]
    assert (listed["action"], listed["kind"]) == (unknown.id, "block_sender")

    said = mailroom("actions", "settle", str(unknown.id), "--applied", "--why", "it is in the console", "--json")
    again = mailroom("actions", "settle", str(unknown.id), "--applied", "--why", "it is in the console", "--json")

    assert (said.code, said.json["state"]) == (Exit.OK, "applied")
    assert again.json == said.json
    with Store.open(f"sqlite:///{home / 'mailroom.db'}") as store:
        last = store.events.for_action(unknown.id)[-1]
        assert (last.before, last.after) == ("unknown", "applied")
        assert "it is in the console" in last.why
        assert store.events.verify() == []
    assert "it is in the console" in mailroom("actions", "list").text


def test_an_action_that_did_not_happen_may_be_carried_out_again(mailroom: Run, unknown: Action) -> None:
    said = mailroom("actions", "settle", str(unknown.id), "--not-applied", "--why", "nothing there", "--json")

    assert said.json["state"] == "not_applied"


def test_nobody_settles_what_is_known_or_a_mail_or_without_a_reason(mailroom: Run, unknown: Action, home: Path) -> None:
    number = str(unknown.id)
    assert mailroom("actions", "settle", number, "--applied", "--why", " ").code == Exit.USAGE
    assert mailroom("actions", "settle", number, "--not-applied", "--why", "gone").code == Exit.OK
    contrary = mailroom("actions", "settle", number, "--applied", "--why", "after all")
    mail = mailroom("actions", "settle", str(_unknown(home, "send_email").id), "--applied", "--why", "seen")

    assert contrary.code == Exit.USAGE
    assert "nothing is unknown" in contrary.text
    assert "replies settle" in mail.text
    assert mailroom("actions", "settle", "999", "--applied", "--why", "x").code == Exit.NOT_FOUND


def test_a_cycle_looks_up_first_what_became_of_a_release_that_nobody_saw(
    mailroom: Run, home: Path, tenant: Tenant
) -> None:
    [hold_id] = tenant.add_message(category="business", to=["ann@northwind.example"])
    mailroom("ingest", "held", "--json")
    with Store.open(f"sqlite:///{home / 'mailroom.db'}") as store:
        alert = store.alerts.find(hold_id)
        action = store.ledger.intend(act.new_disposition(alert, "release", {}, "ann"))
        store.ledger.claim([action.id], owner="worker")
        store.ledger.settle([ActionResult(action.id, "unknown", "the line broke", "unknown")])

    done = mailroom("ingest", "held", "--then-triage", "--json").json

    assert done["unknown"] == 0
    assert tenant.times_applied("release", hold_id) == 1


def test_a_state_that_is_mistyped_is_named_instead_of_showing_an_empty_list(mailroom: Run, unknown: Action) -> None:
    refused = mailroom("actions", "list", "--state", "unkown")

    assert refused.code == Exit.USAGE
    assert "unknown" in refused.text
    assert mailroom("actions", "list", "--state", unknown.state).code == Exit.OK


@pytest.mark.parametrize(
    "command",
    ["actions settle {} --applied --why x", "approvals show {}", "approve {} --yes", "decline {}", "undo {}",
     "replies show {}", "case show {}"],
)  # fmt: skip
def test_a_number_that_no_row_can_have_is_refused_in_words(mailroom: Run, command: str) -> None:
    refused = mailroom(*command.format(2**63).split())

    assert refused.code == Exit.USAGE
    assert "Traceback" not in refused.text
