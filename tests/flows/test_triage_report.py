"""The playbook "triage report" through a real Prefect server: shown, written, mailed once; nobody's address in it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blocks import TriagePolicy
from flows.triage_report import triage_report
from mailroom.store import NewVerdict, Store
from mailroom.store.alerts import NewAlert
from mailroom.store.items import StagedItem
from mailroom.store.settling import Settled
from mailroom.triage.packaged import demo_lists
from sandbox.mail import Habit
from tasks import _open

pytestmark = [pytest.mark.prefect, pytest.mark.slow]

SUBJECT = "<img src=http://kanari-bericht.example/x>"
SENDER = "kanari.bericht.absender@kanari-bericht.example"
READER = "report.reader@northwind.example"
"""Typed into a form, and therefore kept by Prefect: nobody that other tests look for."""
RECIPIENT = "kanari.bericht.empfaenger@northwind.example"


def fill(store: Store) -> None:
    """Three judged messages, one of them labelled."""
    source = store.sources.ensure("northwind", "held", "hold queue", "1.0")
    at = datetime.now(UTC) - timedelta(hours=2)
    store.items.stage(source.id, None, [StagedItem(f"h{n}", f"h{n}", at, {}) for n in range(3)])
    for item in store.items.pending(source.id, limit=3):
        alert = NewAlert(
            item.external_key, "northwind", SUBJECT, SENDER, SENDER.partition("@")[2], RECIPIENT, at, 40, 40,
            hold_id=item.external_key,
        )  # fmt: skip
        store.items.settle(source.id, None, [Settled(item.id, "alerted", alert=alert)])
        known = store.alerts.find(item.external_key).id
        evidence = [{"rule_id": "r", "version": 1, "points": 30, "status": "advise", "title": SUBJECT}]
        store.verdicts.record([NewVerdict(known, None, "malicious", 80, 1.0, 60, "d", "T1", evidence)])
    store.labels.record(1, "malicious", source="person", who="amy", why=SUBJECT)


@pytest.fixture
def office(api: Any, mail_helper: Any, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with mail_helper.mail_world("report-flow", tmp_path / "mail", {READER: Habit("never")}) as world:
        world.save_blocks()
        policy = TriagePolicy(lists=[str(demo_lists())])
        policy.save(world.name, overwrite=True, _sync=True)  # type: ignore[call-arg]
        with world.opened() as store:
            fill(store)
        yield world


def run(office: Any, **parameters: Any) -> Any:
    _open.close_all()
    try:
        return triage_report(**office.names, policy=office.name, return_state=True, **parameters)
    finally:
        _open.close_all()


def test_the_report_is_shown_written_and_mailed_once(api: Any, office: Any, helper: Any, tmp_path: Path) -> None:
    state = run(office, folder=str(tmp_path / "out"), mail_to=[READER])
    again = run(office, mail_to=[READER])

    result = state.result()
    assert (result["alerts"], result["labelled"], result["mail"]) == (3, 1, "sent now")
    assert Path(result["file"]).read_text("utf-8").startswith("<!DOCTYPE html>")
    assert again.result()["mail"] == "sent before"
    assert len(office.mail.sent) == 1

    shown = helper.artifacts(helper.run_id(state))
    assert "## Rules" in shown["triage-report"]
    assert shown["triage-report-volume"].startswith("data:image/svg+xml;base64,")
    for text in (*shown.values(), Path(result["file"]).read_text("utf-8"), helper.database_text(api.database)):
        for canary in (
            "<img src=http",
            "http://kanari-bericht",
            "kanari.bericht.absender",
            "kanari.bericht.empfaenger",
        ):
            assert canary not in text


def test_a_stranger_gets_no_report(office: Any) -> None:
    state = run(office, mail_to=["eve@evil.example"])
    assert state.is_failed()
    assert list(office.mail.sent) == []
