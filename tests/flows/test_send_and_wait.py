"""Send and wait with a real Prefect server, a worker and a mail server with people in it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest
from prefect import resume_flow_run
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings
from prefect.states import Scheduled
from prefect.utilities.schema_tools import validate
from typer.testing import CliRunner

from flows._asking import send_and_wait, wait_for_email
from flows._flow import flow
from flows.send_email_and_wait_for_reply import send_email_and_wait_for_reply
from mailroom.cli.main import app
from mailroom.playbooks.watch_replies import watch
from mailroom.store.schema import waits
from mailroom.store.wait_rows import VERSION
from sandbox.mail import Habit, MailFault
from tasks import _open
from tasks import mail as email_actions
from tasks._resume import WaitOutcome

AMY, BEN = "clara.lindqvist@northwind.example", "tomasz.nowak@northwind.example"
ASK = "send email and wait for reply/on demand"
WATCH = "watch replies/every minute"
CANARY = "Kanarienvogel-4711, please release it."

pytestmark = [pytest.mark.prefect]


@pytest.fixture
def make(tmp_path: Path, mail_helper: ModuleType, request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Makes mail worlds whose blocks bear a name of their own; the blocks are saved where `save` says."""
    with ExitStack() as stack:

        def world(people: dict[str, Habit], **options: Any) -> Any:
            name = f"m{abs(hash(request.node.name)) % 10**8}"
            made = stack.enter_context(mail_helper.mail_world(name, tmp_path / "mail", people, **options))
            made.save_blocks()
            return made

        yield world
    _open.close_all()


def wanted(world: Any, **more: Any) -> dict[str, Any]:
    return (
        {"recipients": AMY, "subject": "Did you expect this mail?", "content": "Please tell us."} | world.names | more
    )


def state_of(server: Any, run: Any) -> str:
    with server.settings(), get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    return state.name if state else ""


def since(server: Any, run: Any) -> Any:
    """When the run came into its state."""
    with server.settings(), get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    return state.timestamp if state else None


def until(server: Any, run: Any, *names: str) -> None:
    server.wait_until(lambda: state_of(server, run) in names, seconds=200)


def questions(world: Any) -> list[Any]:
    with world.opened() as store:
        return list(store.waits.list())


@pytest.mark.parametrize("field", ["recipients", "subject", "content"])
def test_a_form_with_a_cleared_field_is_not_accepted(field: str) -> None:
    given = {"recipients": AMY, "subject": "Yours?", "content": "Please say."}
    schema = send_email_and_wait_for_reply.parameters.model_dump()
    assert validate(given, schema) == []
    (error,) = validate(given | {field: ""}, schema)
    assert list(error.path) == [field]


def test_a_flow_that_is_not_deployed_waits_in_place(api: Any, make: Callable[..., Any]) -> None:
    world = make({AMY: Habit("answers", text=CANARY, delay=0.5)})
    result = send_email_and_wait_for_reply(**wanted(world, bcc=BEN))
    assert result["state"] == "answered"
    assert [one["recipient"] for one in result["recipients"]] == [AMY]
    assert world.mail.sent[0].recipients == (AMY, BEN)
    assert BEN.encode() not in world.mail.sent[0].raw
    assert CANARY not in json.dumps(result)
    assert len(world.sent()) == 1


def test_in_place_a_time_limit_ends_in_no_answer(api: Any, make: Callable[..., Any]) -> None:
    world = make({AMY: Habit("never")})
    state = send_email_and_wait_for_reply(**wanted(world, time_limit_hours=1 / 3600), return_state=True)
    assert (state.result()["state"], state.result()["is_success"]) == ("no_answer", False)
    assert (state.type.value, state.name) == ("COMPLETED", "No answer")
    assert state.message == "question 1: no answer, 0 of 1 people answered. `mailroom replies show 1`"


def test_a_flow_decides_by_the_answer_and_may_ask_twice(api: Any, make: Callable[..., Any]) -> None:
    world = make(
        {AMY: Habit("answers", text="No, I did not.", delay=0.2), BEN: Habit("answers", text="Yes", delay=0.2)}
    )

    @flow(name="asks twice")
    def asks() -> list[str]:
        first = send_and_wait(AMY, "First", "?", **world.names, step="first")
        second = send_and_wait(BEN, "Second", "?", **world.names, step="second")
        return [first.answers[0]["answer"], second.responses[0]["content"]]

    @flow(name="has a subflow that asks")
    def outer() -> list[str]:
        answers: list[str] = asks()
        return answers

    assert outer() == ["No, I did not.", "Yes"]
    assert len(world.sent()) == 2


def test_two_questions_of_a_run_without_steps_are_refused_before_anything_is_mixed_up(
    api: Any, make: Callable[..., Any]
) -> None:
    world = make({AMY: Habit("answers", text="yes", delay=0.2)})

    @flow(name="asks twice without steps")
    def asks() -> None:
        send_and_wait(AMY, "First", "?", **world.names)
        send_and_wait(AMY, "Second", "?", **world.names)

    with pytest.raises(Exception, match="own step"):
        asks()
    assert len(world.sent()) == 1


