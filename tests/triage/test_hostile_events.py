"""Events are built from what a stranger wrote: any value may stand in any place."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailroom.triage.decide import triage_event
from mailroom.triage.decision import VERDICTS
from mailroom.triage.ruleset import load_ruleset
from mailroom.triage.samples import event_of

RULES = load_ruleset()
KEYS = sorted(event_of({"attachments": ["a.txt"], "auth": {"dmarc": "pass"}}))
JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(st.sampled_from(KEYS), JUNK, max_size=12))
def test_any_value_in_any_place_gives_a_decision(values):
    event = {**event_of({}), **values, "level": "T2"}
    decision = triage_event(RULES, event)

    assert decision.verdict in VERDICTS
    json.dumps(decision.to_dict())


TEXTS = [
    "{0.__class__.__init__.__globals__}",
    "{{7*7}} {{config}} %s %(x)s ${jndi:ldap://x}",
    "<script>alert(1)</script><img src=http://127.0.0.1/x>",
    "'; DROP TABLE alerts; --",
    "a\r\nX-Injected: yes\x1b[31m\u202egnp.exe",
    "\ud800 lone surrogate \udfff",
    "=HYPERLINK(\"http://x\")",
    "| a | b |\n```mermaid\n",
]  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_evidence_is_one_line_of_inert_text(text):
    sample = {"from": f"Microsoft {text} <x@evil.test>", "subject": f"URGENT {text}", "attachments": [f"{text}.exe"]}
    decision = triage_event(RULES, event_of(sample))

    for entry in decision.evidence:
        assert "\n" not in entry.text
        assert "\r" not in entry.text
        assert "\x1b" not in entry.text
        assert "\u202e" not in entry.text
        assert len(entry.text) < 800
    shown = " ".join(entry.text for entry in decision.evidence)
    assert "49" not in shown
    assert "<function" not in shown


def big(text, times=200_000):
    return text * times


@pytest.mark.parametrize(
    "event",
    [
        {"subject": big("a\u0301\u0323")},
        {"subject": big("x ", 500_000)},
        {"subject": big("=?utf-8?B?QQ==?= ", 50_000)},
        {"from_headers": [big("a@b.c, ", 100_000)] * 50},
        {"reply_to": big("a@", 500_000)},
        {"authentication_results": [big("(", 100_000), big("dkim=pass; ", 50_000)] * 100},
        {"headers": [["X", "y" * 1_000]] * 100_000},
        {"headers": [["X-Mimecast-Impersonation-Protect", big("Internal User Name=true;", 20_000)]] * 500},
        {"components": [{"name": big("a.", 5_000)}] * 5_000},
        {"recipients": [f"r{n}@northwind.example" for n in range(100_000)]},
        {"categories": ["spam"] * 100_000},
        {"header_from": {"address": big("a@b"), "display_name": big("Microsoft ", 100_000)}},
        {"hold_reason": big("virus ", 100_000)},
    ],
    ids=lambda event: next(iter(event)),
)
def test_huge_values_cost_little(event):
    start = time.process_time()
    triage_event(RULES, {**event_of({}), **event})

    assert time.process_time() - start < 2


def test_several_thousand_decisions_a_second_are_possible():
    # A wide margin: the benchmark measures, this only notices when something became ten times slower.
    events = [event_of({"from": f"Microsoft <u{n}@d{n}.example>", "subject": f"Invoice {n}"}) for n in range(400)]
    start = time.process_time()
    for event in events:
        triage_event(RULES, event)

    assert 400 / (time.process_time() - start) > 300
