"""Email action "Send Thread Reply"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.effects.follow_ups import send_reply
from mailroom.mail.compose import looks_like_html
from tasks._catalogue import describe
from tasks._wording import action
from tasks.mail import _mails
from tasks.mail._asking import addresses, filled
from tasks.mail._follow_up import post
from tasks.mail._sent import SendResult, sent_result


@describe(
    effect="sends mail",
    twice="one mail per step: the same step of the same run sends nothing more",
    example='mail.send_thread_reply("<m1@example.net>", "Thank you, it was phishing.", mailbox="soc")',
)
@task(name="Email: Send Thread Reply", task_run_name="Send Thread Reply", cache_policy=NO_CACHE, persist_result=False)
def send_thread_reply(
    message_id: str,
    content: str,
    *,
    reply_all: bool = False,
    recipients: str = "",
    quote: bool = True,
    folders: str = "",
    email_uid: str = "",
    alert: str = "",
    step: str = "",
    mailbox: str = "default",
    store: str = "default",
) -> SendResult:
    """Answer in the thread of a mail, once.

    Effect: sends mail. Goes through the ledger: retrying it or killing it in between sends the mail at most once. Two
    equal calls in one run are one mail, unless each has its own `step`.

    Args:
        message_id: Of the mail to answer.
        content: Text, or HTML when it begins with a tag.
        reply_all: Also to everybody in To and Cc; our own addresses are left out.
        recipients: Exactly these, separated by commas, instead of those the mail names.
        quote: The text of the mail follows the answer.
        folders: Folders to look in, separated by commas; empty: those of the mailbox.
        email_uid: Instead of the Message-ID: the UID in the first folder.
        alert: Instead of both: the number of the alert that was made of the mail.
        step: Name of this step in the run, to send the same mail more than once.
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.

    Returns:
        The Message-ID of the new mail and what the server said per recipient.

    Raises:
        InvalidInputError: an address is none, or the content is empty.
        NotFoundError: the mail is not there.
        RefusedError: a guard (too many recipients, a domain that is not allowed, ourselves, a loop).
        RejectedError: the server refused the mail.
        TransientError: nobody got it; Retry sends it.
        OutcomeUnknownError: the outcome was not seen and could not be looked up; Retry looks again.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Send Thread Reply"):
        html = looks_like_html(filled(content, "Content"))
        parent = _mails.mail(mailbox, store, alert=alert, message_id=message_id, email_uid=email_uid, folders=folders)
        to = addresses(recipients, "Recipients")
        sent = send_reply(
            post(mailbox, store, alert, step, "reply", parent.sha256, content, str(reply_all), str(quote), *to),
            parent, text="" if html else content, html=content if html else "", to_all=reply_all, recipients=to,
            quote=quote,
        )  # fmt: skip
        return sent_result(sent, "Email was sent successfully.")
