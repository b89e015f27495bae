"""A home folder whose tenant is a sandbox, and a way to run commands as a user would."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailroom.cli.exits import exit_for
from mailroom.cli.main import app
from mailroom.errors import MailroomError
from mailroom.triage.packaged import demo_lists
from sandbox import Server, Tenant, serve
from sandbox.mail import MailServer

SOC = "soc@northwind.example"

AUTO = """
lists = ['{lists}']
require_evaluated_rules = false
per_run = 1000
per_hour = 1000
per_sender_domain = 1000
max_release_share = 1.0
modes = {{ release = "auto", reject = "auto" }}
"""


@dataclass(frozen=True)
class Answer:
    """What a command printed and how it ended."""

    code: int
    text: str

    @property
    def json(self) -> dict[str, Any]:
        """The last line, as the JSON object it should be."""
        parsed: dict[str, Any] = json.loads(self.text.strip().splitlines()[-1])
        return parsed


@pytest.fixture
def tenant() -> Tenant:
    return Tenant.generate(messages=40, seed=11)


@pytest.fixture
def server(tenant: Tenant) -> Iterator[Server]:
    with serve(tenant) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, tenant: Tenant, server: Server) -> Path:
    """Settings with a policy that acts by itself."""
    folder = tmp_path / "home"
    folder.mkdir()
    write_settings(folder, tenant, server, AUTO.format(lists=demo_lists()))
    return folder


def write_settings(folder: Path, tenant: Tenant, server: Server, policy: str) -> None:
    keys = tenant.credentials_v2
    (folder / "secret").write_text(keys.client_secret)
    (folder / "mailroom.toml").write_text(
        f"[mimecast]\napi_root = '{server.url}'\nclient_id = '{keys.client_id}'\nclient_secret_file = 'secret'\n"
        f"[policy]\n{policy}\n"
    )


@pytest.fixture
def mailroom(home: Path) -> Callable[..., Answer]:
    """Run `mailroom --home HOME ...` in this process, with errors turned into exit codes as in `run`."""

    def call(*arguments: str, at: Path | None = None) -> Answer:
        result = CliRunner().invoke(app, ["--home", str(at or home), *arguments])
        if isinstance(result.exception, MailroomError):
            return Answer(int(exit_for(result.exception)), str(result.exception))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Answer(result.exit_code, result.stdout)

    return call


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer().serve() as server:
        yield server


@pytest.fixture
def mail_home(home: Path, mail_server: MailServer) -> Path:
    (home / "mailbox-password").write_text(mail_server.passwords[SOC])
    with (home / "mailroom.toml").open("a") as settings:
        settings.write(
            f"[mailbox]\naddress = '{SOC}'\npassword_file = 'mailbox-password'\nimap_host = '{mail_server.host}'\n"
            f"imap_port = {mail_server.imaps_port}\nsmtp_host = '{mail_server.host}'\n"
            f"smtp_port = {mail_server.smtps_port}\nca_bundle = '{mail_server.ca_file}'\n"
        )
    return home


@pytest.fixture
def put(mail_server: MailServer) -> Callable[..., None]:
    def deliver(number: int, subject: str = "", **files: bytes) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"] = f"p{number}@example.org", SOC
        mail["Subject"], mail["Message-ID"] = subject or f"Mail {number}", f"<m{number}@example.org>"
        mail.set_content("see https://bad.example/login\n")
        for name, content in files.items():
            mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"{name}.pdf")
        mail_server.deliver(mail.as_bytes(), SOC)

    return deliver
