"""What asking about one message would do: whether, in which language, until when, in which words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailroom.effects.look import HeldRef, still_held
from mailroom.errors import RefusedError
from mailroom.mimecast import MimecastClient
from mailroom.playbooks.ask import PostDesk, check
from mailroom.playbooks.ask_recipient.composing import compose_question, language_for, person_prefix, question_key
from mailroom.playbooks.ask_recipient.eligible import eligible
from mailroom.playbooks.judging import judge_alerts
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.question import Question
from mailroom.playbooks.tenants import is_another, own_names
from mailroom.store import Store
from mailroom.store.alerts import Alert
from mailroom.triage.decision import Decision
from mailroom.triage.extract import Facts
from mailroom.triage.rails import forbidden
from mailroom.triage.ruleset import RuleSet

ASK = "ask_recipient"
"""As the triage rules call it."""
A_DAY = timedelta(days=1)


@dataclass
class RecipientDesk:
    """What asking recipients works with.

    Attributes:
        post: Store and mailbox.
        policy: Reads the policy as it is now.
        client: The tenant, to see whether a message is still held; None leaves that to whoever acts later.
    """

    post: PostDesk
    policy: Callable[[], Policy]
    client: MimecastClient | None = None

    @property
    def store(self) -> Store:
        """The store."""
        return self.post.store

    def own_names(self) -> frozenset[str] | None:
        """Every name of the tenant; None where the store serves one only, or no tenant is at hand. Effect: reads."""
        client = self.client
        return None if client is None else own_names(lambda: client, self.store)

    def refuse_another(self, alert: Alert) -> None:
        """Ask nobody about a message that is held for another tenant than the desk's. Effect: reads.

        Raises:
            RefusedError: it is another's.
        """
        if self.client is not None and is_another(self.client, self.store, alert.tenant):
            raise RefusedError(f"The message is held for the tenant {alert.tenant}: use its credentials to ask.")

    def held_among(self, alerts: Sequence[Alert]) -> set[str] | None:
        """The hold ids of these that the tenant still holds; None when nobody can look. Effect: reads the tenant."""
        if self.client is None or not alerts:
            return None
        return set(still_held(self.client, [HeldRef.of(alert.event) for alert in alerts]))


@dataclass(frozen=True)
class Ground:
    """Policy, rules and time of one look: read once for many messages."""

    policy: Policy
    rules: RuleSet
    now: datetime

    @classmethod
    def of(cls, desk: RecipientDesk) -> Ground:
        """As they are now. Effect: reads rule files and the store."""
        policy, now = desk.policy(), desk.store.waits.now()
        return cls(policy, policy.ruleset(now.date()), now)

    def judge(self, store: Store, alerts: Sequence[Alert]) -> list[tuple[Facts, Decision]]:
        """Facts and decisions. Effect: reads the store."""
        return judge_alerts(store, self.rules, alerts, self.now)


@dataclass(frozen=True)
class Plan:
    """What would be asked about one message; `reasons` why it is not."""

    alert_id: int
    recipient: str
    language: str = ""
    deadline: datetime | None = None
    question: Question | None = field(default=None, repr=False)
    reasons: tuple[str, ...] = ()
    question_id: int = 0
    """Of the question that went out already."""

    @property
    def asks(self) -> bool:
        """A mail would be sent now."""
        return not self.reasons and not self.question_id

    def as_dict(self) -> dict[str, Any]:
        """Plain data, with the words of the question."""
        asked = self.question
        return {
            "alert": self.alert_id, "recipient": self.recipient, "asks": self.asks, "question_id": self.question_id,
            "reasons": list(self.reasons), "language": self.language,
            "deadline": self.deadline.isoformat() if self.deadline else None,
            "subject": asked.subject if asked else "", "text": asked.text if asked else "",
        }  # fmt: skip


def planned(
    desk: RecipientDesk, ground: Ground, alert: Alert, judged: tuple[Facts, Decision], *, by: str, language: str = "",
    hours: float = 0.0, held: bool | None = None,
) -> Plan:  # fmt: skip
    """Everything but the mode of the action. Effect: reads the store.

    Args:
        desk: Store and mailbox.
        ground: Policy, rules, time.
        alert: About which message.
        judged: What the rules say now.
        by: The person who wants it; empty when nobody does.
        language: Of the question; empty: as known of the recipient.
        hours: Time to answer; 0: the policy's.
        held: What the tenant says; None: not looked.
    """
    store, asking = desk.store, ground.policy.asking
    known = store.waits.by_key(question_key(alert))
    if known is not None and (not known.is_open or known.sent_at is not None):
        return Plan(alert.id, alert.recipient, question_id=known.id)
    facts, decision = judged
    own_domains = ground.rules.context.own_domains
    found = eligible(alert, facts, decision, own_domains, ground.now, hours or asking.hours)
    reasons = list(found.reasons)
    if held is False:
        reasons.append("The message is no longer held.")
    lately = []
    if known is None:  # a question that was stored and not sent is no second one
        lately = store.waits.asked_since(person_prefix(alert.tenant, alert.recipient), ground.now - A_DAY)
    said = forbidden(ASK, facts, ground.policy.rails, {}, notified_today=bool(lately), by_person=bool(by))
    reasons += [text for _, text in said]
    if reasons:
        return Plan(alert.id, alert.recipient, deadline=found.deadline, reasons=tuple(reasons))
    code = language_for(store, alert, asking, language)
    question = compose_question(
        alert, desk.post.account, code, found.deadline, ground.now, need_proof=asking.need_proof
    )  # fmt: skip
    try:
        check(desk.post, question)
    except RefusedError as error:
        reasons.append(str(error))
    return Plan(alert.id, alert.recipient, code, found.deadline, question, tuple(reasons))
