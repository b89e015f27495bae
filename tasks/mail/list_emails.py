"""Email action "List Emails"."""

from __future__ import annotations

from typing import Annotated

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mailroom.connectors.stored_mail import StoredMail
from mailroom.connectors.stored_mail import list_emails as listed
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.mail._show import show


@describe(
    effect="reads the store",
    twice="harmless",
    example='mail.list_emails("soc", sender="example.net")',
)
@task(
    name="Email: List Emails",
    task_run_name="List Emails",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def list_emails(
    mailbox: str = "",
    *,
    sender: str = "",
    handling: str = "",
    max_emails: Annotated[int, Field(ge=1, le=10_000)] = 100,
    skip: Annotated[int, Field(ge=0)] = 0,
    store: str = "default",
) -> list[StoredMail]:
    """List the mails that the mailbox connector has stored as alerts, newest first.

    Effect: reads the store. Twice is harmless.

    Args:
        mailbox: Only those of this MailboxCredentials block; empty: of every mailbox.
        sender: Only those from this address.
        handling: Only those whose alert is in this state, such as `open`.
        max_emails: Most rows.
        skip: Rows to pass over.
        store: Name of the AlertStore block.

    Returns:
        One row per mail.

    Source: https://help.sumologic.com/docs/platform-services/automation-service/app-central/integrations/imap/
    """
    with action("List Emails"):
        rows = listed(
            _open.store(store), mailbox=mailbox, sender=sender, handling=handling, limit=max_emails, offset=skip
        )
    table = [
        {
            "alert": row.alert_id,
            "received": f"{row.received_at:%Y-%m-%d %H:%M}",
            "sender domain": row.sender.rpartition("@")[2],
            "subject": row.subject,
            "attachments": len(row.attachments),
            "saved": row.saved_attachments,
            "handling": row.handling,
        }
        for row in rows
    ]
    show("emails-stored", table, "Stored mails, the newest first.")
    return rows
