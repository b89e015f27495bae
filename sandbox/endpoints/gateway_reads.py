"""The gateway's other lists: rejections, mail on its way, and the length of the queues."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sandbox.endpoints.context import Context
from sandbox.envelope import Item, Outcome, stamp
from sandbox.holdqueue import Timeline
from sandbox.validate import anything, boolean, records, text

REJECTIONS = {"admin": boolean(), "start": text(), "end": text()}
PROCESSING = {
    "sortOrder": text(values={"asc", "desc"}),
    "start": text(),
    "end": text(),
    "searchBy": anything({"fieldName": text(required=True), "value": text()}),
    "filterBy": records(inside={"attachments": boolean(), "route": text()}),
}
QUEUES = {"start": text(), "end": text()}
DAY = 86_400
QUEUED = ("accepted", "delivery", "deferred")


def get_rejections(context: Context) -> Outcome:
    """`/api/gateway/get-rejections`: of the last week; without `admin` only the caller's own, so none."""
    context.need_items()
    page = context.page(default=25, most=500)
    outcome = Outcome(pagination=page.block(0, 0))
    for item in context.valid(outcome, REJECTIONS, strict=False):
        window = context.window(item, outcome, back=DAY)
        if window is None or item.get("admin") is not True:
            continue
        since = max(window[0], context.tenant.clock.epoch() - 7 * DAY)
        numbers = _with_status(context, (since, window[1]), ("rejected",))
        shown = numbers[page.offset : page.offset + page.size]
        outcome.data += [_rejection(context, number) for number in shown]
        outcome.pagination = page.block(len(shown), len(numbers))
    return outcome


def _with_status(context: Context, window: tuple[float, float], statuses: tuple[str, ...]) -> list[int]:
    """Numbers of the messages of a window in one of these statuses, newest first."""
    world = context.world
    first, last = world.tracked.window(*window)
    numbers = (Timeline.entry(key)[0] for key in world.tracked.slice(first, last))
    return [number for number in numbers if world.messages[number].status in statuses]


def _rejection(context: Context, number: int) -> dict[str, Any]:
    mail = context.world.mail(number)
    return {
        "id": context.world.mint.other("rejection", number),
        "fromEnv": {"emailAddress": mail.from_env},
        "fromHdr": {"emailAddress": mail.from_addr, "displayableName": mail.from_name},
        "to": [{"emailAddress": address, "displayableName": name} for name, address in mail.recipients],
        "subject": mail.subject,
        "route": mail.route,
        "received": stamp(context.world.messages[number].received),
        "remoteIp": mail.sender_ip,
        "rejectType": "IP Found in RBL" if number % 2 else "Recipient Verification",
        "rejectInfo": f"[{mail.sender_ip}] 550 rejected",
    }


def find_processing_messages(context: Context) -> Outcome:
    """`/api/gateway/find-processing-messages`: mail that is on its way."""
    context.need_items()
    page = context.page(default=25, most=500)
    outcome = Outcome(pagination=page.block(0, 0))
    for item in context.valid(outcome, PROCESSING, strict=False):
        window = context.window(item, outcome, back=DAY)
        if window is None:
            continue
        rows = [_processing(context, number) for number in _with_status(context, window, QUEUED)]
        rows = [row for row in rows if _wanted(row, item)]
        if item.get("sortOrder") == "asc":
            rows.reverse()
        shown = rows[page.offset : page.offset + page.size]
        outcome.data.append({"messages": shown})
        outcome.pagination = page.block(len(shown), len(rows))
    return outcome


def _wanted(row: dict[str, Any], item: Item) -> bool:
    search = item.get("searchBy") or {}
    words, name = str(search.get("value") or "").lower(), search.get("fieldName", "all")
    searched = str(row.get(name, "")) if name in row else " ".join(map(str, row.values()))
    wanted = {name: value for entry in item.get("filterBy") or [] for name, value in entry.items()}
    return (
        words in searched.lower()
        and wanted.get("route", "all") in ("all", row["route"])
        and wanted.get("attachments") in (None, row["attachments"])
    )


def _processing(context: Context, number: int) -> dict[str, Any]:
    mail, message = context.world.mail(number), context.world.messages[number]
    deferred = message.status == "deferred"
    return {
        "id": context.world.mint.other("processing", number),
        "subject": mail.subject,
        "fromEnv": {"emailAddress": mail.from_env},
        "fromHeader": {"emailAddress": mail.from_addr, "displayableName": mail.from_name},
        "to": [{"emailAddress": address, "displayableName": name} for name, address in mail.recipients],
        "route": mail.route,
        "created": stamp(message.received),
        "remoteIp": mail.sender_ip,
        "nextAttempt": stamp(context.tenant.clock.epoch() + 600),
        "attempts": 3 if deferred else 1,
        "info": "451 greylisted, try again later" if deferred else "Message is being processed",
        "attachments": bool(mail.attachments),
    }


def get_email_queues(context: Context) -> Outcome:
    """`/api/email/get-email-queues`: how much was on its way, by the hour."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, QUEUES, strict=False):
        window = context.window(item, outcome, back=DAY)
        if window is None:
            continue
        counts: dict[str, Counter[int]] = {"inbound": Counter(), "outbound": Counter()}
        for number in _with_status(context, window, QUEUED):
            message = context.world.messages[number]
            side = "outbound" if message.route == "outbound" else "inbound"
            counts[side][message.received // 3600 * 3600] += 1
        outcome.data.append(
            {
                f"{side}EmailQueue": [{"date": stamp(hour), "count": count} for hour, count in sorted(hours.items())]
                for side, hours in counts.items()
            }
        )
    return outcome
