"""The triage report over 100,000 alerts: seconds and memory of the whole command, pictures and file included."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.command import mailroom
from benchmarks.table import Figure
from mailroom.cli.settings import load_settings
from mailroom.store import Store
from mailroom.store.columns import WrittenJson
from mailroom.store.schema import actions, alerts, labels, verdicts

ALERTS = 100_000
_BATCH = 5_000
_VERDICTS = ("undetermined", "spam", "suspicious", "malicious", "graymail", "benign")
_WEIGHTS = (40, 20, 15, 8, 12, 5)
_LABELS = {"malicious": "malicious", "suspicious": "suspicious", "spam": "spam", "graymail": "graymail"}


def whole_report(folder: Path, number: int = ALERTS) -> list[Figure]:
    """`mailroom triage-report` on a store with `number` alerts of thirty days, each with headers and evidence."""
    home = folder / "report"
    home.mkdir(parents=True, exist_ok=True)
    (home / "mailroom.toml").write_text("[held]\ntenant = 'bench'\n", "utf-8")
    with load_settings(home, {}).open_store() as store:
        fill(store, number)
    done = mailroom(home, "triage-report", "--days", "31", "--out", str(folder / "report.html"))
    assert done.answer["alerts"] == number, done.answer
    size = (folder / "report.html").stat().st_size
    note = f"{number:,} alerts, {done.cpu:.1f} s of processor time, all pictures, a file of {size / 1e6:.1f} MB"
    return [
        Figure("triage report", done.seconds, "s", 10, at_least=False, peak_mb=done.peak_mb, note=note),
        Figure("triage report, memory", done.peak_mb, "MB", 500, at_least=False),
    ]


def fill(store: Store, number: int) -> None:
    """Alerts with events of about 4 KB, a verdict with seven pieces of evidence, some actions, some labels."""
    source = store.sources.ensure("bench", "held", "hold queue", "1.0")
    chance = random.Random(1)
    event = {
        "schema": 1, "level": "T2", "risk": "low", "hold_reason": "Default Spam Scanning Definition",
        "headers": [[f"X-Header-{index}", chance.randbytes(40).hex()] for index in range(40)],
    }  # fmt: skip
    now = datetime.now(UTC)
    for start in range(0, number, _BATCH):
        rows = [_alert(chance, now, event, index) | {"source_id": source.id} for index in range(start, start + _BATCH)]
        store.run(lambda tx, rows=rows: _write(store, tx, chance, rows))  # type: ignore[misc]


def _write(store: Store, tx: Any, chance: random.Random, rows: list[dict[str, Any]]) -> None:
    made = store.db.insert_rows(tx, alerts, rows, alerts.c.id, ignore=False)
    judged = [_verdict(chance, row.id, given["created_at"]) for row, given in zip(made, rows, strict=True)]
    store.db.insert_rows(tx, verdicts, judged, verdicts.c.id, ignore=False)
    done = [_action(row) for row in judged if chance.random() < 0.2]
    store.db.insert_rows(tx, actions, done, actions.c.id, ignore=False)
    said = [_label(chance, row) for row in judged if chance.random() < 0.2]
    store.db.insert_rows(tx, labels, said, labels.c.id, ignore=False)


def _alert(chance: random.Random, now: datetime, event: dict[str, Any], index: int) -> dict[str, Any]:
    arrived = now - timedelta(days=30) + timedelta(days=30) * (index / ALERTS)
    sender = f"user{chance.randrange(20_000)}@site{int(chance.paretovariate(0.6)) % 5_000}.example"
    return {
        "tenant": "bench", "connector": "held", "external_key": f"k{index}", "title": f"Invoice {index}",
        "sender": sender, "sender_domain": sender.partition("@")[2], "recipient": "reader@corp.example",
        "received_at": arrived, "seed_priority": 40, "priority": 60, "group_key": f"group-{chance.randrange(30_000)}",
        "level": "T2", "event": WrittenJson({**event, "expires_at": (arrived + timedelta(days=31)).isoformat()}),
        "hold_id": f"h{index}", "tracking_id": f"t{index}", "message_id": f"<{index}@site.example>",
        "handling": "open" if chance.random() < 0.5 else "released",
        "created_at": arrived + timedelta(minutes=chance.randrange(60)), "updated_at": now,
    }  # fmt: skip


def _verdict(chance: random.Random, alert_id: int, at: datetime) -> dict[str, Any]:
    [verdict] = chance.choices(_VERDICTS, _WEIGHTS)
    evidence = [
        {
            "rule_id": f"rule-{chance.randrange(80)}", "version": 1, "title": "Title of a rule", "level": "T2",
            "points": chance.choice((5, 15, 20, -10)), "group": "content", "status": "advise", "severity": "info",
            "text": "A sentence that says what was seen in this mail, with a value in it", "suggests": "",
            "auto_actions": [],
        }
        for _ in range(7)
    ]  # fmt: skip
    return {
        "alert_id": alert_id, "verdict": verdict, "risk": chance.randrange(100), "confidence": 0.9, "priority": 60,
        "rule_digest": "d", "level": "T2", "evidence": evidence, "shadow": evidence[:1], "evidence_digest": "e",
        "proposed_action": "leave", "proposed_reason": "", "is_current": True, "created_at": at,
    }  # fmt: skip


def _action(judged: dict[str, Any]) -> dict[str, Any]:
    at = judged["created_at"]
    known = judged["alert_id"]
    return {
        "tenant": "bench", "alert_id": known, "kind": "release", "target": f"h{known}", "slot": f"disposition:{known}",
        "digest": "d", "mode": "manual" if known % 3 else "auto", "state": "applied", "retryable": True,
        "reversible": False, "created_at": at, "updated_at": at, "settled_at": at + timedelta(minutes=5),
    }  # fmt: skip


def _label(chance: random.Random, judged: dict[str, Any]) -> dict[str, Any]:
    label = _LABELS.get(judged["verdict"], "wanted") if chance.random() < 0.9 else "wanted"
    return {
        "alert_id": judged["alert_id"], "label": label, "source": "person", "who": "amy", "is_current": True,
        "at": judged["created_at"] + timedelta(minutes=30),
    }  # fmt: skip
