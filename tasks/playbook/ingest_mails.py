"""Step "Ingest Mails": one task run, however many mails there are."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.runtime import flow_run

from mailroom.connectors.mailbox_form import MailboxForm
from tasks import _open
from tasks._policy import only_transient
from tasks._progress import artifact_progress
from tasks._show import show
from tasks._wording import action

if TYPE_CHECKING:
    from mailroom.connectors.mailbox import Preview


@task(
    name="Ingest Mails",
    task_run_name="Ingest Mails",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[5, 30],
    retry_condition_fn=only_transient,
)
def ingest_mails(
    mailbox: str = "default", store: str = "default", *, form: dict[str, Any] | None = None, dry_run: bool = False,
    catch_up: bool = False,
) -> dict[str, Any]:  # fmt: skip
    """Turn new mail of a mailbox into alerts, each mail once.

    Effect: reads the mailbox, writes the store, then marks what was stored as read. Twice is harmless: the second
    cycle finds nothing new.

    Args:
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.
        form: What to fetch: fields of `mailroom.connectors.mailbox_form.MailboxForm`.
        dry_run: Only show what would be fetched, as a table without subjects; store and mark nothing.
        catch_up: Take the whole backlog, without limit on number and time.

    Returns:
        fetched, alerted, duplicate, filtered, quarantined, gone, waiting, unmarked (numbers of mails), rebuilt
        (folders) and seconds. Of a dry run: would_fetch, and its numbers by outcome.

    Raises:
        BusyError: another worker is at one of the folders.
        NotFoundError: a folder does not exist.
        AccessError, TransientError, ResponseError: the mailbox could not be read; what was stored stays.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    # Flows that touch no mailbox import this module too.
    from mailroom.connectors.mailbox import ingest_mailbox, preview_mailbox
    from mailroom.playbooks.campaigns import group_new

    given = MailboxForm(**(form or {}))
    settings = given.settings()
    with action("Ingest Mails"), artifact_progress("mails") as progress:
        account, opened = _open.account(mailbox), _open.store(store)
        if dry_run:
            rows = preview_mailbox(account, opened, settings, tenant=given.tenant)
            show("mails-to-fetch", _table(rows), "What the next run would take. Nothing was changed.")
            outcomes = [row.outcome for row in rows]
            return {"would_fetch": len(rows)} | {one: outcomes.count(one) for one in sorted(set(outcomes))}
        report = ingest_mailbox(
            account, opened, settings, tenant=given.tenant, flow_run_id=str(flow_run.id or ""), catch_up=catch_up,
            progress=progress,
        )  # fmt: skip
        if report.alerted:
            group_new(opened)
    return {
        **report.counts(), "waiting": report.waiting, "unmarked": report.unmarked, "rebuilt": report.rebuilt,
        "seconds": round(report.seconds, 2),
    }  # fmt: skip


def _table(rows: Iterable[Preview]) -> list[dict[str, Any]]:
    """Which mails they are, without their words: what a run ingests is not for Prefect's database."""
    return [
        {
            "folder": row.folder,
            "UID": row.uid,
            "received": f"{row.received_at:%Y-%m-%d %H:%M}",
            "sender domain": row.sender.rpartition("@")[2],
            "attachments": row.attachments,
            "would be": row.outcome,
            "why": row.reason,
        }
        for row in rows
    ]
