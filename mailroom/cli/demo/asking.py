"""The demo's questions: asked by mail, answered by people of the sandbox, the runs suspended in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import requests

from mailroom.cli import output
from mailroom.cli.demo import people, prefect_side
from mailroom.cli.settings import load_settings
from mailroom.errors import EffectsFailedError, TransientError
from mailroom.store.wait_rows import StoredAnswer, Wait

if TYPE_CHECKING:
    from mailroom.cli.demo.home import DemoHome

ASK = "send email and wait for reply/on demand"
WATCH = "watch replies/every minute"
PERSON = "grace.whitfield@northwind.example"
SUBJECT = "Did you order from Contoso Logistics?"
_CONTENT = (
    "Hello Grace,\n\na mail to you from Contoso Logistics is held. Did you expect a delivery note from them?\n"
    "Please answer yes or no.\n\nNorthwind Mail Security"
)
_HABIT = {"kind": "out_of_office", "client": "outlook", "language": "en", "says": "yes", "delay": 4}
_MOST_SECONDS = 240.0


def ask_and_wait(home: DemoHome, tenant: dict[str, Any], check: Callable[[], None]) -> dict[str, Any]:
    """Put two questions, once per demo folder: a second demo finds them settled and sends nothing.

    Returns:
        Counts for the demo's last line.
    """
    runs: list[str] = []
    if _question(home) is None:
        _set_habit(tenant)
        runs.append(prefect_side.begin(ASK, recipients=PERSON, subject=SUBJECT, content=_CONTENT))
    if (run := people.begin_asking(home, tenant)) is not None:
        runs.append(run)
    for run in runs:
        prefect_side.follow(run, check, until={"Suspended"})
    if runs:
        output.console.print("      the runs hold no process now; the questions are rows in the store", style="dim")
        output.console.print("      looking for the answers (watch replies)", style="dim")
    deadline = time.monotonic() + _MOST_SECONDS
    while any(wait.is_open or (wait.flow_run_id and wait.resumed_at is None) for wait in _questions(home)):
        if time.monotonic() > deadline:
            msg = f"Nobody answered in {_MOST_SECONDS:.0f} s: see `mailroom --home {home.folder} replies`."
            raise TransientError(msg)
        _look(check)
    for wait in _questions(home):
        if wait.flow_run_id:
            prefect_side.follow(wait.flow_run_id, check)
    asked = _question(home)
    assert asked is not None  # noqa: S101 - its run stored it before it sent
    shown = [_show(home, wait) for wait in _questions(home)]
    mails = {one.classification: 1 for one in shown[0]}
    return {"question": asked.state, "mails": mails, "recipient": people.recipient_result(home)}


def _look(check: Callable[[], None]) -> None:
    """One look for answers: by a run of ours, or by the scheduled one that is under way and cancels ours."""
    name, message = prefect_side.follow(prefect_side.begin(WATCH), check, quiet=True)
    if name not in {"Completed", "Cancelled", "Cancelling"}:
        raise EffectsFailedError(f"{WATCH}: {name}. {message}")
    time.sleep(1)


def _questions(home: DemoHome) -> list[Wait]:
    """The two questions, as far as they were put."""
    return [wait for wait in (_question(home), people.recipient_question(home)) if wait is not None]


def _question(home: DemoHome) -> Wait | None:
    with load_settings(home.folder, {}).open_store() as store:
        return next((wait for wait in store.waits.list(limit=1_000) if wait.subject == SUBJECT), None)


def _set_habit(tenant: dict[str, Any]) -> None:
    """Grace is away first, then answers within seconds: an hour's story in half a minute."""
    with requests.Session() as session:
        session.trust_env = False
        url = f"{tenant['url']}/__sandbox__/mail/habit"
        session.post(url, json={"address": PERSON, **_HABIT}, timeout=10).raise_for_status()


def _show(home: DemoHome, wait: Wait) -> list[StoredAnswer]:
    with load_settings(home.folder, {}).open_store() as store:
        answers = store.waits.answers(wait.id)
    rows = [
        [
            one.received_at.strftime("%H:%M:%S"),
            one.sender,
            one.classification,
            "yes" if one.accepted else "no",
            one.text,
        ]
        for one in answers
    ]
    output.table(f"Question {wait.id}: {wait.subject} - {wait.state}", ("at", "from", "kind", "counts", "text"), rows)
    return answers
