"""How fast verdicts are reached: the engine alone, on one core."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from benchmarks.table import Figure
from mailroom.cli.settings import load_settings
from mailroom.triage.decide import triage_event
from mailroom.triage.packaged import demo_lists, starter_lists, starter_rules
from mailroom.triage.ruleset import RuleSet, load_ruleset

_ROUNDS = 3


def verdicts(home: Path, folder: Path) -> list[Figure]:
    """Events of a real ingest, with the starter rules and with 300 rules."""
    with load_settings(home, {}).open_store() as store:
        events = [alert.event for alert in store.alerts.list(limit=2_000)]
    lists = [starter_lists(), demo_lists()]
    starter = load_ruleset([starter_rules()], lists)
    many = load_ruleset([starter_rules(), _more_rules(folder, 300 - len(starter.rules))], lists)
    return [
        Figure(f"verdicts, {len(starter.rules)} starter rules", _rate(starter, events), "verdicts/s", 2_000),
        Figure(f"verdicts, {len(many.rules)} rules", _rate(many, events), "verdicts/s", 500),
    ]


def _rate(ruleset: RuleSet, events: list[dict[str, Any]]) -> float:
    now = datetime.now(UTC)

    def once() -> float:
        started = time.process_time()
        for event in events:
            triage_event(ruleset, event, now=now)
        return len(events) / (time.process_time() - started)

    return _best(once)


def _best(measure: Callable[[], float]) -> float:
    return max(measure() for _ in range(_ROUNDS))


def _more_rules(folder: Path, number: int) -> Path:
    """Rules of the kind that a site writes: own fields, own words, own patterns, no two alike."""
    folder.mkdir(parents=True, exist_ok=True)
    fields = itertools.cycle(["subject|contains", "subject|re", "from.domain|endswith", "hold.policy|contains"])
    rules = [_rule(index, field) for index, field in zip(range(number), fields, strict=False)]
    (folder / "many.yml").write_text(yaml.safe_dump_all(rules, sort_keys=False))
    return folder


def _rule(index: int, field: str) -> dict[str, Any]:
    value = {"subject|re": f"(?i)campaign[- ]{index}\\b", "from.domain|endswith": f"site{index}.example"}
    hit = {
        "subject|contains": {"subject": f"about word{index}"},
        "subject|re": {"subject": f"campaign-{index} now"},
        "from.domain|endswith": {"from": f"a@site{index}.example"},
        "hold.policy|contains": {"policy": f"held for word{index}"},
    }[field]
    return {
        "schema": 1,
        "id": f"bench-{index}",
        "version": 1,
        "status": "advise",
        "title": f"Benchmark rule {index}",
        "level": "T2",
        "severity": "low",
        "owner": "bench",
        "match": {
            "first": {field: value.get(field, f"word{index}")},
            "proven": {"auth.dmarc": "pass", "recipients.count|lt": 500 + index},
        },
        "condition": "first and not proven",
        "score": 1,
        "group": "content",
        "explain": "Only measured",
        "tests": [
            {"name": "hit", "with": {**hit, "auth": {"dmarc": "fail"}}, "expect": True},
            {"name": "miss", "with": {"auth": {"dmarc": "fail"}}, "expect": False},
            {"name": "headers not fetched", "with": {**hit, "level": "T1"}, "expect": "unknown"},
        ],
    }
