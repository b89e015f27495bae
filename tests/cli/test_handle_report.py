"""`mailroom handle-report`, as typed in a terminal: all reports, one, the list, a dry run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli.exits import Exit
from sandbox import Tenant
from sandbox.data import Component
from sandbox.mail import MailServer

SOC, AMY = "soc@northwind.example", "clara.lindqvist@northwind.example"
EVIL = "billing@parcel-desk.example"


@pytest.fixture
def office(tenant: Tenant) -> Iterator[MailServer]:
    """Somebody reports a phish that reached them."""
    with MailServer().serve() as server:
        tenant.mail = server.back_door
        tenant.add_message(
            category="phish", to=[AMY], from_addr=EVIL, from_env=EVIL, from_name="DHL Express", status="archived",
            subject="Your parcel: confirm your password within 24 hours", url="https://parcel-check.example/verify/0af",
            components=[Component("HTML", "", "text/html", 900, "t", False)], raw_from=None, reply_to=None,
            dkim_domain="parcel-desk.example", spf="pass", dkim="pass", dmarc="pass", foreign_auth=[],
            extra_headers=[], impersonation=None, no_auth_header=False,
        )  # fmt: skip
        message = next(one["messageId"] for one in tenant.archived() if one["from"] == EVIL)
        tenant.report(message, person=AMY, to=SOC)
        yield server


@pytest.fixture
def run(mailroom: Callable[..., Any], home: Path, office: MailServer) -> Callable[..., Any]:
    (home / "mailbox-password").write_text(office.passwords[SOC])
    with (home / "mailroom.toml").open("a") as settings:
        settings.write(
            f"[mailbox]\naddress = '{SOC}'\npassword_file = 'mailbox-password'\nimap_host = '{office.host}'\n"
            f"imap_port = {office.imaps_port}\nsmtp_host = '{office.host}'\nsmtp_port = {office.smtps_port}\n"
            f"ca_bundle = '{office.ca_file}'\ntrusted_authserv_ids = ['mx.northwind.example']\n"
        )
    return lambda *arguments: mailroom(*arguments, at=home)


def test_reports_are_shown_tried_handled_once_and_listed(run: Callable[..., Any], office: MailServer) -> None:
    assert run("ingest", "mailbox").code == Exit.OK
    tried = run("handle-report", "--all", "--dry-run", "--json").json
    assert [(one["state"], one["verdict"]) for one in tried["reports"]] == [("dry run", "malicious")]
    assert list(office.sent) == []

    done = run("handle-report", "--all")
    assert done.code == Exit.OK
    assert "malicious" in done.text
    assert run("handle-report", "--all", "--json").json["reports"] == []
    (listed,) = run("handle-report", "--list", "--json").json["reports"]
    assert (listed["state"], listed["thanked"], listed["told"], listed["proposed"]) == ("settled", True, True, 2)
    assert run("handle-report", str(listed["alert"]), "--json").json["reports"] == [listed]
    assert len(office.sent) == 2


def test_one_thing_has_to_be_said(run: Callable[..., Any]) -> None:
    for arguments in ((), ("--all", "--list"), ("1", "--all")):
        assert run("handle-report", *arguments).code == Exit.USAGE
    assert run("handle-report", "4711").code == Exit.NOT_FOUND
