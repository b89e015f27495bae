"""The playbook "archive search" through a real Prefect server: what it shows, and what Prefect must not learn."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from flows._flow import flow
from flows.archive_search import archive_search
from flows.investigate_sender import investigate_sender
from flows.triage_report import triage_report
from tasks import mimecast as actions

pytestmark = [pytest.mark.prefect, pytest.mark.slow]

RECIPIENT = "kanari.archiv@northwind.example"
SENDER = "kanari.absender@adatum.example"
NAME = "Kanari Empfaenger"
SUBJECT = "<img src=http://kanari.example/x> =cmd [a](http://kanari.example)"


@flow(name="look at archived mails")
def look_at_archived_mails(mimecast: str, store: str, folder: str) -> int:
    """Every archive action once, and once each so that it fails."""
    found = actions.simple_archive_search(from_addresses="adatum.example", mimecast=mimecast)
    names = {"mimecast": mimecast, "store": store}
    actions.get_archive_message(found.ids[0], mimecast=mimecast)
    actions.download_archive_eml(found.ids[0], **names)
    actions.get_archive_message_part(found.ids[0], folder=folder, **names)
    actions.get_archive_search_logs(mimecast=mimecast)
    actions.get_archive_view_logs(mimecast=mimecast)
    failed = actions.get_archive_message(RECIPIENT, mimecast=mimecast, return_state=True)
    assert failed.is_failed()
    return found.count


def test_a_search_shows_a_table_writes_a_file_and_tells_prefect_nobodys_address(
    api: Any, make_world: Any, helper: Any, tmp_path: Path
) -> None:
    world = make_world(10)
    for _ in range(120):
        world.tenant.add_message(
            category="business", status="archived", to=[RECIPIENT], subject=SUBJECT, from_addr=SENDER
        )
    world.save_blocks()
    names = {"mimecast": world.name}
    state = archive_search(
        from_addresses="adatum.example", csv_folder=str(tmp_path / "out"), **names, return_state=True
    )
    result = state.result()
    assert (result["count"], result["limit_reached"]) == (120, False)
    assert "last 24 hours" in result["bounds"]
    with Path(result["csv"]).open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 120
    assert rows[0]["displayfromaddress"] == SENDER

    run = helper.run_id(state)
    shown = json.loads(helper.artifacts(run)["archive-search-results"])
    assert len(shown) == 100
    assert shown[0]["sender domain"] == "adatum[.]example"
    assert shown[0]["recipients"] == "1"
    assert "<" not in shown[0]["subject"]
    assert "http" not in shown[0]["subject"]
    assert shown[0]["id"] == rows[0]["id"]

    look = look_at_archived_mails(world.name, world.name, str(tmp_path / "parts"), return_state=True)
    assert look.is_completed(), look.message
    refused = archive_search(from_addresses="adatum.example", time_frame="Custom", **names, return_state=True)
    assert refused.is_failed()
    assert '"Start Time" should be provided' in refused.message

    api.wait_until_written()
    searched = {"Prefect's database": helper.database_text(api.database), "its log": api.log_text("server")}
    for path in api.home.rglob("*"):
        if path.is_file() and "prefect.db" not in path.name:
            searched[str(path.relative_to(api.home))] = path.read_bytes().decode("utf-8", "replace")
    source = next(path for path in (tmp_path / "parts").iterdir()).read_text()
    private = {
        RECIPIENT,
        SENDER,
        "<img",
        "](http://kanari",
        next(line for line in source.splitlines() if len(line) > 20),
    }
    for where, text in searched.items():
        assert not {canary for canary in private if canary in text}, where
    assert "archive-search-results" in searched["Prefect's database"]


@pytest.mark.parametrize(
    ("playbook", "given"),
    [
        (archive_search, {"csv_folder": "reports"}),
        (investigate_sender, {"sender": "a@evil.example", "csv_folder": "reports"}),
        (triage_report, {"folder": "reports"}),
    ],
    ids=lambda one: getattr(one, "name", ""),
)
def test_a_file_is_not_written_where_it_would_be_deleted_with_the_run(
    api: Any, playbook: Any, given: dict[str, str]
) -> None:
    state = playbook(**given, return_state=True)

    assert state.is_failed()
    assert "'reports' is a relative path, and the run's own folder is deleted" in state.message
