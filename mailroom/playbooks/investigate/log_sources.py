"""What the tenant's logs say: scanned files, impersonation, clicks, and what users reported. Reads only."""

from __future__ import annotations

from mailroom.mimecast import ttp_logs
from mailroom.mimecast.reported import reported_emails
from mailroom.playbooks.investigate.asking import MOST_READ, Asked, Context
from mailroom.playbooks.investigate.inquiry import host_of
from mailroom.playbooks.investigate.sightings import (
    ATTACHMENTS,
    IMPERSONATION,
    REPORTED,
    Click,
    Sighting,
    people,
    senders,
    short_address,
    short_id,
    short_subject,
    status_of,
)

_NO_LINKS = "this log knows no links"


def ask_attachments(context: Context, asked: Asked) -> None:
    """Scanned files of the sender or subject. The tenant cannot filter this log: all of it is read, up to a limit."""
    inquiry = context.inquiry
    if not inquiry.who and not inquiry.subject:
        asked.state, asked.detail = "not needed", _NO_LINKS
        return
    period = context.period
    walk = ttp_logs.attachment_logs(context.hurried(), start=period.start, end=period.end)
    for row in context.read(asked, walk, most=MOST_READ):
        came_from = senders(row.sender)
        if (inquiry.who and not inquiry.is_from(came_from)) or not inquiry.has_subject(row.subject):
            continue
        to, count = people([row.recipient])
        bad = row.result if row.result not in {"clean", "safe"} else ""
        asked.sightings.append(
            Sighting(
                source=ATTACHMENTS, at=row.at, senders=came_from, recipients=to, recipient_count=count,
                subject=short_subject(row.subject), risk="high" if bad == "malicious" else "",
                note=f"file {bad}: {row.file_name}"[:200] if bad else "", message_id=short_id(row.message_id),
            )
        )  # fmt: skip
        if len(asked.sightings) >= context.most:
            asked.cut(f"only the newest {context.most} rows were kept: ask for a shorter period")
            return


def ask_impersonation(context: Context, asked: Asked) -> None:
    """Mails of the sender that pretended to be from somebody."""
    inquiry = context.inquiry
    if not inquiry.who and not inquiry.subject:
        asked.state, asked.detail = "not needed", _NO_LINKS
        return
    search = ("senderAddress", inquiry.who) if inquiry.who else ("subject", inquiry.subject)
    period = context.period
    walk = ttp_logs.impersonation_logs(context.hurried(), start=period.start, end=period.end, search_by=search)
    for row in context.read(asked, walk):
        came_from = senders(row.sender)
        if (inquiry.who and not inquiry.is_from(came_from)) or not inquiry.has_subject(row.subject):
            continue
        to, count = people([row.recipient])
        why = ", ".join((*row.identifiers, *row.similar_domains))
        asked.sightings.append(
            Sighting(
                source=IMPERSONATION, at=row.at, senders=came_from, recipients=to, recipient_count=count,
                subject=short_subject(row.subject), status=status_of(row.action), once=f"{IMPERSONATION} {row.row_id}",
                risk="high" if row.tagged_malicious else "", note=f"impersonation: {why}"[:200],
                message_id=short_id(row.message_id),
            )
        )  # fmt: skip


def ask_clicks(context: Context, asked: Asked) -> None:
    """Clicks on the link, on its host, or on links in mails of the sender. All of the log is read, up to a limit."""
    inquiry, period = context.inquiry, context.period
    walk = ttp_logs.url_logs(context.hurried(), start=period.start, end=period.end)
    for row in context.read(asked, walk, most=MOST_READ):
        sender = short_address(row.sender)
        if inquiry.url and not inquiry.same_host(row.url):
            continue
        if inquiry.who and not (inquiry.is_from((sender,)) or (inquiry.domain and _leads_to(inquiry.domain, row.url))):
            continue
        if not inquiry.has_subject(row.subject):
            continue
        asked.clicks.append(
            Click(
                row.at, short_address(row.user), sender, short_subject(row.subject), row.url[:1_000], row.action[:60],
                row.scan_result[:60], short_id(row.message_id), inquiry.same_link(row.url),
            )
        )  # fmt: skip
        if len(asked.clicks) >= context.most:
            asked.cut(f"only the newest {context.most} clicks were kept: ask for a shorter period")
            return


def ask_reported(context: Context, asked: Asked) -> None:
    """What users reported themselves. API 2.0 only."""
    inquiry, period = context.inquiry, context.period
    if not inquiry.who and not inquiry.subject:
        asked.state, asked.detail = "not needed", _NO_LINKS
        return
    for row in context.read(asked, reported_emails(context.hurried()), most=MOST_READ):
        came_from = senders(row.sender)
        if row.reported_at is not None and not period.start <= row.reported_at <= period.end:
            continue
        if (inquiry.who and not inquiry.is_from(came_from)) or not inquiry.has_subject(row.subject):
            continue
        to, count = people([*row.recipients, row.reported_by] if not row.recipients else list(row.recipients))
        asked.sightings.append(
            Sighting(
                source=REPORTED, at=row.reported_at, senders=came_from, recipients=to, recipient_count=count,
                subject=short_subject(row.subject), note="reported by a user", message_id=short_id(row.message_id),
                done=("reported by a user",),
            )
        )  # fmt: skip


def _leads_to(domain: str, url: str) -> bool:
    host = host_of(url)
    return host == domain or host.endswith("." + domain)
