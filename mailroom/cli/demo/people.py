"""The demo's people in the loop: a recipient is asked, a user reports a phish, a script approves what was proposed."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import UUID

import requests

from mailroom.cli import output
from mailroom.cli.demo import prefect_side
from mailroom.cli.demo.home import MAILBOX
from mailroom.cli.settings import load_settings
from mailroom.errors import TransientError

if TYPE_CHECKING:
    from mailroom.cli.demo.home import DemoHome
    from mailroom.store.alerts import Alert
    from mailroom.store.wait_rows import Wait

ASK = "ask recipient about held message/on demand"
INGEST = "ingest mailbox/every minute"
HANDLE = "handle reported phish/on demand"
REQUEST = "request approvals/every five minutes"
REPORTER, COLLEAGUE = "tomasz.nowak@northwind.example", "clara.lindqvist@northwind.example"
SCRIPT = "demo script"
_APPROVED = ("reject", "create_remediation_incident")
SUBJECT = "Your parcel is waiting: confirm your password within 24 hours"
_PHISH: dict[str, Any] = {
    "category": "phish", "status": "archived", "to": [REPORTER, COLLEAGUE], "from_addr": "billing@parcel-desk.example",
    "from_env": "billing@parcel-desk.example", "from_name": "DHL Express", "raw_from": None, "reply_to": None,
    "subject": SUBJECT, "foreign_auth": [], "spf": "pass",
    "url": "https://login.parcel-check.example/verify/0af1", "extra_headers": [], "impersonation": None,
    "no_auth_header": False, "dkim": "pass", "dmarc": "pass", "dkim_domain": "parcel-desk.example",
}  # fmt: skip
"""A mail that the gateway let through; equal in every demo."""
_MOST_LOOKS = 40
_SUSPENDED_WITHIN = 120.0


def begin_asking(home: DemoHome, tenant: dict[str, Any]) -> str | None:
    """Start the run that asks the recipient of one held message; None when that was done before, or there is none."""
    if recipient_question(home) is not None:
        return None
    alert = _plausible(home)
    if alert is None:
        return None
    habit = {"kind": "answers", "client": "gmail", "language": "en", "text": "2", "delay": 4}
    _post(tenant, "mail/habit", {"address": alert.recipient, **habit})
    return prefect_side.begin(ASK, alert=str(alert.id), requested_by=SCRIPT)


def recipient_question(home: DemoHome) -> Wait | None:
    """The question to the recipient; None before it was asked."""
    with load_settings(home.folder, {}).open_store() as store:
        return next((wait for wait in store.waits.list(limit=1_000) if wait.kind == "recipient"), None)


def recipient_result(home: DemoHome) -> dict[str, Any]:
    """What the recipient answered and what the rules say since, for the demo's last line."""
    wait = recipient_question(home)
    if wait is None:
        return {}
    from mailroom.playbooks.ask_recipient import result_of_question

    with load_settings(home.folder, {}).open_store() as store:
        found = result_of_question(store, wait.id)
    return {"question": wait.state} | {name: found[name] for name in ("answer", "verdict", "proposes")}


def report_phish(home: DemoHome, tenant: dict[str, Any], check: Callable[[], None]) -> tuple[str, dict[str, Any]]:
    """A user forwards a phish that reached two people; it is handled from the original to the answer.

    Returns:
        The run that took the mailbox in, and what came of the report.
    """
    if _report(home) is None:
        _post(tenant, "message", dict(_PHISH))
        archive = _get(tenant, "archive")
        message = next(one["messageId"] for one in archive if one["subject"] == SUBJECT)
        _post(tenant, "report", {"message": message, "person": REPORTER, "to": MAILBOX})
    mail_run = prefect_side.run(INGEST, check, max_per_cycle=0, offset_days=30)
    report = _report(home)
    assert report is not None  # noqa: S101 - the mailbox was just taken in
    prefect_side.run(HANDLE, check, alert=str(report.id))
    from mailroom.playbooks.reported import result_of

    with load_settings(home.folder, {}).open_store() as store:
        known = store.user_reports.of_alert(report.id)
        assert known is not None  # noqa: S101 - the run has just handled it
        row = result_of(known).row()
    shown = {name: row[name] for name in ("state", "verdict", "delivered", "similar", "case", "proposed", "told")}
    output.table("The reported mail", tuple(shown), [list(shown.values())])
    return mail_run, {name: shown[name] for name in ("state", "verdict", "proposed")}


