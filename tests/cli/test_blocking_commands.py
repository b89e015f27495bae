"""`mailroom block-sender`, `remediate` and `expire-blocks`, as typed in a terminal, against a sandbox tenant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli import approvals as approval_commands
from mailroom.cli import block_sender as blocking_commands
from mailroom.cli.exits import Exit
from sandbox import Tenant

BAD = "billing@evil.example"
PEOPLE = ["ann@northwind.example", "bob@northwind.example"]


@pytest.fixture
def tenant() -> Tenant:
    return Tenant.generate(messages=0, history=0, seed=11, remediation_fails=0, remediation_steps=1)


@pytest.fixture
def run(mailroom: Callable[..., Any], home: Path) -> Callable[..., Any]:
    return lambda *arguments: mailroom(*arguments, at=home)


def test_a_dry_run_shows_and_does_nothing(run: Any, tenant: Tenant) -> None:
    answer = run("block-sender", BAD, "--dry-run")
    assert answer.code == Exit.OK
    assert "would be done" in answer.text
    assert tenant.effects == []


def test_a_sender_is_blocked_and_the_second_time_it_says_by_what(run: Any, tenant: Tenant) -> None:
    first = run("block-sender", BAD, "--yes", "--json", "--case", "SIR-9").json
    assert [row["state"] for row in first["results"]] == ["applied"]
    again = run("block-sender", BAD, "--yes", "--json").json
    assert (again["changes"], "SIR-9" in again["already"][0]) == (0, True)
    assert [effect.kind for effect in tenant.effects] == ["create_policy"]


def test_without_a_yes_nothing_happens(run: Any, tenant: Tenant) -> None:
    assert run("block-sender", BAD).code == Exit.OK
    assert run("block-sender", BAD, "--json").code == Exit.USAGE
    assert run("remediate", "<x@y.example>", "--look-for", "message id", "--json").code == Exit.USAGE
    assert tenant.effects == []


def test_a_refusal_says_what_to_do_instead(run: Any, tenant: Tenant) -> None:
    answer = run("block-sender", "fabrikam.example", "--whole-domain", "--yes")
    assert answer.code not in {Exit.OK, Exit.ERROR}
    assert "list of partners" in " ".join(answer.text.split())
    assert run("block-sender", "*", "--yes").code == Exit.USAGE
    assert tenant.effects == []


def test_a_whole_domain_that_cannot_be_counted_is_blocked_only_when_that_is_allowed(run: Any, tenant: Tenant) -> None:
    tenant.revoke("Archive | Search | Read")
    answer = run("block-sender", "evil.example", "--whole-domain", "--yes")
    assert (answer.code, "could not be counted" in " ".join(answer.text.split())) == (Exit.REFUSED, True)
    assert tenant.effects == []
    assert run("block-sender", "evil.example", "--whole-domain", "--allow-uncounted", "--yes").code == Exit.OK
    assert [effect.kind for effect in tenant.effects] == ["create_policy"]


def test_mail_is_pulled_back_from_the_terminal(run: Any, tenant: Tenant) -> None:
    tenant.add_message(to=PEOPLE, from_addr=BAD, from_env=BAD, subject="Your invoice", status="archived")
    (mail,) = [one["messageId"] for one in tenant.archived()]
    wanted = ("remediate", mail, "--look-for", "message id")

    dry = run(*wanted, "--dry-run", "--json").json
    assert dry["items"][0]["delivered copies"] == 2
    assert tenant.effects == []
    early = run(*wanted, "--yes", "--follow-minutes", "0.01")
    assert early.code in {Exit.OK, Exit.NOT_ALL_APPLIED}
    assert [effect.kind for effect in tenant.effects].count("create_incident") == 1


def test_nothing_is_due(run: Any) -> None:
    assert run("expire-blocks").code == Exit.OK
    assert run("expire-blocks", "--dry-run", "--json").json == {"dry_run": True, "blocks": []}


def test_a_block_for_everybody_waits_for_another_account(
    run: Any, tenant: Tenant, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home / "mailroom.toml"
    settings.write_text(settings.read_text().replace("[policy]\n", "[policy]\nwide_changes_need_approval = true\n"))
    monkeypatch.setattr(blocking_commands, "account", lambda: "amy")
    monkeypatch.setattr(approval_commands, "account", lambda: "amy")
    wanted = ("block-sender", "evil.example", "--whole-domain", "--yes", "--json")

    asked = [run(*wanted) for _ in range(2)]
    assert [(one.code, one.json["results"][0]["state"]) for one in asked] == [(Exit.WAITS, "proposed")] * 2
    assert asked[0].json["results"] == asked[1].json["results"]
    assert run("approve", "1", "--yes").code == Exit.REFUSED
    assert tenant.effects == []

    monkeypatch.setattr(approval_commands, "account", lambda: "ben")
    assert run("approve", "1", "--yes").code == Exit.OK
    done = run(*wanted)
    assert (done.code, done.json["changes"], len(done.json["already"])) == (Exit.OK, 0, 1)
    assert [effect.kind for effect in tenant.effects] == ["create_policy"]
