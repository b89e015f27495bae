"""`mailroom investigate` as an analyst uses it."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml
from typer.main import get_command

from mailroom.cli.exits import Exit
from mailroom.cli.main import app
from sandbox import Tenant

Run = Callable[..., Any]
ROOT = Path(__file__).resolve().parents[2]
DEPLOYED = {
    (entry["entrypoint"].rpartition(".")[2], entry["name"])
    for entry in yaml.safe_load((ROOT / "deployments.yaml").read_text("utf-8"))["deployments"]
}
HOSTILE = "=cmd|'/c calc'!A1 <b>\x1b[31m[bold]x[/bold]"


@pytest.fixture
def campaign(tenant: Tenant) -> Tenant:
    for status in ("archived", "held", "rejected"):
        tenant.add_message(
            category="phish", status=status, to=["ann.one@northwind.example"], subject=HOSTILE,
            from_addr="news@evil.example", from_env="news@evil.example",
        )  # fmt: skip
    return tenant


def test_it_says_in_a_sentence_what_was_found(mailroom: Run, campaign: Tenant) -> None:
    shown = mailroom("investigate", "--sender", "news@evil.example")
    assert shown.code == Exit.OK
    assert "news@evil.example wrote three messages to one person" in shown.text
    assert "one was delivered" in shown.text or "1 was delivered" in shown.text
    assert "received by: ann.one@northwind.example" in shown.text
    assert "\x1b" not in shown.text
    assert "[bold]x[/bold]" in shown.text


def test_files_hold_every_message_and_the_picture(mailroom: Run, campaign: Tenant, tmp_path: Path) -> None:
    table, picture = tmp_path / "out.csv", tmp_path / "out.svg"
    assert mailroom("investigate", "--domain", "evil.example", "--csv", str(table), "--svg", str(picture)).code == 0
    with table.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["from"] for row in rows] == ["news@evil.example"] * 3
    assert all(row["subject"].startswith("'=cmd") for row in rows)
    ElementTree.parse(picture)  # noqa: S314 - our own file
    again = mailroom("investigate", "--domain", "evil.example", "--svg", str(picture))
    assert again.code == Exit.USAGE
    assert "was not written" in again.text


def test_json_is_one_object(mailroom: Run, campaign: Tenant) -> None:
    said = mailroom("investigate", "--subject", "=cmd", "--json").json
    assert said["by_status"] == {"delivered": 1, "held": 1, "rejected": 1}
    assert {row["name"] for row in said["sources"]} >= {"archive", "our store"}


def test_nothing_to_investigate_is_a_wrong_argument(mailroom: Run) -> None:
    shown = mailroom("investigate")
    assert shown.code == Exit.USAGE
    assert "say what to investigate" in shown.text


def test_every_suggested_command_exists(mailroom: Run, campaign: Tenant) -> None:
    known: Any = get_command(app)
    for given in (("--domain", "evil.example"), ("--sender", "nobody@evil.example")):
        for step in mailroom("investigate", *given, "--json").json["suggestions"]:
            flow, _, name = step["flow"].partition("/")
            assert not flow or (flow.replace(" ", "_"), name) in DEPLOYED
            for line in filter(None, step["command"].split(" && ")):
                command = known
                for word in line.split()[1:]:
                    if word not in getattr(command, "commands", {}):
                        break
                    command = command.commands[word]
                assert command is not known, line
                options = {option for parameter in command.params for option in parameter.opts}
                assert {word for word in line.split() if word.startswith("--")} <= options, line
