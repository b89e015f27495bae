"""Email action "Email Body Regex"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.mail.actions.extract import Extracted, body_regex, expressions
from mailroom.mail.imap import parse_list
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.mail import _mails


@describe(
    effect="reads",
    twice="harmless",
    example='mail.email_body_regex(r"invoice (\\d+)", message_id="<m1@example.net>", mailbox="soc").matches',
)
@task(
    name="Email: Email Body Regex",
    task_run_name="Email Body Regex",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def email_body_regex(
    regex: str = "",
    *,
    named: str = "",
    rules: str = "",
    ignore_case: bool = False,
    message_id: str = "",
    email_uid: str = "",
    folders: str = "",
    alert: str = "",
    mailbox: str = "default",
    store: str = "default",
) -> Extracted:
    """Extract values from the body of a mail: its text and what its HTML shows.

    Named expressions also see where links lead.
    Own expressions run on a linear-time engine, or under a time limit where they need another; none can hang.

    Effect: reads; nothing is marked as read. Twice is harmless.

    Args:
        regex: A regular expression; its first group, or the whole match, is the value.
        named: Names of known expressions, separated by commas: `IP`, `URL`, `SHA256`, `Visa Card`, ...
        rules: Further expressions, one `display name: regular expression` per line.
        ignore_case: Upper and lower case are the same in `regex`.
        message_id: Of the mail.
        email_uid: Instead of the Message-ID: the UID in the first folder.
        folders: Folders to look in, separated by commas; empty: those of the mailbox.
        alert: Instead of both: the number of the alert that was made of the mail.
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block; only used with `alert`.

    Returns:
        Expression -> values, each once; under `regex` those of the parameter of that name.

    Raises:
        InvalidInputError: no expression or no mail is named, or one is wrong.
        NotFoundError: the mail is not there.

    Source: https://help.sumologic.com/docs/platform-services/automation-service/app-central/integrations/imap/
    """
    with action("Email Body Regex"):
        wanted = expressions(regex, names=parse_list(named), rules=rules, ignore_case=ignore_case)
        found = _mails.mail(mailbox, store, alert=alert, message_id=message_id, email_uid=email_uid, folders=folders)
        return body_regex(found, wanted)
