"""What an action says about each mail it met."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from mailroom.mail.imap import UNKNOWN_TIME, LightMail
from mailroom.mail.model import Mail

_FORM = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class MailRow:
    """One mail and what became of it. Texts are the sender's words: hostile data."""

    folder: str
    uid: int
    uidvalidity: int
    message_id: str
    subject: str
    sender: str
    sender_name: str
    to: tuple[str, ...]
    received_at: datetime | None
    """By the server's clock, UTC; None when it does not know."""
    sent_at: datetime | None
    """Of the Date header, UTC."""
    size: int
    """Octets as the server counts."""
    flags: tuple[str, ...]
    outcome: str = "found"
    """`found`, `would move`, `moved`, `already there`, `deleted`, `marked`, `gone`, ..."""
    detail: str = ""

    @property
    def unread(self) -> bool:
        """Nobody has read it."""
        return not self.has_flag("\\Seen")

    def has_flag(self, flag: str) -> bool:
        """Whether the mail has a flag, any case."""
        return flag.lower() in {one.lower() for one in self.flags}

    def became(self, outcome: str, detail: str = "") -> MailRow:
        """The same mail with another outcome."""
        return replace(self, outcome=outcome, detail=detail)

    def as_json(self) -> dict[str, Any]:
        """The documented keys, then ours. Times are UTC."""
        return {
            "message_id": self.message_id,
            "email_uid": str(self.uid),
            "subject": self.subject,
            "sender": self.sender,
            "to": ",".join(self.to),
            "date": self.sent_at.strftime(_FORM) if self.sent_at else None,
            "timestamp": int(self.sent_at.timestamp()) if self.sent_at else None,
            "received_date": self.received_at.strftime(_FORM) if self.received_at else None,
            "received_timestamp": int(self.received_at.timestamp()) if self.received_at else None,
            "folder": self.folder,
            "uidvalidity": self.uidvalidity,
            "sender_name": self.sender_name,
            "recipients": list(self.to),
            "size": self.size,
            "unread": self.unread,
            "flags": list(self.flags),
            "outcome": self.outcome,
            "detail": self.detail,
        }


def row_of(folder: str, uidvalidity: int, light: LightMail, mail: Mail) -> MailRow:
    """The row of a mail that was found."""
    return MailRow(
        folder=folder,
        uid=light.uid,
        uidvalidity=uidvalidity,
        message_id=mail.message_id,
        subject=mail.subject,
        sender=mail.author.address or mail.author.raw,
        sender_name=mail.author.name,
        to=tuple(one.address or one.raw for one in mail.to),
        received_at=None if light.internal_date == UNKNOWN_TIME else light.internal_date.astimezone(UTC),
        sent_at=_utc(mail.date),
        size=light.size,
        flags=light.flags,
    )


def _utc(moment: datetime | None) -> datetime | None:
    try:
        return moment.astimezone(UTC) if moment is not None else None
    except (OverflowError, ValueError):
        return None


@dataclass(frozen=True, slots=True)
class ChangeReport:
    """What a changing action did, mail by mail."""

    rows: tuple[MailRow, ...]
    dry_run: bool = False
    missing: tuple[str, ...] = ()
    """Message-IDs or UIDs that were named and are not there; after a first run that is as it should be."""

    @property
    def is_success(self) -> bool:
        """Everything that was found is as it was wished to be."""
        return all(row.outcome != "failed" for row in self.rows)

    @property
    def changed(self) -> int:
        """Mails this call changed."""
        return 0 if self.dry_run else sum(row.outcome in CHANGED for row in self.rows)

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {
            "is_success": self.is_success,
            "dry_run": self.dry_run,
            "changed": self.changed,
            "emails": [row.as_json() for row in self.rows],
            "missing": list(self.missing),
        }


CHANGED = frozenset({"moved", "deleted", "moved to trash", "copied to trash", "marked as deleted", "marked"})
"""Outcomes that changed a mail."""
