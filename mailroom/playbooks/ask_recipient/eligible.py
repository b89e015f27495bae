"""Whether the recipient of a held message may be asked about it, and until when. Pure: facts in, sentences out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from mailroom.connectors.held import CONNECTOR
from mailroom.rulelang.domains import within
from mailroom.store.alerts import Alert
from mailroom.triage.decision import Decision
from mailroom.triage.denials import absolute_denials
from mailroom.triage.extract import Facts

SHORTEST = timedelta(hours=1)
"""Nobody is asked who would have less time than this."""
BEFORE_EXPIRY = timedelta(hours=2)
"""So long before the hold ends the answer must be there: somebody has to decide, too."""
_CLOSED = frozenset({"malicious", "spam", "simulation", "graymail", "benign"})
"""Verdicts that leave nothing to ask the recipient."""


@dataclass(frozen=True, slots=True)
class Eligible:
    """`reasons` why nobody is asked; empty: the recipient may be asked until `deadline`."""

    deadline: datetime
    reasons: tuple[str, ...] = ()


def hold_ends(event: Mapping[str, Any]) -> datetime | None:
    """When the hold of a message ends; None when the gateway did not say."""
    try:
        found = datetime.fromisoformat(str(event.get("expires_at") or ""))
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def eligible(
    alert: Alert, facts: Facts, decision: Decision, own_domains: frozenset[str], now: datetime, hours: float
) -> Eligible:
    """Everything about the message itself that speaks against asking its recipient.

    Args:
        alert: As stored.
        facts: Of its event.
        decision: What the rules say now.
        own_domains: Whose people may be asked.
        now: This instant.
        hours: How long a person may take; the end of the hold comes first.
    """
    ends = hold_ends(alert.event)
    deadline = now + timedelta(hours=hours)
    if ends is not None:
        deadline = min(deadline, ends - BEFORE_EXPIRY)
    found: list[str] = []
    if alert.connector != CONNECTOR or not alert.hold_id:
        return Eligible(deadline, ("It is not a held message.",))
    if alert.handling != "open":
        found.append(f"Its message was dealt with already: {alert.handling}.")
    if ends is not None and ends <= now:
        found.append(f"Its hold ended at {ends:%Y-%m-%d %H:%M} UTC.")
    elif deadline - now < SHORTEST:
        found.append(f"Its hold ends at {ends:%Y-%m-%d %H:%M} UTC: too soon to wait for an answer.")
    domain = alert.recipient.rpartition("@")[2].lower()
    if not own_domains:
        found.append("The list own_domains is empty, so nobody knows who is one of us.")
    elif not domain or not within(domain, own_domains):
        found.append("Its recipient is not in our own domains.")
    if decision.verdict in _CLOSED:
        found.append(f"The rules call it {decision.verdict}; the recipient is not asked about that.")
    found += absolute_denials("release", facts, by_person=True)
    return Eligible(deadline, tuple(found))
