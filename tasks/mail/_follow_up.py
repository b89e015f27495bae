"""What Forward Email and Send Thread Reply share: mailbox, store and the key of the mail."""

from __future__ import annotations

from prefect.runtime import flow_run

from mailroom.effects.follow_ups import Post
from tasks.mail._asking import desk, step_key


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
