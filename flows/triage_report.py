"""Playbook "triage report"."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import get_run_logger
from pydantic import Field

from flows._flow import flow
from flows._folder import lasting_folder
from mailroom.tables import save_text
from tasks import playbook


@flow(name="triage report", flow_run_name="triage report of {days} days")
def triage_report(
    days: Annotated[int, Field(ge=1, le=3660)] = 7,
    mail_to: list[str] = [],  # noqa: B006 - Prefect shows it in the form, nothing changes it
    folder: str = "",
    tenant: str = "",
    mailbox: str = "default",
    store: str = "default",
    policy: str = "default",
) -> dict[str, Any]:
    """How the mailroom is doing: volumes, verdicts, times, holds that end, precision of the rules, senders, campaigns.

    Shows a summary and pictures beside the run, mails the report and writes it as one HTML file that needs no network.
    What is typed into this form is kept by Prefect.

    Args:
        days: How many days back from now, by arrival of the mail.
        mail_to: Addresses of people at our own domains who get the report by mail. Empty: nobody.
        folder: Folder on the worker for the HTML file, a whole path; made when missing. Empty: no file.
        tenant: Only this tenant; all when empty.
        mailbox: Name of the "Mailbox Credentials" block that sends.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block: its lists say which domains are ours.

    Returns:
        Alerts, labels, holds that end within a day, what became of the mail, and the path of the file.
    """
    place = lasting_folder(folder, "folder")
    numbers = playbook.make_triage_report(days=days, tenant=tenant, store=store)
    answer: dict[str, Any] = {
        "alerts": numbers.alerts, "labelled": sum(numbers.labels.values()), "at_risk": numbers.at_risk,
    }  # fmt: skip
    if place:
        from mailroom.playbooks.triage_report import html_page

        written = save_text(place, f"triage-report-{numbers.until:%Y-%m-%d}", "html", html_page(numbers))
        get_run_logger().info("written: %s", written)
        answer["file"] = str(written)
    if any(one.strip() for one in mail_to):
        answer["mail"] = playbook.mail_triage_report(numbers, mail_to, mailbox=mailbox, store=store, policy=policy)
    return answer
