"""Every command and where it is written; a command is imported when it is first asked for.

One start of `mailroom` runs one command. To import all of them and to read all their options takes longer than most
commands need for their work.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

COMMANDS = {
    "demo": "demo.demo",
    "sandbox": "sandbox.run_sandbox",
    "check": "check.check",
    "ingest": "ingest.ingest_app",
    "triage": "triage.triage",
    "retry": "retry.retry",
    "explain": "explain.explain",
    "stats": "stats.stats",
    "release": "dispose.release",
    "reject": "dispose.reject",
    "bulk": "bulk.bulk_app",
    "approvals": "approvals.approvals_app",
    "approve": "approvals.approve",
    "decline": "approvals.decline",
    "overturn": "dispose.overturn",
    "label": "label.label",
    "undo": "undo.undo",
    "actions": "actions.actions_app",
    "ask-recipient": "ask_recipient.ask_recipient",
    "ask-recipients": "ask_recipient.ask_recipients",
    "investigate": "investigate.investigate",
    "block-sender": "block_sender.block_sender",
    "expire-blocks": "block_sender.expire_blocks",
    "remediate": "remediate.remediate",
    "handle-report": "handle_report.handle_report",
    "campaign": "campaign.campaign_app",
    "case": "case_playbooks.case_app",
    "wall": "wall.wall_app",
    "triage-report": "triage_report.triage_report",
    "rules": "rules.rules_app",
    "ask": "ask.ask",
    "replies": "replies.replies_app",
    "mail": "mail_wait.mail_app",
    "mail-rules": "mail_rules.mail_rules_app",
    "mimecast": "mimecast_threats.mimecast_app",
    "archive": "archive_part.archive_app",
    "block": "senders.block",
    "permit": "senders.permit",
    "report": "senders.report",
    "remediate-incident": "pull_back.remediate_incident",
    "policy": "policy.policy_app",
    "group": "group.group_app",
    "url": "urls.url_app",
    "hash": "hashes.hash_app",
}
"""Name -> module of `mailroom.cli` and function, or group of commands, in it; in the order of the help."""


class CommandsWhenAsked(Mapping[str, Any]):
    """The commands by name; to name them all is cheap, to look at one imports it."""

    def __init__(self) -> None:
        self._made: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            self._made[name] = _made(name, COMMANDS[name])
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)


class Root(TyperGroup):
    """`mailroom` itself."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**(options | {"commands": CommandsWhenAsked()}))


def _made(name: str, where: str) -> Any:
    module, _, attribute = where.partition(".")
    found = getattr(import_module(f"mailroom.cli.{module}"), attribute)
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False)
    if isinstance(found, typer.Typer):
        alone.add_typer(found, name=name)
    else:
        alone.command(name)(found)
    return get_group(alone).commands[name]
