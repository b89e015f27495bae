"""Handling every report of a mailbox, as a process that a test can kill.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import cycle

from mailroom.mail.account import account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.playbooks import act
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.reported import ReportDesk, handle_reports
from mailroom.triage.packaged import demo_lists


def step(wanted: dict[str, str]) -> dict[str, Any]:
    """Handle the reports."""
    # A copy in Sent proves a mail, and its absence that there was none.
    account = replace(account_from("phish", AccountFields(**json.loads(wanted["account"]))), stores_sent_copy=True)
    with cycle.opened(wanted) as (client, store):
        desk = act.Desk(client, store, lambda: Policy.build(lists=(demo_lists(),)))
        return {"states": [one.state for one in handle_reports(ReportDesk(desk, account, "nw"))]}


if __name__ == "__main__":
    cycle.serve_step(step)
