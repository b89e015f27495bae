"""Email action "Send Email"."""

from __future__ import annotations

from dataclasses import replace

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.effects.mail_outcome import content_digest, slot_of
from mailroom.effects.send_mail import send_once
from mailroom.mail.compose import OutgoingMail, looks_like_html
from mailroom.mail.threading_headers import new_message_id
from tasks._catalogue import describe
from tasks._wording import action
from tasks.mail._asking import addresses, desk, filled, recipients_of, step_key
from tasks.mail._sent import SendResult, sent_result


@describe(
    effect="sends mail",
    twice="one mail per step: the same step of the same run sends nothing more",
    example='mail.send_email("ann@example.com", "Held message", "Do you expect this?", step="ask")',
)
@task(name="Email: Send Email", task_run_name="Send Email", cache_policy=NO_CACHE, persist_result=False)
def send_email(
    recipients: str,
    subject: str,
    content: str,
    *,
    cc: str = "",
    bcc: str = "",
    step: str = "",
    mailbox: str = "default",
    store: str = "default",
) -> SendResult:
    """Send one mail, once.

    Effect: sends mail. Goes through the ledger: retrying it or killing it in between sends the mail at most once. Two
    equal mails in one run are one mail, unless each has its own `step`.

    Args:
        recipients: Recipients, separated by commas.
        subject: Subject.
        content: Text, or HTML when it begins with a tag.
        cc: Cc, separated by commas.
        bcc: Bcc, separated by commas; in no header.
        step: Name of this step in the run, to send the same mail more than once.
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.

    Returns:
        The Message-ID and what the server said per recipient.

    Raises:
        InvalidInputError: an address is none, or recipients, subject or content are empty.
        RefusedError: a guard (too many recipients, a domain that is not allowed, ourselves).
        RejectedError: the server refused the mail.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; Retry looks again.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Send Email"):
        here = desk(mailbox, store)
        account = here.account
        html = looks_like_html(filled(content, "Content"))
        mail = OutgoingMail(
            sender=account.sender, to=recipients_of(recipients), cc=addresses(cc, "CC"), bcc=addresses(bcc, "Bcc"),
            subject=filled(subject, "Subject"), text="" if html else content, html=content if html else "",
        )  # fmt: skip
        digest = content_digest(mail)
        key = step_key(step and f"mail/{step}", "mail", digest)
        known = here.store.ledger.in_slot("", slot_of(key))
        message_id = known.target if known else new_message_id(account.domain)
        sent = send_once(here.store, account, replace(mail, message_id=message_id), key=key, digest=digest)
        return sent_result(sent, "Email was sent successfully.")
