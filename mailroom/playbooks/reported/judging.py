"""The verdict on a reported mail: what the mail shows, what the gateway knows, and how many people reported it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from mailroom.connectors.reported import LEVEL, Original, Reporter, alert_of, content_of, event_of
from mailroom.errors import BusyError
from mailroom.faults import faultpoint
from mailroom.playbooks.judging import people_of, record_verdicts
from mailroom.playbooks.reported.finding import Known
from mailroom.playbooks.reported.model import ReportDesk
from mailroom.playbooks.triage import triage_alerts
from mailroom.store.alerts import Alert
from mailroom.store.evidence import MOST_POINTS, NewEvidence
from mailroom.store.labels import PERSON
from mailroom.triage.decide import decide
from mailroom.triage.decision import Decision
from mailroom.triage.extract import extract
from mailroom.triage.testimony import Testimony

KIND = "user_reports"
"""Kind and key of the evidence: one entry per alert, however many people report."""
POINTS_EACH = 10
ENVIRONMENT = "Default Environment"


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and what it stands on."""

    verdict: str
    risk: int
    facts: dict[str, Any]
    by_person: bool = False
    """A person has said what the mail was."""


def stand_in(here: ReportDesk, original: Original, known: Known, reporter: str, when: datetime) -> Alert:
    """The alert that stands for the reported mail: one we have, or a new one. Effect: writes the store; harmless twice.

    What only the mail itself shows is added to it, so that the rules of level T3 can speak.
    """
    store = here.desk.store
    if not known.alerts:
        event = event_of(original, reporter, record=known.record, info=known.info)
        received_at = (known.record.received_at if known.record else None) or original.sent_at or when
        new = alert_of(
            original, event, tenant=here.tenant, reporter=reporter, received_at=received_at, environment=ENVIRONMENT
        )
        return store.user_reports.original(new, here.account.name)
    for alert in known.alerts:
        if alert.level != LEVEL and _is_whole(original, alert):
            store.alerts.update_detail(alert.id, alert.event | content_of(original) | {"level": LEVEL}, LEVEL)
    faultpoint("reported.detail_added")
    known.alerts = list(store.alerts.get_many([one.id for one in known.alerts]).values())
    return known.alerts[0]


def count_reporters(here: ReportDesk, alerts: list[Alert], counted: Alert) -> int:
    """Put what the reporters say into the evidence of every alert of this mail. Effect: writes the store.

    Only for a report whose sender is proven: anybody can write our people's addresses into From. One entry per alert: a
    further report replaces the number. Counting and writing are one transaction.
    """
    store = here.desk.store

    def write(tx: Connection) -> int:
        number = max(1, store.user_reports.reporters(counted.id, tx))
        people = "one of our people reported it" if number == 1 else f"{number} of our people reported it"
        store.evidence.put_many(
            [
                NewEvidence(
                    one.id, KIND, KIND, min(MOST_POINTS, POINTS_EACH * number), people, "users",
                    {"reporters": number, "counted_by_alert": counted.id},
                )
                for one in alerts
            ],
            tx,
        )  # fmt: skip
        return number

    number = store.run(write)
    faultpoint("reported.evidence_put")
    return number


def judge(here: ReportDesk, alert: Alert, alerts: list[Alert]) -> Judged:
    """Judge the mail anew.

    Effect: writes the store (verdicts; for held mail also proposals, by triage). Twice is harmless.

    Held messages are judged by triage itself, which then also rules on what is to be done with them.
    """
    desk = here.desk
    store, policy, now = desk.store, desk.policy(), here.clock.now()
    ruleset = policy.ruleset(now.date())
    held = [one for one in alerts if one.hold_id and one.handling == "open"]
    if held:
        with suppress(BusyError):  # a cycle is under way: it judges them too
            triage_alerts(store, policy, now=now, alert_ids=[one.id for one in held])
    others = [one for one in alerts if one not in held]
    if others:
        record_verdicts(store, ruleset, others, None, now)
    faultpoint("reported.judged")
    facts = dict(extract(alert.event, ruleset.context, now=now))
    label = store.labels.current(alert.id)
    current = store.verdicts.current(alert.id)
    risk = current.risk if current else 0
    if label is not None and label.source == PERSON:
        return Judged("benign" if label.label == "wanted" else label.label, risk, facts, True)
    return Judged(current.verdict if current else "undetermined", risk, facts)


def judge_dry(here: ReportDesk, original: Original, known: Known, reporter: Reporter) -> Decision:
    """What the verdict would be, this report among what people say when its sender is proven. Effect: reads."""
    ruleset = here.desk.policy().ruleset(here.clock.now().date())
    event = event_of(original, reporter.address, record=known.record, info=known.info)
    if known.alerts and _is_whole(original, known.alerts[0]):
        event = known.alerts[0].event | content_of(original) | {"level": LEVEL}
    said = [Testimony(KIND, POINTS_EACH, "one of our people reported it")] if reporter.proven else []
    if known.alerts:
        said = list(people_of(here.desk.store, [known.alerts[0].id]).get(known.alerts[0].id, said))
    return decide(ruleset, extract(event, ruleset.context, now=here.clock.now()), people=said)


def _is_whole(original: Original, alert: Alert) -> bool:
    """The report shows this very mail: by its Message-ID, not only by sender and subject."""
    return bool(original.message_id) and original.message_id == (alert.message_id or alert.event.get("message_id"))
