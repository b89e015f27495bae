"""Message tracking search."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sandbox.data.mail import HOLD_REASONS
from sandbox.endpoints.context import Context
from sandbox.envelope import Item, Outcome, error, failure, stamp
from sandbox.holdqueue import Timeline
from sandbox.index import Facts
from sandbox.validate import anything, strings, text
from sandbox.world import World

STATUSES = {"delivery", "held", "accepted", "bounced", "deferred", "rejected", "archived"}
OPTIONS = {"from", "to", "subject", "senderIP", "url"}
MAX_BACK = 30 * 86_400
SEARCH = {
    "start": text(),
    "end": text(),
    "messageId": text(),
    "searchReason": text(),
    "status": strings(values=STATUSES),
    "route": strings(values={"inbound", "outbound", "internal"}),
    "advancedTrackAndTraceOptions": anything({name: text() for name in sorted(OPTIONS)}),
}
INFO = {
    "archived": "Indexed and archived",
    "rejected": "Envelope Rejected",
    "bounced": "Bounced",
    "deferred": "Delivery deferred: greylisted",
    "accepted": "Accepted",
    "delivery": "Being delivered",
}


def search(context: Context) -> Outcome:
    """`/api/message-finder/search`. Reaches back just under thirty days."""
    context.need_items()
    tenant = context.tenant
    page = context.page(default=100, most=500)
    outcome = Outcome(pagination={"pageSize": page.size if tenant.tracking_paged else 0})
    for item in context.valid(outcome, SEARCH, strict=False):
        window = context.window(item, outcome, back=86_400)
        if window is None:
            continue
        problem = _problem(context, item, window[0])
        if problem:
            outcome.fail.append(failure(item, problem))
            continue
        if not page.offset:
            words = item.get("messageId") or json.dumps(item.get("advancedTrackAndTraceOptions") or {})
            context.world.searches.track(context.operator, words, item.get("searchReason") or "")
        keys = _matching(context, item, window)
        if tenant.tracking_page_cap is not None:
            keys = keys[: tenant.tracking_page_cap]
        if tenant.tracking_paged:
            shown = keys[page.offset : page.offset + page.size]
            outcome.pagination = page.block(len(shown), len(keys), count=False)
        else:
            shown = keys
        rows = [row(context.world, Timeline.entry(key)[0]) for key in shown]
        outcome.data.append({"trackedEmails": rows})
    return outcome


def _problem(context: Context, item: Item, start: float) -> Item | None:
    options = item.get("advancedTrackAndTraceOptions")
    if item.get("start") and start <= context.tenant.clock.epoch() - MAX_BACK:
        return error("err_track_and_trace_invalid_start_date", "Start date is too far in the past", "start")
    if options is not None and not isinstance(options, dict):
        return error("err_validation", "must be an object", "advancedTrackAndTraceOptions")
    if item.get("messageId") and options:
        return error("err_validation", "messageId excludes the options", "messageId")
    empty = options is not None and not any(options.get(name) for name in OPTIONS)
    missing = options is None and not item.get("messageId") and context.tenant.tracking_requires_options
    if empty or missing:
        return error(
            "err_validation_at_least_one_not_null",
            "at least one of the options is needed",
            "advancedTrackAndTraceOptions",
        )
    return None


def _matching(context: Context, item: Item, window: tuple[float, float]) -> list[int]:
    """Keys of the messages that match, newest first."""
    world = context.world
    question = "tracking", world.version, window, json.dumps(item, sort_keys=True)
    if question in world.found:
        return world.found[question]
    first, last = world.tracked.window(*window)
    keys = world.tracked.slice(first, last)
    for name in ("status", "route"):
        allowed = set(item.get(name) or ())
        if allowed:
            keys = [key for key in keys if getattr(world.messages[Timeline.entry(key)[0]], name) in allowed]
    options = {
        name: str(value).lower()
        for name, value in (item.get("advancedTrackAndTraceOptions") or {}).items()
        if name in OPTIONS and value
    }
    message_id = item.get("messageId") or ""
    if options.keys() == {"to"}:  # the usual question: answered without writing the mail
        keys = [key for key in keys if _addressed(world, Timeline.entry(key)[0], options["to"])]
    elif options or message_id:
        keys = [key for key in keys if _fits(world.index[Timeline.entry(key)[0]], options, message_id)]
    return world.remember(question, keys)


def _addressed(world: World, number: int, wanted: str) -> bool:
    message = world.messages[number]
    return any(_same(world.recipient_of(number, place)[1], wanted) for place in range(message.recipients))


def _same(address: str, wanted: str) -> bool:
    """An address, or exactly its domain: subdomains are not included."""
    address = address.lower()
    return wanted in (address, address.rpartition("@")[2])


def _fits(facts: Facts, options: dict[str, str], message_id: str) -> bool:
    if message_id and facts.message_id != message_id:
        return False
    checks: dict[str, Callable[[str], bool]] = {
        "from": lambda value: any(_same(address, value) for address in facts.senders),
        "to": lambda value: any(_same(address, value) for address in facts.people),
        "subject": lambda value: value in facts.subject,
        "senderIP": lambda value: value == facts.sender_ip,
        "url": lambda value: bool(facts.url) and value in facts.url.lower(),
    }
    return all(checks[name](value) for name, value in options.items())


def row(world: World, number: int) -> dict[str, Any]:
    """One message as a tracking search shows it."""
    mail = world.mail(number)
    message = world.messages[number]
    shown: dict[str, Any] = {
        "id": world.tracking_id(number),
        "status": message.status,
        "route": mail.route,
        "received": stamp(message.received),
        "subject": mail.subject,
        "senderIP": mail.sender_ip,
        "attachments": bool(mail.attachments),
        "spamScore": mail.spam_score,
        "detectionLevel": mail.detection_level,
        "info": HOLD_REASONS[mail.hold][1] if message.status == "held" else INFO.get(message.status, ""),
        "fromEnv": {"emailAddress": mail.from_env},
        "fromHdr": None
        if mail.null_from_header
        else {"displayableName": mail.from_name, "emailAddress": mail.from_addr},
        "to": [{"displayableName": name, "emailAddress": address} for name, address in mail.recipients],
    }
    if mail.sent_lag is not None:
        shown["sent"] = stamp(message.received - mail.sent_lag)
    if number % 23 == 5:
        del shown["attachments"]  # the field may be absent
    return shown
