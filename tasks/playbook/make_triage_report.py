"""Step "Make Triage Report"."""

from __future__ import annotations

import base64
import logging

import httpx
from prefect import get_run_logger, task
from prefect.artifacts import create_image_artifact, create_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.exceptions import PrefectException
from prefect.runtime import task_run

from blocks._sync import in_sync
from mailroom.playbooks.known_names import need_tenants
from mailroom.playbooks.triage_report import ReportNumbers, gather, headline, markdown, pictures
from tasks import _open
from tasks._policy import only_transient
from tasks._wording import action

log = logging.getLogger("mailroom.tasks")
_SHOWN = ("volume", "times", "rules")


@task(
    name="Make Triage Report",
    task_run_name="Make Triage Report",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def make_triage_report(*, days: int = 7, tenant: str = "", store: str = "default") -> ReportNumbers:
    """Count what came in, what was decided and done, how long it took, and how good the rules are.

    Effect: reads the store; shows a summary and pictures beside the run, without a subject or anybody's address.

    Args:
        days: How many days back from now, by arrival of the mail.
        tenant: Only this tenant; all when empty.
        store: Name of the AlertStore block.

    Returns:
        The numbers, for "Mail Triage Report".

    Raises:
        InvalidInputError: an impossible number of days, or a tenant that the store does not know.

    Source: https://docs.prefect.io/v3/concepts/artifacts
    """
    with action("Make Triage Report"):
        kept = _open.store(store)
        need_tenants(kept, [tenant])
        numbers = gather(kept, days=days, tenant=tenant)
        for sentence in headline(numbers):
            get_run_logger().info("%s", sentence)
        _show(numbers)
    return numbers


def _show(numbers: ReportNumbers) -> None:
    """That the report cannot be shown here is no reason to fail: it is mailed and written all the same."""
    if not task_run.id:
        return
    drawn = pictures(numbers)
    said = headline(numbers)[0]
    try:
        in_sync(create_markdown_artifact, markdown=markdown(numbers), key="triage-report", description=said)
        for name in _SHOWN:
            if name in drawn:
                in_sync(
                    create_image_artifact,
                    image_url=f"data:image/svg+xml;base64,{base64.b64encode(drawn[name]).decode()}",
                    key=f"triage-report-{name}", description=said,
                )  # fmt: skip
    except (httpx.HTTPError, PrefectException, RuntimeError) as error:
        log.warning("the report could not be shown: %s", type(error).__name__)
