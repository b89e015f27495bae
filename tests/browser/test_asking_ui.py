"""Asking by mail in the Prefect UI: the form, the suspended run, the resumed run, and nothing of what came back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from playwright.sync_api import expect
from prefect.client.orchestration import get_client
from prefect.client.schemas.sorting import FlowRunSort

from sandbox.data.hostile import CANARY_HOST
from sandbox.mail import Habit
from tasks import _open

pytestmark = [pytest.mark.browser, pytest.mark.prefect, pytest.mark.slow]

ASK = "send email and wait for reply/on demand"
WATCH = "watch replies/every minute"
INGEST = "ingest mailbox/every minute"
CLARA, TOMASZ = "clara.lindqvist@northwind.example", "tomasz.nowak@northwind.example"
CANARY = "Kanarienvogel"
PIXEL = f'<img src="http://{CANARY_HOST}/pixel.png" onerror=alert(1)>'
SCRIPT = f'<script>fetch("http://{CANARY_HOST}/x")</script>'
SUBJECT = f"Did you order this? {PIXEL} [click](javascript:alert(1))"
BOTH_UIS = ("/v2", "")


@pytest.fixture
def make(tmp_path: Path, mail_helper: Any, prefect_deployed: Any, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Makes a mailbox whose blocks bear the test's name."""
    with ExitStack() as stack:

        def world(people: dict[str, Habit]) -> Any:
            name = re.sub("[^a-z0-9]+", "-", request.node.name.lower()).strip("-")[:60]
            made = stack.enter_context(mail_helper.mail_world(name, tmp_path / "mail", people))
            with prefect_deployed.settings():
                made.save_blocks()
            return made

        yield world
    _open.close_all()


def hostile_answer(message_id: str, sender: str) -> bytes:
    """An answer in which everything a mail can carry attacks whoever shows it."""
    mail = EmailMessage()
    mail["From"] = f'"{PIXEL.replace(chr(34), "")}" <{sender}>'
    mail["To"] = "soc@northwind.example"
    mail["Subject"] = f"Re: {SCRIPT} {CANARY}"
    mail["In-Reply-To"] = mail["References"] = message_id
    mail["Message-ID"] = f"<{CANARY.lower()}@northwind.example>"
    mail.set_content(f"{CANARY} yes {SCRIPT}\n![invoice](http://{CANARY_HOST}/md.png) \x1b[31mred")
    mail.add_alternative(f"<p>{CANARY} yes</p>{PIXEL}{SCRIPT}", subtype="html")
    return mail.as_bytes()


def only_run(server: Any, flow: str, mailbox: str) -> UUID | None:
    """The run of this flow on this mailbox, once it is there."""
    with server.settings(), get_client(sync_client=True) as client:
        found = client.read_flow_runs(sort=FlowRunSort.EXPECTED_START_TIME_DESC, limit=50)
    return next((one.id for one in found if one.parameters.get("mailbox") == mailbox and flow in one.name), None)


def is_suspended(server: Any, run: UUID) -> bool:
    with server.settings(), get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    return state is not None and state.name == "Suspended"


def suspended(server: Any, world: Any, **more: Any) -> UUID:
    """A run that has asked Clara and waits."""
    wanted = {"recipients": CLARA, "subject": SUBJECT, "content": "Please answer yes or no."} | world.names | more
    run: UUID = server.begin(ASK, **wanted)
    server.wait_until(lambda: is_suspended(server, run))
    return run


def question(world: Any) -> Any:
    with world.opened() as store:
        (only,) = store.waits.list()
    return only


def test_the_form_of_a_question_explains_every_field_and_offers_the_choices(
    tab: Any, prefect_deployed: Any, helper: Any
) -> None:
    with prefect_deployed.settings():
        deployment = helper.deployment_id(ASK)
    page = tab.open(f"/v2/deployments/deployment/{deployment}/run")
    for help_text in (
        "Recipients, separated by commas. Each may answer.",
        'Name of the "Mailbox Credentials" block that sends it and gets the answers.',
        'After this the outcome is "no_answer".',
        "Replies whose subject holds this are passed over; one expression per line.",
        "Hours after sending when those who have not answered are reminded.",
    ):
        expect(page.get_by_text(help_text)).to_be_visible()
    expect(page.get_by_text("No items in this list")).to_be_visible()
    page.get_by_text("alias", exact=True).click()
    expect(page.get_by_role("option")).to_have_text(["exact", "alias", "domain", "any"])
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_timeout(1000)
    assert page.url.endswith("/run"), "a question to nobody was accepted"


