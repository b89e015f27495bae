"""Flow "ingest mailbox" with a real Prefect server, a worker and the sandbox's mail server."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailroom_tests_dovecot_fixtures import sibling
from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.logging.handlers import APILogWorker
from pydantic import SecretStr

from blocks import MailboxCredentials
from flows.check_connections import check_connections
from flows.ingest_mailbox import ingest_mailbox
from mailroom.connectors.mailbox import reading
from mailroom.connectors.mailbox_form import MailboxForm
from mailroom.errors import InvalidInputError
from mailroom.store.case_lists import CaseQuery
from sandbox.mail import MailFault
from tasks import _open, playbook

rules = sibling("mail_rules_world")
SOC = "soc@northwind.example"
INGEST = "ingest mailbox/every minute"
BODY, FILE, PERSON = "Kanarienvogel-4711", "kanari-in-a-file-name.pdf", "kanari.eins@outside.example"
SUBJECT, LINK, RULE = "Kanari subject 0815", "https://kanari-link.example/login", "kanari-rule-hit-77"
WRONG = "kanari-wrong-password-9x7y"
PRIVATE = {BODY, FILE, PERSON, SUBJECT, LINK, RULE}

pytestmark = [pytest.mark.prefect]


@pytest.fixture
def make(tmp_path: Path, mail_helper: ModuleType, request: pytest.FixtureRequest) -> Iterator[Callable[[], Any]]:
    """Makes a mail world whose blocks bear a name of its own."""
    with ExitStack() as stack:

        def world() -> Any:
            name = f"i{abs(hash(request.node.name)) % 10**8}"
            return stack.enter_context(mail_helper.mail_world(name, tmp_path / "mail", {}))

        yield world
    _open.close_all()


def put(world: Any, *numbers: int) -> None:
    """Mails full of words that are nobody's business."""
    for number in numbers:
        mail = EmailMessage()
        mail["From"], mail["To"] = f"Kanari <{PERSON}>", SOC
        mail["Subject"], mail["Message-ID"] = f"{SUBJECT} {number}", f"<m{number}@outside.example>"
        mail.set_content(f"{BODY} {LINK} {RULE}\n")
        mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=FILE)
        world.mail.deliver(mail.as_bytes(), SOC)


def alerts(world: Any) -> list[str]:
    with world.opened() as store:
        return [one.title for one in store.alerts.list(limit=1_000, after_id=0)]


def written_to_prefect(server: Any, helper: ModuleType) -> Iterator[tuple[str, str]]:
    """(where, everything that is written there), a moment after the last run."""
    server.wait_until_written()
    yield "Prefect's database", helper.database_text(server.database)
    for path in server.home.rglob("*"):
        if path.is_file() and "prefect.db" not in path.name:
            yield str(path.relative_to(server.home)), path.read_bytes().decode("utf-8", "replace")
    for name in ("worker", "server"):
        if (server.home.parent / f"{server.home.name}-{name}.log").exists():
            yield f"the log of the {name}", server.log_text(name)


@pytest.mark.slow
def test_a_deployed_run_turns_mails_into_alerts_and_the_next_one_finds_nothing_new(
    worker: Any, make: Callable[[], Any], helper: ModuleType
) -> None:
    world = make()
    world.save_blocks()
    put(world, 1, 2)
    few = worker.run(INGEST, **world.names, dynamic_list="hit: kanari-rule-hit-[0-9]+")
    assert few.state.name == "Completed", few.state.message
    assert alerts(world) == [f"{SUBJECT} 1", f"{SUBJECT} 2"]
    assert all("\\Seen" in one.flags for one in world.mail.mails(SOC))

    put(world, *range(3, 43))
    before = world.mail.mails(SOC)
    dry = worker.run(INGEST, **world.names, max_per_cycle=0, dry_run=True)
    assert dry.state.name == "Completed", dry.state.message
    assert len(alerts(world)) == 2
    assert world.mail.mails(SOC) == before

    many = worker.run(INGEST, **world.names, max_per_cycle=0)
    assert many.state.name == "Completed", many.state.message
    assert alerts(world) == [f"{SUBJECT} {n}" for n in range(1, 43)]
    nothing = worker.run(INGEST, **world.names)
    assert nothing.state.name == "Completed", nothing.state.message
    assert len(alerts(world)) == 42

    # As many task runs whatever came.
    assert {len(worker.task_runs(run.id)) for run in (few, dry, many, nothing)} == {1}
    with world.opened() as store:
        assert store.runs.conservation_violations() == []
        assert str(many.id) in {run.flow_run_id for run in store.runs.latest("ingest mailbox")}

    # Mail and passwords are not for Prefect, in whatever form.
    secret = world.mail.passwords[SOC]
    for where, text in written_to_prefect(worker, helper):
        assert not {canary for canary in {*PRIVATE, secret} if canary in text}, where


