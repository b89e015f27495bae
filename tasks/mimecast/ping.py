"""Mimecast action "Ping"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from mailroom.mimecast import capabilities
from mailroom.mimecast import ping as stages
from mailroom.playbooks.check_rows import rows_of
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action


class PingResult(BaseModel):
    """What works and what does not."""

    model_config = ConfigDict(frozen=True)

    is_success: bool
    """No stage failed."""
    message: str
    """The documented sentence; after a failure with the stage, the reason and what to do."""
    stages: list[dict[str, str]]
    """stage, result ("ok", "failed", "skipped"), detail, advice."""


@describe(
    functions=(
        capabilities.GET_ACCOUNT,
        capabilities.HOLD_LIST,
        capabilities.HOLD_SUMMARY,
        capabilities.TRACKING_SEARCH,
        capabilities.RELEASE_LOGS,
        capabilities.HOLD_RELEASE,
    ),
    effect="reads",
    twice="harmless",
    example="mimecast.ping()",
    note="The right to release and reject is asked for with a request that names no message.",
)
@task(
    name="Mimecast: Ping",
    task_run_name="Ping",
    cache_policy=NO_CACHE,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def ping(mimecast: str = "default", *, must_pass: bool = True) -> PingResult:
    """Test the connection to the tenant, stage by stage, and every permission the playbooks need.

    Effect: reads. Twice is harmless.

    Args:
        mimecast: Name of the MimecastCredentials block.
        must_pass: Fail when a stage failed, so that nothing goes on without a connection. Without it a failure is a
            result: `is_success` is False, and the stages say why.

    Returns:
        The documented `is_success` and sentence, and every stage.

    Raises:
        TransientError: no connection.
        AccessError: credentials, clock or a permission are to be mended first.
        InvalidInputError: there is no such block.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/mimecast
    """
    with action("Ping"):
        report = stages.ping(_open.client(mimecast))
        if must_pass:
            report.need()
    return PingResult(
        is_success=report.ok,
        message=report.message,
        stages=[row.as_dict() for row in rows_of(report.stages)],
    )
