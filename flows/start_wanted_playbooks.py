"""Playbook "start wanted playbooks"."""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect import get_run_logger

from flows._flow import flow
from mailroom.playbooks.harmless import harmless
from tasks import playbook

_TROUBLE = ("failed", "unknown", "waiting")


@flow(name="start wanted playbooks", flow_run_name="playbooks wanted in {store}")
def start_wanted_playbooks(
    mimecast: str = "default",
    store: str = "default",
    policy: str = "default",
    mailbox: str = "default",
    tenants: str = "",
) -> dict[str, Any]:
    """Start the playbooks that incident templates, rules on mail and people want, each once.

    A wish is a row in our store. Killed or run again, this run finds the flow runs that it has started before. What
    became of them is written to the store and to the wall of their case.

    Args:
        mimecast: Name of the "Mimecast Credentials" block that the playbooks work with.
        store: Name of the "Alert Store" block.
        policy: Name of the "Triage Policy" block that the playbooks work with.
        mailbox: Name of the "Mailbox Credentials" block that the playbooks work with.
        tenants: Where one store serves several tenants: only wishes of these, as the store calls them (a mail's tenant
            is its mailbox unless it was given one), separated by commas. Empty: of all.

    Returns:
        Numbers of wishes by what became of them.
    """
    begun = playbook.start_wanted_playbooks(
        mimecast=mimecast, store=store, policy=policy, mailbox=mailbox, tenants=tenants
    )
    log = get_run_logger()
    for one in begun:
        if one.outcome in _TROUBLE:
            log.warning("run %d, %s: %s: %s", one.run_id, one.playbook, one.outcome, harmless(one.detail, 300))
    return dict(sorted(Counter(one.outcome for one in begun).items()))
