"""docs/cli.md names every command, no page one that is not there, and docs/mail.md every setting."""

from __future__ import annotations

import dataclasses
import re
import shlex
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
from mailroom.mail.account_fields import AccountFields
from mailroom.mail.providers import names

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "deployments.yaml"]
IN_WORDS = re.compile(r"`(mailroom [a-z][^`]*)`")
ON_A_LINE = re.compile(r"^(?:\$ | {4})?(mailroom [a-z][^#\n]*)", re.MULTILINE)
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


def trouble(line: str) -> str:
    """The first word of a command line that is no command or option; empty when all are."""
    words = shlex.split(line.replace("'", "").replace("\n", " "))[1:]
    command: Any = get_command(app)
    while words:
        word = words.pop(0).strip("[](),.")
        options = {name: option for option in command.params for name in (*option.opts, *option.secondary_opts)}
        if word.startswith("-") and word.strip("-"):
            if word not in options:
                return word
            if not options[word].is_flag and words:
                words.pop(0)
        elif word in getattr(command, "commands", {}):
            command = command.commands[word]
        elif getattr(command, "commands", {}) and not command.invoke_without_command and word:
            return word
    return ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_command_that_a_page_speaks_of_exists_with_its_options(page: Path) -> None:
    text = page.read_text("utf-8")
    assert [(line, word) for line in IN_WORDS.findall(text) + ON_A_LINE.findall(text) if (word := trouble(line))] == []


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("mailroom releese 17", "releese"),
        ("mailroom mail find --days 3", "find"),
        ("mailroom release 17 --sandbox", "--sandbox"),
        ("mailroom replies --limit 5 watch --once", ""),
        ("mailroom --home trial ask ann@example.com -s Subject -t Text", ""),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(line: str, word: str) -> None:
    assert trouble(line) == word


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


@pytest.mark.parametrize("field", [each.name for each in dataclasses.fields(AccountFields)])
def test_every_key_of_a_mailbox_is_documented(field: str) -> None:
    assert re.search(rf"\b{field}\b", MAIL_PAGE)


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