@pytest.mark.slow
def test_overlapping_runs_are_skipped(worker: Any, make: Callable[[], Any]) -> None:
    world = make()
    world.save_blocks()
    put(world, 1)
    slow = world.mail.faults.add(MailFault("slow", "UID FETCH", side="imap", seconds=20))
    first = worker.begin(INGEST, **world.names)
    worker.wait_until(lambda: slow.hits)
    assert worker.wait(worker.begin(INGEST, **world.names)).state.name == "Cancelled"
    assert worker.wait(first).state.name == "Completed"
    assert len(alerts(world)) == 1


def test_the_flow_run_by_hand_says_how_many_and_nothing_else(
    api: Any, make: Callable[[], Any], helper: ModuleType
) -> None:
    world = make()
    world.save_blocks()
    put(world, 1, 2, 3)
    counts = ingest_mailbox(**world.names, max_per_cycle=2)
    assert (counts["fetched"], counts["alerted"], counts["waiting"]) == (2, 2, 1)
    dry = ingest_mailbox(**world.names, dry_run=True, return_state=True)
    assert dry.result() == {"would_fetch": 1, "alerted": 1}
    (row,) = json.loads(helper.artifacts(helper.run_id(dry))["mails-to-fetch"])
    assert (row["UID"], row["sender domain"], row["would be"]) == ("3", "outside[.]example", "alerted")
    assert ingest_mailbox(**world.names, catch_up=True, max_per_cycle=1)["alerted"] == 1
    assert PRIVATE & set(json.dumps(counts).split()) == set()
    text = helper.database_text(api.database)
    assert not {canary for canary in PRIVATE if canary in text}


def test_rules_on_mail_are_applied_in_the_same_run_and_prefect_learns_numbers_alone(
    api: Any, make: Callable[[], Any], helper: ModuleType, tmp_path: Path
) -> None:
    world = make()
    world.save_blocks()
    put(world, 1, 2)
    incident = "{ template: mail-incident, title: 'See {subject}', by: sender }"
    wanted = rules.rule(f"[{{ create_incident: {incident} }}, {{ save_attachments: {{}} }}]")
    wanted = wanted.replace("subject|words_any: invoice", "attachments.present: true")
    folder = rules.write(tmp_path / "rules", wanted.replace("subject: An invoice", "attachments: [a.pdf]"))
    counts = ingest_mailbox(**world.names, rules=f"starter,{folder}")
    assert counts["rules"] == {
        "looked_at": 2, "matched": 2, "unknown": 0, "done": 2, "failed": 0, "waiting": 0, "incidents": 1,
        "by_rule": {"invoices": 2},
    }  # fmt: skip
    store = _open.store(world.name)
    (case,) = store.cases.search(CaseQuery())
    assert case.title.startswith(f"See {SUBJECT}")
    assert [one.name for one in store.case_files.list([case.id])] == [FILE]
    text = helper.database_text(api.database)
    assert not {canary for canary in PRIVATE if canary in text}
    with pytest.raises(InvalidInputError, match="is relative"):
        ingest_mailbox(**world.names, rules="rules")


