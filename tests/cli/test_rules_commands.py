"""`mailroom rules`, `mailroom label` and `mailroom triage-report` as a person types them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailroom.cli.exits import Exit

RULE = {
    "schema": 1, "id": "every-mail", "version": 1, "status": "advise", "title": "Hits every mail", "level": "T1",
    "owner": "tests", "match": {"sent": {"subject|exists": True}}, "condition": "sent", "score": 90, "group": "content",
    "explain": "It has a subject: {subject}", "absolute": "malicious",
    "tests": [
        {"name": "said", "with": {"subject": "junk"}, "expect": True},
        {"name": "empty", "with": {"facts": {"subject": None}}, "expect": False},
        {"name": "no subject", "with": {"missing": ["subject"]}, "expect": "unknown"},
    ],
}  # fmt: skip


@pytest.fixture
def ingested(mailroom: Callable[..., Any]) -> Callable[..., Any]:
    assert mailroom("ingest", "held").code == 0
    return mailroom


def test_rules_are_tested_before_they_are_used(mailroom: Any, tmp_path: Path) -> None:
    assert mailroom("rules", "test", "--json").json["rules"] > 70
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "rule.yml").write_text(yaml.safe_dump(RULE))
    assert "every-mail" not in mailroom("rules", "lint").text
    assert "every-mail" in mailroom("rules", "lint", "--rules", str(folder)).text
    (folder / "rule.yml").write_text(yaml.safe_dump(RULE | {"condition": "not sent"}))
    answer = mailroom("rules", "test", "--rules", str(folder))
    assert (answer.code, "rule.yml:" in answer.text) == (int(Exit.USAGE), True)
    assert mailroom("rules", "test", "--rules", str(tmp_path / "nowhere")).code == Exit.USAGE


def test_a_rule_that_hits_wanted_mail_fails_the_backtest_until_acknowledged(ingested: Any, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "rule.yml").write_text(yaml.safe_dump(RULE))
    assert ingested("label", "1", "wanted", "--why", "I know them").code == 0
    assert ingested("label", "1", "wanted", "--json").json["changed"] is False
    answer = ingested("rules", "backtest", "--rules", str(folder), "--labels", "--json")
    assert (answer.code, answer.json["looked_at"]) == (Exit.CHECK_FAILED, 1)
    assert {one["rule"] for one in answer.json["matters"]} >= {"every-mail"}
    shown = ingested("rules", "backtest", "--rules", str(folder), "--labels").text
    accepted = tmp_path / "accepted.yml"
    accepted.write_text("# " + shown[shown.index("Write why") :].replace('""', '"it is a test"'))
    answer = ingested("rules", "backtest", "--rules", str(folder), "--labels", "--acknowledge", str(accepted))
    assert answer.code == 0, answer.text
    assert ingested("label", "1", "evil").code == Exit.USAGE


def test_what_is_missing_for_auto_is_an_exit_code(ingested: Any) -> None:
    answer = ingested("rules", "evaluate", "hold-malware", "--action", "reject", "--json")
    assert (answer.code, answer.json["earned"]) == (Exit.CHECK_FAILED, False)
    assert ingested("rules", "shadow", "--json").code == 0


def test_the_report_is_one_file_that_is_never_overwritten(ingested: Any, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    answer = ingested("triage-report", "--days", "3000", "--out", str(path), "--json")
    assert answer.json["alerts"] > 20
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert ingested("triage-report", "--out", str(path)).code == Exit.USAGE
    assert "Triage report" in ingested("triage-report", "--days", "3000").text


def test_a_tenant_that_does_not_exist_is_refused_with_those_that_do(ingested: Any) -> None:
    there = ingested("stats", "--json").json["sources"][0]["tenant"]
    for command in (("triage-report", "--days", "3000"), ("case", "run-playbooks")):
        answer = ingested(*command, "--tenant", "nope")
        assert answer.code == Exit.USAGE
        assert f"no tenant 'nope'; it knows {there}" in " ".join(answer.text.split())
        assert ingested(*command, "--tenant", there).code == Exit.OK
