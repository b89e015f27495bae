"""Email action "Save Attachments to Alert"."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from mailroom.connectors.saved_attachments import KeptFiles, save_attachments
from mailroom.errors import InvalidInputError
from mailroom.mail.imap import parse_list
from mailroom.mail.parse import parse_safely
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.mail import _mails


@describe(
    effect="writes the store",
    twice="harmless: the same file of the same mail is kept once",
    example='mail.save_attachments_to_alert("17", mailbox="soc").new',
)
@task(
    name="Email: Save Attachments to Alert",
    task_run_name="Save Attachments to Alert",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def save_attachments_to_alert(
    alert: str,
    *,
    attachment_names: str = "",
    include_inline: bool = True,
    message_id: str = "",
    email_uid: str = "",
    folders: str = "",
    mailbox: str = "default",
    store: str = "default",
) -> KeptFiles:
    """Keep the attachments of a mail with an alert: in the blob store, by their SHA-256, listed in the alert's event.

    Effect: reads the mailbox, writes the store. Twice is harmless: the same file of the same mail is kept once.

    Args:
        alert: Number of the alert.
        attachment_names: Only attachments of these names, separated by commas; empty: all.
        include_inline: Also images that the HTML shows.
        message_id: Of another mail whose attachments are meant; empty: the mail the alert was made of.
        email_uid: The same by its UID in the first folder.
        folders: Folders to look in, separated by commas; empty: those of the mailbox.
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.

    Returns:
        Every file with its SHA-256, and whether it is new.

    Raises:
        NotFoundError: there is no such alert, mail or attachment.

    Source: https://help.sumologic.com/docs/platform-services/automation-service/app-central/integrations/imap/
    """
    with action("Save Attachments to Alert"):
        if not alert.strip():
            raise InvalidInputError("Alert is empty: give its number.")
        opened = _open.store(store)
        known = opened.alerts.find(alert)
        other = message_id.strip() or email_uid.strip()
        raw = _mails.source(
            mailbox, store, alert="" if other else alert, message_id=message_id, email_uid=email_uid, folders=folders
        )
        kept = save_attachments(
            opened, known.id, parse_safely(raw), names=parse_list(attachment_names), inline=include_inline,
            who=f"flow run {flow_run.id}" if flow_run.id else "",
        )  # fmt: skip
    new = sum(one.new for one in kept.files)
    get_run_logger().info("alert %d: %d attachments kept, %d of them new", known.id, len(kept.files), new)
    return kept
