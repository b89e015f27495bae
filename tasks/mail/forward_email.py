"""Email action "Forward Email"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.effects.follow_ups import How, send_forward
from mailroom.mail.compose import looks_like_html
from mailroom.mail.html_text import html_to_text
from mailroom.mail.parse import parse_safely
from tasks._catalogue import describe
from tasks._wording import action
from tasks.mail import _mails
from tasks.mail._asking import addresses, recipients_of
from tasks.mail._follow_up import post
from tasks.mail._sent import SendResult, sent_result


@describe(
    effect="sends mail",
    twice="one mail per step: the same step of the same run sends nothing more",
    example='mail.forward_email("<m1@example.net>", "soc@example.com", mailbox="soc")',
)
@task(name="Email: Forward Email", task_run_name="Forward Email", cache_policy=NO_CACHE, persist_result=False)
def forward_email(
    message_id: str,
    recipients: str,
    *,
    content: str = "",
    subject: str = "",
    cc: str = "",
    bcc: str = "",
    how: How = "attached",
    folders: str = "",
    email_uid: str = "",
    alert: str = "",
    step: str = "",
    mailbox: str = "default",
    store: str = "default",
) -> SendResult:
    """Forward a mail, once.

    Effect: sends mail. Goes through the ledger: retrying it or killing it in between sends the mail at most once. Two
    equal calls in one run are one mail, unless each has its own `step`.

    Args:
        message_id: Of the mail to forward.
        recipients: Recipients, separated by commas.
        content: Text above the forwarded mail.
        subject: Instead of `Fwd: ...`.
        cc: Cc, separated by commas.
        bcc: Bcc, separated by commas; in no header.
        how: `attached`: the original byte by byte as a file, which is safe for suspicious mail; `inline`: its text,
            HTML and attachments as they came.
        folders: Folders to look in, separated by commas; empty: those of the mailbox.
        email_uid: Instead of the Message-ID: the UID in the first folder.
        alert: Instead of both: the number of the alert that was made of the mail.
        step: Name of this step in the run, to send the same mail more than once.
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.

    Returns:
        The Message-ID of the new mail and what the server said per recipient.

    Raises:
        InvalidInputError: an address is none, or there is no recipient.
        NotFoundError: the mail is not there.
        RefusedError: a guard (too many recipients, a domain that is not allowed, ourselves, a loop).
        RejectedError: the server refused the mail.
        TransientError: nobody got it; Retry sends it.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; Retry looks again.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Forward Email"):
        to, copies, blind = recipients_of(recipients), addresses(cc, "CC"), addresses(bcc, "Bcc")
        raw = _mails.source(mailbox, store, alert=alert, message_id=message_id, email_uid=email_uid, folders=folders)
        parent = parse_safely(raw)
        sent = send_forward(
            post(mailbox, store, alert, step, "forward", parent.sha256, how, content, subject, *to, "cc", *copies,
                 "bcc", *blind),
            parent, raw, to=to, cc=copies, bcc=blind, subject=subject, how=how,
            comment=html_to_text(content) if looks_like_html(content) else content,
        )  # fmt: skip
        return sent_result(sent, "Email was forwarded successfully.")
