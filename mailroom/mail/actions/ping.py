"""Ping: IMAP and SMTP of one mailbox, stage by stage, each said with its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.mail.account import MailAccount
from mailroom.mail.imap.ping import ping as imap_ping
from mailroom.mail.smtp.ping import ping as smtp_ping
from mailroom.redact import one_line, scrub
from mailroom.stages import Stage

_CONNECT, _ANSWER = 10.0, 20.0
"""Seconds: whoever asks for a test looks on, and is not kept waiting as long as a run may be."""


@dataclass(frozen=True, slots=True)
class PingReport:
    """Both halves of a mailbox."""

    stages: tuple[Stage, ...]
    imap: bool | None
    """None: not configured."""
    smtp: bool | None

    @property
    def is_succeed(self) -> bool:
        """The documented result: every half that is configured works, and there is one."""
        return False not in (self.imap, self.smtp) and True in (self.imap, self.smtp)

    def logged_in(self, half: Literal["imap", "smtp"]) -> bool:
        """Whether that half's login worked, whatever came of the stages after it."""
        return any(stage.name == f"{half} login" and stage.ok for stage in self.stages)

    @property
    def message(self) -> str:
        """One sentence: what works, or which half failed, at which stage and why."""
        failed = [stage for stage in self.stages if stage.ok is False]
        if failed:
            return " ".join(
                f"{_half(one)} failed at {one.name}: {one.detail}.{_sentence(one.advice)}" for one in failed
            )
        works = " and ".join(name for name, ok in (("IMAP", self.imap), ("SMTP", self.smtp)) if ok)
        return f"Successfully connected by {works}." if works else "Neither IMAP nor SMTP is configured."


def ping(account: MailAccount, *, clock: Clock = SYSTEM_CLOCK, check_sender: bool = True) -> PingReport:
    """Log in to IMAP and to SMTP. Never raises for something that does not work.

    Effect: reads; with `check_sender`, a mail is announced to the SMTP server and taken back at once.

    Args:
        account: Which mailbox.
        clock: Where time comes from.
        check_sender: Also ask whether this login may send as the mailbox's address.
    """
    stages: list[Stage] = []
    imap = smtp = None
    if account.imap is None:
        stages.append(Stage("imap", None, "not configured: mail can only be sent"))
    else:
        reading = replace(
            account.imap,
            connect_timeout=min(account.imap.connect_timeout, _CONNECT),
            read_timeout=min(account.imap.read_timeout, _ANSWER),
        )
        found = imap_ping(reading, clock, folder=account.folders[0] if account.folders else "INBOX")
        stages += [_stage("imap", one.name, one.ok, one.detail, one.advice) for one in found]
        imap = all(one.ok is not False for one in found)
    if account.smtp is None:
        stages.append(Stage("smtp", None, "not configured: mail can only be read"))
    else:
        sending = replace(
            account.smtp,
            connect_timeout=min(account.smtp.connect_timeout, _CONNECT),
            read_timeout=min(account.smtp.read_timeout, _ANSWER),
        )
        sent = smtp_ping(sending, sender=account.sends_as if check_sender else "")
        stages += [_stage("smtp", one.name, one.ok, one.detail, one.advice) for one in sent]
        smtp = all(one.ok is not False for one in sent)
    return PingReport(tuple(stages), imap, smtp)


def _stage(half: str, name: str, ok: bool | None, detail: str, advice: str) -> Stage:
    return Stage(f"{half} {name}", ok, one_line(scrub(detail)).rstrip("."), one_line(scrub(advice)))


def _half(stage: Stage) -> str:
    return stage.name.partition(" ")[0].upper()


def _sentence(advice: str) -> str:
    return f" {advice[0].upper()}{advice[1:].rstrip('.')}." if advice else ""
