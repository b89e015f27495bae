"""SIGKILL at every kind of step of asking recipients and of making use of their answers.

Whatever step the process is killed at: the person gets one mail, the answer is evidence once, the message is judged
with it, one proposal stands in the ledger, and a further run changes nothing.
"""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from faults_place import Place
from mailroom_tests_small_tenant import Workbench, add

from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage import triage_alerts
from mailroom.store.schema import actions, alert_evidence, case_events, verdicts, waits
from mailroom.triage.packaged import demo_lists
from sandbox import Tenant, serve
from sandbox.mail import Habit, MailServer

pytestmark = [pytest.mark.slow]
SOC, AMY = "soc@northwind.example", "clara.lindqvist@northwind.example"
STRANGER: dict[str, Any] = {
    "from_addr": "nils@new-vendor.example", "from_env": "nils@new-vendor.example", "dkim_domain": "new-vendor.example",
    "hold": "impersonation", "risk": "medium", "impersonation": ("Newly Observed Domain",),
}  # fmt: skip


class RecipientPlace(Place):
    """A held message to Amy in a fresh store, and the mail server she reads at."""

    tables = (waits, actions, alert_evidence, verdicts, case_events)  # runs and times of looks do change

    def __init__(self, forks: Any, store_url: str, folder: Path) -> None:
        super().__init__(forks, store_url, folder)
        self.mail = MailServer(people={AMY: Habit("answers", text="1", delay=5)}, frozen=True)
        self._serving = self.mail.serve()
        tenant = Tenant.generate(messages=0, history=0, seed=7)
        with serve(tenant) as server, self.opened() as store:
            bench = Workbench(tenant, server.url, store)
            add(tenant, "Offer", to=[AMY], **STRANGER)
            bench.ingest()
            triage_alerts(store, Policy.build(lists=(demo_lists(),)))
            bench.client.close()

    def close(self) -> None:
        self.mail.close()

    def run(self, step: str, fault: str = "") -> Any:
        account = {
            "address": SOC, "password": self.mail.passwords[SOC], "imap_host": self.mail.host,
            "imap_port": self.mail.imaps_port, "smtp_host": self.mail.host, "smtp_port": self.mail.smtps_port,
            "ca_bundle": str(self.mail.ca_file),
        }  # fmt: skip
        return self.finish(fault, step=step, account=json.dumps(account))

    def steps(self, step: str) -> list[tuple[int, str]]:
        """(number, name) of the first of each kind of step that a whole run passes."""
        log = self.folder / f"steps-{step}"
        done = self.run(step, f"count:{log}")
        assert done.code == 0, done.report
        names = log.read_text().split()
        return [(names.index(name) + 1, name) for name in dict.fromkeys(names)]

    def check_decided(self, where: str) -> None:
        with self.opened() as store:
            [wait] = store.waits.list()
            assert (wait.state, wait.handled_at is None) == ("answered", False), where
            [alert] = store.alerts.list()
            assert [one.points for one in store.evidence.of(alert.id)] == [-20], where
            verdict = store.verdicts.current(alert.id)
            assert verdict is not None, where
            assert (verdict.verdict, verdict.proposed_action) == ("undetermined", "release"), where
            rows = [(one.kind, one.state) for one in store.ledger.for_alert(alert.id) if one.kind != "send_mail"]
            assert rows == [("release", "proposed")], where
            assert store.check().problems == (), where


@pytest.fixture
def places(stores: Any, forks_of: Any) -> Any:
    def make() -> RecipientPlace:
        url = stores.url()
        stores.folder().mkdir(mode=0o700)
        return RecipientPlace(forks_of("recipients.py"), url, stores.folder())

    return stores.places(make)


STRIDES = {"sqlite": 1, "postgres": 4}


def test_asking_killed_at_any_step_asks_the_person_once(places: Any) -> None:
    with places() as first:
        steps = first.steps("ask")
    assert {"recipient.before_asking", "waits.after_ask", "recipient.asked"} <= {name for _, name in steps}
    for number, name in steps[:: STRIDES[places.kind]]:
        with places() as place:
            assert place.run("ask", f"kill:#{number}").code == -signal.SIGKILL, name
            for _ in range(2):
                assert place.run("ask").code == 0, name
            assert len(place.mail.sent) <= 1, name
            with place.opened() as store:
                [wait] = store.waits.list()
                [action] = store.ledger.list(kind="send_mail")
            assert wait.is_open, name
            if not place.mail.sent:  # claimed and not handed over looks like handed over: never repeated blindly
                assert action.state == "unknown", name


def test_making_use_of_an_answer_killed_at_any_step_decides_once(places: Any) -> None:
    def answered() -> RecipientPlace:
        place: RecipientPlace = places()
        assert place.run("ask").code == 0
        place.mail.advance(60)
        return place

    with answered() as first:
        steps = first.steps("watch")
    assert {"recipient.before_evidence", "evidence.before_commit", "recipient.evidence", "triage.verdicts_given",
            "triage.ruled", "recipient.decided", "recipient.handled"} <= {name for _, name in steps}  # fmt: skip
    for number, name in steps[:: STRIDES[places.kind]]:
        with answered() as place:
            assert place.run("watch", f"kill:#{number}").code == -signal.SIGKILL, name
            again = place.run("watch")
            assert again.code == 0, f"{name}: {again.report}"
            place.check_decided(name)
            before = place.content()
            assert place.run("watch").code == 0, name
            assert place.content() == before, name
            assert len(place.mail.sent) == 1, name
