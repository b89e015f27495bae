"""The first command of the readme: everything runs to its end, and running it again changes nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
_MESSAGES = "120"


def _demo(folder: Path) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "mailroom.cli.main", "demo", "--once", "--messages", _MESSAGES, "--state", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")},
    )
    logs = "".join(f"\n== {log.name}\n{log.read_text()[-3000:]}" for log in sorted((folder / "logs").glob("*.log")))
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:] + logs
    last: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return last


@pytest.fixture(scope="module")
def demos(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The last lines of two demos in one folder."""
    folder = tmp_path_factory.mktemp("demo") / "state"
    return [_demo(folder), _demo(folder)]


def test_every_held_message_becomes_an_alert_with_a_verdict_and_every_outcome_is_known(demos: list[dict[str, Any]]):
    first = demos[0]

    assert first["fetched"] == first["alerted"] >= int(_MESSAGES)
    assert first["duplicate"] == first["filtered"] == first["quarantined"] == first["gone"] == first["unknown"] == 0
    assert sum(first["verdicts"].values()) == first["alerted"]
    assert first["actions"]["reject_applied"] > 0
    assert set(first["actions"]) <= {"reject_applied", "release_applied"}


def test_people_are_asked_a_phish_is_reported_and_a_script_approves(demos: list[dict[str, Any]]):
    first = demos[0]

    assert first["question"] == "answered"
    assert first["mails"] == {"auto_reply": 1, "human": 1}
    assert first["recipient"]["question"] == "answered"
    assert first["recipient"]["proposes"] == "reject"
    assert first["reported"]["state"] == "settled"
    assert first["reported"]["verdict"] == "malicious"
    assert first["approvals"]["used"] == 2


def test_a_second_demo_on_the_same_state_changes_nothing(demos: list[dict[str, Any]]):
    first, second = demos

    assert second["fetched"] == second["alerted"] + second["duplicate"] + second["filtered"]
    assert second["alerted"] == 0
    assert second["actions"] == {}
    assert second["unknown"] == 0
    assert second["mailbox"]["alerted"] == 0
    assert second["recipient"] == first["recipient"]
    assert second["reported"] == first["reported"]