def approve(home: DemoHome, check: Callable[[], None]) -> dict[str, int]:
    """Fill in the forms of the suspended runs as a person would: pull back, reject. The rest is left to whoever looks.

    Returns:
        Approvals by what became of them.
    """
    from prefect import resume_flow_run

    prefect_side.run(REQUEST, check)
    with load_settings(home.folder, {}).open_store() as store:
        waiting = [one for one in store.approvals.list(states=("open",), limit=1_000) if one.flow_run_id]
        decided = [one for one in store.approvals.newest(1_000) if one.approver == SCRIPT]  # by an earlier demo
    chosen = []
    for one in [one for one in waiting if one.kind in _APPROVED][: max(0, len(_APPROVED) - len(decided))]:
        with suppress(TransientError):  # its worker was ended before it came so far: left to whoever looks
            prefect_side.follow(one.flow_run_id, check, until={"Suspended"}, most_seconds=_SUSPENDED_WITHIN)
            resume_flow_run(UUID(one.flow_run_id), run_input={"decision": "approve", "your_name": SCRIPT})
            chosen.append(one)
    for one in chosen:
        prefect_side.follow(one.flow_run_id, check)
    with load_settings(home.folder, {}).open_store() as store:
        states = [store.approvals.get(one.id).state for one in (*decided, *chosen)]
        left = len(store.approvals.list(states=("open",), limit=1_000))
        rows = [[one.id, one.kind, one.targets, one.proposer, one.approver, one.state]
                for one in store.approvals.newest(10)]  # fmt: skip
    output.table("Approvals", ("number", "kind", "actions", "proposed by", "approved by", "state"), rows)
    return {state: states.count(state) for state in sorted(set(states))} | {"open": left}


def _plausible(home: DemoHome) -> Alert | None:
    """A held message whose recipient may be asked: the rules propose it, and nothing speaks against it."""
    from mailroom.playbooks.ask import PostDesk
    from mailroom.playbooks.ask_recipient import RecipientDesk, plan_question

    settings = load_settings(home.folder, {})
    with settings.open_store() as store, settings.open_client() as client:
        desk = RecipientDesk(PostDesk(store, settings.mail_account()), settings.triage_policy, client)
        fitting = [one for verdict in ("suspicious", "undetermined") for one in _held(store, verdict)]
        proposed = store.verdicts.current_many([one.id for one in fitting])
        fitting.sort(key=lambda one: (proposed[one.id].proposed_action != "ask_recipient", -proposed[one.id].risk))
        for alert in fitting[:_MOST_LOOKS]:
            if not plan_question(desk, str(alert.id), by=SCRIPT).reasons:
                return alert
    return None


def _held(store: Any, verdict: str) -> list[Alert]:
    found: list[Alert] = store.alerts.list(handling="open", verdict=verdict, connector="held", limit=500)
    return found


def _report(home: DemoHome) -> Alert | None:
    """The alert of the mail with which the phish was reported; None before it came in."""
    with load_settings(home.folder, {}).open_store() as store:
        mails = store.alerts.list(connector="mailbox", sender=REPORTER, limit=100)
    return next((one for one in mails if SUBJECT in one.title), None)


def _post(tenant: dict[str, Any], name: str, body: dict[str, Any]) -> Any:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{tenant['url']}/__sandbox__/{name}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json()


def _get(tenant: dict[str, Any], name: str) -> Any:
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(f"{tenant['url']}/__sandbox__/{name}", timeout=30)
        answer.raise_for_status()
        return answer.json()
