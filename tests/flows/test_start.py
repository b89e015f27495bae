"""What the hourly run loads before it works: most of its time, where there is nothing new."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import sys
import flows.ingest_held_messages_then_triage
from tasks import playbook
for name in ("ingest_held_messages", "look_up_unknown_outcomes", "triage_alerts", "publish_triage_report"):
    getattr(playbook, name)
print("loaded:", *sys.modules)
"""


@pytest.mark.slow
def test_a_run_with_nothing_new_loads_only_what_it_uses() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, timeout=60)
    loaded = set(done.stdout.rpartition("loaded:")[2].split())

    assert "mailroom.connectors.held" in loaded
    assert not loaded & {
        "alembic",
        "rapidfuzz",
        "sqlalchemy.dialects.postgresql",
        "tldextract",
        "mailroom.cases",
        "mailroom.effects.changes",
        "mailroom.mimecast.archive",
        "mailroom.store.cases",
        "mailroom.store.waits",
        "mailroom.triage.ruleset",
    }
