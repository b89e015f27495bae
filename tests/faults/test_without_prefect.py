"""The playbook needs no Prefect: with its API down, and with everything it knew deleted."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from faults_checker import check_invariants
from mailroom_tests_small_tenant import RULES

from mailroom.store import Store
from mailroom.triage.packaged import demo_lists
from sandbox import Tenant, serve

PROGRAM = """
import sys
from mailroom.cli.main import run
try:
    run()
finally:
    assert "prefect" not in sys.modules, "the command loaded Prefect"
"""
SETTINGS = """
[policy]
rules = ["{rules}"]
lists = ["{lists}"]
starter_rules = false
require_evaluated_rules = false
modes = {{ release = "auto", reject = "auto" }}
max_release_share = 0.4
"""


class Shell:
    """Runs `mailroom` as a process whose Prefect API answers nobody."""

    def __init__(self, home: Path, prefect_home: Path, tenant: Tenant, url: str) -> None:
        known = tenant.credentials_v2
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("MAILROOM_", "PREFECT_"))}
        self._environment = kept | {
            "MAILROOM_HOME": str(home), "MAILROOM_MIMECAST_API_ROOT": url,
            "MAILROOM_MIMECAST_CLIENT_ID": known.client_id, "MAILROOM_MIMECAST_CLIENT_SECRET": known.client_secret,
            "PREFECT_API_URL": "http://127.0.0.1:9/api", "PREFECT_HOME": str(prefect_home),
            "PYTHONPATH": str(Path(__file__).parent.parent.parent),
        }  # fmt: skip

    def __call__(self, *arguments: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *arguments, "--json"], capture_output=True, text=True, check=False,
            env=self._environment, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return dict(json.loads(done.stdout))


# F10, F11, F12
@pytest.mark.slow
def test_a_whole_cycle_runs_while_the_prefect_api_is_down_and_its_home_is_deleted(
    tenant: Tenant, tmp_path: Path
) -> None:
    home, prefect_home = tmp_path / "home", tmp_path / "prefect"
    home.mkdir(mode=0o700)
    prefect_home.mkdir()
    (prefect_home / "prefect.db").write_bytes(b"all that Prefect knew")
    (home / "mailroom.toml").write_text(SETTINGS.format(rules=RULES, lists=demo_lists()))
    with serve(tenant) as server:
        mailroom = Shell(home, prefect_home, tenant, server.url)
        assert mailroom("ingest", "held")["alerted"] == 13

        shutil.rmtree(prefect_home)

        assert mailroom("triage")["actions"] == {"reject_applied": 5, "release_applied": 4}
        assert mailroom("ingest", "held")["alerted"] == 0
        assert mailroom("triage")["triaged"] == 0
        assert mailroom("stats")
    with Store.open(f"sqlite:///{home / 'mailroom.db'}", blobs=home / "blobs") as store:
        check_invariants(store, tenant)
        assert [run.state for run in store.runs.latest("triage")] == ["completed", "completed"]