def test_a_run_that_calls_the_playbook_with_two_questions_gets_an_answer_to_each(
    api: Any, make: Callable[..., Any]
) -> None:
    world = make({AMY: Habit("answers", text="yes", delay=0.2)})

    @flow(name="calls the playbook twice")
    def calls() -> list[int]:
        done = [send_email_and_wait_for_reply(**wanted(world, subject=subject)) for subject in ("First", "Second")]
        return [one["question_id"] for one in done]

    first, second = calls()
    assert first != second
    assert len(world.sent()) == 2


def test_a_subflow_that_asks_something_else_under_the_same_step_does_not_get_the_answer_of_before(
    api: Any, make: Callable[..., Any]
) -> None:
    world = make({AMY: Habit("answers", text="yes", delay=0.2)})

    @flow(name="asks about one thing")
    def asks(subject: str) -> str:
        return send_and_wait(AMY, subject, "May it be released?", **world.names, step="ask").state

    @flow(name="asks about two things")
    def outer() -> list[str]:
        return [asks(subject) for subject in ("The first", "The second")]

    with pytest.raises(Exception, match="own step"):
        outer()
    assert len(world.sent()) == 1


def test_a_mail_sent_first_and_waited_for_later_is_sent_once_whatever_is_repeated(
    api: Any, make: Callable[..., Any]
) -> None:
    world = make({AMY: Habit("answers", text="Yes", delay=0.3), BEN: Habit("bounces", delay=0.3)})

    @flow(name="sends, then waits", retries=1)
    def sends() -> tuple[str, str]:
        sent = [email_actions.send_email(f"{AMY}, {BEN}", "Hello", "?", **world.names) for _ in range(2)]
        assert sent[0].message_id == sent[1].message_id
        if not failed:
            failed.append(1)
            raise RuntimeError("and again from the first line")
        any_of = wait_for_email(sent[0].message_id, **world.names)
        all_of = email_actions.wait_for_email_from_user(
            sent[0].message_id, answers_from="all", step="all", **world.names
        )
        return any_of.responses[0]["content"], all_of.state

    failed: list[int] = []
    assert sends() == ("Yes", "undeliverable")
    assert len(world.sent()) == 1


