"""A reported mail as an event for triage, of level T3: what the gateway saw, and what the mail says.

Of a mail that our people send us nothing proves its sender: whoever attaches it may have changed it, and whoever wrote
it may have put any header into it. So its own authentication results are left out. What the tenant knows of the same
mail is believed; where the tenant does not know it, whatever is not there stays unknown to the rules.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mailroom.connectors.held_event import cut, instant
from mailroom.connectors.reported.originals import Original
from mailroom.connectors.tracked.event import event_of as tracked_event
from mailroom.indicators import find, unwrap
from mailroom.mail.html_text import html_links, html_to_text
from mailroom.mail.model import Mail
from mailroom.mimecast.models import MessageInfo, TrackedEmail
from mailroom.store.alerts import NewAlert

LEVEL = "T3"
PRODUCT = "Mail"
EVENT_NAME = "Reported mail"
_TEXT, _LINKS, _HEADERS, _PARTS = 50_000, 200, 200, 500
_UNPROVEN = frozenset({"authentication-results", "arc-authentication-results", "received-spf", "dkim-signature"})
"""Headers that prove something only to the server that wrote them."""


def content_of(original: Original) -> dict[str, Any]:
    """What only the whole mail shows: its text and its links, with what each link shows to people."""
    text = original.text or (html_to_text(original.html) if original.html else "")
    return {"text": text[:_TEXT], "links": _links(original, text), "html_only": _html_only(original)}


def event_of(
    original: Original, reporter: str, *, record: TrackedEmail | None = None, info: MessageInfo | None = None
) -> dict[str, Any]:
    """Everything that triage may know of a reported mail. Pure.

    Args:
        original: The mail.
        reporter: Who reported it: one of its recipients, as far as we know.
        record: What message tracking knows of the same mail.
        info: What the tenant knows in detail.
    """
    if record is not None and info is not None:
        known = tracked_event(record, info)
    elif original.mail is not None:
        known = _of_mail(original, original.mail, reporter)
    else:
        known = _of_quote(original, reporter)
    return known | {"level": LEVEL, "reported_how": original.how} | content_of(original)


def alert_of(
    original: Original, event: dict[str, Any], *, tenant: str, reporter: str, received_at: datetime, environment: str
) -> NewAlert:
    """The alert of a reported mail that no other source has. The first reporter stands as its recipient."""
    header = event.get("header_from") or {}
    sender = cut(str(header.get("address") or original.sender.address).lower(), 320)
    return NewAlert(
        external_key=original.key,
        tenant=tenant,
        title=cut(original.subject, 500),
        sender=sender,
        sender_domain=sender.rpartition("@")[2][:255],
        recipient=reporter[:320],
        received_at=received_at,
        seed_priority=-1,
        priority=-1,
        environment=environment,
        product=PRODUCT,
        event_name=EVENT_NAME,
        group_key=original.key,
        level=LEVEL,
        event=event,
        tracking_id=str(event.get("tracking_id") or ""),
        message_id=cut(str(event.get("message_id") or original.message_id), 1_000),
    )


def _of_mail(original: Original, mail: Mail, reporter: str) -> dict[str, Any]:
    """An attached mail, by its own words: they may speak against it, and never prove who sent it."""
    reply_to = mail.header_all("Reply-To")
    return {
        "schema": 1,
        "message_id": mail.message_id or None,
        "header_from": {"address": cut(mail.author.address, 1_000), "display_name": cut(mail.author.name, 1_000)},
        "from_headers": [cut(value) for value in mail.header_all("From")[:20]],
        "reply_to": cut(reply_to[0]) if reply_to else None,
        "recipient": reporter,
        "recipients": [reporter],
        "subject": cut(mail.subject),
        "sent_at": instant(original.sent_at),
        "size": mail.size,
        "has_attachments": bool(mail.attachments),
        "components": [
            {
                "name": cut(one.name), "type": one.real_type, "mime_type": one.mime_type, "size": one.size,
                "sha256": one.sha256,
            }
            for one in mail.attachments[:_PARTS] if not one.is_inline
        ],
        "components_cut": len(mail.attachments) > _PARTS,
        "headers": [
            [name, cut(value)] for name, value in mail.headers[:_HEADERS] if name.lower() not in _UNPROVEN
        ],
    }  # fmt: skip


def _of_quote(original: Original, reporter: str) -> dict[str, Any]:
    """A quoted mail: what stands in the header block that the reporter's program wrote."""
    return {
        "schema": 1,
        "header_from": {
            "address": cut(original.sender.address, 1_000), "display_name": cut(original.sender.name, 1_000)
        },
        "recipient": reporter,
        "recipients": [reporter],
        "subject": cut(original.subject),
        "sent_at": instant(original.sent_at),
    }  # fmt: skip


def _links(original: Original, text: str) -> list[dict[str, str]]:
    """Targets with what they show; of rewritten links the true target."""
    found: dict[tuple[str, str], None] = {}
    for link in html_links(original.html, limit=_LINKS) if original.html else []:
        found[(link.target, " ".join(link.text.split()))] = None
    shown = {target for target, _ in found}
    for one in find(text[:_TEXT], kinds=("url",)):
        if one.value not in shown:
            found[(one.value, "")] = None
    rows = []
    for target, words in list(found)[:_LINKS]:
        if target.lower().startswith(("http:", "https:", "ftp:")):
            rows.append({"url": cut(unwrap(target) or target, 2_000), "shown": cut(words, 300)})
    return rows


def _html_only(original: Original) -> bool:
    mail = original.mail
    return bool(mail is not None and mail.html and mail.content_type == "text/html")
