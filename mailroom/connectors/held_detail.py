"""From hold entries to their tracking records and message infos.

The hold list names no tracking id, and message info takes nothing else. So one tracking search covers the time span
of a slice of entries, each entry gets the few records it could be, and the message info decides: its queue id *is* the
hold id (for the first recipient). Other recipients of the same mail share the record. Where two records remain
possible, or two entries of one recipient claim the same record, none is taken: a wrong header block would make a wrong
verdict.
"""

from __future__ import annotations

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from mailroom.connectors.message_infos import Answer, MessageInfos
from mailroom.mimecast import MimecastClient, tracking
from mailroom.mimecast.models import HeldMessage, MessageInfo, TrackedEmail

TOLERANCE = timedelta(minutes=2)
"""How far the two lists may disagree about when a message was received."""

_MOST_CANDIDATES = 64  # identical mails of a mail bomb: enough to find the right one, bounded all the same
NOT_TRACKED = "no tracking record found"
NOT_OURS = "the tracking record that fits belongs to another message"

Key = tuple[str, str, str]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Detail:
    """What could be found out about one hold entry beyond the hold list."""

    tracked: TrackedEmail | None = None
    info: MessageInfo | None = None
    gone: bool = False
    """The source no longer knows the message: somebody handled it, or it expired."""
    failure: str = ""
    """Why the message info could not be read; worth another attempt."""
    defects: tuple[str, ...] = ()

    @property
    def untracked(self) -> bool:
        """Tracking does not show the message: not indexed yet, or not held any more."""
        return NOT_TRACKED in self.defects

    def is_confirmed(self, hold_id: str) -> bool:
        """Whether the message info names this very entry."""
        return self.info is not None and self.info.hold_id == hold_id


def group_key(mail: HeldMessage | TrackedEmail) -> str:
    """What the copies of one mail for several recipients have in common, in the hold queue and in tracking."""
    parts = (mail.from_envelope.address, mail.from_header.address, mail.subject, mail.received_at.isoformat())
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "replace")).hexdigest()[:32]


@dataclass
class DetailFetcher:
    """Fetches the details of slices of hold entries, `workers` calls at a time."""

    client: MimecastClient
    workers: int = 8
    _infos: MessageInfos = field(init=False)

    def __post_init__(self) -> None:
        self._infos = MessageInfos(self.client, self.workers)

    def close(self) -> None:
        """Stop the threads; calls under way end first."""
        self._infos.close()

    def fetch(self, entries: Sequence[HeldMessage]) -> dict[str, Detail]:
        """Details by hold id.

        Raises:
            AccessError, TransientError: nothing of this slice is decided; the next cycle takes it up again.
        """
        if not entries:
            return {}
        candidates = self._candidates(entries)
        answers = self._infos.fetch(record.id for records in candidates.values() for record in records)
        owner = {
            answer.info.hold_id: tracking_id
            for tracking_id, answer in answers.items()
            if answer.info is not None and answer.info.hold_id
        }
        chosen = {entry.id: _choose(entry, candidates[entry.id], answers, owner) for entry in entries}
        return _without_double_claims(entries, chosen)

    def _candidates(self, entries: Sequence[HeldMessage]) -> dict[str, list[TrackedEmail]]:
        first = min(entry.received_at for entry in entries) - TOLERANCE
        last = max(entry.received_at for entry in entries) + TOLERANCE
        by_key: dict[Key, list[TrackedEmail]] = defaultdict(list)
        records = tracking.search(self.client, start=first, end=last, status=("held",), on_unreadable=_left_out)
        for page in records:
            for record in page:
                for recipient in record.to:
                    by_key[_key(record.from_envelope.address, record.subject, recipient.address)].append(record)
        return {entry.id: _nearest(entry, by_key) for entry in entries}


def _left_out(_raw: object, error: Exception) -> None:
    """The hold entry is an alert all the same, only with less evidence."""
    log.warning("a tracking record cannot be read and is left out: %s", error)


def _key(sender: str, subject: str, recipient: str) -> Key:
    return sender.lower(), " ".join(subject.split()), recipient.lower()


def _nearest(entry: HeldMessage, by_key: dict[Key, list[TrackedEmail]]) -> list[TrackedEmail]:
    records = by_key.get(_key(entry.from_envelope.address, entry.subject, entry.to.address), ())
    near = [record for record in records if abs(record.received_at - entry.received_at) <= TOLERANCE]
    near.sort(key=lambda record: abs(record.received_at - entry.received_at))
    return near[:_MOST_CANDIDATES]


def _choose(
    entry: HeldMessage,
    candidates: Iterable[TrackedEmail],
    answers: dict[str, Answer],
    owner: dict[str, str],
) -> Detail:
    records = {record.id: record for record in candidates}
    if (tracking_id := owner.get(entry.id)) and tracking_id in records:
        return Detail(records[tracking_id], answers[tracking_id].info)
    if not records:
        return Detail(defects=(NOT_TRACKED,))
    if len(records) > 1:
        return Detail(defects=("several tracking records fit; none was taken",))
    ((tracking_id, record),) = records.items()
    answer = answers[tracking_id]
    if answer.gone:
        return Detail(record, gone=True)
    if answer.failure:
        return Detail(record, failure=answer.failure)
    return Detail(record, answer.info)


def _without_double_claims(entries: Sequence[HeldMessage], chosen: dict[str, Detail]) -> dict[str, Detail]:
    """A record has one hold entry per recipient; of several that claim it, only the one it names may have it."""
    claims: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in entries:
        if (tracked := chosen[entry.id].tracked) is not None:
            claims[tracked.id, entry.to.address.lower()].append(entry.id)
    doubtful = {
        hold_id
        for claimants in claims.values()
        for hold_id in claimants
        if len(claimants) > 1 and not chosen[hold_id].is_confirmed(hold_id)
    }
    return {
        hold_id: Detail(defects=(NOT_OURS,)) if hold_id in doubtful else detail for hold_id, detail in chosen.items()
    }
