"""Asking recipients with a real Prefect server, a worker, a tenant, and a mail server with people in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from prefect.client.orchestration import get_client

from flows.ask_recipient_about_held_message import ask_recipient_about_held_message
from flows.ask_recipients import ask_recipients
from flows.watch_replies import watch_replies
from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.playbooks.triage import triage_alerts
from sandbox.mail import Habit
from tasks import _open

AMY, BEN = "owen.carter@northwind.example", "priscilla.hale@northwind.example"
ONE = "ask recipient about held message/on demand"
WATCH = "watch replies/every minute"
STRANGER: dict[str, Any] = {
    "from_addr": "nils@canary-4711.example", "from_env": "nils@canary-4711.example", "from_name": "Kanarienvogel",
    "dkim_domain": "canary-4711.example", "hold": "impersonation", "risk": "medium", "spf": "pass", "dkim": "pass",
    "impersonation": ("Newly Observed Domain",), "dmarc": "pass", "components": [], "categories": [], "raw_from": None,
    "reply_to": None, "foreign_auth": [], "extra_headers": [], "no_auth_header": False, "null_from_header": False,
}  # fmt: skip

pytestmark = [pytest.mark.prefect]


@dataclass
class Place:
    """A tenant and a mailbox whose blocks bear one name."""

    tenant: Any
    mail: Any

    @property
    def blocks(self) -> dict[str, str]:
        return {**self.tenant.names, "mailbox": self.mail.name}

    def held(self, *people: str) -> list[int]:
        """Held mails of a stranger, taken in and judged; returns the alerts' ids."""
        keys = [self.tenant.tenant.add_message(to=[one], subject="Kanarienvogel", **STRANGER)[0] for one in people]
        with self.tenant.opened() as store:
            ingest_held(_open.client(self.tenant.name), store, HeldSettings())
            triage_alerts(store, _open.policy(self.tenant.name))
            found = [store.alerts.find(key).id for key in keys]
        _open.close_all()
        return found

    def ledger(self) -> list[tuple[str, str]]:
        with self.tenant.opened() as store:
            return [(one.kind, one.state) for one in store.ledger.list() if one.kind != "send_mail"]


@pytest.fixture
def make(
    helper: ModuleType, mail_helper: ModuleType, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., Place]]:
    with ExitStack() as stack:

        def place(people: dict[str, Habit], **policy: Any) -> Place:
            name = f"r{abs(hash(request.node.name)) % 10**8}"
            tenant = stack.enter_context(helper.world(name, tmp_path / name, messages=0, history=0))
            mail = stack.enter_context(mail_helper.mail_world(name, tmp_path / name, people))
            tenant.save_blocks(**{"ask_recipient": "auto"} | policy)
            mail.save_blocks()
            return Place(tenant, mail)

        yield place
    _open.close_all()


def state_of(server: Any, run: Any) -> str:
    with server.settings(), get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    return str(state.name) if state else ""


def test_one_recipient_is_asked_and_the_answer_becomes_a_proposal(api: Any, make: Callable[..., Place]) -> None:
    place = make({AMY: Habit("answers", text="1", delay=0.3)})
    [alert] = place.held(AMY)

    shown = ask_recipient_about_held_message(str(alert), dry_run=True, **place.blocks)
    done = ask_recipient_about_held_message(str(alert), language="de", **place.blocks)

    assert (shown["state"], shown["asks"], shown["reasons"]) == ("shown", True, [])
    assert (done["state"], done["answer"], done["verdict"], done["proposes"]) == (
        "answered", "expected", "undetermined", "release"
    )  # fmt: skip
    assert place.ledger() == [("release", "proposed")]
    assert len(place.mail.sent()) == 1
    assert AMY not in json.dumps([shown, done])


def test_all_recipients_are_asked_and_the_watcher_alone_makes_use_of_the_answers(
    api: Any, make: Callable[..., Place]
) -> None:
    place = make({AMY: Habit("answers", text="2", delay=0.3), BEN: Habit("answers", text="1", delay=0.3)})
    place.held(AMY, BEN)

    counts = ask_recipients(**place.blocks)
    api.wait_until(lambda: len(place.mail.mail.answers) == 2)
    watched = watch_replies(mailbox=place.mail.name, store=place.tenant.name, policy=place.tenant.name)

    assert (counts["asked"], watched["handled"]) == (2, 2)
    assert sorted(place.ledger()) == [("reject", "proposed"), ("release", "proposed")]
    assert ask_recipients(**place.blocks)["asked"] == 0


@pytest.mark.slow
def test_a_run_waits_suspended_over_a_restart_of_everything_and_goes_on_with_the_answer(
    worker: Any, make: Callable[..., Place], helper: ModuleType
) -> None:
    place = make({AMY: Habit("answers", text="1\n\nKanarienvogel", delay=1)})
    [alert] = place.held(AMY)
    run = worker.begin(ONE, alert=str(alert), **place.blocks)
    worker.wait_until(lambda: state_of(worker, run) == "Suspended")
    worker.kill_server()
    worker.start()

    worker.wait_until(lambda: place.mail.mail.answers)
    watched = worker.run(WATCH, mailbox=place.mail.name, store=place.tenant.name, policy=place.tenant.name)
    assert watched.state.name == "Completed", watched.state.message
    done = worker.wait(run)

    assert done.state.name == "Completed", done.state.message
    assert place.ledger() == [("release", "proposed")]
    assert len(place.mail.sent()) == 1
    text = helper.database_text(worker.database)
    for private in ("Kanarienvogel", "canary-4711", AMY):
        assert private not in text