def test_a_lost_connection_is_tried_again_by_the_task(api: Any, make: Callable[[], Any]) -> None:
    world = make()
    world.save_blocks()
    put(world, 1, 2)
    dropped = world.mail.faults.add(MailFault("drop", "UID FETCH", side="imap"))
    assert ingest_mailbox(**world.names)["alerted"] == 2
    assert dropped.hits == 1


# F22
def test_a_wrong_password_fails_at_once_names_the_next_try_and_is_not_repeated(
    api: Any, make: Callable[[], Any], helper: ModuleType
) -> None:
    world = make()
    world.save_blocks()
    put(world, 1)
    logins = world.mail.faults.add(MailFault("slow", "LOGIN", side="imap", times=None))
    _password(world, WRONG)
    states = [ingest_mailbox(**world.names, return_state=True) for _ in range(3)]
    assert [state.is_failed() for state in states] == [True, True, True]
    assert logins.hits == 1
    assert 'Error executing action "Ingest Mails". Reason: ' in states[0].message
    assert "The next try is at 20" in states[0].message
    assert "is not tried again before 20" in states[1].message
    assert WRONG not in helper.database_text(api.database)

    _password(world, world.mail.passwords[SOC])
    assert ingest_mailbox(**world.names, return_state=True).is_failed()
    rows = check_mailbox(world)
    assert {row["stage"]: row["result"] for row in rows}["imap login"] == "ok"
    assert ingest_mailbox(**world.names)["alerted"] == 1


def check_mailbox(world: Any) -> list[dict[str, str]]:
    """The step of the flow "check connections", with the same names."""
    assert "mailbox" in check_connections.parameters.properties
    rows: list[dict[str, str]] = playbook.check_mailbox(**world.names)
    return rows


def _password(world: Any, password: str) -> None:
    known = world.fields()
    MailboxCredentials(
        address=known.address, password=SecretStr(password), imap_host=known.imap_host, imap_port=known.imap_port,
        smtp_host=known.smtp_host, smtp_port=known.smtp_port, ca_bundle=known.ca_bundle,
    ).save(world.name, overwrite=True, _sync=True)  # type: ignore[call-arg]  # fmt: skip
    _open.close_all()


def test_a_fault_of_ours_over_a_mail_keeps_the_mail_out_of_the_logs(
    api: Any, make: Callable[[], Any], helper: ModuleType, monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    world = make()
    world.save_blocks()
    put(world, 1)

    def trip(raw: bytes, **_: Any) -> None:
        raise ValueError(f"cannot make sense of {raw.decode()}")

    monkeypatch.setattr(reading, "parse_safely", trip)
    counts = ingest_mailbox(**world.names)
    assert (counts["fetched"], counts["waiting"]) == (0, 1)
    APILogWorker.drain_all(timeout=10)
    for text in (helper.database_text(api.database), caplog.text):
        assert not {canary for canary in PRIVATE if canary in text}
    assert "ValueError" in caplog.text


@pytest.mark.parametrize(
    "wrong",
    [{"fetch_type": "some"}, {"offset_days": -1}, {"max_per_cycle": -1}, {"attached_mails": "all"}],
    ids=str,
)
def test_the_form_refuses_impossible_values(prefect_deployed: Any, wrong: dict[str, Any]) -> None:
    with prefect_deployed.settings(), get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(INGEST)
        with pytest.raises(PrefectHTTPStatusError, match="409"):
            client.create_flow_run_from_deployment(deployment.id, parameters=wrong)


def test_the_form_of_the_flow_has_every_parameter_of_the_settings_file() -> None:
    properties = ingest_mailbox.parameters.properties
    elsewhere = {"tenant", "unread_only", "max_message_mb"}
    assert {one.name for one in dataclasses.fields(MailboxForm)} - elsewhere <= set(properties)
    described = {name for name, one in properties.items() if one.get("description")}
    assert described == set(properties)