def test_a_question_asked_in_the_ui_is_suspended_answered_and_completed(
    tab: Any, tracker: Any, make: Callable[..., Any], prefect_deployed: Any, helper: Any
) -> None:
    tracker.requests.clear()
    server = prefect_deployed
    world = make({CLARA: Habit("answers", text=f"{CANARY}, yes. {PIXEL}", delay=1), TOMASZ: Habit("never")})
    with server.settings():
        deployment = helper.deployment_id(ASK)

    page = tab.open(f"/v2/deployments/deployment/{deployment}/run")
    expect(page.get_by_label("mailbox (Optional)", exact=True)).to_have_value("default")  # the form is complete
    page.wait_for_timeout(500)
    for field, value in {
        "recipients": f"{CLARA}, {TOMASZ}",
        "subject": SUBJECT,
        "content": f"Did you order this? {SCRIPT}",
        "mailbox (Optional)": world.name,
        "store (Optional)": world.name,
    }.items():
        page.get_by_label(field, exact=True).fill(value)
        expect(page.get_by_label(field, exact=True)).to_have_value(value)
    page.get_by_text("any", exact=True).click()
    page.get_by_role("option", name="all", exact=True).click()
    expect(page.get_by_text("any", exact=True)).to_have_count(0)
    tab.submit()

    server.wait_until(lambda: only_run(server, "ask by", world.name))
    run = only_run(server, "ask by", world.name)
    assert run is not None
    server.wait_until(lambda: is_suspended(server, run))
    tab.open_until(f"/v2/runs/flow-run/{run}", "question 1 is open; the run is suspended until it is settled")
    expect(page.get_by_text("Suspended", exact=True).first).to_be_visible()

    server.wait_until(lambda: world.mail.answers)
    world.mail.deliver(hostile_answer(question(world).message_ids[0], TOMASZ), sender=TOMASZ)
    watched = server.run(WATCH, **world.names)
    assert watched.state.name == "Completed", watched.state.message
    done = server.wait(run)
    assert done.state.name == "Completed", done.state.message
    tab.open_until(f"/v2/runs/flow-run/{run}", "question 1: answered, 2 of 2 people answered")
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()

    assert question(world).state == "answered"
    with world.opened() as store:
        assert all(CANARY in one.text for one in store.waits.answers(1))
    assert len(world.sent()) == 1
    stored = helper.database_text(server.database)
    assert CANARY not in stored
    assert CANARY.lower() not in stored
    assert world.mail.passwords["soc@northwind.example"] not in stored
    for ui in BOTH_UIS:
        for shown in (run, watched.id):
            tab.open(f"{ui}/runs/flow-run/{shown}")
            for part in ("Task Runs", "Parameters"):
                page.get_by_text(part, exact=True).first.click()
                page.wait_for_timeout(700)
                assert CANARY not in page.content()
                tab.is_harmless(tracker)
        tab.open(f"{ui}/runs")
        expect(page.get_by_text(f"ask by {world.name}").first).to_be_visible()
        tab.is_harmless(tracker)


def test_the_resume_form_says_what_can_be_chosen_and_giving_up_lets_the_run_go_on(
    tab: Any, tracker: Any, make: Callable[..., Any], prefect_deployed: Any
) -> None:
    tracker.requests.clear()
    world = make({CLARA: Habit("never")})
    run = suspended(prefect_deployed, world)
    page = tab.open(f"/v2/runs/flow-run/{run}")
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Resume").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_text(f"Provide input to resume ask by {world.name}")).to_be_visible()
    expect(form.get_by_text(re.compile("The run is resumed by itself when the question is settled."))).to_be_visible()
    expect(form.get_by_text("0: the question that the run waits for.")).to_be_visible()
    form.get_by_text("Select", exact=True).click()
    expect(page.get_by_role("option")).to_have_text(
        ["look again", "cancelled", "answered", "no_answer", "undeliverable", "not_sent"]
    )
    page.get_by_role("option", name="cancelled").click()
    tab.resume(form)

    assert prefect_deployed.wait(run).state.name == "Given up"
    assert question(world).state == "cancelled"
    tab.is_harmless(tracker)


def test_hostile_mail_taken_in_leaves_nothing_in_the_pages_of_the_run(
    tab: Any, tracker: Any, make: Callable[..., Any], prefect_deployed: Any, helper: Any
) -> None:
    tracker.requests.clear()
    world = make({})
    for number in range(3):
        world.mail.deliver(hostile_answer(f"<{number}@nowhere.example>", f"eve{number}@attacker.example"))
    done = prefect_deployed.run(INGEST, **world.names)
    assert done.state.name == "Completed", done.state.message
    with world.opened() as store:
        found = store.alerts.list(limit=100)
        assert len(found) == 3
        assert all(CANARY in json.dumps(one.event) for one in found)
    assert CANARY not in helper.database_text(prefect_deployed.database)
    for ui in BOTH_UIS:
        page = tab.open_until(f"{ui}/runs/flow-run/{done.id}", re.compile("3 fetched: 3 new alerts"))
        page.wait_for_timeout(700)
        assert CANARY not in page.content()
        tab.is_harmless(tracker)
