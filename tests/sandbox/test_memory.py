"""A tenant that outlives its process."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sandbox import Tenant

NOW = datetime(2025, 1, 14, 9, 30, tzinfo=UTC)
ROOT = Path(__file__).resolve().parents[2]


def load(folder, **more):
    return Tenant.load_or_generate(folder, messages=30, seed=7, now=NOW, frozen=True, **more)


def test_a_restart_remembers_effects_queue_and_log(tmp_path):
    first = load(tmp_path)
    ids = [row["id"] for row in first.hold_queue()]
    first.admin_release(ids[0])
    first.admin_reject(ids[1])
    (added,) = first.add_message(subject="Grüße \ud800", to=["a@northwind.example"])
    first.expire(added)
    first.close()

    second = load(tmp_path)

    assert second.effects == first.effects
    assert second.hold_queue() == first.hold_queue()
    assert second.world.logs == first.world.logs
    assert second.times_applied("expire", added) == 1
    assert second.admin_release(ids[0]) is False
    second.close()


def test_base_time_and_switches_are_kept(tmp_path):
    first = load(tmp_path, hostile=True)
    later = Tenant.load_or_generate(tmp_path, messages=30, seed=7, now=NOW + timedelta(hours=2), frozen=True)

    assert later.hostile
    assert later.hold_queue() == first.hold_queue()


def test_late_messages_and_moved_time_are_kept(tmp_path):
    first = load(tmp_path)
    (late,) = first.add_late_message(timedelta(minutes=10))
    first.advance(timedelta(minutes=5))

    second = load(tmp_path)
    assert second.clock.now() == NOW + timedelta(minutes=5)
    assert late not in [row["id"] for row in second.hold_queue()]
    second.advance(timedelta(minutes=6))
    assert late in [row["id"] for row in second.hold_queue()]


def test_a_line_cut_by_a_crash_is_dropped(tmp_path):
    first = load(tmp_path)
    first.admin_release(first.hold_queue()[0]["id"])
    first.close()
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"event":"settle","mess')

    second = load(tmp_path)
    assert second.effects == first.effects
    second.admin_release(second.hold_queue()[0]["id"])
    second.close()
    assert len(load(tmp_path).effects) == 2


def test_a_folder_of_another_tenant_is_refused_with_advice(tmp_path):
    load(tmp_path)

    with pytest.raises(ValueError, match="messages=30 and seed=7: use these values"):
        Tenant.load_or_generate(tmp_path, messages=31, seed=7)


def test_the_command_serves_prints_credentials_and_survives_a_kill(tmp_path):
    def run():
        process = subprocess.Popen(
            [sys.executable, "-m", "sandbox", "--port", "0", "--messages", "20", "--state", str(tmp_path)],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            text=True,
        )
        assert process.stdout is not None
        return process, json.loads(process.stdout.readline())

    def back_door(url, path, body=None):
        data = json.dumps(body).encode() if body is not None else None
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("POST" if data else "GET", path, data)
        answer = json.loads(connection.getresponse().read())
        connection.close()
        return answer

    process, facts = run()
    assert facts["credentials_v2"]["client_id"].startswith("cid-")
    hold_id = next(iter(back_door(facts["url"], "/__sandbox__/labels")))
    assert back_door(facts["url"], "/__sandbox__/admin", {"action": "release", "hold_id": hold_id})["done"]
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    process.stdout.close()

    process, again = run()
    state = back_door(again["url"], "/__sandbox__/state")
    process.send_signal(signal.SIGTERM)

    assert process.wait(10) == 0
    process.stdout.close()
    assert state["effects"] == {"admin_release": 1}
    assert state["held"] == facts["held"] - 1
    assert again["credentials_v1"] == facts["credentials_v1"]
