"""Flow "handle reported phish" with a real Prefect server: numbers come back, and Prefect learns nobody's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from prefect.logging.handlers import APILogWorker
from pydantic import SecretStr

from blocks import MailboxCredentials
from flows.handle_reported_phish import handle_reported_phish
from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox
from mailroom.errors import NotFoundError
from sandbox.data import Component
from tasks import _open

pytestmark = [pytest.mark.prefect]

PHISH = "phish@northwind.example"
REPORTER = "tomasz.nowak@northwind.example"
EVIL = "melder.kanari@meldung-evil.example"
SUBJECT = "Meldekanari: confirm your password within 24 hours"
URL = "https://meldekanari-link.example/verify"
PRIVATE = {REPORTER, EVIL, "Meldekanari", "meldekanari-link"}


@pytest.fixture
def office(tmp_path: Path, mail_helper: ModuleType) -> Iterator[Any]:
    with mail_helper.mail_world("reports", tmp_path / "office", {}) as made:
        yield made
    _open.close_all()


@pytest.fixture
def world(make_world: Any, office: Any) -> Any:
    """A tenant with one delivered phish, which somebody has reported; all blocks under one name."""
    world = make_world(0)
    world.save_blocks()
    fields = office.fields(address=PHISH, password=office.mail.passwords[PHISH])
    MailboxCredentials(
        address=PHISH, password=SecretStr(fields.password), imap_host=fields.imap_host, imap_port=fields.imap_port,
        smtp_host=fields.smtp_host, smtp_port=fields.smtp_port, ca_bundle=fields.ca_bundle,
        trusted_authserv_ids=["mx.northwind.example"],
    ).save(world.name, overwrite=True, _sync=True)  # type: ignore[call-arg]  # fmt: skip
    world.tenant.mail = office.mail.back_door
    world.tenant.add_message(
        category="phish", to=[REPORTER], from_addr=EVIL, from_env=EVIL, from_name="DHL Express", status="archived",
        subject=SUBJECT, url=URL, components=[Component("HTML", "", "text/html", 900, "t", False)], raw_from=None,
        reply_to=None, dkim_domain="meldung-evil.example", spf="pass", dkim="pass", dmarc="pass", foreign_auth=[],
        extra_headers=[], impersonation=None, no_auth_header=False,
    )  # fmt: skip
    world.tenant.report(world.tenant.archived()[0]["messageId"])
    _open.close_all()
    ingest_mailbox(_open.account(world.name), _open.store(world.name), MailboxSettings())
    _open.close_all()
    return world


def test_reports_are_handled_once_and_prefect_learns_no_word_of_them(
    api: Any, world: Any, office: Any, helper: Any
) -> None:
    first = world.run(handle_reported_phish, mailbox=world.name)
    again = world.run(handle_reported_phish, mailbox=world.name)

    assert first.result() == {"states": {"settled": 1}, "verdicts": {"malicious": 1}, "proposed": 2}
    assert again.result() == {"states": {}, "verdicts": {}, "proposed": 0}
    assert len(office.mail.sent) == 2
    assert world.tenant.incidents() == []
    rows = json.loads(helper.artifacts(helper.run_id(first))["reports"])
    assert [(row["verdict"], row["proposed"], row["delivered"]) for row in rows] == [("malicious", "2", "1")]
    APILogWorker.drain_all(timeout=10)
    text = helper.database_text(api.database)
    assert "settled" in text
    for word in PRIVATE:
        assert word not in text


def test_one_report_by_its_alert_and_a_dry_run(api: Any, world: Any, office: Any) -> None:
    dry = world.run(handle_reported_phish, alert="1", dry_run=True, mailbox=world.name).result()
    assert (dry["states"], dry["verdicts"]) == ({"dry run": 1}, {"malicious": 1})
    assert list(office.mail.sent) == []

    done = world.run(handle_reported_phish, alert="1", answer_reporters=False, mailbox=world.name).result()
    assert done["states"] == {"settled": 1}
    assert list(office.mail.sent) == []
    missing = world.run(handle_reported_phish, alert="4711", mailbox=world.name)
    assert missing.is_failed()
    with pytest.raises(NotFoundError):
        missing.result()
