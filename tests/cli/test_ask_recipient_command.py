"""`mailroom ask-recipient` and `ask-recipients`, as typed in a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom.cli.exits import Exit
from sandbox import Tenant
from sandbox.mail import Habit

AMY, BEN = "clara.lindqvist@northwind.example", "tomasz.nowak@northwind.example"
STRANGER: dict[str, Any] = {
    "from_addr": "nils@new-vendor.example", "from_env": "nils@new-vendor.example", "dkim_domain": "new-vendor.example",
    "hold": "impersonation", "risk": "medium", "impersonation": ("Newly Observed Domain",), "components": [],
    "categories": [], "raw_from": None, "reply_to": None, "foreign_auth": [], "extra_headers": [], "spf": "pass",
    "dkim": "pass", "dmarc": "pass", "no_auth_header": False, "null_from_header": False, "subject": "Offer",
}  # fmt: skip


@pytest.fixture
def tenant() -> Tenant:
    """Held mails of a stranger to two people, and nothing else."""
    made = Tenant.generate(messages=0, history=0, seed=11)
    for one in (AMY, BEN):
        made.add_message(to=[one], **STRANGER)
    return made


@pytest.fixture
def asking(
    home: Path, mailroom: Callable[..., Any], tmp_path: Path, mail_helper: ModuleType
) -> Iterator[Callable[..., Any]]:
    """The command line with a mailbox; Amy expects the mail, Ben does not. The queue is taken in and judged."""
    people = {AMY: Habit("answers", text="1", delay=0.3), BEN: Habit("answers", text="2", delay=0.3)}
    with ExitStack() as stack:
        world = stack.enter_context(mail_helper.mail_world("soc", tmp_path / "w", people))
        known = world.fields()
        lines = ["[mailbox]", f"name = '{world.name}'"]
        lines += [f"{name} = '{getattr(known, name)}'" for name in ("address", "password", "imap_host", "smtp_host")]
        lines += [
            f"imap_port = {known.imap_port}",
            f"smtp_port = {known.smtp_port}",
            f"ca_bundle = '{known.ca_bundle}'",
        ]
        with (home / "mailroom.toml").open("a") as file:
            file.write("\n".join([*lines, ""]))
        assert mailroom("ingest", "held", "--json").code == 0
        assert mailroom("triage", "--json").code == 0
        mailroom.mail = world.mail  # type: ignore[attr-defined]
        yield mailroom


def test_one_is_asked_and_waited_for_here(asking: Any) -> None:
    shown = asking("ask-recipient", "1", "--dry-run", "--language", "de", "--json").json
    assert (shown["asks"], shown["language"], "new-vendor[.]example" in shown["text"]) == (True, "de", True)
    assert "Erwarten Sie" in asking("ask-recipient", "1", "--dry-run", "--language", "de").text
    assert asking.mail.sent == []

    done = asking("ask-recipient", "1", "--wait", "--json").json
    again = asking("ask-recipient", "1")

    assert (done["state"], done["answer"], done["proposes"]) == ("answered", "expected", "release")
    assert [(one["kind"], one["state"]) for one in done["actions"]] == [("release", "proposed")]
    assert again.code == 0
    assert len(asking.mail.sent) == 1


def test_all_are_asked_and_the_watcher_makes_use_of_the_answers(asking: Any, helper: ModuleType) -> None:
    assert asking("ask-recipients", "--automatic", "--json").json["asked"]["waits_for_a_person"] == 2
    assert asking("ask-recipients", "--dry-run", "--json").json["asked"]["asked"] == 2
    assert "asked" in asking("ask-recipients").text
    helper.wait_for(lambda: len(asking.mail.answers) == 2)

    watched = asking("replies", "watch", "--once", "--json").json

    assert (watched["answered"], watched["handled"]) == (2, 2)
    assert asking("ask-recipients", "--json").json["asked"]["asked"] == 0


def test_a_reason_against_asking_is_an_exit_code_of_its_own(asking: Any, tenant: Tenant) -> None:
    [hold] = tenant.add_message(to=["grace.whitfield@northwind.example"], **STRANGER)
    assert asking("ingest", "held", "--json").code == 0
    tenant.expire(hold)

    refused = asking("ask-recipient", hold)

    assert (refused.code, "no longer held" in refused.text) == (Exit.REFUSED, True)
    assert asking("ask-recipient", "999").code == Exit.NOT_FOUND
    assert asking("ask-recipient", "1", "--language", "klingon").code == Exit.USAGE
    assert asking.mail.sent == []
