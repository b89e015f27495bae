"""`mailroom approvals`, `approve`, `decline` and `bulk`, as typed in a terminal, against a sandbox tenant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_small_tenant import PEOPLE, RULES, add

from mailroom.cli import approvals as commands
from mailroom.cli import bulk as bulk_commands
from mailroom.cli import changing
from mailroom.cli.exits import Exit
from mailroom.store import Store
from mailroom.triage.packaged import demo_lists
from sandbox import Tenant

ADVISE = f"""
rules = ['{RULES}']
lists = ['{demo_lists()}']
starter_rules = false
modes = {{ release = "advise", reject = "advise" }}
"""


@pytest.fixture
def tenant() -> Tenant:
    return Tenant.generate(messages=0, history=0, seed=11)


@pytest.fixture
def holds(tenant: Tenant) -> dict[str, str]:
    """Subject -> hold id of twelve messages that the rules would reject, and two that they would release."""
    subjects = [f"junk {number}" for number in range(12)] + [f"wanted {number}" for number in range(2)]
    return {one: add(tenant, one, minutes=60 - at, to=PEOPLE[:1])[0] for at, one in enumerate(subjects)}


@pytest.fixture
def run(
    mailroom: Callable[..., Any], home: Path, holds: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    """As `amy`, or whoever `who=` says, once the queue is taken in and judged."""
    settings = home / "mailroom.toml"
    settings.write_text(settings.read_text().partition("[policy]")[0] + f"[policy]\n{ADVISE}")

    def call(*arguments: str, who: str = "amy") -> Any:
        for module in (commands, bulk_commands, changing):
            monkeypatch.setattr(module, "account", lambda: who)
        return mailroom(*arguments, at=home)

    assert call("ingest", "held").code == Exit.OK
    assert call("triage").code == Exit.OK
    return call


def effects(tenant: Tenant) -> list[str]:
    return [one.kind for one in tenant.effects]


def test_proposals_are_asked_for_shown_approved_and_done_once(run: Any, tenant: Tenant) -> None:
    opened = run("approvals", "request", "--json").json["opened"]
    assert len(opened) == 3  # twelve rejections are ten and two
    assert run("approvals", "request", "--json").json["opened"] == []
    listed = run("approvals", "list", "--json").json["approvals"]
    release = next(one for one in listed if one["kind"] == "release")
    shown = run("approvals", "show", str(release["id"]))
    assert "contoso-logistics[.]example" in shown.text
    assert "northwind" not in shown.text
    assert effects(tenant) == []

    for _ in range(2):
        assert run("approve", str(release["id"]), "--yes", "--json").json["approvals"][0]["counts"] == {"applied": 2}
    assert effects(tenant) == ["release"] * 2
    assert run("approve", str(release["id"]), "--yes", who="eve").code == Exit.OK  # nothing left to do
    assert effects(tenant) == ["release"] * 2


def test_a_declined_proposal_is_gone(run: Any, tenant: Tenant) -> None:
    (first, *_) = run("approvals", "request", "--json").json["opened"]
    assert run("decline", str(first), "--note", "no").code == Exit.OK
    assert run("approve", str(first), "--yes").code == Exit.REFUSED
    assert run("decline", "99").code == Exit.NOT_FOUND
    assert first not in run("approvals", "request", "--json").json["opened"]
    assert effects(tenant) == []


def test_the_list_says_whether_a_run_still_waits(run: Any, home: Path) -> None:
    (first, *_) = run("approvals", "request", "--json").json["opened"]

    def listed() -> str:
        rows = run("approvals", "list", "--all", "--json").json["approvals"]
        return str(next(one["run"] for one in rows if one["id"] == first))

    assert listed() == ""
    with Store.open(f"sqlite:///{home / 'mailroom.db'}") as store:
        store.approvals.attach(first, flow_run_id="0b2d3c1e-0000-4000-8000-000000000000")
        assert listed() == "waits"
        store.approvals.told(first)
    assert listed() == "was told"


def test_without_a_yes_nothing_is_decided(run: Any, tenant: Tenant) -> None:
    (first, *_) = run("approvals", "request", "--json").json["opened"]
    assert run("approve", str(first)).code == Exit.OK
    assert run("approve", str(first), "--json").code == Exit.USAGE
    assert run("approve", "--yes").code == Exit.USAGE
    assert run("approve", str(first), "--dry-run", "--json").json["approvals"][0]["dry_run"]
    assert run("approvals", "show", str(first), "--json").json["state"] == "open"
    assert effects(tenant) == []


def test_proposals_are_approved_by_a_query(run: Any, tenant: Tenant) -> None:
    done = run("approve", "--where", "proposed=release", "--where", "subject~wanted", "--yes", "--json").json
    assert done["approvals"][0]["counts"] == {"applied": 2}
    assert run("approve", "--where", "subject~nothing like it", "--yes").code == Exit.NOT_FOUND
    assert run("approve", "--where", "nonsense", "--yes").code == Exit.USAGE
    assert effects(tenant) == ["release"] * 2


def test_more_than_ten_proposals_of_one_query_need_another_account(run: Any, tenant: Tenant) -> None:
    wanted = ("approve", "--where", "proposed=reject")
    assert run(*wanted, "--dry-run", "--json").json["approvals"][0]["targets"] == 12
    assert run("approvals", "list", "--all", "--json").json["approvals"] == []  # looking writes nothing down
    assert "Would be asked" in run(*wanted, "--dry-run").text
    for _ in range(2):
        asked = run(*wanted, "--yes", "--json")
        (waiting,) = asked.json["approvals"]
        assert (asked.code, waiting["targets"], waiting["proposer"]) == (Exit.WAITS, 12, "amy")
    assert run(*wanted).code == Exit.WAITS  # nobody is asked whose yes does not count
    assert run("approve", str(waiting["id"]), "--yes").code == Exit.REFUSED
    assert effects(tenant) == []

    done = run(*wanted, "--yes", "--json", who="ben").json["approvals"][0]
    assert (done["id"], done["counts"], done["approver"]) == (waiting["id"], {"applied": 12}, "ben")
    assert effects(tenant) == ["reject"] * 12


def test_ten_proposals_of_one_query_stay_those_of_the_rules(run: Any, tenant: Tenant) -> None:
    ten = "subject=" + ",".join(f"junk {number}" for number in range(10))
    done = run("approve", "--where", ten, "--yes", "--json").json["approvals"][0]
    assert (done["proposer"], done["counts"]) == ("triage", {"applied": 10})
    assert effects(tenant) == ["reject"] * 10


def test_a_bulk_action_shows_first_and_is_done_once(run: Any, tenant: Tenant) -> None:
    wanted = ("bulk", "reject", "--where", "subject~junk 1")  # 1, 10 and 11
    preview = run(*wanted, "--preview", "--json").json["messages"]
    assert len(preview) == 3
    assert run(*wanted).code == Exit.OK  # nobody there to say yes
    assert effects(tenant) == []
    assert run(*wanted, "--yes", "--json").json["counts"] == {"applied": 3}
    assert run(*wanted, "--yes").code == Exit.OK
    assert effects(tenant) == ["reject"] * 3


def test_more_than_ten_need_somebody_else(run: Any, tenant: Tenant) -> None:
    waits = run("bulk", "reject", "--where", "subject~junk", "--note", "unwanted", "--yes", "--json")
    asked = waits.json["approval"]
    assert waits.code == Exit.WAITS
    assert (asked["targets"], asked["wide"], asked["state"]) == (12, True, "open")
    refused = run("approve", str(asked["id"]), "--yes")
    assert refused.code == Exit.REFUSED
    assert "other than the proposer" in " ".join(refused.text.split())
    assert effects(tenant) == []

    done = run("approve", str(asked["id"]), "--yes", "--json", who="ben").json["approvals"][0]
    assert (done["counts"], done["approver"]) == ({"applied": 12}, "ben")
    assert effects(tenant) == ["reject"] * 12


@pytest.mark.parametrize("how", ["--preview", "--propose", "--yes"])
def test_a_mistyped_reason_is_said_before_anything_is_proposed(run: Any, tenant: Tenant, how: str) -> None:
    before = run("actions", "list", "--json").json
    mistyped = run("bulk", "reject", "--where", "subject~junk 1", "--reason", "I do not like it", how)

    assert (mistyped.code, "choose one of Select One" in mistyped.text) == (Exit.USAGE, True)
    assert run("actions", "list", "--json").json == before
    assert effects(tenant) == []


@pytest.mark.parametrize("how", ["--preview", "--propose", "--yes"])
def test_a_report_that_the_newer_api_does_not_take_is_not_even_proposed(run: Any, tenant: Tenant, how: str) -> None:
    before = run("actions", "list", "--json").json
    refused = run("bulk", "report", "--where", "subject~junk 1", how)

    assert (refused.code, "administration console" in refused.text) == (Exit.ACCESS, True)
    assert run("actions", "list", "--json").json == before


def test_a_query_that_fits_too_much_or_nothing_is_refused(run: Any, tenant: Tenant) -> None:
    assert run("bulk", "release", "--yes").code == Exit.USAGE
    assert run("bulk", "reject", "--where", "subject~junk", "--limit", "5", "--yes").code == Exit.USAGE
    assert run("bulk", "reject", "--where", "subject>=3", "--yes").code == Exit.USAGE
    assert run("bulk", "reject", "--where", "verdict=", "--yes").code == Exit.USAGE
    assert run("bulk", "reject", "--where", "risk>=high", "--yes").code == Exit.USAGE
    assert effects(tenant) == []


def test_what_somebody_else_released_meanwhile_is_reported_and_not_touched(
    run: Any, tenant: Tenant, holds: dict[str, str]
) -> None:
    asked = run("bulk", "reject", "--where", "subject=junk 3,junk 4", "--propose", "--json").json["approval"]
    tenant.admin_release(holds["junk 3"])
    counts = run("approve", str(asked["id"]), "--yes", "--json").json["approvals"][0]["counts"]
    assert counts == {"already_done": 1, "applied": 1}
    assert effects(tenant) == ["admin_release", "reject"]


def test_a_permit_waits_for_another_account_and_is_then_recorded(
    run: Any, home: Path, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = home / "mailroom.toml"
    settings.write_text(settings.read_text().replace("[policy]\n", "[policy]\nwide_changes_need_approval = true\n"))
    monkeypatch.setenv("LOGNAME", "ben")  # what the environment says counts for nothing
    permit = ("permit", "billing@evil.example", "--recipient", PEOPLE[0])
    assert run(*permit, "--dry-run").code == Exit.OK
    asked = run(*permit, "--json")
    assert (asked.code, asked.json["state"]) == (Exit.WAITS, "proposed")
    number = str(asked.json["result"]["approval"])
    assert f"mailroom approve {number}" in " ".join(run(*permit).text.split())
    assert run("approve", number, "--yes").code == Exit.REFUSED
    assert effects(tenant) == []

    assert run("approve", number, "--yes", who="ben").code == Exit.OK
    assert run(*permit, "--json").json["recorded"]
    assert effects(tenant) == ["permit_sender"]
