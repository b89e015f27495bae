"""Started by hand, the mail server says where it is; its back door lets one look and change."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ANY_PORT = [f"--{name}-port=0" for name in ("imap", "imaps", "smtp", "smtps", "relay")]
Started = tuple["subprocess.Popen[str]", dict[str, Any]]


@pytest.fixture
def start() -> Iterator[Callable[..., Started]]:
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str) -> Started:
        command = [sys.executable, "-m", "sandbox", *arguments, *ANY_PORT]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3])
        running.append(process)
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    yield run
    for process in running:
        process.terminate()
        process.wait(20)


def test_the_mail_server_alone(start: Callable[..., Started]) -> None:
    process, facts = start("mail", "--messages", "5")
    assert set(facts["accounts"]) == {"soc@northwind.example", "phish@northwind.example"}
    assert Path(facts["ca_file"]).read_text().startswith("-----BEGIN CERTIFICATE-----")
    assert all(facts[f"{name}_port"] for name in ("imap", "imaps", "smtp", "smtps", "relay"))
    process.terminate()
    assert process.wait(20) == 0
    assert not Path(facts["ca_file"]).exists()


def test_the_mail_server_beside_the_tenant_and_its_back_door(start: Callable[..., Started], tmp_path: Path) -> None:
    _, facts = start("--port=0", "--messages=5", "--mail=7", "--state", str(tmp_path))
    amy = "grace.whitfield@northwind.example"

    def door(name: str, **body: Any) -> Any:
        data = json.dumps(body).encode() if body else None
        with urllib.request.urlopen(f"{facts['url']}/__sandbox__/mail/{name}", data, timeout=20) as answer:  # noqa: S310
            return json.load(answer)

    assert len(door("truths")) == 7
    before = door("state")["mails"]
    assert sum(before.values()) == 7
    door("deliver", **{"from": "Ann <ann@adatum.example>", "subject": "Grüße", "text": "Hallo"})
    assert door("state")["mails"]["soc@northwind.example"] == before["soc@northwind.example"] + 1
    assert door("habit", address=amy, kind="answers", says="no", delay=100)["says"] == "no"
    assert door("people")[amy]["delay"] == 100
    door("deliver", **{"to": amy, "from": "soc@northwind.example", "text": "Did you?", "user": "soc@northwind.example"})
    assert door("state")["pending"] == 1
    assert door("advance", seconds=101)["sent"] == 1
    assert door("answers")[0]["person"] == amy
    assert door("faults", kind="drop_after_dot") == {"armed": 1}
    assert door("sent") == []


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for words in (["mail"], ["--port=0", "--messages=1", "--mail=1"]):
            command = [sys.executable, "-m", "sandbox", *words, *ANY_PORT[1:], f"--imap-port={taken.getsockname()[1]}"]
            done = subprocess.run(command, capture_output=True, text=True, cwd=Path(__file__).parents[3], check=False)
            assert done.returncode == 2
            assert "take other ports" in done.stderr
            assert "Traceback" not in done.stderr
