"""A store with mails that became alerts, and rules written on the spot."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from mailroom.connectors.mailbox.event import attached_event, event_of, forwarded_event
from mailroom.mail.parse import parse
from mailroom.mail.replies import forwarded
from mailroom.store import NewAlert, Settled, StagedItem, Store

TENANT = "soc@northwind.example"
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

RULE = """
schema: 1
id: {id}
version: 1
enabled: {enabled}
title: Mail that speaks of invoices
owner: desk
match:
  money: {{ subject|words_any: invoice }}
condition: money
map: {{ sender: from.address, subject: subject }}
actions: {actions}
tests:
  - {{ name: speaks of it, with: {{ subject: An invoice }}, expect: true }}
  - {{ name: does not, with: {{ subject: Lunch }}, expect: false }}
"""


def rule(actions: str, *, id: str = "invoices", enabled: bool = True) -> str:
    """A rule on subjects with the word invoice; `actions` is YAML on one line."""
    return RULE.format(id=id, enabled=str(enabled).lower(), actions=actions)


def write(folder: Path, *rules: str) -> Path:
    """A folder of rules, one file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, text in enumerate(rules):
        (folder / f"rule-{number}.yml").write_text(text, encoding="utf-8")
    return folder


def mail(
    number: int = 1, *, subject: str = "Your invoice", sender: str = "Ann <ann@fabrikam.example>",
    body: str = "Pay me.", files: dict[str, bytes] | None = None, inner: bytes = b"", **headers: str,
) -> bytes:  # fmt: skip
    """A mail as it comes over the wire."""
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, "soc@northwind.example", subject
    message["Message-ID"] = f"<m{number}@fabrikam.example>"
    message["Date"] = "Mon, 02 Mar 2026 09:00:00 +0000"
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(body)
    for name, content in (files or {}).items():
        message.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    if inner:
        from email import message_from_bytes, policy

        message.add_attachment(message_from_bytes(inner, policy=policy.default))
    return message.as_bytes().replace(b"\n", b"\r\n")


def store_mail(store: Store, raw: bytes, *, tenant: str = TENANT, kept: bool = True, **event: Any) -> int:
    """The alert that the mailbox connector would make of this mail; the original is kept in the store."""
    read = parse(raw)
    made = event_of(read) | {"mailbox": "soc", "folder": "INBOX", "uidvalidity": 1, "email_uid": "1"}
    if read.nested:
        made["attached_mails"] = [attached_event(one) for one in read.nested]
    if found := forwarded(read):
        made["forwarded"] = [forwarded_event(one) for one in found]
    if kept:
        made["eml_sha256"] = store.blobs.put(raw)
    made |= event
    key = hashlib.sha256(raw).hexdigest()[:20]
    source = store.sources.ensure(tenant, "mailbox", "soc/INBOX", "1")
    when = START + timedelta(seconds=sum(store.items.counts().values()))
    store.items.stage(source.id, None, [StagedItem(key, key, when, {})])
    pending = next(one for one in store.items.pending(source.id, limit=500) if one.external_key == key)
    alert = NewAlert(
        external_key=key, tenant=tenant, title=read.subject, sender=read.author.address,
        sender_domain=read.author.address.rpartition("@")[2], recipient="soc@northwind.example", received_at=when,
        seed_priority=-1, priority=-1, level="T2", event=made, message_id=read.message_id, product="Mail",
        event_name="Received mail", environment="Default Environment",
    )  # fmt: skip
    store.items.settle(source.id, None, [Settled(pending.id, "alerted", alert=alert)])
    return max(one.id for one in store.alerts.list(limit=1))
