"""Cases from the terminal: opened from a template, worked on, merged, proved by the wall."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli.exits import Exit


@pytest.fixture
def opened(mailroom: Callable[..., Any]) -> Callable[..., Any]:
    """Mail is there, and a way to open a case as JSON."""
    assert mailroom("ingest", "held", "--json").code == 0

    def call(*arguments: str) -> Any:
        answer = mailroom("case", "open", *arguments, "--json")
        assert answer.code == 0, answer.text
        return answer.json

    return call


def test_a_case_is_opened_worked_on_and_closed(mailroom: Callable[..., Any], opened: Callable[..., Any]) -> None:
    case = opened("--template", "phishing", "--alert", "1", "--alert", "2", "--field", "clicked=2", "--owner", "me")
    number = str(case["id"])
    view = mailroom("case", "show", number, "--json").json
    assert [alert["id"] for alert in view["alerts"]] == [1, 2]
    assert view["fields"] == {"clicked": 2}
    assert [run["state"] for run in view["playbooks"]] == ["wanted"]

    assert mailroom("case", "set", number, "--state", "waiting", "--priority", "critical").code == 0
    assert mailroom("case", "note", number, "the recipient was called").code == 0
    assert mailroom("case", "task", "add", number, "Write the report").code == 0
    assert mailroom("case", "close", number, "--why", "pulled back").code == Exit.REFUSED
    for task in mailroom("case", "show", number, "--json").json["tasks"]:
        assert mailroom("case", "task", "done", str(task["id"]), "--note", "seen").code == 0
    assert mailroom("case", "close", number, "--why", "pulled back").code == Exit.REFUSED
    assert mailroom("case", "field", "set", number, "outcome=wrong word").code == Exit.USAGE
    assert mailroom("case", "field", "set", number, "outcome=malicious").code == 0
    closed = mailroom("case", "close", number, "--why", "pulled back", "--json").json
    assert (closed["state"], closed["reason"], closed["priority"]) == ("closed", "pulled back", 100)
    assert mailroom("case", "list", "--json").json["cases"] == []
    assert mailroom("case", "list", "--all", "--json").json["total"] == 1


def test_cases_are_found_merged_and_taken_apart(mailroom: Callable[..., Any], opened: Callable[..., Any]) -> None:
    one, two = opened("Parcel", "--alert", "1")["id"], opened("Invoice", "--alert", "2", "--field", "amount=300")["id"]
    assert mailroom("case", "merge", str(two), str(one), "--why", "the same").code == 0

    found = mailroom("case", "list", "invoice", "--json").json["cases"]
    assert [(case["id"], case["alerts"]) for case in found] == [(one, 2)]
    assert mailroom("case", "list", "--field", "amount=300", "--json").json["total"] == 1
    assert mailroom("case", "list", "--field", "amount=301", "--json").json["total"] == 0
    assert "merged here" in mailroom("case", "show", str(one)).text
    assert mailroom("case", "assign", str(two), "bo").code == Exit.REFUSED
    assert mailroom("case", "unmerge", str(two), "--json").json["unmerged"]
    assert mailroom("case", "remove", str(two), "2", "--json").json["removed"] == [2]
    assert mailroom("case", "add", str(two), "999").code == Exit.NOT_FOUND


def test_files_are_kept_with_a_case_and_written_out(
    mailroom: Callable[..., Any], opened: Callable[..., Any], tmp_path: Path
) -> None:
    number = str(opened("Parcel")["id"])
    (tmp_path / "notes.txt").write_text("seen")
    [file] = mailroom("case", "file", "add", number, str(tmp_path / "notes.txt"), "--json").json["files"]
    assert mailroom("case", "file", "save", str(file["id"]), "--to", str(tmp_path / "out")).code == 0
    assert [path.read_text() for path in (tmp_path / "out").iterdir()] == ["seen"]
    assert mailroom("case", "file", "remove", str(file["id"])).code == 0
    assert mailroom("case", "show", number, "--json").json["files"] == []
    assert mailroom("case", "file", "add", number, str(tmp_path / "none")).code == Exit.USAGE


def test_small_changes_say_what_became_of_them_to_programs(
    mailroom: Callable[..., Any], opened: Callable[..., Any], tmp_path: Path
) -> None:
    number = opened("Parcel")["id"]
    case = str(number)
    assert mailroom("case", "note", case, "called", "--json").json == {"case": number, "noted": True}

    added, again = (mailroom("case", "task", "add", case, "Call them", "--json").json for _ in range(2))
    assert (added["added"], again["added"]) == (True, False)
    task = str(added["task"])
    states = [mailroom("case", "task", word, task, "--json").json["state"] for word in ("done", "reopen", "skip")]
    assert states == ["done", "open", "skipped"]
    assert mailroom("case", "task", "assign", task, "bo", "--json").json == {
        "task": added["task"], "case": number, "title": "Call them", "state": "skipped", "owner": "bo", "note": "",
    }  # fmt: skip

    (tmp_path / "notes.txt").write_text("seen")
    [file] = mailroom("case", "file", "add", case, str(tmp_path / "notes.txt"), "--json").json["files"]
    saved = mailroom("case", "file", "save", str(file["id"]), "--to", str(tmp_path / "out"), "--json").json
    assert Path(saved["path"]).read_text() == "seen"
    assert mailroom("case", "file", "remove", str(file["id"]), "--json").json == {"file": file["id"], "removed": True}


def test_wanted_playbooks_run_without_prefect(mailroom: Callable[..., Any], opened: Callable[..., Any]) -> None:
    opened("--template", "phishing", "--alert", "1")
    opened("--template", "mail-incident", "--alert", "2")
    [done] = mailroom("case", "run-playbooks", "--json").json["playbooks"]
    assert (done["playbook"], done["outcome"]) == ("investigate sender", "completed")
    [offered] = mailroom("case", "playbooks", "--state", "offered", "--json").json["playbooks"]
    wanted = mailroom("case", "start", str(offered["id"]), "--json").json
    assert (wanted["run"], wanted["state"]) == (offered["id"], "wanted")
    [second] = mailroom("case", "run-playbooks", str(offered["id"]), "--json").json["playbooks"]
    assert second["outcome"] == "completed"
    assert mailroom("case", "run-playbooks", "--json").json == {"playbooks": []}


def test_the_wall_is_verified_exported_and_a_forgery_shows(
    mailroom: Callable[..., Any], opened: Callable[..., Any], home: Path, tmp_path: Path
) -> None:
    number = opened("Parcel", "--alert", "1")["id"]
    file, part = tmp_path / "wall.jsonl", tmp_path / "case.jsonl"
    said = mailroom("wall", "export", "--out", str(file), "--json").json
    assert mailroom("wall", "export", "--out", str(part), "--case", str(number)).code == 0
    assert mailroom("wall", "export", "--out", str(file)).code == Exit.USAGE
    events = [json.loads(line) for line in file.read_text().splitlines()]
    assert events[-1]["head"]["hash"] == events[-2]["hash"] == said["head"]
    assert (said["events"], said["path"]) == (len(events) - 2, str(file))
    assert json.loads(mailroom("wall", "export", "--json").text.splitlines()[-1])["head"], "stdout is the wall alone"
    assert mailroom("wall", "verify", "--json").json["ok"]
    assert mailroom("wall", "verify", str(file), "--json").json["ok"]
    assert not mailroom("wall", "verify", str(part), "--json").json["whole"]
    mailroom("case", "note", str(number), "more came after")
    assert mailroom("wall", "verify", str(file)).code == 0, "the wall has grown, and the file is still a part of it"

    with sqlite3.connect(home / "mailroom.db") as store:
        store.execute("UPDATE case_events SET who = 'mallory' WHERE id = 1")
    assert mailroom("wall", "verify").code == Exit.CHECK_FAILED
    assert mailroom("wall", "verify", str(file)).code == 0


def test_templates_are_listed_and_their_mistakes_have_lines(mailroom: Callable[..., Any], home: Path) -> None:
    assert {"phishing", "mail-incident", "reported-phish"} <= {
        one["template"] for one in mailroom("case", "templates", "--json").json["templates"]
    }
    folder = home / "templates"
    folder.mkdir()
    (folder / "own.yml").write_text(
        "schema: 1\ntemplate: own\nversion: 1\ntitle: Own {subject}\nowner: us\n"
        "playbooks:\n  - {playbook: remediate, autorun: true, for: first alert}\n"
    )
    with (home / "mailroom.toml").open("a") as settings:
        settings.write('[cases]\ntemplates = ["templates"]\n')
    answer = mailroom("case", "templates")
    assert answer.code == Exit.USAGE
    assert "own.yml:1" in answer.text
    assert "write `autorun: false`" in answer.text


@pytest.mark.parametrize("hours", ["nan", "inf", "1e12", "-1"])
def test_a_deadline_that_cannot_be_waited_for_is_refused(
    mailroom: Callable[..., Any], opened: Callable[..., Any], hours: str
) -> None:
    opened("A case")

    for command in (("case", "set", "1"), ("case", "task", "add", "1", "Call them")):
        refused = mailroom(*command, "--due-hours", hours)
        assert (refused.code, "write a number of hours" in refused.text) == (Exit.USAGE, True), refused.text


def test_a_task_without_words_is_refused(mailroom: Callable[..., Any], opened: Callable[..., Any]) -> None:
    opened("A case")

    assert mailroom("case", "task", "add", "1", " ").code == Exit.USAGE


STATES = [("case", "list"), ("case", "playbooks"), ("actions", "list"), ("mail-rules", "hits")]


@pytest.mark.parametrize("command", STATES)
def test_a_state_that_there_is_not_is_refused_with_those_there_are(
    mailroom: Callable[..., Any], command: tuple[str, ...]
) -> None:
    refused = mailroom(*command, "--state", "opne")

    assert refused.code == Exit.USAGE
    assert "--state 'opne' is not known: use one of " in refused.text


def test_an_age_of_mail_that_is_no_number_is_refused(mailroom: Callable[..., Any]) -> None:
    assert mailroom("mail-rules", "apply", "--days", "nan").code == Exit.USAGE
