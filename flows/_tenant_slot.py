"""One slot of the tenant for as long as a flow touches it, counted by Prefect over all workers and machines.

The limiter of the client paces one process. This keeps many processes from pacing themselves side by side: as many
flows use a tenant at a time as its global concurrency limit allows (`prefect gcl update mimecast-<block> --limit N`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx
from prefect import get_run_logger
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate
from prefect.concurrency.sync import concurrency
from prefect.exceptions import ObjectAlreadyExists, ObjectNotFound

from mailroom.errors import TransientError

SLOTS = 2
"""Flows per tenant at a time, until somebody changes the limit: one that works and one that looks."""

_LEASE_SECONDS = 60.0  # a killed run's slot is free again after this time
_WAIT_SECONDS = 1800.0


@contextmanager
def tenant_slot(mimecast: str) -> Iterator[None]:
    """Hold one slot of the tenant behind the block `mimecast`; wait for it when all are taken.

    Raises:
        TransientError: no slot became free in half an hour.
    """
    name = f"mimecast-{mimecast}"
    log = get_run_logger()
    if not _free(name):
        log.info("all slots of %s are taken; waiting for one", name)
    # A lease that cannot be renewed means that the Prefect API is away: no reason to stop in the middle of an effect.
    slot = concurrency(
        name,
        strict=True,
        lease_duration=_LEASE_SECONDS,
        timeout_seconds=_WAIT_SECONDS,
        raise_on_lease_renewal_failure=False,
    )
    try:
        slot.__enter__()
    except TimeoutError:
        msg = (
            f"No slot of {name} became free in {_WAIT_SECONDS / 60:.0f} minutes: other runs use this tenant. Wait for "
            f"them, or allow more with `prefect gcl update {name} --limit N`."
        )
        raise TransientError(msg) from None
    try:
        yield
    finally:
        try:
            slot.__exit__(None, None, None)
        except httpx.HTTPError:  # what the flow did, or why it failed, matters more
            log.warning("the slot of %s could not be given back; it is free again in a minute", name)


def _free(name: str) -> bool:
    """Whether a slot is free at this moment. Makes the limit when it is the first time that anybody asks."""
    with get_client(sync_client=True) as client:
        try:
            limit = client.read_global_concurrency_limit_by_name(name)
        except ObjectNotFound:
            with suppress(ObjectAlreadyExists):  # another run was quicker
                client.create_global_concurrency_limit(GlobalConcurrencyLimitCreate(name=name, limit=SLOTS))
            return True
    return limit.active_slots < limit.limit
