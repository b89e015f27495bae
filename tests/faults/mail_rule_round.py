"""One round of rules on mail, as a process that a test can kill.

    python mail_rule_round.py     a warm parent that forks one round per line on its standard input and waits for it

A line is JSON: `fault`, `store`, `blobs`, `rules` (a folder). The answer is JSON too: `code` (negative: the signal that
ended the child) and `report`.
"""

from __future__ import annotations

from typing import Any

import mailbox_cycle

from mailroom.playbooks.mail_rules import apply_mail_rules, load_checked
from mailroom.store import Store


def round_(asked: dict[str, Any]) -> dict[str, Any]:
    """Apply the rules; what the round reports."""
    with Store.open(asked["store"], blobs=asked["blobs"]) as store:
        return apply_mail_rules(store, *load_checked([asked["rules"]])).counts()


if __name__ == "__main__":
    mailbox_cycle.cycle = round_
    mailbox_cycle.serve()
