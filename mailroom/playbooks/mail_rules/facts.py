"""What rules may ask of a mail's alert: its event, what its HTML shows, and what our own server says of its author."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mailroom.cases.mail_rules import MailRuleSet, facts_of
from mailroom.mail.html_text import html_to_text
from mailroom.rulelang.domains import canonical_domain
from mailroom.store.alerts import Alert
from mailroom.triage.authentication import read_authentication


def facts_of_alert(ruleset: MailRuleSet, alert: Alert, trusted: Sequence[str] = ()) -> dict[str, Any]:
    """The facts of an alert of the mailbox connector, as far as the rules ask for them.

    Args:
        ruleset: Asked which fields matter.
        alert: Whose event.
        trusted: Servers whose authentication results count; none: such results are unknown.
    """
    row = {"product": alert.product, "event_name": alert.event_name, "environment": alert.environment}
    known = _proof(alert.event, trusted) if trusted and "headers" in alert.event else {}
    return facts_of(alert.event, row, wanted=ruleset.fields, html_to_text=html_to_text, known=known)


def _proof(event: dict[str, Any], trusted: Sequence[str]) -> dict[str, Any]:
    """DMARC of the one author the mail has; results that anybody else wrote are nobody's word."""
    values = [str(value) for name, value in event["headers"] if str(name).lower() == "authentication-results"]
    names = tuple(one.lower() for one in trusted)
    found = read_authentication(values, None, names, frozenset())
    author = canonical_domain(str(event.get("sender") or "").rpartition("@")[2])
    one_author = bool(author) and len(event.get("senders") or (1,)) == 1
    passed = found.dmarc == "pass" and one_author and found.dmarc_domain in ("", author)
    return {"auth.dmarc": found.dmarc, "auth.dmarc_pass": passed}
