"""SIGKILL at every kind of step of handling reports; resume, and once more: nothing is lost, sent or proposed twice."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from faults_place import Place, keys_of

from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox
from mailroom.mail.account import account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.store.schema import actions, alert_evidence, case_events, cases, user_reports, verdicts
from sandbox import Tenant, serve
from sandbox.data import Component
from sandbox.mail import MailServer

pytestmark = [pytest.mark.slow]

PHISH = "phish@northwind.example"
AMY, BEN = "clara.lindqvist@northwind.example", "tomasz.nowak@northwind.example"
EVIL = "billing@parcel-desk.example"


class ReportingPlace(Place):
    """A tenant, a reporting mailbox with one report in it, and a fresh store that has ingested it."""

    tables = (actions, alert_evidence, case_events, cases, user_reports, verdicts)

    def __init__(self, forks: Any, store_url: str, folder: Path) -> None:
        super().__init__(forks, store_url, folder)
        self.tenant = Tenant.generate(messages=0, history=0, seed=7)
        self._server = serve(self.tenant)
        self.mail = MailServer(state=None, stores_sent_copy=True).serve()
        self.tenant.mail = self.mail.back_door
        self.tenant.add_message(
            category="phish", to=[AMY, BEN], from_addr=EVIL, from_env=EVIL, from_name="DHL Express", status="archived",
            subject="Your parcel: confirm your password within 24 hours", url="https://parcel-check.example/verify/0af",
            components=[Component("HTML", "", "text/html", 900, "t", False)], raw_from=None, reply_to=None,
            dkim_domain="parcel-desk.example", spf="pass", dkim="pass", dmarc="pass", no_auth_header=False,
            foreign_auth=[], extra_headers=[], impersonation=None,
        )  # fmt: skip
        (message,) = self.tenant.archived()
        self.tenant.report(message["messageId"], person=AMY)
        with self.opened() as store:
            assert ingest_mailbox(account_from("phish", AccountFields(**self.fields)), store, MailboxSettings()).alerted

    @property
    def fields(self) -> dict[str, Any]:
        return {
            "address": PHISH, "password": self.mail.passwords[PHISH], "imap_host": self.mail.host,
            "imap_port": self.mail.imaps_port, "smtp_host": self.mail.host, "smtp_port": self.mail.smtps_port,
            "ca_bundle": str(self.mail.ca_file), "trusted_authserv_ids": ["mx.northwind.example"],
        }  # fmt: skip

    def close(self) -> None:
        self._server.close()
        self.mail.close()

    def run(self, fault: str = "") -> Any:
        return self.finish(fault, url=self._server.url, account=json.dumps(self.fields), keys=keys_of(self.tenant))

    def check(self, where: str) -> None:
        """What must be true at the end, wherever it was killed."""
        assert [effect.kind for effect in self.tenant.effects] == [], where
        with self.opened() as store:
            states = Counter((one.kind, one.state) for one in store.ledger.list())
            (report,) = store.user_reports.list()
            (case,) = store.cases.search()
            (said,) = store.evidence.of(report.original_alert_id or 0)
        # A mail that was claimed and never seen leaving stays unknown: it is looked for, and not sent blindly.
        unseen = states.pop(("send_mail", "unknown"), 0)
        assert states == {
            ("send_mail", "applied"): 2 - unseen, ("create_block_sender_policy", "proposed"): 1,
            ("create_remediation_incident", "proposed"): 1,
        }, where  # fmt: skip
        assert len(self.mail.sent) == 2 - unseen, where
        assert not unseen or any(name in where for name in ("ledger.claimed", "send_mail.before_send")), where
        result_unseen = unseen and self.mail.sent
        assert report.state == ("waiting" if result_unseen else "settled"), where
        assert (report.verdict, report.case_id, said.points) == ("malicious", case.id, 10), where


@pytest.fixture
def places(stores: Any, forks_of: Any) -> Any:
    return stores.places(lambda: ReportingPlace(forks_of("reporting.py"), stores.url(), stores.folder()))


def test_killed_at_any_step_a_report_is_handled_by_the_next_run_and_everything_happens_once(
    places: Any, tmp_path: Path
) -> None:
    log = tmp_path / "steps"
    with places() as place:
        done = place.run(fault=f"count:{log}")
        assert done.code == 0, done.report
        place.check(str(done.report))
    names = log.read_text().split()
    last = {name: number for number, name in enumerate(names, 1)}
    assert {"user_reports.begun", "reported.judged", "reported.case_opened", "reported.settled"} <= set(last)

    for name, number in last.items():
        if name.startswith(("imap.", "smtp.")):
            continue  # a mail that is read or sent is killed there by tests of its own
        if places.kind == "postgres" and not name.startswith(("reported.", "user_reports.", "evidence.")):
            continue  # so are the ledger, verdicts and cases
        with places() as place:
            where = f"killed at {name}, step {number} of {len(names)}"
            assert place.run(fault=f"kill:#{number}").code == -signal.SIGKILL, where
            resumed = place.run()
            assert resumed.code == 0, f"{where}: {resumed.report}"
            place.check(f"{where}: {resumed.report}")
            before = place.content()
            again = place.run()
            assert again.code == 0, f"{where}: {again.report}"
            assert place.content() == before, where
