"""Step "Retry Changes"."""

from __future__ import annotations

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from mailroom.playbooks import changes
from mailroom.playbooks.act import Desk
from mailroom.redact import without_mailboxes
from tasks import _open
from tasks._wording import action


@task(name="Retry Changes", task_run_name="Retry Changes", cache_policy=NO_CACHE)
def retry_changes(mimecast: str = "default", store: str = "default", policy: str = "default") -> list[dict[str, str]]:
    """Take up the changes of the tenant that were wanted and certainly not made: senders, policies, URLs, groups.

    Effect: changes the tenant, each change at most once. Nothing while the kill switch is on; nothing that was done
    otherwise since, has run out, or is older than seven days. What Mimecast refused is not tried again.

    Args:
        mimecast: Name of the MimecastCredentials block.
        store: Name of the AlertStore block.
        policy: Name of the TriagePolicy block; its kill switch applies.

    Returns:
        One row per change: kind, alert, state (`applied`, `already_done`, `failed`), message without addresses.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/policies/
    """
    with action("Retry Changes"):
        desk = Desk(client=_open.client(mimecast), store=_open.store(store), policy=lambda: _open.policy(policy))
        done = changes.retry(desk)
    rows = [
        {
            "kind": one.kind,
            "hold_id": "",
            "alert_id": str(desk.store.ledger.get(one.action_id).alert_id or "none"),
            "state": one.state if one.is_done or one.state == "refused" else "failed",
            "message": without_mailboxes(one.detail),
        }
        for one in done
    ]
    if rows:
        get_run_logger().info("%d changes taken up, %d made", len(rows), sum(one.is_done for one in done))
    return rows
