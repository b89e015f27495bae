"""Playbook "investigate sender"."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from prefect import get_run_logger
from pydantic import Field

from flows._flow import flow
from flows._folder import lasting_folder
from flows._tenant_slot import tenant_slot
from mailroom import tables
from mailroom.errors import MailroomError
from mailroom.playbooks.investigate import sentence, timeline
from tasks import playbook

Period = Literal["Last 24 Hours", "Last 3 Days", "Last 7 Days", "Last 14 Days", "Last 29 Days", "Last 90 Days"]
_DAYS: dict[str, int] = {
    "Last 24 Hours": 1, "Last 3 Days": 3, "Last 7 Days": 7, "Last 14 Days": 14, "Last 29 Days": 29, "Last 90 Days": 90,
}  # fmt: skip


@flow(name="investigate sender", flow_run_name="investigate sender in {mimecast}")
def investigate_sender(
    sender: str = "",
    domain: str = "",
    subject: str = "",
    url: str = "",
    period: Period = "Last 7 Days",
    most_messages: Annotated[int, Field(ge=1, le=100_000)] = 10_000,
    csv_folder: str = "",
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
    alert: str = "",
) -> dict[str, Any]:
    """Who is this, whom did they write to, what became of it, who clicked, and what to do next. Changes nothing.

    Fill in at least one of sender, domain, subject and link; when you fill in several, all of them must fit. Asks
    message tracking, the hold queue, the archive, the threat logs, user reports and our own store at the same time.
    What cannot be asked is listed with the reason. What is typed into this form is kept by Prefect.

    Args:
        sender: Address of the sender, such as news@evil.example. Spellings like news[@]evil[.]example are understood.
        domain: Instead of a sender: everybody at a domain, such as evil.example, in both directions.
        subject: Words that stand together in the subject, such as "your parcel".
        url: A link, such as https://evil.example/login, or only its host: who got it and who clicked.
        period: How far back. Message tracking itself reaches back 29 days and 23 hours; archive and store reach
            further.
        most_messages: Take at most so many messages of each source, the newest.
        csv_folder: Folder on the worker for a CSV file with every message and address, and for the picture, a whole
            path; made when missing. Empty: no files.
        mimecast: Name of the "Mimecast Credentials" block.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block: its lists say whose authentication results are believed.
        alert: Instead of a sender: number, hold id or tracking id of an alert; its sender is meant. Prefect keeps no
            address then.

    Returns:
        The sentence without names, counts by status, how many people received it and clicked, which sources could not
        be asked, and the paths of the files.

    Raises:
        MailroomError: the tenant could not be asked at all; what our store knows is shown. Retry asks again.
    """
    folder = lasting_folder(csv_folder, "csv_folder")
    with tenant_slot(mimecast):
        found = playbook.investigate_sender(
            sender, domain, subject, url, days=_DAYS[period], most_messages=most_messages, mimecast=mimecast,
            store=store, policy=policy, alert=alert,
        )  # fmt: skip
    if not found.tenant_answered:
        raise MailroomError(
            "the tenant could not be asked at all; the summary says why, source by source, and what our store knows. "
            "Retry asks again."
        )
    files: dict[str, str] = {}
    if folder:
        files = {"csv": str(found.save_csv(folder))}
        files["svg"] = str(tables.save_text(folder, "investigation", "svg", timeline(found)))
        get_run_logger().info("written: %s", ", ".join(files.values()))
    return {
        "sentence": sentence(found, named=False),
        "by_status": found.by_status,
        "people": found.people,
        "received": len(found.received_by),
        "clicked": len(found.clicked_by),
        "not_asked": [row.name for row in found.unanswered],
        **files,
    }
