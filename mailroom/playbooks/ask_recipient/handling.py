"""From a recipient's answer to evidence, and from there to a decision. Needs no run: the mailbox's watcher calls it.

The answer is +20 or -20 points of evidence, once per question, replaced when the person changes their mind. The message
is then judged again; what follows goes through rails and approvals like anything else. A question is marked as handled
only when that is done: killed anywhere, it is done again, and that changes nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.effects.kinds import KINDS
from mailroom.errors import BusyError
from mailroom.faults import faultpoint
from mailroom.playbooks.ask_recipient.composing import KIND
from mailroom.playbooks.ask_recipient.eligible import hold_ends
from mailroom.playbooks.ask_recipient.reading import Reading, read_answer
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage import TriageReport, triage_alerts
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.store.evidence import NewEvidence
from mailroom.store.wait_rows import StoredAnswer, Wait
from mailroom.triage.testimony import RECIPIENT

POINTS = {"expected": -20, "unexpected": 20, "unsure": 0, "silent": 0}
"""What an answer weighs; never enough for a release by itself."""
_PAGE = 250
_TEXTS = {
    "expected": "The recipient expects mail from this sender.",
    "unexpected": "The recipient does not expect mail from this sender.",
    "unsure": "The recipient was asked and is not sure.",
}
_UNCLEAR = "The recipient answered; what is meant, a person has to read: `mailroom replies show {question}`."
_SILENT = {
    "no_answer": "The recipient was asked and did not answer in time.",
    "undeliverable": "The recipient was asked and could not be reached.",
    "not_sent": "The question to the recipient could not be sent.",
    "cancelled": "The question to the recipient was withdrawn.",
}


@dataclass
class HandleReport:
    """What handling did; numbers only."""

    handled: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    """expected, unexpected, unsure, silent -> how many."""
    decided: int = 0
    """Messages judged again."""
    planned: Counter[str] = field(default_factory=Counter)
    """What the rails made of it, such as "release: propose"."""
    left: int = 0
    """Evidence is stored; they are judged again by the run that holds the lease, and looked at once more."""
    over: int = 0
    """The hold had ended: what was said is kept, and nothing is proposed."""
    alert_ids: list[int] = field(default_factory=list)

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return self.__dict__ | {"answers": dict(self.answers), "planned": dict(self.planned)}


def handle_answers(
    store: Store, policy: Policy | None, *, mailbox: str | None = None, tenants: Collection[str] | None = None,
    limit: int = 10_000,
) -> HandleReport:  # fmt: skip
    """Make use of every settled question to a recipient.

    Effect: writes the store: evidence, verdicts, proposals. Changes nothing in the tenant. Twice is harmless.

    Args:
        store: Questions, alerts, ledger.
        policy: By which the messages are judged again; None leaves that to the next triage.
        mailbox: Only questions of this mailbox.
        tenants: Only questions about messages of these; other tenants have policies of their own.
        limit: Most questions of this call.
    """
    report, after = HandleReport(), 0
    while report.handled + report.left < limit:
        page = store.waits.to_handle(KIND, _PAGE, mailbox=mailbox, after_id=after, tenants=tenants)
        if not page:
            break
        after = page[-1].id
        _handle(store, policy, page, report)
    return report


def handle_answer(store: Store, policy: Policy, question_id: int, *, patience: float = 60.0) -> HandleReport:
    """The same for one question, for whoever waited for just this one.

    Args:
        store: Questions, alerts, ledger.
        policy: By which the message is judged again.
        question_id: The question; one that was handled is left alone.
        patience: Seconds to wait while another process decides.

    Raises:
        BusyError: another process is deciding, still; what was said is kept, and the next triage judges the message.
    """
    clock = store.db.clock
    until = clock.monotonic() + patience
    while True:
        wait, report = store.waits.get(question_id), HandleReport()
        if wait.is_open or wait.handled_at is not None:
            return report
        _handle(store, policy, [wait], report)
        if not report.left:
            return report
        if clock.monotonic() >= until:
            msg = f"The answer to question {question_id} is kept; another process is deciding. Run again in a minute."
            raise BusyError(msg)
        clock.sleep(1.0)


def result_of_question(store: Store, question_id: int) -> dict[str, Any]:
    """What came of a settled question, without a word of anybody: fit for logs. Effect: reads the store."""
    wait = store.waits.get(question_id)
    alert_id = wait.alert_id or 0
    said = next((one for one in store.evidence.of(alert_id) if one.source.get("question") == wait.id), None)
    alert, verdict = store.alerts.get(alert_id), store.verdicts.current(alert_id)
    actions = [one for one in store.ledger.for_alert(alert_id) if one.kind in KINDS and one.state != "refused"]
    return {
        "alert": alert_id, "answer": str(said.source["answer"]) if said else "",
        "verdict": verdict.verdict if verdict else "", "proposes": verdict.proposed_action if verdict else "",
        "actions": [{"id": one.id, "kind": one.kind, "state": one.state} for one in actions],
        "hold_is_over": alert.handling != "open" or _is_over(alert, store.waits.now()),
    }  # fmt: skip


def evidence_of(wait: Wait, answers: Sequence[StoredAnswer]) -> NewEvidence:
    """The evidence of one settled question. The last word of the person counts, also when it came late."""
    counted = [one for one in answers if one.accepted and one.classification == "human"]
    who = wait.recipients[0] if wait.recipients else ""
    source: dict[str, Any] = {"question": wait.id}
    if not counted:
        said, text = "silent", _SILENT.get(wait.state, _SILENT["no_answer"])
    else:
        last = counted[-1]
        reading = read_answer(last.text, str(wait.question.get("language", "")))
        said, text = reading.said, _text(reading, wait)
        source |= {
            "answer_id": last.id, "how": reading.how, "language": reading.language,
            "dmarc": str(last.evidence.get("dmarc", "")), "earlier": len(counted) - 1,
        }  # fmt: skip
    return NewEvidence(
        wait.alert_id or 0, f"recipient:{wait.id}", RECIPIENT, POINTS[said], text, who, source | {"answer": said}
    )


def _text(reading: Reading, wait: Wait) -> str:
    return _UNCLEAR.format(question=wait.id) if reading.how == "unclear" else _TEXTS[reading.said]


def _is_over(alert: Alert, now: datetime) -> bool:
    ends = hold_ends(alert.event)
    return ends is not None and ends <= now


def _handle(store: Store, policy: Policy | None, page: Sequence[Wait], report: HandleReport) -> None:
    answers = store.waits.answers_of([wait.id for wait in page])
    rows = [evidence_of(wait, answers.get(wait.id, [])) for wait in page if wait.alert_id is not None]
    faultpoint("recipient.before_evidence")
    store.evidence.put_many(rows)
    faultpoint("recipient.evidence")
    alerts, now = store.alerts.get_many([row.alert_id for row in rows]), store.waits.now()
    ids = [one.id for one in alerts.values() if not _is_over(one, now)]
    report.over += len(alerts) - len(ids)
    if policy is not None and ids:
        try:
            _count(triage_alerts(store, policy, alert_ids=ids), report)
        except BusyError:
            report.left += len(page)
            return
    faultpoint("recipient.decided")
    store.waits.handled(wait.id for wait in page)
    faultpoint("recipient.handled")
    report.handled += len(page)
    report.alert_ids += ids
    report.answers.update(str(row.source["answer"]) for row in rows)


def _count(found: TriageReport, report: HandleReport) -> None:
    report.decided += found.triaged
    report.planned.update(found.planned)
