"""Email action "Ping"."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE
from pydantic import BaseModel, ConfigDict

from mailroom.mail.actions.ping import ping as check
from mailroom.playbooks.check_rows import rows_of
from tasks import _open
from tasks._catalogue import describe
from tasks._policy import only_transient
from tasks._wording import action
from tasks.mail._refusals import HERE


class PingResult(BaseModel):
    """What works and what does not."""

    model_config = ConfigDict(frozen=True)

    is_succeed: bool
    """Every half that is configured works."""
    imap: bool | None
    """None: not configured."""
    smtp: bool | None
    message: str
    """What works, or which half failed, at which stage and why."""
    stages: list[dict[str, str]]
    """stage, result ("ok", "failed", "skipped"), detail, advice."""


@describe(
    effect="reads",
    twice="harmless",
    example='mail.ping("soc")',
)
@task(
    name="Email: Ping",
    task_run_name="Ping",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=2,
    retry_delay_seconds=[2, 10],
    retry_condition_fn=only_transient,
)
def ping(mailbox: str = "default", *, check_sender: bool = True) -> PingResult:
    """Test the login to IMAP and to SMTP, stage by stage.

    A mailbox that does not work is a result, not an error: `is_succeed` is False then, and `message` says which of the
    two failed and why.

    Effect: reads; with `check_sender`, a mail is announced to the SMTP server and taken back. Twice is harmless.

    Args:
        mailbox: Name of the MailboxCredentials block.
        check_sender: Also ask whether this login may send as the mailbox's address.

    Returns:
        The documented `is_succeed`, and every stage.

    Raises:
        InvalidInputError: there is no such block, or it cannot work.

    Source: https://cloud.google.com/chronicle/docs/soar/marketplace-integrations/email
    """
    with action("Ping"):
        account = _open.account(mailbox)
        report = check(account, check_sender=check_sender)
        if account.imap is not None and report.logged_in("imap"):
            HERE.worked(account.imap)
    return PingResult(
        is_succeed=report.is_succeed,
        imap=report.imap,
        smtp=report.smtp,
        message=report.message,
        stages=[row.as_dict() for row in rows_of(report.stages)],
    )
