"""Mails that are alerts: listing them, and getting the mail itself again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from mailroom.connectors.careful_login import open_carefully
from mailroom.connectors.mailbox import CONNECTOR
from mailroom.errors import NotFoundError, RejectedError
from mailroom.mail.account import MailAccount
from mailroom.mail.actions.criteria import MailCriteria, bare_id
from mailroom.mail.actions.selecting import LARGEST, read_whole, search
from mailroom.mail.imap import ImapSession
from mailroom.mail.parse import parse_safely
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.store.schema import alerts


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One stored mail. Texts are the sender's words: hostile data."""

    alert_id: int
    message_id: str
    subject: str
    sender: str
    recipient: str
    received_at: datetime
    mailbox: str
    folder: str
    email_uid: str
    attachments: tuple[str, ...]
    """Names."""
    saved_attachments: int
    """Of them, kept with the alert."""
    original_kept: bool
    """The original .eml lies in the store."""
    handling: str

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values; times are UTC."""
        values: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        received = self.received_at.astimezone(UTC)
        values |= {"attachments": list(self.attachments), "received_at": received.isoformat()}
        return values | {"received_date": f"{received:%Y-%m-%d %H:%M:%S}"}


def list_emails(
    store: Store, *, mailbox: str = "", sender: str = "", handling: str = "", limit: int = 100, offset: int = 0
) -> list[StoredMail]:
    """The stored mails, newest first. Effect: reads the store.

    Args:
        store: Where they lie.
        mailbox: Only those of the mailbox of this name.
        sender: Only those of this address.
        handling: Only those whose alert is in this state, such as `open`.
        limit: Most rows.
        offset: Rows to pass over.
    """
    found = store.alerts.list(
        connector=CONNECTOR, key_prefix=f"{mailbox}/" if mailbox else "", sender=sender.strip().lower(),
        handling=handling or None, limit=limit, offset=offset,
    )  # fmt: skip
    return [_stored(alert) for alert in found]


def mail_of_alert(store: Store, account: MailAccount | None, alert: Alert) -> bytes:
    """The mail an alert was made of, from the store where it is kept there, else from the mailbox.

    Effect: reads store and mailbox.

    Args:
        store: Where the original may be kept.
        account: The mailbox it came from; None: only the store is looked into.
        alert: Of the mailbox connector.

    Raises:
        NotFoundError: the alert is of another kind, or the mail is not to be found any more.
        RejectedError: the mail is too large.
        CredentialsError: the login was refused, now or a short while ago.
    """
    if alert.connector != CONNECTOR:
        raise NotFoundError(f"alert {alert.id} was not made of a mail in a mailbox, so there is no mail to fetch")
    event = alert.event
    if kept := str(event.get("eml_sha256", "")):
        return store.blobs.get(kept)
    if account is None:
        raise NotFoundError(f"the mail of alert {alert.id} is not kept in the store; configure its mailbox to fetch it")
    if event.get("mailbox") != account.name:
        raise NotFoundError(
            f"alert {alert.id} is of mailbox {str(event.get('mailbox'))!r}, and {account.name!r} was asked"
        )
    number = int(event.get("attached_number") or 0)
    with open_carefully(account, store) as session:
        if number:
            parent = _outer(store, alert)
            raw = _fetched(session, account, parent or alert, checked=parent is not None)
            inside = parse_safely(raw).nested_raw
            if number > len(inside):
                raise NotFoundError(f"the mail of alert {alert.id} is not inside the one that came in any more")
            return inside[number - 1]
        return _fetched(session, account, alert, checked=True)


def _outer(store: Store, alert: Alert) -> Alert | None:
    """The alert of the mail this one was attached to."""
    key = str(alert.event.get("attached_to", ""))
    query = select(alerts.c.id).where(
        alerts.c.tenant == alert.tenant, alerts.c.connector == CONNECTOR, alerts.c.external_key == key
    )
    known = store.db.value(query)
    return store.alerts.get(known) if known is not None else None


def _fetched(session: ImapSession, account: MailAccount, alert: Alert, *, checked: bool) -> bytes:
    """The mail by its UID, or wherever it was moved to, by its Message-ID; its digest must be the stored one."""
    event = alert.event
    wanted = str(event.get("sha256", "")) if checked and not event.get("truncated") else ""
    by_uid = MailCriteria(folders=(str(event["folder"]),), uids=(int(event["email_uid"]),))
    attempts = [(by_uid, int(event["uidvalidity"]))]
    if checked and (known := bare_id(alert.message_id)):
        folders = dict.fromkeys((str(event["folder"]), *account.folders, "Archive", "Trash", "Junk"))
        attempts.append((MailCriteria(folders=tuple(folders), message_ids=(known,)), 0))
    for criteria, validity in attempts:
        rows = search(session, criteria, may_be_missing=True)
        for _, fetched in read_whole(session, [row for row in rows if validity in (0, row.uidvalidity)]):
            if fetched.truncated:
                raise RejectedError(f"the mail of alert {alert.id} has more than {LARGEST >> 20} MiB: too large")
            if not wanted or parse_safely(fetched.raw).sha256 == wanted:
                return fetched.raw
    raise NotFoundError(
        f"the mail of alert {alert.id} is neither in {event['folder']} nor where mails are moved to: it was deleted. "
        "The connector keeps originals when Attach Original EML is on."
    )


def _stored(alert: Alert) -> StoredMail:
    event = alert.event
    return StoredMail(
        alert_id=alert.id,
        message_id=alert.message_id,
        subject=alert.title,
        sender=alert.sender,
        recipient=alert.recipient,
        received_at=alert.received_at,
        mailbox=str(event.get("mailbox", "")),
        folder=str(event.get("folder", "")),
        email_uid=str(event.get("email_uid", "")),
        attachments=tuple(str(one.get("name", "")) for one in event.get("attachments", ())),
        saved_attachments=len(event.get("saved_attachments", ())),
        original_kept=bool(event.get("eml_sha256")),
        handling=alert.handling,
    )
