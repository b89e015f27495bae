"""`mailroom check`."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated

import typer

from mailroom.cli import desk, output
from mailroom.cli.exits import Exit
from mailroom.cli.options import AsJson
from mailroom.errors import MailroomError, StoreError
from mailroom.mimecast import ping
from mailroom.playbooks.check_rows import CheckRow, failed, rows_of
from mailroom.playbooks.checks import check_policy, check_records, check_store

_WIDE = 600  # a path, a line, and a sentence that says what to do


def check(
    rules_only: Annotated[
        bool, typer.Option("--rules", help="Only rules, lists and modes: needs no tenant and no store.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Test everything a run needs, stage by stage, and say what is missing and what to do about it.

    Reads the tenant: DNS, TCP, TLS, clock, credentials, each permission, one read. The mailbox, when one is
    configured: IMAP and SMTP up to the login. Then the store, the rules and the modes. Exit code 9 when a stage failed.
    """
    with desk.opened() as here:
        rows = [] if rules_only else _tenant(here) + _mailbox(here) + check_store(lambda: here.store)
        rows += _rules(here, rules_only=rules_only)
    wrong = [row for row in rows if row.result == "failed"]
    if as_json:
        output.print_json({"ok": not wrong, "stages": [row.as_dict() for row in rows]})
    else:
        columns = ("stage", "result", "detail", "advice")
        output.table("Check", columns, [[row.stage, row.result, row.detail, row.advice] for row in rows], _WIDE)
    if wrong:
        raise typer.Exit(Exit.CHECK_FAILED)


def _tenant(here: desk.Here) -> list[CheckRow]:
    if not here.has_tenant and here.has_mailbox:
        return [CheckRow("mimecast", "skipped", "there is a mailbox, and no tenant is configured")]
    try:
        report = ping.ping(here.client)
    except MailroomError as error:
        return [failed("mimecast", error)]
    return rows_of(report.stages)


def _mailbox(here: desk.Here) -> list[CheckRow]:
    if not here.has_mailbox:
        return [CheckRow("mailbox", "skipped", "no mailbox is configured")]
    from mailroom.connectors.careful_login import remember_ping
    from mailroom.mail.actions.ping import ping as ping_mailbox  # others do without

    try:
        report = ping_mailbox(here.account)
    except MailroomError as error:
        return [failed("mailbox", error)]
    with suppress(StoreError):  # said by the stage of the store
        remember_ping(here.account, here.store, report)
    return rows_of(report.stages)


def _rules(here: desk.Here, *, rules_only: bool) -> list[CheckRow]:
    if not rules_only and not here.has_policy and not here.has_tenant:
        return [CheckRow("rules", "skipped", "there is neither a policy nor a tenant block of this name")]
    return check_policy(here.policy) + ([] if rules_only else check_records(lambda: here.store, here.policy))
