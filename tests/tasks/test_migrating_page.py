"""docs/migrating.md: every name and default in our columns is in the code, every documented name of theirs is there."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

import flows
import tasks
from blocks import MailboxCredentials, MimecastCredentials
from mailroom.cli.main import app
from mailroom.connectors.mailbox_form import MailboxForm
from mailroom.connectors.tracked_form import TrackedForm

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "migrating.md").read_text("utf-8")
HEADING = re.compile(r"^#{2,3} (?P<theirs>.+) → (?:form |block )?`(?P<ours>[\w.]+)`$")
FORMS = {"TrackedForm": TrackedForm, "MailboxForm": MailboxForm}
BLOCKS = {"MimecastCredentials": MimecastCredentials, "MailboxCredentials": MailboxCredentials}

Parameters = dict[str, Any]
NEEDED = object()


def _parameters(ours: str) -> Parameters:
    """Name -> default of what a heading names."""
    if ours in FORMS:
        return {each.name: each.default for each in dataclasses.fields(FORMS[ours])}
    if ours in BLOCKS:
        fields = BLOCKS[ours].model_fields
        return {name: NEEDED if each.is_required() else each.get_default() for name, each in fields.items()}
    product, _, name = ours.partition(".")
    function = getattr(importlib.import_module(f"tasks.{product}"), name).fn
    return {
        each.name: NEEDED if each.default is inspect.Parameter.empty else each.default
        for each in inspect.signature(function).parameters.values()
    }


def _said(default: Any) -> str:
    """A default as the page writes it."""
    if default is NEEDED:
        return "needed"
    if hasattr(default, "get_secret_value"):
        default = default.get_secret_value()
    if isinstance(default, bool):
        return "on" if default else "off"
    if default in ("", (), [], None):
        return "empty"
    text = ",".join(default) if isinstance(default, list | tuple) else str(default)
    return "all of them" if len(text) > 60 else text.removesuffix(".0") if text in {"180.0"} else text


def _sections() -> dict[tuple[str, str], list[list[str]]]:
    """(their name, what the heading names) -> rows of its table."""
    found: dict[tuple[str, str], list[list[str]]] = {}
    rows: list[list[str]] | None = None
    for line in PAGE.splitlines():
        if line.startswith("#"):
            match = HEADING.match(line)
            rows = found.setdefault((match["theirs"], match["ours"]), []) if match else None
        elif rows is not None and line.startswith("| ") and not line.startswith(("| ---", "| Theirs")):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return found


SECTIONS = _sections()
ROWS = [(ours, row) for (_, ours), rows in SECTIONS.items() for row in rows]


@pytest.mark.parametrize("ours", sorted({ours for _, ours in SECTIONS}))
def test_what_a_heading_names_exists(ours: str) -> None:
    _parameters(ours)


@pytest.mark.parametrize(("ours", "row"), ROWS, ids=lambda value: value if isinstance(value, str) else value[2])
def test_a_parameter_exists_and_has_the_default_that_is_written(ours: str, row: list[str]) -> None:
    _, _, name, default, _ = row
    if name == "-":
        assert default == "-"
        return
    parameters = _parameters(ours)
    assert name.strip("`") in parameters
    assert default == _said(parameters[name.strip("`")])


@pytest.mark.parametrize("words", sorted(set(re.findall(r"`(mailroom [a-z -]+)`", PAGE))))
def test_a_command_that_is_named_exists(words: str) -> None:
    command: Any = get_command(app)
    for word in words.split()[1:]:
        if word.startswith("--"):
            assert word in {option for parameter in command.params for option in parameter.opts}
        else:
            command = command.commands[word]


def test_every_action_that_is_named_exists() -> None:
    for product, name in re.findall(r"`(mail|mimecast)\.(\w+)`", PAGE):
        assert name in importlib.import_module(f"tasks.{product}").__all__
    assert tasks


def test_every_playbook_that_is_named_exists() -> None:
    stems = {path.stem.replace("_", " ") for path in Path(flows.__file__).parent.glob("[a-z]*.py")}
    named = set(re.findall(r"\*\*([a-z\s]+)\*\*", PAGE))
    assert {" ".join(name.split()) for name in named} <= stems


def test_the_pages_it_points_to_exist() -> None:
    docs = Path(__file__).resolve().parents[2] / "docs"
    for name in re.findall(r"\]\(([\w-]+\.md)\)", PAGE):
        assert (docs / name).exists(), name


MIMECAST = (
    "Ping", "Simple Archive Search", "Advanced Archive Search", "Reject Message", "Release Message", "Report Message",
    "Block Sender", "Permit Sender", "Create Block Sender Policy",
)  # fmt: skip
EMAIL = (
    "Ping", "Send Email", "Send Email and Wait", "Wait for User Email", "Download Email Attachments",
    "Get Mail EML File",
)  # fmt: skip


@pytest.mark.parametrize(("product", "action"), [("mimecast", a) for a in MIMECAST] + [("mail", a) for a in EMAIL])
def test_every_action_of_theirs_is_there(product: str, action: str) -> None:
    assert any(theirs == action and ours.startswith(f"{product}.") for theirs, ours in SECTIONS)


THEIRS = {
    "MimecastCredentials": "API Root, Application ID, Application Key, Access Key, Secret Key, Verify SSL",
    "mimecast.simple_archive_search": "Fields To Return, Mailboxes, From, To, Subject, Time Frame, Start Time, "
    "End Time, Max Emails To Return",
    "mimecast.advanced_archive_search": "XML Query",
    "mimecast.reject_message": "Message ID, Note, Reason, Notify Sender",
    "mimecast.release_message": "Message ID, Release To Sandbox",
    "mimecast.report_message": "Message ID, Report As, Comment",
    "mimecast.block_sender": "Sender, Recipient",
    "mimecast.permit_sender": "Sender, Recipient",
    "mimecast.create_block_sender_policy": "Response, Description, Extracted Data, Sender, Sender Type, Recipient, "
    "Recipient Type, Comment, Bidirectional, Enforced, Start Time, End Time",
    "TrackedForm": "Domains, Lowest Risk To Fetch, Status Filter, Route Filter, Queue Reason Filter, Ingest Messages "
    "Without Risk, Max Hours Backwards, Max Messages To Return, Use Allow List As Deny List, Script Timeout (Seconds), "
    "Product Field Name, Event Field Name, Environment Field Name, Environment Regex Pattern",
    "MailboxCredentials": "Email, IMAP Server Address, IMAP Port, Username, Password, IMAP USE SSL, Server Time Zone, "
    "Proxy Server Address, Proxy Username, Proxy Password",
    "mail.send_email": "Recipients, CC, Bcc, Subject, Content",
    "mail.send_email_and_wait": "Recipients, CC, Bcc, Subject, Content, Exclusion Subject Regex, Exclusion Body Regex",
    "mail.download_email_attachments": "Download Path, Message ID, Subject filter, Email UID, Only Unread",
    "mail.get_mail_eml_file": "Message ID, Base64 Encode",
    "MailboxForm": "Folder to check for emails, Unread Emails Only, Mark Emails as Read, Attach Original EML, Offset "
    "Time In Days, Max Emails Per Cycle, Script Timeout (Seconds), Server Time Zone, Product Field Name, Event Field "
    "Name, Environment Regex Pattern, Regex expressions to handle forwarded emails, Email Fetch Type, From, To, "
    "Subject, Text Body, Header, Header Field Name To Search in Header, Not From, Not To, Not Subject, Not Text Body, "
    "Not Header",
}


@pytest.mark.parametrize(
    ("ours", "name"), [(ours, name) for ours, names in THEIRS.items() for name in names.split(", ")]
)
def test_every_parameter_of_theirs_is_there(ours: str, name: str) -> None:
    rows = [row for (_, heading), section in SECTIONS.items() if heading == ours for row in section]
    assert name in {row[0] for row in rows}
