"""What a command loads before it works: most of its time, where there is nothing to do."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mailroom.cli.commands import COMMANDS

PROGRAM = """
import sys
from mailroom.cli.main import run
try:
    run()
finally:
    sys.stderr.write("loaded: " + " ".join(sys.modules))
"""


def loaded_by(*arguments: str) -> set[str]:
    """The modules of a process that ran `mailroom ARGUMENTS...` to its end."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.rpartition("loaded: ")[2].split())


def test_a_command_loads_no_other_command() -> None:
    others = {f"mailroom.cli.{where.partition('.')[0]}" for where in COMMANDS.values()}

    assert loaded_by("stats", "--help") & others == {"mailroom.cli.stats"}


def test_help_needs_no_database_no_tenant_and_no_screen() -> None:
    assert not loaded_by("ingest", "--help") & {"sqlalchemy", "requests", "rich", "prefect"}


def test_a_cycle_with_nothing_new_loads_only_what_it_uses(home: Path, mailroom: Callable[..., Any]) -> None:
    mailroom("ingest", "held", "--then-triage", "--json")

    loaded = loaded_by("--home", str(home), "ingest", "held", "--then-triage", "--json")

    assert "mailroom.connectors.held" in loaded
    assert not loaded & {
        "alembic",
        "jsonschema",
        "prefect",
        "rapidfuzz",
        "rich",
        "tldextract",
        "yaml",
        "sqlalchemy.dialects.postgresql",
        "mailroom.effects.changes",
        "mailroom.mimecast.archive",
        "mailroom.store.cases",
        "mailroom.store.waits",
        "mailroom.triage.ruleset",
    }
