"""A sandbox tenant in a process of its own, as a real tenant would be."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def tenant(messages: int, *options: str, seed: int = 7) -> Iterator[dict[str, Any]]:
    """Start it, hand out its description, end it."""
    command = [sys.executable, "-m", "sandbox", "--port", "0", "--messages", str(messages), "--seed", str(seed)]
    child = subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    try:
        yield json.loads(child.stdout.readline())
    finally:
        child.terminate()
        child.wait(20)


def write_home(home: Path, described: dict[str, Any], *, held: str = "", policy: str = "", tracked: str = "") -> Path:
    """A `mailroom.toml` for the tenant."""
    home.mkdir(parents=True, exist_ok=True)
    application = described["credentials_v2"]
    (home / "mailroom.toml").write_text(
        f"[mimecast]\napi_root = '{described['url']}'\nclient_id = '{application['client_id']}'\n"
        f"client_secret = '{application['client_secret']}'\n[held]\n{held}\n[policy]\n{policy}\n"
        f"[tracked]\n{tracked}\n"
    )
    return home
