"""SIGKILL in a round of rules on mail: the next round finishes it, and a third one changes nothing.

Every kind of step, and some of each; MAILROOM_TEST_ALL_KILLS=1 takes every step.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_dovecot_fixtures import sibling
from sqlalchemy import select

from mailroom.store import Store
from mailroom.store.schema import (
    alert_campaigns,
    case_alerts,
    case_events,
    case_files,
    cases,
    custom_fields,
    mail_rule_hits,
    mail_rule_passes,
    playbook_runs,
)

HERE = Path(__file__).parent
world = sibling("mail_rules_world")
RULES = (
    world.rule(
        "[{ create_incident: { template: phishing, by: campaign } }, { save_attachments: {} },"
        " { run_playbook: { playbook: investigate sender } }, { set_field: { fields: { channel: mail } } },"
        " { set_field: { scope: alert, fields: { seen_by: rules } } }]"
    ),
    world.rule("[{ add_to_incident: { by: conversation } }]", id="answers")
    .replace("{ subject|words_any: invoice }", "{ is_reply: true }")
    .replace("subject: An invoice", "in_reply_to: ['<m1@x.test>']"),
)
TABLES = (
    cases, case_alerts, case_files, custom_fields, playbook_runs, mail_rule_hits, mail_rule_passes, alert_campaigns,
    case_events,
)  # fmt: skip


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[dict[str, Any]], dict[str, Any]]]:
    """The warm parent of the processes to be killed."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MAILROOM_")}
    parent = subprocess.Popen(
        [sys.executable, str(HERE / "mail_rule_round.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env=clean | {"PYTHONPATH": str(HERE.parent.parent)}, cwd=tmp_path_factory.mktemp("rounds"),
    )  # fmt: skip
    assert parent.stdin
    assert parent.stdout

    def run(asked: dict[str, Any]) -> dict[str, Any]:
        parent.stdin.write(json.dumps(asked) + "\n")
        parent.stdin.flush()
        return dict(json.loads(parent.stdout.readline()))

    yield run
    parent.stdin.close()
    parent.wait(30)
    parent.stdout.close()


@pytest.fixture
def site(store_url: str, tmp_path: Path) -> dict[str, Any]:
    """Three mails: two of one campaign, one with a file; and an answer to the first."""
    blobs = tmp_path / "blobs"
    with Store.open(store_url, blobs=blobs) as store:
        world.store_mail(store, world.mail(1, subject="Invoice 1 overdue now"))
        world.store_mail(store, world.mail(2, subject="Invoice 2 overdue now"))
        world.store_mail(store, world.mail(3, files={"bill.js": b"run()"}))
        world.store_mail(store, world.mail(4, subject="Re: what?", In_Reply_To="<m1@fabrikam.example>"))
    return {"store": store_url, "blobs": str(blobs), "rules": str(world.write(tmp_path / "rules", *RULES)), "fault": ""}


def content(site: dict[str, Any], *tables: Any) -> dict[str, list[Any]]:
    with Store.open(site["store"], blobs=site["blobs"]) as store:
        return {table.name: list(store.db.rows(select(table).order_by(*table.primary_key.columns))) for table in tables}


def outcome(site: dict[str, Any]) -> list[Any]:
    """What is there, without ids that depend on the order and without times."""
    found = content(site, *TABLES)
    with Store.open(site["store"], blobs=site["blobs"]) as store:
        assert store.events.verify() == []
        assert not store.check().problems
    return [
        sorted((row.key, row.title, row.state, row.template, row.priority) for row in found["cases"]),
        sorted((row.alert_id, row.added_by) for row in found["case_alerts"]),
        sorted((row.alert_id, row.name, row.sha256) for row in found["case_files"]),
        sorted((row.scope, row.name, str(row.value)) for row in found["custom_fields"]),
        sorted((row.key.partition(":")[0], row.playbook, row.alert_id, row.state) for row in found["playbook_runs"]),
        sorted((row.rule_id, row.alert_id, row.state, len(row.results)) for row in found["mail_rule_hits"]),
        sorted((row.alert_id, row.matched) for row in found["mail_rule_passes"]),
        sorted((row.alert_id, row.key) for row in found["alert_campaigns"]),
        sorted((row.kind, row.alert_id or 0, row.what) for row in found["case_events"]),
    ]


@pytest.mark.slow
def test_a_round_killed_at_any_step_is_finished_by_the_next_and_the_third_changes_nothing(
    rounds: Callable[..., Any], site: dict[str, Any], tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    saved = tmp_path / "saved"
    is_sqlite = "sqlite" in request.node.name
    folders = [Path(site["blobs"])]
    if is_sqlite:
        folders.append(Path(site["store"].removeprefix("sqlite:///")).parent)
        for folder in folders:
            shutil.copytree(folder, saved / folder.name)
    steps = tmp_path / "steps"
    first = rounds(site | {"fault": f"count:{steps}"})
    assert (first["code"], first["report"]["done"], first["report"]["incidents"]) == (0, 4, 2)
    names = steps.read_text().split()
    assert {"mail_rules.recorded", "mail_rules.action", "mail_rules.saved", "mail_rules.settled"} <= set(names)
    expected = outcome(site)
    assert [len(part) for part in expected[:3]] == [2, 4, 1]
    if not is_sqlite:  # a fresh database per step would take minutes
        return
    everywhere = range(1, len(names) + 1)
    chosen = everywhere if os.environ.get("MAILROOM_TEST_ALL_KILLS") else sorted(
        {names.index(name) + 1 for name in names} | set(everywhere[:: max(1, len(names) // 4)])
    )  # fmt: skip
    for number in chosen:
        where = f"killed at step {number} of {len(names)}, {names[number - 1]}"
        for folder in folders:
            shutil.rmtree(folder)
            shutil.copytree(saved / folder.name, folder)
        assert rounds(site | {"fault": f"kill:#{number}"})["code"] == -signal.SIGKILL, where
        assert rounds(site)["code"] == 0, where
        assert outcome(site) == expected, where
        before = content(site, *TABLES)
        assert rounds(site)["report"]["done"] == 0, where
        assert content(site, *TABLES) == before, where
