"""The playbook "investigate sender" through a real Prefect server: what it shows, and what Prefect must not learn."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from flows.investigate_sender import investigate_sender

pytestmark = [pytest.mark.prefect, pytest.mark.slow]

RECIPIENT = "kanari.empfaenger@northwind.example"
LOCAL_PART = "kanari.absender"
SENDER = f"{LOCAL_PART}@evil.example"
SUBJECT = "<img src=http://kanari.example/x> =cmd [a](http://kanari.example) kanari.dritte@northwind.example"
BODY = "canary: nobody reads this"


@pytest.fixture
def world(make_world: Any) -> Iterator[Any]:
    """A campaign: delivered at first, held later. The names in it are canaries."""
    made = make_world(5)
    mail = {"from_addr": SENDER, "from_env": SENDER, "from_name": "Kanari Name", "subject": SUBJECT}
    for status, count in (("archived", 2), ("held", 3)):
        for _ in range(count):
            made.tenant.add_message(category="phish", status=status, to=[RECIPIENT], **mail)
    made.save_blocks()
    yield made


def test_an_investigation_shows_a_sentence_a_picture_and_a_table_without_names(
    api: Any, world: Any, helper: Any, tmp_path: Path
) -> None:
    state = world.run(investigate_sender, domain="evil.example", csv_folder=str(tmp_path / "out"))

    result = state.result()
    assert result["by_status"] == {"delivered": 2, "held": 3}
    assert result["sentence"].startswith("Evil[.]example wrote five messages to one person")
    assert (result["people"], result["received"], result["not_asked"]) == (1, 1, [])
    with Path(result["csv"]).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["from"] for row in rows} == {SENDER}
    assert ElementTree.parse(result["svg"]).getroot().tag.endswith("svg")  # noqa: S314 - our own file

    shown = helper.artifacts(helper.run_id(state))
    assert shown["investigation-timeline"].startswith("data:image/svg+xml;base64,")
    assert "| 2 | 3 |" in shown["investigation-summary"]
    table = json.loads(shown["investigation-messages"])
    assert len(table) == 5
    assert {row["sender domain"] for row in table} == {"evil[.]example"}
    assert not any("<" in row["subject"] or "http" in row["subject"] for row in table)


def test_nobodys_address_reaches_prefect(api: Any, world: Any, helper: Any, tmp_path: Path) -> None:
    world.tenant.revoke("Gateway | Tracking | Read")
    assert world.run(investigate_sender, domain="evil.example", csv_folder=str(tmp_path / "out")).is_completed()
    assert world.run(investigate_sender, subject="src=http").is_completed()
    assert world.run(investigate_sender, subject="a").is_failed()

    api.wait_until_written()
    searched = {"Prefect's database": helper.database_text(api.database), "its log": api.log_text("server")}
    for path in api.home.rglob("*"):
        if path.is_file() and "prefect.db" not in path.name:
            searched[str(path.relative_to(api.home))] = path.read_bytes().decode("utf-8", "replace")
    private = {RECIPIENT, LOCAL_PART, "kanari.empfaenger", "kanari.dritte", "<img", "](http://kanari", "Kanari Name"}
    for where, text in searched.items():
        assert not {canary for canary in private if canary in text}, where
    assert "investigation-summary" in searched["Prefect's database"]


def test_a_source_that_refuses_is_a_row_and_a_tenant_that_refuses_everything_a_failed_run(
    api: Any, world: Any, helper: Any
) -> None:
    world.tenant.revoke("Gateway | Tracking | Read")
    state = world.run(investigate_sender, sender=SENDER)
    assert state.result()["not_asked"] == ["message tracking"]
    assert state.result()["by_status"] == {"delivered": 2, "held": 3}
    summary = helper.artifacts(helper.run_id(state))["investigation-summary"]
    assert "Gateway ¦ Tracking ¦ Read" in summary

    world.break_calls("status", "*", times=None, status=403)
    state = world.run(investigate_sender, sender=SENDER)
    assert state.is_failed()
    assert "Retry asks again" in state.message
    assert "no source" not in helper.artifacts(helper.run_id(state))["investigation-summary"]


def test_a_form_that_means_nothing_says_what_to_fill_in(api: Any, world: Any) -> None:
    state = world.run(investigate_sender)
    assert state.is_failed()
    assert "say what to investigate" in state.message
