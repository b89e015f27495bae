"""What becomes of a slice of written-down records: filtered, asked about, recognised, alerted."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailroom.connectors.message_infos import Answer, MessageInfos
from mailroom.connectors.report import QUARANTINE_AFTER
from mailroom.connectors.tracked.event import alert_of
from mailroom.connectors.tracked.filters import unknown_values, unwanted_in_detail, unwanted_in_list
from mailroom.connectors.tracked.same_message import SameMessages
from mailroom.connectors.tracked.settings import TrackedSettings
from mailroom.errors import MailroomError
from mailroom.mimecast.models import MessageInfo, TrackedEmail
from mailroom.store.items import Item
from mailroom.store.settling import Settled

_GONE_AFTER = 2
"""Cycles in which the tenant does not know an id any more: one empty answer may be a slip."""


@dataclass
class Decided:
    """A slice with its outcomes."""

    settled: list[Settled] = field(default_factory=list)
    asked: int = 0
    """Messages whose details were asked for; these count against the cycle's limit."""
    failed: dict[int, str] = field(default_factory=dict)
    """Items to be tried again in the next cycle -> why."""
    unasked: bool = False
    """Time was up before all were asked for."""
    unknown: Counter[str] = field(default_factory=Counter)
    """`field=value` of what this version does not know."""
    subjects: dict[int, TrackedEmail] = field(default_factory=dict)


@dataclass
class Decider:
    """Decides slices. Reads tenant and store; writes nothing."""

    settings: TrackedSettings
    infos: MessageInfos
    same: SameMessages
    tenant: str

    def decide(self, items: Sequence[Item], *, until: float | None = None) -> Decided:
        """The outcomes of a slice; what is in none of them waits.

        Raises:
            AccessError, TransientError: the tenant's trouble; nothing of the slice is decided.
        """
        made = Decided()
        wanted = self._by_list(items, made)
        answers = self.infos.fetch((record.id for _, record in wanted), until=until)
        known: list[tuple[Item, TrackedEmail, MessageInfo]] = []
        for item, record in wanted:
            answer = answers[record.id]
            if not answer.asked:
                made.unasked = True
                continue
            made.asked += 1
            made.unknown.update(f"{name}={value}" for name, value in unknown_values(record, answer.info))
            if answer.info is None:
                self._without_info(item, answer, made)
            elif reason := unwanted_in_detail(self.settings, record, answer.info):
                made.settled.append(Settled(item.id, "filtered", reason))
            else:
                known.append((item, record, answer.info))
        self._alerts(known, made, until)
        return made

    def _by_list(self, items: Sequence[Item], made: Decided) -> list[tuple[Item, TrackedEmail]]:
        wanted = []
        for item in items:
            try:
                record = TrackedEmail.parse(item.raw)
            except MailroomError as error:
                made.settled.append(Settled(item.id, "quarantined", str(error), quarantine=_bytes(item)))
                continue
            made.subjects[item.id] = record
            if reason := unwanted_in_list(self.settings, record):
                made.settled.append(Settled(item.id, "filtered", reason))
            else:
                wanted.append((item, record))
        return wanted

    def _without_info(self, item: Item, answer: Answer, made: Decided) -> None:
        attempts = item.attempts + 1
        if answer.gone and attempts >= _GONE_AFTER:
            made.settled.append(Settled(item.id, "gone", "its status changed or it expired before it was fetched"))
        elif attempts >= QUARANTINE_AFTER:
            reason = f"message info unreadable in {attempts} attempts: {answer.failure}"
            made.settled.append(Settled(item.id, "quarantined", reason, quarantine=_bytes(item)))
        else:
            made.failed[item.id] = answer.failure or "the tenant does not know the id"

    def _alerts(
        self, known: Sequence[tuple[Item, TrackedEmail, MessageInfo]], made: Decided, until: float | None
    ) -> None:
        """Alerts, unless the message is one already."""
        found = self.same.find([(record, info) for _, record, info in known], until=until)
        for item, record, info in known:
            why = found.unsure.get(record.id)
            if alert_id := found.alerts.get(record.id):
                reason = f"alert {alert_id} under the id of its new status, {record.status}"
                made.settled.append(Settled(item.id, "duplicate", reason, alert_id=alert_id))
            elif why == "":
                made.unasked = True
            elif why is not None and item.attempts + 1 < QUARANTINE_AFTER:
                made.failed[item.id] = f"it may be an alert already, under an id that cannot be looked up: {why}"
            else:  # in doubt for the third time: one alert too many is better than one too few
                made.settled.append(self._alert(item, record, info))

    def _alert(self, item: Item, record: TrackedEmail, info: MessageInfo) -> Settled:
        defects = [f"{name} {value!r} is not known" for name, value in unknown_values(record, info)]
        defects += info.header_defects
        return Settled(
            item.id, "alerted", alert=alert_of(record, info, self.settings, tenant=self.tenant, defects=defects)
        )


def _bytes(item: Item) -> bytes:
    return json.dumps(item.raw, ensure_ascii=False).encode("utf-8", "replace")
