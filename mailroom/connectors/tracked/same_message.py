"""The same message under another tracking id: after a release or delivery it comes back with a new one.

An id embeds the status, so a message that was alerted while it was held is listed once more as archived. It is taken
for the same message, and not alerted again, only when all of this holds:

1. the record is equal in everything but status and id: time of receipt and of sending, route, both senders, sending
   address, subject, all recipients (the content key, indexed in the store);
2. the status differs from every status that the alert was seen in;
3. what the message infos say of the content agrees: the Message-ID and the hashes of the components. One of them must
   be there, and none may contradict; both were noted by Mimecast when the mail came in;
4. the id the alert was made from no longer stands for a message in its old status: it is gone, or it answers with the
   new id.

One alert answers for one record of a status. Whatever stays in doubt becomes an alert: one too many is better than
one too few, and a sender who copies a mail cannot hide the copy behind the first one.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailroom.connectors.message_infos import MessageInfos
from mailroom.mimecast.models import MessageInfo, TrackedEmail
from mailroom.mimecast.reading import text_of
from mailroom.store import Store
from mailroom.store.items import SameContent


def content_key(record: TrackedEmail) -> str:
    """Equal for the records of one message in every status, and in every generation of the source."""
    parts = (
        record.received_at.isoformat(),
        record.sent_at.isoformat() if record.sent_at else "",
        record.route,
        record.from_envelope.address.lower(),
        record.from_header.address.lower(),
        record.sender_ip,
        record.subject,
        *sorted(one.address.lower() for one in record.to),
    )
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()


@dataclass
class _Known:
    """One alert that a record could be."""

    statuses: set[str]
    newest: SameContent


@dataclass
class Recognised:
    """What is known of a slice of messages."""

    alerts: dict[str, int] = field(default_factory=dict)
    """Tracking id -> id of the alert that the message is already."""
    unsure: dict[str, str] = field(default_factory=dict)
    """Tracking id -> why the old id could not be looked up; "" when there was no time."""


@dataclass
class SameMessages:
    """Finds the alert of a message that was alerted under another id. Reads tenant and store."""

    store: Store
    source_id: int
    infos: MessageInfos
    _taken: set[tuple[int, str]] = field(default_factory=set)

    def find(self, messages: Sequence[tuple[TrackedEmail, MessageInfo]], *, until: float | None = None) -> Recognised:
        """Which messages are an alert already, and of which that could not be found out now."""
        made = Recognised()
        by_key = self._known({content_key(record) for record, _ in messages})
        pairs = [
            (record, info, alert_id, known)
            for record, info in messages
            for alert_id, known in by_key.get(content_key(record), {}).items()
            if _status(record.raw) not in known.statuses
        ]
        if not pairs:
            return made
        alerts = self.store.alerts.get_many({alert_id for _, _, alert_id, _ in pairs})
        alike = [pair for pair in pairs if pair[2] in alerts and _same_content(pair[1], alerts[pair[2]].event)]
        answers = self.infos.fetch((known.newest.external_key for *_, known in alike), until=until)
        for record, _, alert_id, known in alike:
            if record.id in made.alerts or (alert_id, _status(record.raw)) in self._taken:
                continue
            answer = answers[known.newest.external_key]
            if answer.info is None and not answer.gone:
                made.unsure.setdefault(record.id, answer.failure)
            elif answer.info is None or _moved_on(answer.info, record):
                made.alerts[record.id] = alert_id
                made.unsure.pop(record.id, None)
                self._taken.add((alert_id, _status(record.raw)))
        return made

    def _known(self, keys: Iterable[str]) -> dict[str, dict[int, _Known]]:
        found: dict[str, dict[int, _Known]] = defaultdict(dict)
        for row in self.store.items.same_content(self.source_id, keys):
            known = found[row.content_key].setdefault(row.alert_id, _Known(set(), row))
            known.statuses.add(_status(row.raw))
            known.newest = row
        return found


def _status(raw: Mapping[str, Any]) -> str:
    return text_of(raw.get("status")).strip().lower()


def _moved_on(info: MessageInfo, record: TrackedEmail) -> bool:
    """The old id answers with the new one, or with the new status."""
    return info.id == record.id or _status(info.raw) == _status(record.raw)


def _same_content(info: MessageInfo, event: Mapping[str, Any]) -> bool:
    """Message-ID and component hashes: one is there on both sides, and none contradicts."""
    hashes = sorted(part.sha256 for part in info.components if part.sha256)
    before = sorted(part["sha256"] for part in event.get("components") or () if part.get("sha256"))
    pairs = [(info.message_id, event.get("message_id") or ""), (hashes, before)]
    told = [(now, then) for now, then in pairs if now and then]
    return bool(told) and all(now == then for now, then in told)
