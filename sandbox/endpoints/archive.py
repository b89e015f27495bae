"""Archive: search by XML query, and the list of one mailbox."""

from __future__ import annotations

from typing import Any

from sandbox.archive_query import ArchiveQuery, QueryError, parse_query
from sandbox.endpoints.context import Context
from sandbox.envelope import Item, Outcome, error, failure, stamp
from sandbox.ids import page_token
from sandbox.validate import boolean, text
from sandbox.world import World

SEARCH = {"admin": boolean(), "query": text(required=True)}
LIST = {
    "mailbox": text(required=True),
    "view": text(required=True, values={"INBOX", "SENT"}),
    "start": text(),
    "end": text(),
}
MONTH = 30 * 86_400


def search(context: Context) -> Outcome:
    """`/api/archive/search`: without `admin` only the caller's own mail, and a service account has none."""
    context.need_items()
    outcome = Outcome(pagination={"recordStart": 0, "pageSize": 25})
    for item in context.valid(outcome, SEARCH, strict=False):
        try:
            query = parse_query(item["query"], context.tenant.clock.epoch())
        except QueryError:
            wrong = error("err_invalid_search_xml", "the search query is not valid", "query")
            outcome.fail.append(failure(item, wrong))
            continue
        context.tenant.ignored_tags += query.ignored
        context.world.searches.search(context.operator, item["query"], query.text)
        found = context.world.archive.find(query) if item.get("admin") is True else []
        _page(context, query, found, outcome)
    return outcome


def _page(context: Context, query: ArchiveQuery, found: list[int], outcome: Outcome) -> None:
    """Later pages come by token; `startrow` counts only for the first."""
    page = context.page(default=query.page_size, most=500)
    size = page.size if page.offset or context.page_block.get("pageToken") else query.page_size
    start = page.offset if context.page_block.get("pageToken") else query.start_row
    shown = found[start : start + size]
    items = [row(context.world, number, query.return_fields) for number in shown]
    if context.tenant.archive_flat:
        outcome.data += items
    else:
        outcome.data.append({"queryDuration": 3 + len(found) // 50, "items": items})
    outcome.pagination = {"recordStart": start, "pageSize": size}
    if start + len(shown) < len(found):
        outcome.pagination["next"] = page_token(size, start + len(shown))
    if start:
        outcome.pagination["previous"] = page_token(size, max(0, start - size))


def row(world: World, number: int, fields: list[str]) -> dict[str, Any]:
    """One message with those fields that were asked for, and no others."""
    mail, message = world.mail(number), world.messages[number]
    people = [
        {"displayableName": mail.recipients[place][0], "emailAddress": mail.recipients[place][1]}
        for place in message.delivered(queued=True)
    ]
    remediated = message.pulled and not world.archive.copies(message)
    every: dict[str, Any] = {
        "id": world.mint.archive(number),
        "smash": world.archive.smash(number),
        "subject": mail.subject,
        "status": "REMEDIATED" if remediated else "ARCHIVED" if message.delivered() else "ACCEPTED",
        "size": mail.size,
        "receiveddate": stamp(message.received),
        "attachmentcount": len(mail.attachments),
        "displayfrom": mail.from_name or mail.from_addr,
        "displayfromaddress": mail.from_addr,
        "displayto": people[0]["displayableName"] or people[0]["emailAddress"] if people else "",
        "displaytoaddresslist": people,
    }
    return {name: value for name, value in every.items() if name in fields}


def get_message_list(context: Context) -> Outcome:
    """`/api/archive/get-message-list`: what one mailbox received or sent."""
    context.need_items()
    page = context.page(default=25, most=500)
    outcome = Outcome(pagination=page.block(0, 0))
    for item in context.valid(outcome, LIST, strict=False):
        window = context.window(item, outcome, back=MONTH)
        if window is None:
            continue
        found = _of_mailbox(context, item, window)
        shown = found[page.offset : page.offset + page.size]
        outcome.data += [_listed(context.world, number) for number in shown]
        outcome.pagination = page.block(len(shown), len(found), count=False)
    return outcome


def _of_mailbox(context: Context, item: Item, window: tuple[float, float]) -> list[int]:
    wanted = item["mailbox"].lower()
    query = ArchiveQuery(start=window[0], end=window[1], mailboxes=[(wanted, False)])
    found = context.world.archive.find(query)
    side = "people" if item["view"] == "INBOX" else "senders"
    return [number for number in found if wanted in getattr(context.world.index[number], side)]


def _listed(world: World, number: int) -> dict[str, Any]:
    mail = world.mail(number)
    return {
        "id": world.mint.archive(number),
        "subject": mail.subject,
        "size": mail.size,
        "received": stamp(world.messages[number].received),
        "from": {"displayableName": mail.from_name, "emailAddress": mail.from_addr},
        "attachmentCount": len(mail.attachments),
    }
