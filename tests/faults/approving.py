"""Asking for approvals, deciding and carrying out, as a process that a test can kill.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

import cycle

from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.mail.account import account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.playbooks.act import Desk
from mailroom.playbooks.approvals import deciding
from mailroom.playbooks.approvals.bulk import plan_bulk, propose_bulk
from mailroom.playbooks.approvals.doing import carry_out_approved
from mailroom.playbooks.approvals.requesting import request_for_proposals
from mailroom.playbooks.approvals.round import request_approvals
from mailroom.playbooks.ask import PostDesk
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.tenants import names_of
from mailroom.playbooks.triage import triage_alerts
from mailroom.playbooks.watch_replies import watch_once
from mailroom.store.approval_rows import StoredApproval


def policy() -> Policy:
    """The rules of the cycle, in advise mode, with one approver."""
    rails = cycle.policy().rails.model_copy(update={"modes": {"release": "advise", "reject": "advise"}})
    approvers = tuple(one for one in [os.environ.get("CYCLE_APPROVER", "")] if one)
    return replace(cycle.policy(), rails=rails, approvers=approvers)


def step(wanted: dict[str, str]) -> dict[str, Any]:
    """Prepare, ask and decide by mail or here, one by one or in bulk."""
    with cycle.opened(wanted) as (client, store):
        desk = Desk(client, store, policy)
        if wanted["step"] == "prepare":
            ingest_held(client, store, HeldSettings())
            return {"triaged": triage_alerts(store, policy()).triaged}
        if wanted["step"] == "mail":
            return _by_mail(desk, PostDesk(store, account_from("soc", AccountFields(**_account(wanted)))))
        if wanted["step"] == "bulk":
            return _bulk(desk)
        request_for_proposals(store, policy(), tenants=names_of(client, store))
        return {str(one.id): _decided(desk, one) for one in store.approvals.newest()}


def _decided(desk: Desk, one: StoredApproval) -> dict[str, int]:
    if one.is_open:
        deciding.approve(desk.store, policy(), one.id, digest=one.digest, by="ben", channel="command line")
    return carry_out_approved(desk, one.id).counts()


def _bulk(desk: Desk) -> dict[str, object]:
    """What `mailroom bulk` does; when nothing of it is open any more there is nothing to do."""
    parameters = {"note": "unwanted", "reason": "Select One", "notify_sender": False}
    plan = plan_bulk(desk.store, policy(), "reject", ["subject~junk"], proposer="amy", parameters=parameters)
    if not plan.lines:
        return {"nothing": True}
    asked = propose_bulk(desk.store, policy(), plan).approval
    assert asked is not None
    return {str(asked.id): _decided(desk, asked)}


def _by_mail(desk: Desk, post: PostDesk) -> dict[str, object]:
    """One round, a look into the mailbox, and another round."""
    request_approvals(desk, post)
    watch_once(desk.store, post.account)
    return request_approvals(desk, post).as_dict()


def _account(wanted: dict[str, str]) -> dict[str, object]:
    known = json.loads(wanted["account"])
    return known | {"trusted_authserv_ids": tuple(known["trusted_authserv_ids"])}


if __name__ == "__main__":
    cycle.serve_step(step)
