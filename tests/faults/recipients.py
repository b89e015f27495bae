"""One step of asking recipients as a process that a test can kill: `ask` asks all, `watch` makes use of the answers.

Forked by a warm parent, as `cycle.py` does it; everything it needs stands in the environment.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import cycle

from mailroom.mail.account import account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.playbooks.ask import PostDesk
from mailroom.playbooks.ask_recipient import RecipientDesk, ask_recipients, handle_answers
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.watch_replies import watch_once
from mailroom.store import Store
from mailroom.triage.packaged import demo_lists


@cache
def policy() -> Policy:
    """The starter rules, everything automatic."""
    modes = dict.fromkeys(("release", "reject", "ask_recipient"), "auto")
    return Policy.build(lists=(demo_lists(),), modes=modes, require_evaluated_rules=False, max_release_share=1.0)


def step(wanted: dict[str, str]) -> dict[str, Any]:
    """Ask, or watch."""
    account = account_from("soc", AccountFields(**json.loads(wanted["account"])))

    def handle(kept: Store, mailbox: str) -> int:
        return handle_answers(kept, policy(), mailbox=mailbox).handled

    with Store.open(wanted["store"], blobs=wanted["blobs"]) as store:
        if wanted["step"] == "ask":
            return ask_recipients(RecipientDesk(PostDesk(store, account), policy)).as_dict()
        return watch_once(store, account, handlers=(handle,)).as_dict()


if __name__ == "__main__":
    policy().ruleset()
    cycle.serve_step(step)
