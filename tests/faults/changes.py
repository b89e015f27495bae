"""One change of the tenant as a process that a test can kill; with `undo`, it is made and taken back.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import cycle

from mailroom.effects.changes import CHANGES, change_of, change_once, look_up_changes, undo_once


def step(wanted: dict[str, str]) -> dict[str, Any]:
    """Make the change, or look up what became of it."""
    for change in CHANGES.values():  # the tests do not wait until a late policy cannot appear any more
        type(change).absence_tells_after = timedelta(0)
    with cycle.opened(wanted) as (client, store):
        if wanted.get("look_up"):
            store.ledger.adopt_orphans()
            return {"states": [result.state for result in look_up_changes(client, store)]}
        change = change_of(wanted["kind"])
        done = change_once(client, store, change, json.loads(wanted["parameters"]), tenant="northwind")
        back = undo_once(client, store, done.action_id) if wanted.get("undo") else done
        return {"state": back.state, "recorded": back.recorded}


if __name__ == "__main__":
    cycle.serve_step(step)
