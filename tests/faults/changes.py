"""One change of the tenant as a process that a test can kill; with `undo`, it is made and taken back.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path

import cycle

from mailroom.effects.changes import CHANGES, change_of, change_once, look_up_changes, undo_once
from mailroom.errors import MailroomError
from mailroom.mimecast import ApplicationKeys, ClientCredentials, MimecastClient
from mailroom.store import Store


def once() -> int:
    """Make the change; 0, or 3 after an error that the report names."""
    wanted = {name.removeprefix("CYCLE_").lower(): text for name, text in os.environ.items() if "CYCLE_" in name}
    keys = json.loads(wanted["keys"])
    credentials = ApplicationKeys(**keys) if "app_id" in keys else ClientCredentials(**keys)
    for change in CHANGES.values():  # the tests do not wait until a late policy cannot appear any more
        type(change).absence_tells_after = timedelta(0)
    report: dict[str, object]
    try:
        with (
            MimecastClient(wanted["url"], credentials) as client,
            Store.open(wanted["store"], blobs=wanted["blobs"]) as store,
        ):
            if wanted.get("look_up"):
                store.ledger.adopt_orphans()
                report = {"states": [result.state for result in look_up_changes(client, store)]}
            else:
                change = change_of(wanted["kind"])
                done = change_once(client, store, change, json.loads(wanted["parameters"]), tenant="northwind")
                back = undo_once(client, store, done.action_id) if wanted.get("undo") else done
                report = {"state": back.state, "recorded": back.recorded}
    except MailroomError as error:
        report = {"error": type(error).__name__, "message": str(error)}
    Path(wanted["report"]).write_text(json.dumps(report))
    return 3 if "error" in report else 0


if __name__ == "__main__":
    cycle.once = once
    cycle.serve()
