"""Where a mail, a file or a link is: message tracking, archive, threat logs. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from mailroom.errors import AccessError, NotOfferedError, RejectedError
from mailroom.mimecast import MimecastClient, archive, remediation, tracking, ttp_logs
from mailroom.mimecast.archive_query import ArchiveQuery
from mailroom.mimecast.models import TrackedEmail
from mailroom.mimecast.reading import pass_over
from mailroom.mimecast.tracking import REACH
from mailroom.playbooks.remediate.model import Copy, Findings
from mailroom.redact import without_mailboxes

_NEAR = timedelta(hours=6)
_MOMENT = timedelta(minutes=1)
_TOO_OLD = (
    "message tracking shows the last 29 days and 23 hours only. For what is older begin the incident itself, with a "
    'start: `mailroom remediate-incident`, or the action "Create Remediation Incident"'
)
_MOST_MESSAGES, _MOST_ROWS, _MOST_LOOKS, _MOST_LOGS = 100, 200, 20, 50_000


def find_everywhere(client: MimecastClient, search_by: str, value: str, *, start: datetime) -> Findings:
    """Every copy of one item since `start`. Effect: reads the tenant.

    A source that the tenant does not offer, or refuses, is said in the notes; the others still count.

    Args:
        client: Which tenant.
        search_by: `messageId`, `hash` or `url`.
        value: What to look for.
        start: Earliest time, aware.

    Raises:
        TransientError, ResponseError: A source cannot be read now.
    """
    found = Findings()
    end = client.now()
    ids: dict[str, None] = {}
    if search_by != "hash" and start < end - REACH - _MOMENT:  # the attachment log names what tracking forgot
        found.too_old = _TOO_OLD
        if search_by == "url":  # links are sent again and again; the copies of one mail come at one time
            found.cut.append(_TOO_OLD)
    if search_by == "messageId":
        ids[value] = None
    elif search_by == "hash":
        _try(found, "attachment log", lambda: ids.update(_with_file(client, found, value, start, end)))
        _try(found, "file search", lambda: _seen_by_hash(client, found, value))
    else:
        _try(found, "click log", lambda: ids.update(_with_click(client, found, value, start, end)))
        _try(found, "tracking", lambda: _tracked(client, found, start, end, url=value))
    for number, message_id in enumerate(ids):
        if number >= _MOST_MESSAGES:
            found.cut.append(f"only the first {_MOST_MESSAGES} of {len(ids)} mails were looked at one by one")
            break
        _try(found, "tracking", partial(_tracked, client, found, start, end, message_id=message_id))
        _try(found, "archive", partial(_archived, client, found, message_id))
    found.notes = list(dict.fromkeys([*found.notes, *found.cut]))
    return found


def _try(found: Findings, source: str, look: Callable[[], object]) -> None:
    try:
        look()
    except (AccessError, NotOfferedError, RejectedError) as error:
        why = without_mailboxes(str(error)) if isinstance(error, AccessError) else type(error).__name__
        found.refused[source] = why[:300].rstrip(". ")
        found.notes.append(f"{source}: not searched ({type(error).__name__}); what it holds is not counted")


def _add(
    found: Findings, source: str, message: str, recipient: str, *, sender: str = "", subject: str = "",
    received_at: datetime | None = None, status: str = "", tracking_id: str = "",
) -> None:  # fmt: skip
    key = (message, recipient.lower())
    copy = found.copies.get(key)
    if copy is None:
        copy = found.copies[key] = Copy(message, recipient.lower(), sender.lower(), subject, received_at, status)
    copy.sources.add(source)
    copy.sender, copy.subject = copy.sender or sender.lower(), copy.subject or subject
    copy.received_at, copy.tracking_id = copy.received_at or received_at, copy.tracking_id or tracking_id
    if status and (not copy.status or source == "archive"):
        copy.status = status


def _tracked(
    client: MimecastClient, found: Findings, start: datetime, end: datetime, *, message_id: str = "", url: str = ""
) -> None:
    walk = tracking.search(
        client, start=max(start, end - REACH), end=end, status=(), message_id=message_id or None,
        options={"url": url} if url else None, reason="Mailroom remediation",
        on_unreadable=pass_over, on_warning=found.notes.append,
    )  # fmt: skip
    for page in walk:
        for record in page:
            for person in record.to:
                _add(
                    found, "tracking", message_id or _key(record), person.address,
                    sender=record.from_header.address or record.from_envelope.address, subject=record.subject,
                    received_at=record.received_at, status=record.status, tracking_id=record.id,
                )  # fmt: skip


def _key(record: TrackedEmail) -> str:
    return f"{record.received_at:%Y-%m-%dT%H:%M:%S} {record.from_envelope.address} {record.subject}"[:300]


def _archived(client: MimecastClient, found: Findings, message_id: str) -> None:
    """The archive cannot be asked for a Message-ID: rows that look like the mail are opened and compared."""
    known = next((copy for copy in found.copies.values() if copy.message == message_id and copy.received_at), None)
    if known is None or known.received_at is None or not known.sender:
        return
    query = ArchiveQuery(
        sender=(known.sender,), start=known.received_at - _NEAR, end=known.received_at + _NEAR,
        fields=("subject", "status", "receiveddate", "displayfromaddress", "displaytoaddresslist"),
    )  # fmt: skip
    looks = 0
    for page in archive.search(client, query, limit=_MOST_ROWS):
        for row in page:
            if row.subject.strip() != known.subject.strip() or looks >= _MOST_LOOKS:
                continue
            looks += 1
            if archive.get_message_detail(client, row.id).message_id.strip() != message_id:
                continue
            for person in row.to:
                _add(
                    found, "archive", message_id, person.address, sender=known.sender, subject=row.subject,
                    received_at=row.received_at, status="remediated" if "remediat" in row.status else "archived",
                )  # fmt: skip


def _with_file(client: MimecastClient, found: Findings, sha256: str, start: datetime, end: datetime) -> dict[str, None]:
    ids: dict[str, None] = {}
    rows = 0
    for page in ttp_logs.attachment_logs(client, start=start, end=end, on_unreadable=pass_over):
        rows += len(page)
        for scan in page:
            if scan.sha256 != sha256:
                continue
            _add(
                found, "attachment log", scan.message_id or f"file {scan.subject}"[:300], scan.recipient,
                sender=scan.sender, subject=scan.subject, received_at=scan.at,
            )  # fmt: skip
            if scan.message_id:
                ids[scan.message_id] = None
        if rows >= _MOST_LOGS:
            found.cut.append(f"attachment log: only the newest {rows} rows were read")
            break
    return ids


def _with_click(client: MimecastClient, found: Findings, url: str, start: datetime, end: datetime) -> dict[str, None]:
    ids: dict[str, None] = {}
    rows = 0
    for page in ttp_logs.url_logs(client, start=start, end=end, on_unreadable=pass_over):
        rows += len(page)
        for click in page:
            if _same_url(click.url, url):
                found.clicks += 1
                if click.message_id:
                    ids[click.message_id] = None
        if rows >= _MOST_LOGS:
            found.cut.append(f"click log: only the newest {rows} rows were read")
            break
    return ids


def _same_url(one: str, other: str) -> bool:
    return one.strip().rstrip("/") == other.strip().rstrip("/")


def _seen_by_hash(client: MimecastClient, found: Findings, sha256: str) -> None:
    found.seen_by_hash = remediation.search_hash(client, [sha256]).detected.get(sha256)
