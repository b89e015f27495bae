"""Rule sets and messages for the triage tests."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailroom.triage.decide import triage_event
from mailroom.triage.decision import Decision
from mailroom.triage.extract import History
from mailroom.triage.packaged import demo_lists, starter_lists
from mailroom.triage.ruleset import RuleSet, load_ruleset
from mailroom.triage.samples import event_of

TODAY = date(2026, 11, 21)
READER = "amy.reader@northwind.example"


@pytest.fixture(scope="session")
def ruleset() -> RuleSet:
    """The starter rules with the lists of the sandbox's world."""
    return load_ruleset(lists=[starter_lists(), demo_lists()], today=TODAY)


@pytest.fixture
def judge_mail(ruleset: RuleSet) -> Callable[..., Decision]:
    """Decide on a message written in short."""

    def run(history: History | None = None, **sample: Any) -> Decision:
        sample = {"recipient": READER, "headers": {"To": READER}, **sample}
        if "sender" in sample:
            sample["from"] = sample.pop("sender")
        return triage_event(ruleset, event_of(sample), history)

    return run


RULE = """
schema: 1
id: {id}
version: 1
status: advise
title: A rule for tests
level: T1
owner: tests
match:
  hit: {{ subject|contains: invoice }}
condition: hit
score: 10
group: content
explain: "The subject is {{subject}}"
tests:
  - {{ name: yes, with: {{ subject: Invoice }}, expect: true }}
  - {{ name: no, with: {{ subject: Hello }}, expect: false }}
  - {{ name: unread, with: {{ missing: [subject] }}, expect: unknown }}
"""


@pytest.fixture
def rule_text() -> Callable[..., str]:
    """A small valid rule as text; keyword arguments replace pieces of it."""

    def make(replace: dict[str, str] | None = None, name: str = "test-rule") -> str:
        text = RULE.format(id=name).lstrip()
        for old, new in (replace or {}).items():
            assert old in text
            text = text.replace(old, new)
        return text

    return make


@pytest.fixture
def load_text(tmp_path: Path) -> Callable[..., RuleSet]:
    """Load one text as the only rule file."""

    def run(text: str | bytes, **kwargs: Any) -> RuleSet:
        folder = tmp_path / "rules"
        folder.mkdir(exist_ok=True)
        (folder / "one.yml").write_bytes(text.encode() if isinstance(text, str) else text)
        return load_ruleset([folder], today=TODAY, **kwargs)

    return run
