"""The demo's question: asked by mail, answered by a person of the sandbox, the run suspended in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import requests

from mailroom.cli import output
from mailroom.cli.demo import prefect_side
from mailroom.cli.settings import load_settings
from mailroom.errors import TransientError
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
    """Ask once per demo folder: a second demo finds the question settled and sends nothing.

    Returns:
        Counts for the demo's last line.
    """
    wait = _question(home)
    if wait is None:
        _set_habit(tenant)
        run = prefect_side.begin(ASK, recipients=PERSON, subject=SUBJECT, content=_CONTENT)
        prefect_side.follow(run, check, until={"Suspended"})
        wait = _question(home)
        assert wait is not None  # noqa: S101 - the run stored it before it sent
        output.console.print("      the run holds no process now; the question is a row in the store", style="dim")
    deadline = time.monotonic() + _MOST_SECONDS
    while wait.is_open or (wait.flow_run_id and wait.resumed_at is None):
        if time.monotonic() > deadline:
            msg = f"Nobody answered question {wait.id} in {_MOST_SECONDS:.0f} s: see `mailroom --home ... replies`."
            raise TransientError(msg)
        prefect_side.run(WATCH, check)
        wait = _question(home) or wait
    if wait.flow_run_id:
        prefect_side.follow(wait.flow_run_id, check)
    answers = _show(home, wait)
    return {"question": wait.state, "mails": {one.classification: 1 for one in answers}}


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