def test_the_answers_to_a_mail_sent_earlier_are_waited_for_in_place_and_suspended(
    api: Any, make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    world = make({AMY: Habit("answers", text="Yes", delay=0.2)})
    suspended: list[str] = []

    def suspend(*, key: str, **_options: Any) -> WaitOutcome:
        suspended.append(key)
        with world.desk() as desk:
            watch(desk.store, desk.account, seconds=30, stop=lambda: not desk.store.waits.list(state="open"))
        return WaitOutcome(outcome="answered")

    @flow(name="waits for what was sent")
    def waits_for() -> list[str]:
        sent = email_actions.send_email(AMY, "Hello", "?", **world.names)
        here = wait_for_email(sent.message_id, **world.names, step="here")
        monkeypatch.setattr("flows._asking.suspendable_run", lambda: str(uuid4()))
        monkeypatch.setattr("flows._asking.suspend_flow_run", suspend)
        deployed = wait_for_email(sent.message_id, **world.names, step="deployed")
        return [one.responses[0]["content"] for one in (here, deployed)]

    assert waits_for() == ["Yes", "Yes"]
    assert len(suspended) == 1
    assert {one.state for one in questions(world)} == {"answered"}


@pytest.mark.slow
def test_a_deployed_run_is_suspended_and_resumed_by_the_answer(
    worker: Any, make: Callable[..., Any], helper: ModuleType
) -> None:
    world = make({AMY: Habit("answers", text=CANARY, delay=1)})
    run = worker.begin(ASK, **wanted(world))
    until(worker, run, "Suspended")
    worker.wait_until(lambda: world.mail.answers)
    report = worker.run(WATCH, **world.names)
    assert report.state.name == "Completed", report.state.message
    done = worker.wait(run)
    assert done.state.name == "Completed", done.state.message
    assert len(world.sent()) == 1
    (question,) = questions(world)
    assert question.state == "answered"
    assert question.resumed_at is not None
    with world.opened() as store:
        assert store.waits.answers(question.id)[0].text.startswith("Kanarienvogel")
    # Mail bodies and secrets are not for Prefect.
    text = helper.database_text(worker.database)
    assert "Kanarienvogel" not in text
    assert world.mail.passwords["soc@northwind.example"] not in text


# F3: killed while it sends, retried, and resumed twice
@pytest.mark.slow
def test_a_run_that_is_killed_retried_and_resumed_twice_sends_one_mail(worker: Any, make: Callable[..., Any]) -> None:
    world = make({AMY: Habit("answers", delay=60)})
    # The mail is taken, and the process does not know it yet.
    slow = world.mail.faults.add(MailFault("slow", "QUIT", seconds=15))
    run = worker.begin(ASK, **wanted(world))
    worker.wait_until(lambda: slow.hits)
    assert len(world.sent()) == 1
    os.kill(worker.pid_of(run), signal.SIGKILL)
    until(worker, run, "Crashed")
    (before,) = questions(world)

    _retry(worker, run)
    until(worker, run, "Suspended")
    (again,) = questions(world)
    assert again.deadline == before.deadline
    suspended_at = since(worker, run)
    with worker.settings():
        resume_flow_run(run, run_input={"outcome": "look again"}, _sync=True)  # somebody presses Resume too early
    worker.wait_until(lambda: state_of(worker, run) == "Suspended" and since(worker, run) > suspended_at)

    worker.wait_until(lambda: world.mail.answers)
    assert worker.run(WATCH, **world.names).state.name == "Completed"
    assert worker.wait(run).state.name == "Completed"
    assert len(world.sent()) == 1
    assert [one.state for one in questions(world)] == ["answered"]
    with world.opened() as store:  # the answer proved that the mail had been sent
        assert [(one.state, one.attempt) for one in store.ledger.list(kind="send_mail")] == [("applied", 1)]


# F13
@pytest.mark.slow
def test_a_run_resumed_by_another_version_refuses_loudly(worker: Any, make: Callable[..., Any]) -> None:
    world = make({AMY: Habit("never")})
    run = worker.begin(ASK, **wanted(world))
    until(worker, run, "Suspended")
    with world.opened() as store:
        store.run(lambda tx: tx.execute(waits.update().values(version=VERSION + 1)))
    with worker.settings():
        resume_flow_run(run, run_input={"outcome": "look again"}, _sync=True)
    failed = worker.wait(run)
    assert failed.state.name == "Failed"
    assert f"stored in form {VERSION + 1}" in failed.state.message
    assert len(world.sent()) == 1


@pytest.mark.slow
def test_giving_up_in_the_ui_lets_the_run_go_on(worker: Any, make: Callable[..., Any]) -> None:
    world = make({AMY: Habit("never")})
    run = worker.begin(ASK, **wanted(world))
    until(worker, run, "Suspended")
    with worker.settings():
        resume_flow_run(run, run_input={"outcome": "cancelled"}, _sync=True)
    assert worker.wait(run).state.name == "Given up"
    assert [one.state for one in questions(world)] == ["cancelled"]


@pytest.mark.slow
def test_without_prefect_s_database_the_questions_are_listed_and_collected(
    worker: Any, make: Callable[..., Any], tmp_path: Path
) -> None:
    world = make({AMY: Habit("answers", text="Yes, all is well", delay=1)})
    run = worker.begin(ASK, **wanted(world))
    until(worker, run, "Suspended")
    worker.wait_until(lambda: world.mail.answers)
    with worker.settings(), get_client(sync_client=True) as client:
        client.delete_flow_run(run)  # to this run, the database is gone; nobody answers below
    home = tmp_path / "home"
    home.mkdir()
    known = world.fields()
    lines = [f"url = '{world.store_url}'", f"blobs = '{world.folder / 'blobs'}'", "[mailbox]", f"name = '{world.name}'"]
    lines += [f"{name} = '{getattr(known, name)}'" for name in ("address", "password", "imap_host", "smtp_host")]
    lines += [f"imap_port = {known.imap_port}", f"smtp_port = {known.smtp_port}", f"ca_bundle = '{known.ca_bundle}'"]
    (home / "mailroom.toml").write_text("[store]\n" + "\n".join(lines))

    def mailroom(*words: str) -> Any:
        done = CliRunner().invoke(app, ["--home", str(home), *words, "--json"])
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout.strip().splitlines()[-1])

    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api", PREFECT_CLIENT_MAX_RETRIES: 0}):
        assert [one["state"] for one in mailroom("replies")["questions"]] == ["open"]
        collected = mailroom("replies", "watch", "--once")
    assert collected["answered"] == 1
    assert collected["to_resume"] == 1  # the API is away; the outcome waits for it
    shown = mailroom("replies", "show", "1")
    assert (shown["state"], shown["responses"][0]["content"]) == ("answered", "Yes, all is well")
    assert mailroom("replies", "watch", "--once")["resumed"] == 1  # Prefect no longer knows the run
    assert "no longer exists" in mailroom("replies", "show", "1")["resume_note"]


def _retry(server: Any, run: Any) -> None:
    """What the Retry button of the UI does."""
    with server.settings(), get_client(sync_client=True) as client:
        client.set_flow_run_state(run, Scheduled(name="AwaitingRetry", message="Retry from the UI"), force=True)


def test_watching_before_anything_is_set_up_ends_quietly(api: Any, make: Callable[..., Any]) -> None:
    from flows.watch_replies import watch_replies

    assert watch_replies(mailbox="not-there", store="not-there-either") == {"not_configured": True}
    world = make({})
    assert watch_replies(mailbox="not-there", store=world.name) == {"not_configured": True}
