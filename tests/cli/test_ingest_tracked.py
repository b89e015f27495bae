"""`mailroom ingest tracked`, as typed in a terminal, against a sandbox tenant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli.exits import Exit
from mailroom.store import Store
from sandbox import Fault, Tenant

OURS = "northwind.example,northwind-group.example"


@pytest.fixture
def run(mailroom: Callable[..., Any], home: Path) -> Callable[..., Any]:
    with (home / "mailroom.toml").open("a") as settings:
        settings.write(
            "[tracked]\ndomains = ['Northwind.example', 'northwind-group.example']\nmax_hours_backwards = 720\n"
            "max_messages = 15\nstatus_filter = 'Held'\n"
        )
    return lambda *arguments: mailroom("ingest", "tracked", *arguments, at=home)


def opened(home: Path) -> Store:
    return Store.open(f"sqlite:///{home / 'mailroom.db'}", blobs=home / "blobs")


def test_messages_become_alerts_limit_by_limit_and_then_there_is_nothing_new(run: Any, home: Path) -> None:
    first = run()
    assert first.code == Exit.OK
    assert "│ 15      │ 15      │" in first.text
    assert run("--json").json["waiting"] == 10
    assert run("--catch-up", "--json").json["alerted"] == 10
    again = run("--json").json
    assert (again["alerted"], again["waiting"]) == (0, 0)
    with opened(home) as store:
        assert {alert.connector for alert in store.alerts.list(limit=100)} == {"tracked"}
        assert len(store.alerts.list(limit=100)) == 40


def test_json_has_counts_that_add_up(run: Any) -> None:
    counts = run("--json").json
    endings = ("alerted", "duplicate", "filtered", "quarantined", "gone")
    assert counts["fetched"] == sum(counts[name] for name in endings) == 15


def test_a_dry_run_shows_each_message_and_changes_nothing(run: Any, home: Path) -> None:
    answer = run("--dry-run")
    assert answer.code == Exit.OK
    assert "15 messages would be fetched; nothing was changed" in answer.text
    shown = run("--dry-run", "--max-messages", "0", "--json").json
    assert shown["would_fetch"] == 40
    assert {row["outcome"] for row in shown["messages"]} == {"alerted"}
    with opened(home) as store:
        assert store.alerts.list(limit=10) == []
        assert store.runs.latest("ingest tracked") == []


def test_an_outage_that_was_too_long_is_said_aloud(run: Any, tenant: Tenant) -> None:
    run("--catch-up")
    tenant.advance(timedelta(days=40))
    assert run().code == Exit.OK
    tenant.advance(timedelta(days=40))
    said = run("--json").json
    assert "cannot be fetched any more" in said["warnings"][0]
    assert said["lost"][0] < said["lost"][1] == said["gap"][0]


def test_values_this_version_does_not_know_are_shown(run: Any, tenant: Tenant) -> None:
    tenant.faults.add(Fault("drift", "/api/message-finder/search", times=None, how="unknown_status"))
    assert run("--json").json["unknown"] == {"status=quarantined_v2": 15}
    assert run().code == Exit.OK


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--dry-run", "--catch-up"), "choose one"),
        (("--domains", "ann@northwind.example"), "Domains: 'ann@northwind.example' is not a domain"),
    ],
)
def test_what_cannot_be_done_is_refused_with_advice(run: Any, words: tuple[str, ...], said: str) -> None:
    answer = run(*words)
    assert answer.code == Exit.USAGE
    assert said in " ".join(answer.text.split())


def test_without_domains_the_command_says_what_to_write(mailroom: Any) -> None:
    answer = mailroom("ingest", "tracked")
    assert answer.code == Exit.USAGE
    assert "Domains is empty" in answer.text


def test_domains_can_be_given_on_the_command_line(mailroom: Any) -> None:
    assert mailroom("ingest", "tracked", "--domains", OURS, "--max-messages", "0", "--json").code == Exit.OK


def test_a_missing_permission_is_no_access(run: Any, tenant: Tenant) -> None:
    tenant.revoke("Gateway | Tracking | Read")
    answer = run()
    assert answer.code == Exit.ACCESS
    assert "Tracking" in answer.text
