"""Step "Apply Mail Rules": one task run, however many mails there are."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from pydantic import Field

from mailroom.clock import SYSTEM_CLOCK
from mailroom.errors import InvalidInputError
from mailroom.mail.imap import parse_list
from tasks import _open
from tasks._policy import only_transient
from tasks._progress import artifact_progress
from tasks._wording import action


@task(
    name="Apply Mail Rules",
    task_run_name="Apply Mail Rules",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[5, 30],
    retry_condition_fn=only_transient,
)
def apply_mail_rules(
    mailbox: str = "default",
    store: str = "default",
    *,
    rules: str = "starter",
    lists: str = "",
    templates: str = "",
    days: Annotated[float, Field(ge=0)] = 30,
    tenant: str = "",
) -> dict[str, Any]:
    """Apply rules to every stored mail of a mailbox they were not applied to yet, each mail once.

    Effect: reads the mailbox where attachments are saved, writes the store. Twice is harmless: nothing is left to do.

    Args:
        mailbox: Name of the MailboxCredentials block.
        store: Name of the AlertStore block.
        rules: Folders of rules on this worker, separated by commas; `starter` names the packaged ones.
        lists: Folders of lists that the rules use.
        templates: Folders of incident templates, besides the packaged ones.
        days: Mail stored longer ago is left alone; 0: none is.
        tenant: Name of the tenant in the store; the mailbox's address when empty.

    Returns:
        looked_at (mails), matched, unknown, done, failed, waiting (rules that held, by what became of them), incidents
        (opened), by_rule.

    Raises:
        InvalidInputError: a folder is not absolute; or names every wrong file and line of the rules.

    Source: https://help.sumologic.com/docs/platform-services/automation-service/app-central/integrations/imap/
    """
    from mailroom.cases.templates import load_templates
    from mailroom.playbooks import mail_rules

    with action("Apply Mail Rules"), artifact_progress("rules on mail") as progress:
        known = load_templates()
        if extra := _folders(templates):
            known |= load_templates(*extra)
        ruleset, _ = mail_rules.load_checked(_folders(rules), _folders(lists), templates=known)
        account = _open.account(mailbox)
        since = SYSTEM_CLOCK.now() - timedelta(days=days) if days else None
        report = mail_rules.apply_mail_rules(
            _open.store(store), ruleset, known, account=account, tenant=tenant or account.address, since=since,
            progress=progress,
        )  # fmt: skip
    log = get_run_logger()
    for warning in report.warnings:
        log.info("%s", warning)
    if report.failed:
        log.warning("%d rules could not do everything: `mailroom mail-rules hits --state failed`", report.failed)
    return report.counts() | {"by_rule": report.by_rule}


def _folders(text: str) -> list[Path]:
    found = [Path(one) for one in parse_list(text)]
    for one in found:
        if not one.is_absolute() and str(one) != "starter":
            msg = f"{one} is relative, and a worker's folder is no place of ours: give the whole path, or starter."
            raise InvalidInputError(msg)
    return found
