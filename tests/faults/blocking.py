"""A playbook that blocks, pulls back or ends blocks, as a process that a test can kill.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import cycle

from mailroom.effects.changes import CHANGES
from mailroom.errors import MailroomError
from mailroom.mimecast import ClientCredentials, MimecastClient
from mailroom.playbooks import act
from mailroom.playbooks import block_sender as blocking
from mailroom.playbooks import remediate as remediation
from mailroom.playbooks.expire_blocks import expire_blocks
from mailroom.store import Store


def once() -> int:
    """Run the playbook; 0, or 3 after an error that the report names."""
    wanted = {name.removeprefix("CYCLE_").lower(): text for name, text in os.environ.items() if "CYCLE_" in name}
    for change in CHANGES.values():  # the tests do not wait until a late policy cannot appear any more
        type(change).absence_tells_after = timedelta(0)
    form = {name: tuple(v) if isinstance(v, list) else v for name, v in json.loads(wanted["form"]).items()}
    report: dict[str, object]
    try:
        with (
            MimecastClient(wanted["url"], ClientCredentials(**json.loads(wanted["keys"]))) as client,
            Store.open(wanted["store"], blobs=wanted["blobs"]) as store,
        ):
            desk = act.Desk(client, store, cycle.policy)
            if wanted["step"] == "block":
                plan = blocking.plan_block(desk, blocking.BlockForm(**form))
                report = {"states": [one.state for one in blocking.block(desk, plan)]}
            elif wanted["step"] == "propose":
                plan = blocking.plan_block(desk, blocking.BlockForm(**form))
                blocking.propose(desk, plan)
                plan = blocking.plan_block(desk, blocking.BlockForm(**form))
                report = {"states": [one.state for one in blocking.block(desk, plan, approved_by="ben")]}
            elif wanted["step"] == "remediate":
                found = remediation.plan_remediation(desk, remediation.RemediateForm(**form))
                client.clock.sleep = lambda _seconds: None  # type: ignore[method-assign]
                report = {"states": [one.state for one in remediation.remediate(desk, found)]}
            else:
                later = datetime.now(UTC) + timedelta(days=40)
                report = {"states": [one.outcome for one in expire_blocks(desk, now=later)]}
    except MailroomError as error:
        report = {"error": type(error).__name__, "message": str(error)}
    Path(wanted["report"]).write_text(json.dumps(report))
    return 3 if "error" in report else 0


if __name__ == "__main__":
    cycle.once = once
    cycle.serve()
