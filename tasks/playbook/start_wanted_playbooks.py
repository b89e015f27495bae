"""Step "Start Wanted Playbooks": each wish of a template, a rule or a person becomes one flow run."""

from __future__ import annotations

from typing import Annotated

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mailroom.comma_list import comma_list
from mailroom.errors import BusyError, InvalidInputError
from mailroom.playbooks.known_names import need_tenants
from mailroom.playbooks.playbook_runs import Begun, start_wanted
from tasks import _open
from tasks._policy import only_transient
from tasks._start import DeploymentStarter
from tasks._wording import action


@task(
    name="Start Wanted Playbooks",
    task_run_name="Start Wanted Playbooks",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def start_wanted_playbooks(
    *,
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
    mailbox: str = "default",
    tenants: str = "",
    limit: Annotated[int, Field(ge=1, le=10_000)] = 500,
) -> list[Begun]:
    """Start the deployment behind each wanted playbook once, and write down what became of those started before.

    Effect: writes the store, starts flow runs. Twice is harmless: the same wish is the same flow run.

    Args:
        mimecast: Name of the MimecastCredentials block that the playbooks work with.
        store: Name of the AlertStore block, here and for the playbooks.
        policy: Name of the TriagePolicy block that the playbooks work with.
        mailbox: Name of the MailboxCredentials block that the playbooks work with.
        tenants: Only wishes of these tenants, as the store calls them, separated by commas; empty: of all.
        limit: Most new wishes of one round.

    Returns:
        What became of each wish that is not over; empty when another run starts playbooks right now.

    Source: https://help.sumologic.com/docs/platform-services/automation-service/automation-service-playbooks/
    """
    blocks = {"mimecast": mimecast, "store": store, "policy": policy, "mailbox": mailbox}
    names = set(comma_list(tenants))
    with action("Start Wanted Playbooks"):
        kept = _open.store(store)
        try:
            need_tenants(kept, names)
        except InvalidInputError as error:  # its first mail may be on its way
            get_run_logger().warning("%s", error)
        try:
            return start_wanted(kept, DeploymentStarter(), blocks, tenants=names, limit=limit)
        except BusyError as error:
            get_run_logger().info("%s", error)
            return []
