"""Reported phish: the original is found and judged, a case and proposals are made, the reporter is thanked and told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy as email_policy
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailroom_tests_small_tenant import Workbench, add, empty_tenant

from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox
from mailroom.errors import InvalidInputError
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.reported import ReportDesk, ReportResult, handle_report, handle_reports
from mailroom.triage import demo_lists
from sandbox.mail import Habit

PHISH = "phish@northwind.example"
AMY, BEN, EVE = (f"{name}@northwind.example" for name in ("clara.lindqvist", "tomasz.nowak", "grace.whitfield"))
EVIL = "billing@parcel-desk.example"
URL = "https://login.parcel-check.example/verify/0af1"


@dataclass
class World:
    """A tenant, a reporting mailbox with people around it, and one store."""

    bench: Workbench
    office: Any
    desk: ReportDesk

    def attack(self, *people: str, **fields: Any) -> str:
        """A phishing mail that reached these people; returns its Message-ID."""
        plain = {
            "from_addr": EVIL, "from_env": EVIL, "from_name": "DHL Express", "dkim_domain": "parcel-desk.example",
            "category": "phish", "url": URL,
        }  # fmt: skip
        subject = fields.pop("subject", "Your parcel: confirm your password within 24 hours")
        for hold_id in add(self.bench.tenant, subject, to=people or (AMY, BEN), **plain | fields):
            assert self.bench.tenant.admin_release(hold_id)
        return next(one["messageId"] for one in self.bench.tenant.archived() if one["subject"] == subject)

    def report(self, message_id: str, person: str = AMY, how: str = "attached") -> int:
        """A person reports a mail; the number of the report's alert."""
        self.bench.tenant.report(message_id, person=person, how=how)
        return self.take()

    def write(self, raw: bytes, sender: str = AMY, **origin: str) -> int:
        self.office.mail.deliver(raw, PHISH, sender=sender, **{"user": sender} | origin)
        return self.take()

    def take(self) -> int:
        ingest_mailbox(self.desk.account, self.bench.store, MailboxSettings(offset_days=3_000))
        return self.bench.store.alerts.list(limit=1, connector="mailbox")[0].id

    def handle(self, alert_id: int, **options: Any) -> ReportResult:
        return handle_report(self.desk, alert_id, **options)

    def mails_to(self, person: str) -> list[Any]:
        return [
            message_from_bytes(one.raw, policy=email_policy.default)
            for one in self.office.mail.sent
            if person in one.recipients
        ]

    def proposals(self) -> list[tuple[str, str]]:
        actions = self.bench.store.ledger.list(limit=1_000)
        return sorted((one.kind, one.state) for one in actions if one.kind != "send_mail")


@pytest.fixture
def world(bench_for: Callable[..., Workbench], mail_helper: ModuleType, tmp_path: Path) -> Iterator[World]:
    tenant = empty_tenant()
    people = {one: Habit("answers") for one in (AMY, BEN, EVE)}
    with mail_helper.mail_world("phish", tmp_path / "mail", people, clock=tenant.clock) as office:
        tenant.mail = office.mail.back_door
        bench = bench_for(tenant)
        bench.policy = Policy.build(lists=(demo_lists(),))
        account = office.account(
            address=PHISH, password=office.mail.passwords[PHISH], trusted_authserv_ids=("mx.northwind.example",)
        )
        yield World(bench, office, ReportDesk(bench.desk, account, "nw", clock=tenant.clock))


def mail(**headers: str) -> EmailMessage:
    made = EmailMessage()
    for name, value in ({"From": AMY, "To": PHISH, "Subject": "Fwd: x", "Message-ID": "<r1@northwind.example>"} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }).items():  # fmt: skip
        made[name] = value
    made.set_content("Please look at this.\n")
    return made


def wire(made: EmailMessage) -> bytes:
    return made.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


@pytest.mark.parametrize("how", ["attached", "inline"])
def test_a_phish_that_was_delivered_is_judged_and_pulling_it_back_and_blocking_are_proposed(
    world: World, how: str
) -> None:
    message_id = world.attack(AMY, BEN)
    result = world.handle(world.report(message_id, how=how))

    assert (result.state, result.verdict) == ("settled", "malicious"), result.as_json()
    (one,) = result.mails
    assert (one.how, one.counts["delivered"], one.counts["people"], one.reporters) == (how, 2, 2, 1)
    original = world.bench.store.alerts.get(one.alert_id or 0)
    assert (original.connector, original.level, original.message_id) == ("reported", "T3", message_id)
    assert world.proposals() == [("create_block_sender_policy", "proposed"), ("create_remediation_incident", "proposed")]
    assert world.bench.tenant.incidents() == []
    case = world.bench.store.cases.get(one.case_id or 0)
    assert case.priority == 80
    assert set(world.bench.store.cases.alert_ids(case.id)) == {result.alert_id, original.id}
