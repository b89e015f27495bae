"""The examples run as they are written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sandbox import Tenant, serve

ROOT = Path(__file__).resolve().parents[2]


def test_the_hold_queue_table_names_the_busiest_domains(tmp_path: Path) -> None:
    tenant = Tenant.generate(messages=30, seed=3)
    keys = tenant.credentials_v2
    with serve(tenant) as server:
        (tmp_path / "mailroom.toml").write_text(
            f"[mimecast]\napi_root = '{server.url}'\nclient_id = '{keys.client_id}'\n"
            f"client_secret = '{keys.client_secret}'\n"
        )
        script = str(ROOT / "examples" / "hold_queue_by_sender.py")
        done = subprocess.run([sys.executable, script, str(tmp_path)], capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert "held" in done.stdout
    assert len(done.stdout.splitlines()) > 3
    assert tenant.effects == []
