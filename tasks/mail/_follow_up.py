"""What Forward Email and Send Thread Reply share: the key of the mail, and the result in the documented words."""

from __future__ import annotations

from prefect.runtime import flow_run

from mailroom.effects.follow_ups import Post
from mailroom.effects.mail_outcome import SendOutcome
from mailroom.errors import OutcomeUnknownError, RejectedError, TransientError
from tasks.mail._asking import desk, step_key
from tasks.mail.send_email import SendResult


def post(mailbox: str, store: str, alert: str, step: str, *identity: str) -> Post:
    """Mailbox, store and key of one call.

    Args:
        mailbox: Block.
        store: Block.
        alert: What the caller gave to name the mail; the action is filed under that alert.
        step: Name of the step; empty: `identity` tells one call from the next.
        identity: What makes two calls of one run the same.
    """
    here = desk(mailbox, store)
    return Post(
        here.store, here.account, step_key(step and f"mail/{step}", *identity),
        alert_id=here.store.alerts.find(alert).id if alert.strip() else None,
        requested_by=str(flow_run.id or ""),
    )  # fmt: skip


def sent_result(sent: SendOutcome, done: str) -> SendResult:
    """The result of a mail that went out.

    Raises:
        OutcomeUnknownError: nobody knows; it is never sent again blindly.
        TransientError: nobody got it.
        RejectedError: the server refused it.
    """
    if sent.state in {"unknown", "sending"}:
        raise OutcomeUnknownError(f"{sent.detail}. Nothing was repeated; Retry looks again.")
    if sent.state == "not_applied":
        raise TransientError(f"{sent.detail}. Nobody got the mail; Retry sends it.")
    if not sent.is_sent:
        raise RejectedError(sent.detail)
    return SendResult(
        is_success=not sent.open, message_id=sent.message_id, accepted=len(sent.accepted),
        refused=[f"{address}: {words}" for address, words in sent.refused], open=list(sent.open),
        message=done if not sent.open else f"{done} {len(sent.open)} recipients were refused for now.",
    )  # fmt: skip
