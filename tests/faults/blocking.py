"""A playbook that blocks, pulls back or ends blocks, as a process that a test can kill.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import cycle

from mailroom.effects.changes import CHANGES
from mailroom.playbooks import act
from mailroom.playbooks import block_sender as blocking
from mailroom.playbooks import remediate as remediation
from mailroom.playbooks.expire_blocks import expire_blocks


def step(wanted: dict[str, str]) -> dict[str, Any]:
    """Run the playbook."""
    for change in CHANGES.values():  # the tests do not wait until a late policy cannot appear any more
        type(change).absence_tells_after = timedelta(0)
    form = {name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(wanted["form"]).items()}
    with cycle.opened(wanted) as (client, store):
        desk = act.Desk(client, store, cycle.policy)
        if wanted["step"] == "block":
            plan = blocking.plan_block(desk, blocking.BlockForm(**form))
            return {"states": [one.state for one in blocking.block(desk, plan)]}
        if wanted["step"] == "propose":
            plan = blocking.plan_block(desk, blocking.BlockForm(**form))
            blocking.propose(desk, plan)
            plan = blocking.plan_block(desk, blocking.BlockForm(**form))
            return {"states": [one.state for one in blocking.block(desk, plan, approved_by="ben")]}
        if wanted["step"] == "remediate":
            found = remediation.plan_remediation(desk, remediation.RemediateForm(**form))
            client.clock.sleep = lambda _seconds: None  # type: ignore[method-assign]
            return {"states": [one.state for one in remediation.remediate(desk, found)]}
        later = datetime.now(UTC) + timedelta(days=40)
        return {"states": [one.outcome for one in expire_blocks(desk, now=later)]}


if __name__ == "__main__":
    cycle.serve_step(step)
