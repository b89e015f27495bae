"""The question to a recipient: in their language, with nothing of the held message but its domain and day."""

from __future__ import annotations

import hashlib
import re
from datetime import datetime, timedelta

from mailroom.mail.account import MailAccount
from mailroom.playbooks.ask_recipient.reading import read_answer
from mailroom.playbooks.ask_recipient.words import WORDS
from mailroom.playbooks.asking_settings import AskingSettings
from mailroom.playbooks.question import Question, Waiting
from mailroom.store import Store
from mailroom.store.alerts import Alert

KIND = "recipient"
"""Kind of these questions, in `waits`."""
_EARLIER = timedelta(days=365)
_NOT_IN_A_DOMAIN = re.compile(r"[^a-z0-9.-]")
_LONGEST_DOMAIN = 80
_UNKNOWN = "(?)"


def person_prefix(tenant: str, address: str) -> str:
    """What the keys of all questions to one person begin with."""
    return f"{KIND}:{hashlib.sha256(f'{tenant} {address.lower()}'.encode()).hexdigest()[:24]}:"


def question_key(alert: Alert) -> str:
    """One question per person and message, whoever asks, however often."""
    return person_prefix(alert.tenant, alert.recipient) + hashlib.sha256(alert.hold_id.encode()).hexdigest()[:24]


def language_for(store: Store, alert: Alert, settings: AskingSettings, wanted: str = "") -> str:
    """The recipient's language: as wanted, as somebody set it, as they answered before, or the site's.

    Effect: reads the store.
    """
    known = wanted or settings.set_for(alert.recipient)
    if known:
        return known
    earlier = store.waits.asked_since(person_prefix(alert.tenant, alert.recipient), store.waits.now() - _EARLIER)
    answers = store.waits.answers_of([wait.id for wait in earlier]) if earlier else {}
    for wait in earlier:  # newest first
        for one in reversed(answers.get(wait.id, [])):
            if one.classification == "human" and one.accepted:
                found = read_answer(one.text, str(wait.question.get("language", ""))).language
                if found in WORDS:
                    return found
    return settings.language


def compose_question(
    alert: Alert, account: MailAccount, language: str, deadline: datetime, now: datetime, *, need_proof: bool
) -> Question:
    """The question, ready to be put."""
    zone = account.zone()
    words = WORDS[language]
    text = words.text(
        domain=shown_domain(alert.sender_domain),
        day=f"{alert.received_at.astimezone(zone):%Y-%m-%d}",
        until=f"{deadline.astimezone(zone):%Y-%m-%d %H:%M}",
    )
    waiting = Waiting(time_limit=deadline - now, sender_policy="alias", need_proof=need_proof)
    return Question(to=(alert.recipient,), subject=words.subject, text=text, waiting=waiting)


def shown_domain(domain: str) -> str:
    """The sender's domain as no mail program makes a link of it; letters, digits, dots and hyphens only."""
    plain = _NOT_IN_A_DOMAIN.sub("", domain.lower())[-_LONGEST_DOMAIN:].strip(".-")
    return plain.replace(".", "[.]") or _UNKNOWN
