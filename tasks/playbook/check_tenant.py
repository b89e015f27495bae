"""Step "Check Tenant": the Mimecast tenant, stage by stage."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from mailroom.errors import MailroomError
from mailroom.mimecast.ping import ping
from mailroom.playbooks.check_rows import CheckRow, failed, rows_of
from tasks import _open
from tasks._policy import only_transient
from tasks._wording import action


@task(
    name="Check Tenant",
    task_run_name="Check Tenant",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def check_tenant(mimecast: str = "default", mailbox: str = "default") -> list[dict[str, str]]:
    """Check the tenant stage by stage. Where there is only a mailbox, it is passed over: asking people needs no tenant.

    Effect: reads. Twice is harmless.

    Args:
        mimecast: Name of the MimecastCredentials block.
        mailbox: Name of the MailboxCredentials block.

    Returns:
        One row per stage: stage, result, detail, advice.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    with action("Check Tenant"):
        if not _open.has_client(mimecast) and mailbox.strip() and _open.has_account(mailbox):
            return [CheckRow("mimecast", "skipped", "there is a mailbox and no tenant block of this name").as_dict()]
        try:
            report = ping(_open.client(mimecast))
        except MailroomError as error:  # the stages of mailbox, store and rules are worth knowing all the same
            return [failed("mimecast", error).as_dict()]
    return [row.as_dict() for row in rows_of(report.stages)]
