"""Explaining any alert: what was decided, done, said and in which cases it is, with proof that nobody rewrote it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from mailroom_tests_small_tenant import Workbench
from sqlalchemy import delete, update

from mailroom.playbooks import act
from mailroom.playbooks.cases import open_case
from mailroom.playbooks.explain import explain
from mailroom.store import Store
from mailroom.store.alerts import NewAlert
from mailroom.store.items import StagedItem
from mailroom.store.schema import case_events
from mailroom.store.settling import Settled


def told(bench: Workbench) -> tuple[int, dict[str, Any]]:
    """A message that was judged, rejected by hand and put into a case; its id and its story."""
    bench.triage()
    alert = next(one for one in bench.store.alerts.list(limit=50) if one.title.startswith("note"))
    act.dispose(bench.desk, "reject", str(alert.id), {}, requested_by="amy")
    open_case(bench.store, tenant=alert.tenant, title="Odd notes", who="amy", alert_ids=[alert.id])
    return alert.id, explain(bench.store, str(alert.id))


def test_everything_around_an_alert_is_told(bench: Workbench) -> None:
    alert_id, story = told(bench)
    assert story["alert"]["id"] == alert_id
    assert story["came_in"]["run"]
    assert [one["current"] for one in story["verdicts"]] == [True]
    assert [(one["kind"], one["state"], one["requested_by"]) for one in story["actions"]] == [
        ("reject", "applied", "amy")
    ]
    assert [(one["label"], one["source"]) for one in story["labels"]] == [("suspicious", "reject")]
    assert [(one["title"], one["added_by"]) for one in story["cases"]] == [("Odd notes", "amy")]
    assert story["approvals"] == story["asked"] == story["playbooks"] == []
    assert {"label", "handling"} <= {one["kind"] for one in story["history"]}


def test_the_proof_covers_every_event_of_the_alert(bench: Workbench) -> None:
    alert_id, story = told(bench)
    proof = story["proof"]
    assert (proof["problems"], proof["checked"]) == ([], len(story["history"]))
    assert (proof["wall"], proof["head"]) == bench.store.events.head()
    assert explain(bench.store, str(alert_id), verify=True)["proof"]["checked"] == proof["wall"]


def test_what_was_not_verified_is_said(bench: Workbench) -> None:
    alert_id, story = told(bench)
    walked = explain(bench.store, str(alert_id), verify=True)["proof"]

    assert "each event of this history" in story["proof"]["verified"]
    assert any("no event of this alert is missing" in one for one in story["proof"]["not_verified"])
    assert "none is missing" in walked["verified"]
    assert not any("--verify" in one for one in walked["not_verified"])
    assert any("verdicts, actions" in one for one in walked["not_verified"])

    taken = story["history"][-2]["id"]
    bench.store.run(lambda tx: tx.execute(delete(case_events).where(case_events.c.id == taken)))
    proof = explain(bench.store, str(alert_id), verify=True)["proof"]
    assert (proof["verified"], bool(proof["problems"])) == ("", True)


@pytest.mark.parametrize(("change", "said"), [({"who": "bob"}, "was changed"), ({"hash": "0" * 64}, "does not follow")])
def test_a_changed_event_shows(bench: Workbench, change: dict[str, str], said: str) -> None:
    alert_id, story = told(bench)
    event_id = story["history"][1]["id"]
    bench.store.run(lambda tx: tx.execute(update(case_events).where(case_events.c.id == event_id).values(**change)))
    problems = explain(bench.store, str(alert_id))["proof"]["problems"]
    assert any(said in one and str(event_id) in one for one in problems), problems


def test_a_mail_and_a_tracked_message_are_explained_too(store: Store) -> None:
    for connector in ("mailbox", "tracked"):
        source = store.sources.ensure("northwind", connector, "default", "")
        at = datetime(2026, 3, 1, tzinfo=UTC)
        store.items.stage(source.id, None, [StagedItem("k", "", at, {})])
        [item] = store.items.pending(source.id, limit=1)
        alert = NewAlert(
            "k", "northwind", "Hello", "a@b.example", "b.example", "c@d.example", at, -1, -1,
            event={"level": "T2", "mailbox": "soc", "folder": "INBOX"}, tracking_id=f"{connector}-1",
        )  # fmt: skip
        store.items.settle(source.id, None, [Settled(item.id, "alerted", alert=alert)])
        story = explain(store, f"{connector}-1")
        assert story["alert"]["connector"] == connector
        assert story["came_in"]["source"] == f"{connector} of northwind, instance default"
        assert story["evidence_available"]["folder"] == "INBOX"
        assert (story["verdicts"], story["history"], story["proof"]["problems"]) == ([], [], [])
