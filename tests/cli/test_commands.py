"""What an analyst gets from each command, on a tenant that remembers what was done to it."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli.exits import Exit
from sandbox import Fault, Tenant

Run = Callable[..., Any]


def test_the_whole_playbook_runs_without_a_prefect_api(mailroom: Run, tenant: Tenant) -> None:
    done = mailroom("ingest", "held", "--then-triage", "--json")

    assert done.code == Exit.OK
    counts = done.json
    assert counts["fetched"] == counts["alerted"] == len(tenant.labels)
    assert sum(counts["verdicts"].values()) == counts["alerted"]
    assert counts["actions"].get("reject_applied", 0) > 0
    assert len(tenant.effects) == sum(counts["actions"].values())


def test_a_second_cycle_changes_nothing(mailroom: Run, tenant: Tenant) -> None:
    mailroom("ingest", "held", "--then-triage", "--json")
    before = len(tenant.effects)

    again = mailroom("ingest", "held", "--then-triage", "--json").json

    assert (again["alerted"], again["actions"], again["verdicts"]) == (0, {}, {})
    assert len(tenant.effects) == before


def test_a_dry_run_shows_what_would_happen_and_changes_nothing(mailroom: Run, tenant: Tenant) -> None:
    mailroom("ingest", "held", "--json")

    shown = mailroom("triage", "--dry-run", "--json").json
    table = mailroom("triage", "--dry-run")

    assert shown["dry_run"]
    assert shown["planned"]
    assert "dry run" in table.text
    assert tenant.effects == []
    assert mailroom("stats", "--json").json["verdicts"] == {}


def test_what_failed_is_taken_up_by_retry_and_applied_once(mailroom: Run, tenant: Tenant) -> None:
    mailroom("ingest", "held", "--json")
    tenant.faults.add(Fault("apply_then_fail", path="/api/gateway/hold-reject", times=1, how="reset"))

    mailroom("triage", "--json")
    mailroom("retry", "--json")

    states = mailroom("stats", "--json").json["actions"]
    assert set(states["reject"]) == {"applied"}
    rejected = [effect.hold_id for effect in tenant.effects if effect.kind == "reject"]
    assert rejected
    assert len(rejected) == len(set(rejected))


def test_a_refused_call_ends_with_its_own_exit_code_and_retry_finishes_the_work(mailroom: Run, tenant: Tenant) -> None:
    mailroom("ingest", "held", "--json")
    tenant.revoke("Account | Monitoring | Held | Edit")

    refused = mailroom("triage", "--json")
    tenant.grant("Account | Monitoring | Held | Edit")
    after = mailroom("retry", "--json")

    assert refused.code == Exit.ACCESS
    assert "Held | Edit" in refused.text
    assert after.code == Exit.OK
    assert set(mailroom("stats", "--json").json["actions"]["reject"]) == {"applied"}


def test_explain_tells_how_an_alert_came_in_what_was_decided_and_what_was_done(mailroom: Run) -> None:
    mailroom("ingest", "held", "--then-triage", "--json")
    rejected = mailroom("undo", "--json").json["actions"][0]

    story = mailroom("explain", str(rejected["alert"]), "--json").json
    text = mailroom("explain", str(rejected["alert"])).text

    assert story["came_in"]["source"].startswith("held of ")
    assert story["verdicts"][0]["evidence"]
    assert story["verdicts"][0]["rule_digest"]
    assert story["actions"][0]["state"] == "applied"
    assert [event["kind"] for event in story["history"]].count("action.applied") == 1
    assert "Verdict" in text


def test_an_unknown_alert_is_not_found(mailroom: Run) -> None:
    assert mailroom("explain", "99999").code == Exit.NOT_FOUND


def test_an_analyst_releases_a_message_once_and_hears_so_the_second_time(mailroom: Run, tenant: Tenant) -> None:
    [hold_id] = tenant.add_message(category="business", to=["ann@northwind.example"])
    mailroom("ingest", "held", "--json")

    first = mailroom("release", hold_id, "--json")
    second = mailroom("release", hold_id, "--json")

    assert first.json["state"] == second.json["state"] == "applied"
    assert tenant.times_applied("release", hold_id) == 1


def test_a_released_message_cannot_be_rejected(mailroom: Run, tenant: Tenant) -> None:
    [hold_id] = tenant.add_message(category="business", to=["ann@northwind.example"])
    mailroom("ingest", "held", "--json")
    mailroom("release", hold_id, "--json")

    refused = mailroom("reject", hold_id)

    assert refused.code != Exit.OK
    assert "one disposition only" in refused.text
    assert tenant.times_applied("reject", hold_id) == 0


@pytest.mark.parametrize("command", ["release", "reject"])
def test_a_dry_run_of_one_message_changes_and_writes_nothing(mailroom: Run, tenant: Tenant, command: str) -> None:
    [hold_id] = tenant.add_message(category="business", to=["ann@northwind.example"])
    mailroom("ingest", "held", "--json")

    shown = mailroom(command, hold_id, "--dry-run", "--json").json
    said = mailroom(command, hold_id, "--dry-run").text

    assert (shown["dry_run"], shown["kind"], shown["still_held"], shown["would_send"]) == (True, command, True, True)
    assert said.startswith(f"Would {command} alert {shown['alert']}")
    assert tenant.times_applied(command, hold_id) == 0
    assert mailroom("explain", str(shown["alert"]), "--json").json["actions"] == []


def test_malware_is_released_by_nobody(mailroom: Run, tenant: Tenant) -> None:
    [hold_id] = tenant.add_message(category="malware", to=["ann@northwind.example"])
    mailroom("ingest", "held", "--json")

    refused = mailroom("release", hold_id)

    assert refused.code == Exit.NOT_ALL_APPLIED
    assert tenant.times_applied("release", hold_id) == 0


def test_the_kill_switch_stops_acting_and_not_triaging(mailroom: Run, home: Path, tenant: Tenant) -> None:
    settings = home / "mailroom.toml"
    settings.write_text(settings.read_text().replace("[policy]", "[policy]\nkill_switch = true"))

    done = mailroom("ingest", "held", "--then-triage", "--json")

    assert sum(done.json["verdicts"].values()) == len(tenant.labels)
    assert tenant.effects == []


def test_a_new_installation_only_observes(mailroom: Run, home: Path, tenant: Tenant) -> None:
    settings = home / "mailroom.toml"
    text = settings.read_text()
    settings.write_text(text[: text.index("[policy]")])

    done = mailroom("ingest", "held", "--then-triage", "--json")

    assert sum(done.json["verdicts"].values()) == len(tenant.labels)
    assert (done.json["actions"], tenant.effects) == ({}, [])


def test_overturning_a_decision_is_kept_in_the_history(mailroom: Run) -> None:
    mailroom("ingest", "held", "--then-triage", "--json")
    alert = str(mailroom("undo", "--json").json["actions"][0]["alert"])

    said = mailroom("overturn", alert, "--why", "a supplier we know")

    assert said.code == Exit.OK
    assert mailroom("explain", alert, "--json").json["alert"]["handling"] == "overturned"


def test_check_names_the_missing_permission_and_ends_with_its_exit_code(mailroom: Run, tenant: Tenant) -> None:
    tenant.revoke("Gateway | Tracking | Read")

    answer = mailroom("check", "--json")

    assert answer.code == Exit.CHECK_FAILED
    failed = [stage for stage in answer.json["stages"] if stage["result"] == "failed"]
    assert any("Tracking" in stage["detail"] + stage["advice"] for stage in failed)


def test_explain_shows_what_a_rule_in_shadow_would_have_said(mailroom: Run, home: Path, tenant: Tenant) -> None:
    (hold_id,) = tenant.add_message(subject="New bank details", from_addr="pay@stranger.example")
    settings = home / "mailroom.toml"
    examples = Path(__file__).resolve().parents[2] / "examples"
    text = settings.read_text().replace("[policy]", f"[policy]\nrules = ['{examples / 'rules'}']")
    settings.write_text(text.replace("lists = [", f"lists = ['{examples / 'lists'}', "))
    mailroom("ingest", "held", "--then-triage", "--json")

    shown = mailroom("explain", hold_id).text

    assert re.search(r"supplier-bank-change\s*.\s*shadow", shown)


def test_check_of_rules_alone_shows_every_mistake_on_a_line_of_its_own(mailroom: Run, home: Path) -> None:
    (home / "rules").mkdir()
    (home / "rules" / "one.yml").write_text("schema: 1\nid: Wrong Id\n---\nschema: 2\n")
    settings = home / "mailroom.toml"
    settings.write_text(settings.read_text().replace("[policy]", "[policy]\nrules = ['rules']"))

    answer = mailroom("check", "--rules", "--json")

    stages = answer.json["stages"]
    assert answer.code == Exit.CHECK_FAILED
    assert {stage["stage"] for stage in stages} == {"rules"}
    assert len(stages) > 2
    assert all("/one.yml:" in stage["detail"] and "\n" not in stage["detail"] for stage in stages)


def test_check_passes_on_a_tenant_with_the_right_role(mailroom: Run) -> None:
    answer = mailroom("check", "--json")

    assert (answer.code, answer.json["ok"]) == (Exit.OK, True)


def test_a_wrong_secret_says_which_field_to_correct_and_shows_no_secret(mailroom: Run, home: Path) -> None:
    (home / "secret").write_text("wrong-secret-value")

    answer = mailroom("ingest", "held")

    assert answer.code == Exit.ACCESS
    assert "wrong-secret-value" not in answer.text


def test_hostile_subjects_reach_the_terminal_as_plain_text(mailroom: Run, tenant: Tenant) -> None:
    [hold_id] = tenant.add_message(
        category="spam",
        to=["ann@northwind.example"],
        subject="\x1b[31mred\x1b[0m [bold]x[/bold] {0.__class__} \u202egpj",
    )
    mailroom("ingest", "held", "--then-triage", "--json")

    text = mailroom("explain", hold_id).text + mailroom("triage", "--dry-run").text

    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "[bold]x[/bold]" in text


def test_importing_the_command_line_does_not_import_prefect() -> None:
    program = "import sys, mailroom.cli.main; sys.exit('prefect' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_statistics_are_for_people_to_read(mailroom: Run) -> None:
    assert mailroom("ingest", "held", "--then-triage", "--json").code == 0

    shown = mailroom("stats").text

    assert "{" not in shown
    assert re.search(r"reject +. \d+ applied", shown), shown
