"""One step of asking by mail as a process that a test can kill: `ask` sends a question, `watch` looks for answers.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import cycle

from mailroom.mail.account import account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.playbooks.ask import PostDesk, ask
from mailroom.playbooks.question import Question, Waiting
from mailroom.playbooks.watch_replies import watch_once
from mailroom.store import Store
from mailroom.store.wait_rows import Wait


def step(wanted: dict[str, str]) -> dict[str, Any]:
    """Ask, or watch."""
    account = account_from("soc", AccountFields(**json.loads(wanted["account"])))

    def resume(wait: Wait) -> bool:
        with Path(wanted["resumed"]).open("a", encoding="ascii") as log:
            log.write(f"{wait.flow_run_id} {wait.state}\n")
        return True

    with Store.open(wanted["store"], blobs=wanted["blobs"]) as store:
        if wanted["step"] != "ask":
            return watch_once(store, account, resume=resume).as_dict()
        question = Question(
            to=tuple(wanted["to"].split(",")), subject="Did you expect it?", text="Please say.",
            waiting=Waiting(mode="any" if wanted.get("any") else "all", time_limit=timedelta(hours=1)),
            reminders=(timedelta(milliseconds=1),) if wanted.get("remind") else (),
        )  # fmt: skip
        return {"state": ask(PostDesk(store, account), question, key="run/ask", flow_run_id="run").state}


if __name__ == "__main__":
    cycle.serve_step(step)
