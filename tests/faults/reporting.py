"""Handling every report of a mailbox, as a process that a test can kill.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import cycle

from mailroom.errors import MailroomError
from mailroom.mail.account import account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.mimecast import ClientCredentials, MimecastClient
from mailroom.playbooks import act
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.reported import ReportDesk, handle_reports
from mailroom.store import Store
from mailroom.triage.packaged import demo_lists


def once() -> int:
    """Handle the reports; 0, or 3 after an error that the report names."""
    wanted = {name.removeprefix("CYCLE_").lower(): text for name, text in os.environ.items() if "CYCLE_" in name}
    # A copy in Sent proves a mail, and its absence that there was none.
    account = replace(account_from("phish", AccountFields(**json.loads(wanted["account"]))), stores_sent_copy=True)
    report: dict[str, object]
    try:
        with (
            MimecastClient(wanted["url"], ClientCredentials(**json.loads(wanted["keys"]))) as client,
            Store.open(wanted["store"], blobs=wanted["blobs"]) as store,
        ):
            desk = act.Desk(client, store, lambda: Policy.build(lists=(demo_lists(),)))
            report = {"states": [one.state for one in handle_reports(ReportDesk(desk, account, "nw"))]}
    except MailroomError as error:
        report = {"error": type(error).__name__, "message": str(error)}
    Path(wanted["report"]).write_text(json.dumps(report))
    return 3 if "error" in report else 0


if __name__ == "__main__":
    cycle.once = once
    cycle.serve()
