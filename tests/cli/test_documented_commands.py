"""docs/cli.md names every command, and no command or option that is not there; docs/mail.md every setting."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from mailroom.cli.exits import Exit
from mailroom.cli.main import app
from mailroom.cli.settings import HeldSection
from mailroom.connectors.mailbox_form import MailboxForm
from mailroom.connectors.tracked_form import TrackedForm
from mailroom.mail.providers import names

DOCS = Path(__file__).resolve().parents[2] / "docs"
PAGE = (DOCS / "cli.md").read_text("utf-8")
HELD_PAGE = (DOCS / "held.md").read_text("utf-8")
MAIL_PAGE = (DOCS / "mail.md").read_text("utf-8")
TRACKING_PAGE = (DOCS / "tracking.md").read_text("utf-8")
CELLS = [line.split("|")[1] for line in PAGE.splitlines() if line.startswith("| `mailroom ")]
DOCUMENTED = re.findall(r"`mailroom ([^`]+)`", " ".join(CELLS))
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


def commands(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Everything that can be called, by its words."""
    below = getattr(command, "commands", {})
    if not below or (command.invoke_without_command and path):
        yield " ".join(path), command
    for name, found in below.items():
        yield from commands(found, (*path, name))


COMMANDS = dict(commands(get_command(app)))
WITHOUT_JSON = {
    "demo": "runs until it is stopped, for people who look",
    "sandbox": "runs until it is stopped; says where it listens",
    "mail analyze": "prints nothing but one JSON object anyway",
}
"""Commands that have no --json, and why."""


def words_of(line: str) -> str:
    """`replies show QUESTION` is the command `replies show`."""
    return " ".join(re.match(r"[a-z]+(?:[ -][a-z]+)*", line)[0].split())  # type: ignore[index]


def test_every_command_is_documented_and_every_documented_command_exists() -> None:
    assert sorted(words_of(line) for line in DOCUMENTED) == sorted(COMMANDS)


def test_every_command_speaks_to_programs_too() -> None:
    without = {
        words
        for words, command in COMMANDS.items()
        if not any("--json" in parameter.opts for parameter in command.params)
    }
    assert without == set(WITHOUT_JSON)


@pytest.mark.parametrize("line", DOCUMENTED)
def test_the_documented_options_exist(line: str) -> None:
    command = COMMANDS[words_of(line)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert set(OPTION.findall(line)) <= known


def test_every_exit_code_is_documented() -> None:
    table = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE, re.MULTILINE)}
    assert table == {int(code) for code in Exit}
    said = {int(code) for code in re.findall(r"\b(\d+) ", str(app.info.epilog))}
    assert said == table - {int(Exit.INTERRUPTED)}


@pytest.mark.parametrize("field", [each.name for each in dataclasses.fields(MailboxForm)])
def test_every_setting_of_the_mailbox_connector_is_documented(field: str) -> None:
    replaced = {"unread_only": "fetch_type"}  # the older word for one of its values
    assert re.search(rf"^\|.*`{replaced.get(field, field)}\b", MAIL_PAGE, re.MULTILINE)


@pytest.mark.parametrize("field", [each.name for each in dataclasses.fields(TrackedForm)])
def test_every_setting_of_the_tracking_connector_is_documented(field: str) -> None:
    assert re.search(rf"^\|[^|]*\|.*`{field}`", TRACKING_PAGE, re.MULTILINE)


@pytest.mark.parametrize("provider", names())
def test_every_provider_is_documented(provider: str) -> None:
    assert f"`{provider}`" in MAIL_PAGE


@pytest.mark.parametrize("key", list(HeldSection.model_fields))
def test_every_setting_of_the_held_connector_is_documented_with_its_default(key: str) -> None:
    (said,) = re.findall(rf"^\| `{key}` \|[^|]*\| ([^|]*) \|", HELD_PAGE, re.MULTILINE)
    empty = {"lowest_risk": "empty: everything", "routes": "all", "queue_reasons": "all", "tenant": "account code"}
    default = HeldSection.model_fields[key].default
    assert said == (str(default).removesuffix(".0").replace("True", "true") if default not in ("", []) else empty[key])
