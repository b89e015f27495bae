"""Playbook "handle reported phish"."""

from __future__ import annotations

from typing import Any

from prefect import get_run_logger

from flows._flow import flow
from flows._tenant_slot import tenant_slot
from mailroom.errors import EffectsFailedError
from tasks import playbook


@flow(name="handle reported phish", flow_run_name="reports in {mailbox}")
def handle_reported_phish(
    alert: str = "",
    answer_reporters: bool = True,
    dry_run: bool = False,
    mailbox: str = "default",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
) -> dict[str, Any]:
    """Handle mails with which users report phishing: find the original, judge it, look for mail like it, answer.

    The reporter is thanked at once and told the result when there is one, each once. For harmful mail a case is opened,
    and pulling back and blocking are proposed; nothing is changed before a person approves. Run again, it goes on with
    what is missing and answers the reporters whose mail was decided about meanwhile.

    Args:
        alert: Alert of the reporting mail. Empty: all reports of the mailbox that are not handled yet.
        answer_reporters: Thank reporters and tell them the result by mail.
        dry_run: Only look and judge. Nothing is written or sent.
        mailbox: Name of the "Mailbox Credentials" block that reports come to.
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block (rules, lists, kill switch).

    Returns:
        Numbers: reports by state, by verdict, and proposals.
    """
    with tenant_slot(mimecast):
        rows = playbook.handle_reports(
            alert, answer_reporters=answer_reporters, dry_run=dry_run, mailbox=mailbox, mimecast=mimecast, store=store,
            policy=policy,
        )  # fmt: skip
    failed = [row for row in rows if row["state"] == "failed"]
    if failed:
        raise EffectsFailedError(
            f"{len(failed)} of {len(rows)} reports could not be handled; first: that of alert {failed[0]['alert']}: "
            f"{str(failed[0]['why']).rstrip('. ')}. Retry handles only these."
        )
    if not rows:
        get_run_logger().info("no report is waiting")
    states, verdicts = [row["state"] for row in rows], [row["verdict"] for row in rows if row["verdict"]]
    return {
        "states": {one: states.count(one) for one in sorted(set(states))},
        "verdicts": {one: verdicts.count(one) for one in sorted(set(verdicts))},
        "proposed": sum(row["proposed"] for row in rows),
    }
