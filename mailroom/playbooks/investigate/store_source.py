"""What our own store says: alerts, verdicts, actions, answers of recipients, and how the sender authenticated."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mailroom.playbooks.investigate.asking import Asked, Context
from mailroom.playbooks.investigate.sightings import (
    RISKS,
    STORE,
    Sighting,
    people,
    senders,
    short_address,
    short_id,
    short_subject,
    status_of,
)
from mailroom.store.actions import Action
from mailroom.store.alerts import Alert
from mailroom.store.inquiries import About, Known, Told
from mailroom.triage.authentication import read_authentication

METHODS = ("spf", "dkim", "dmarc")


@dataclass
class Authentication:
    """How mail of the sender authenticated, by what the tenant and trusted servers said: method -> result -> mails."""

    mails: int = 0
    results: dict[str, Counter[str]] = field(default_factory=lambda: {method: Counter() for method in METHODS})


@dataclass
class StoreView:
    """What the store knows beside single messages."""

    known: Known = field(default_factory=Known)
    authentication: Authentication = field(default_factory=Authentication)
    verdicts: Counter[str] = field(default_factory=Counter)
    measures: list[tuple[datetime, str]] = field(default_factory=list)
    """What was done about the sender, domain or link as such, newest first."""


def ask_store(context: Context, asked: Asked) -> StoreView:
    """Alerts of the period with everything that belongs to them, and what is known of the sender at any time."""
    inquiry, view = context.inquiry, StoreView()
    about = About(inquiry.sender, inquiry.domain, inquiry.subject, inquiry.host, context.tenant)
    if inquiry.sender:
        about = About(inquiry.sender, "", inquiry.subject, inquiry.host, context.tenant)
    store = context.store.inquiries
    view.known = store.known(about)
    for action in store.actions_about((inquiry.sender, inquiry.domain, inquiry.url)):
        if any(_names(action.target, word) for word in (inquiry.sender, inquiry.domain, inquiry.url)):
            view.measures.append((action.created_at, _words(action)))
    page: list[Alert] = []
    for alert in context.read(asked, store.alerts(about, context.period.start, context.period.end, context.most + 1)):
        page.append(alert)
        if len(page) == 200:
            _take(context, asked, view, page)
            page = []
    _take(context, asked, view, page)
    return view


def _take(context: Context, asked: Asked, view: StoreView, page: Sequence[Alert]) -> None:
    ids = [alert.id for alert in page]
    actions = context.store.inquiries.actions_of(ids)
    answers = context.store.inquiries.answers_about(ids)
    verdicts = context.store.verdicts.current_many(ids)
    for alert in page:
        verdict = verdicts.get(alert.id)
        if verdict is not None:
            view.verdicts[verdict.verdict] += 1
        _authenticated(context, view.authentication, alert.event)
        done = [_words(action) for action in actions.get(alert.id, [])]
        done += [_answered(told) for told in answers.get(alert.id, [])]
        seen = _seen(alert, verdict.verdict if verdict else "", tuple(done))
        is_sure = not context.inquiry.url or _has_link(alert.event, context.inquiry.host)
        (asked.sightings if is_sure else asked.loose).append(seen)


def _seen(alert: Alert, verdict: str, done: tuple[str, ...]) -> Sighting:
    event = alert.event or {}
    header = event.get("header_from")
    address = header.get("address") if isinstance(header, dict) else ""
    envelope = event.get("envelope_from")
    to, count = people([alert.recipient, *(_texts(event.get("recipients")) or _texts(event.get("to")))])
    if alert.hold_id:  # an alert of the hold queue is one copy, for one person
        to, count = people([alert.recipient])
    status = "held" if alert.hold_id else status_of(_text(event.get("status")) or "delivered")
    if alert.handling in {"released", "rejected"}:
        status = status_of(alert.handling)
    risk = _text(event.get("risk")).lower()
    return Sighting(
        source=STORE, at=alert.received_at, senders=senders(alert.sender, _text(address), _text(envelope)),
        recipients=to, recipient_count=count, subject=short_subject(alert.title), status=status,
        once=f"{STORE} {alert.connector} {to[0] if to else ''}", size=_number(event.get("size")),
        risk=risk if risk in RISKS else "", note=f"verdict: {verdict}" if verdict else "",
        message_id=short_id(alert.message_id or _text(event.get("message_id"))),
        tracking_id=short_id(alert.tracking_id), hold_id=short_id(alert.hold_id), alert_id=alert.id,
        received_by=(short_address(alert.recipient),) if alert.handling == "released" else (), done=done,
    )  # fmt: skip


def _has_link(value: object, host: str) -> bool:
    """Whether a link to the host stands anywhere in an event; its name alone may be a sender's domain."""
    if isinstance(value, str):
        return re.search(rf"(?i)://(?:[^\s/@]*@)?{re.escape(host)}(?![\w-]|\.\w)", value) is not None
    if isinstance(value, dict):
        return any(_has_link(one, host) for one in value.values())
    return isinstance(value, list) and any(_has_link(one, host) for one in value)


def _authenticated(context: Context, found: Authentication, event: dict[str, Any]) -> None:
    headers, detail = event.get("authentication_results"), event.get("spam_detail")
    if headers is None and detail is None:
        return
    plain = {name: word for name, word in detail.items() if isinstance(word, str)} if isinstance(detail, dict) else {}
    read = read_authentication(_texts(headers), plain, context.trusted, context.own_domains)
    found.mails += 1
    for method in METHODS:
        found.results[method][getattr(read, method) or "not known"] += 1


def _words(action: Action) -> str:
    return f"{action.kind.replace('_', ' ')}: {action.state.replace('_', ' ')} (action {action.id})"


def _answered(told: Told) -> str:
    counts = "" if told.accepted else ", does not count"
    return f"asked, and answered ({told.classification}{counts})"


def _names(target: str, word: str) -> bool:
    """Whether a target names the word as a whole: `evil.example` is not in `notevil.example`."""
    return bool(word) and re.search(rf"(?<![\w.-]){re.escape(word)}(?![\w-]|\.\w)", target, re.IGNORECASE) is not None


def _texts(value: object) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
