"""Threat remediation: begin an incident, watch it, find incidents, and ask where a file was seen."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from sandbox.data.people import OWN_DOMAINS
from sandbox.endpoints.context import Context
from sandbox.envelope import Item, Outcome, error, failure, stamp
from sandbox.holdqueue import Timeline
from sandbox.incidents import Copy
from sandbox.validate import records, strings, text

CREATE = {
    "reason": text(required=True),
    "searchBy": text(required=True, values={"hash", "messageId", "url"}),
    "hashOrMessageId": text(),
    "url": text(),
    "start": text(),
    "end": text(),
}
CREATE_V2 = {
    "reason": text(required=True),
    "searchBy": text(required=True, values={"hash", "message_ids", "url"}),
    "hash": text(),
    "messageIds": strings(),
    "url": text(),
    "start": text(),
    "end": text(),
}
BY_ID = {"id": text(required=True)}
_SEARCHES = {"all", "code", "file_hash", "reason"}
FIND = {
    "start": text(),
    "end": text(),
    "searchBy": records(inside={"fieldName": text(required=True, values=_SEARCHES), "value": text(required=True)}),
    "filterBy": records(inside={"fieldName": text(required=True), "value": text(required=True)}),
}
HASHES = {"hashes": strings(required=True)}
MONTH = 30 * 86_400
YEAR = 365 * 86_400
_HASH = re.compile(r"[0-9a-f]{64}\Z", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<[^<>\s]+@?[^<>\s]*>\Z")


def create(context: Context) -> Outcome:
    """`/api/ttp/remediation/create`: by one file hash, one Message-ID or one URL."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, CREATE, strict=True):
        by = item["searchBy"]
        wanted = [item.get("url") if by == "url" else item.get("hashOrMessageId")]
        _create(context, item, "message_ids" if by == "messageId" else by, wanted, outcome)
    return outcome


def create_v2(context: Context) -> Outcome:
    """`/api/ttp/remediation/v2/create`: the same with several Message-IDs."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, CREATE_V2, strict=True):
        by = item["searchBy"]
        wanted = item.get("messageIds") or [] if by == "message_ids" else [item.get("hash" if by == "hash" else "url")]
        _create(context, item, by, wanted, outcome)
    return outcome


def _create(context: Context, item: Item, by: str, wanted: list[Any], outcome: Outcome) -> None:
    window = context.window(item, outcome, back=MONTH)
    if window is None:
        return
    problem = _problem(by, wanted)
    if problem:
        outcome.fail.append(failure(item, problem))
        return
    book, tenant = context.world.incidents, context.tenant
    criteria: dict[str, Any] = {
        "from": None,
        "to": None,
        "start": stamp(window[0]),
        "end": stamp(window[1]),
        "fileHash": wanted[0] if by == "hash" else None,
        "messageId": ", ".join(wanted) if by == "message_ids" else None,
        "restoreCode": None,
        "unremediateCode": None,
        "targets": wanted,
    }
    if by == "url":
        criteria["url"] = wanted[0]
    number = book.create(
        context.operator,
        dict(item),
        criteria=criteria,
        copies=_copies(context, by, wanted, window),
        steps=tenant.remediation_steps,
        fails=tenant.remediation_fails,
    )
    outcome.data.append(book.show(number))


def _problem(by: str, wanted: list[Any]) -> Item | None:
    name = {"hash": "hash", "message_ids": "messageId", "url": "url"}[by]
    if not wanted or not all(wanted):
        return error("err_validation_null", "must not be null", name)
    checks: dict[str, Callable[[str], bool]] = {
        "hash": lambda value: _HASH.match(value) is not None,
        "message_ids": lambda value: _MESSAGE_ID.match(value) is not None,
        "url": lambda value: "." in value,
    }
    if not all(checks[by](value) for value in wanted):
        return error("err_validation", f"not a {name} of the accepted form", name)
    return None


def _copies(context: Context, by: str, wanted: list[str], window: tuple[float, float]) -> list[Copy]:
    """Copies in our own mailboxes that fit, newest first."""
    world = context.world
    first, last = world.tracked.window(*window)
    found: list[Copy] = []
    lowered = {value.lower() for value in wanted}
    for key in world.tracked.slice(first, last):
        number, _ = Timeline.entry(key)
        message = world.messages[number]
        if not message.delivered() or message.route == "outbound":
            continue
        fits = {
            "hash": lambda n: bool(lowered & set(world.index.hashes(n))),
            "message_ids": lambda n: world.index[n].message_id in wanted,
            "url": lambda n: bool(world.index[n].url) and world.index[n].url in wanted,
        }[by](number)
        if fits:
            people = world.index[number].people
            found += [
                (number, place)
                for place in world.archive.copies(message)
                if people[place].rpartition("@")[2] in OWN_DOMAINS
            ]
    return found


def get_incident(context: Context) -> Outcome:
    """`/api/ttp/remediation/get-incident`: looking at an incident is when it goes on."""
    context.need_items()
    outcome = Outcome()
    book = context.world.incidents
    for item in context.valid(outcome, BY_ID, strict=True):
        found = context.read_id(item["id"])
        if found.kind != "incident":
            outcome.fail.append(failure(item, error("xdk_failure", "0007 Invalid token", "id")))
        elif found.number not in book:
            outcome.meta_status = 404
            outcome.fail.append(failure(item, error("err_incident_not_found", "no such incident", "id")))
        else:
            book.look(found.number)
            outcome.data.append(book.show(found.number))
    return outcome


def find_incidents(context: Context) -> Outcome:
    """`/api/ttp/remediation/find-incidents`: newest first; needs at least one criterion."""
    context.need_items()
    page = context.page(default=25, most=500)
    outcome = Outcome(pagination=page.block(0, 0))
    for item in context.valid(outcome, FIND, strict=False):
        window = context.window(item, outcome, back=YEAR)
        if window is None:
            continue
        searches, filters = item.get("searchBy") or [], item.get("filterBy") or []
        if not searches and not filters:
            wrong = error("err_validation_at_least_one_not_null", "a criterion is needed", "searchBy")
            outcome.fail.append(failure(item, wrong))
            continue
        if any(entry.get("fieldName") not in _SEARCHES for entry in searches):
            wrong = error("err_validation_value_not_allowed", "fieldName is not allowed", "searchBy.fieldName")
            outcome.fail.append(failure(item, wrong))
            continue
        book = context.world.incidents
        rows = [
            book.show(incident.number)
            for incident in reversed(list(book))
            if window[0] // 1 <= incident.created // 1 <= window[1] // 1
        ]
        rows = [row for row in rows if _found(row, searches, filters)]
        shown = rows[page.offset : page.offset + page.size]
        outcome.data.append({"incidents": shown})
        outcome.pagination = page.block(len(shown), len(rows))
    return outcome


def _found(row: dict[str, Any], searches: list[Item], filters: list[Item]) -> bool:
    places = {"code": row["code"], "reason": row["reason"], "file_hash": row["searchCriteria"]["fileHash"] or ""}
    for entry in searches:
        value, name = str(entry.get("value", "")).lower(), entry["fieldName"]
        searched = " ".join(places.values()) if name == "all" else places[name]
        if value not in searched.lower():
            return False
    return all(entry.get("value") in ("all", row.get(str(entry.get("fieldName")))) for entry in filters)


def search_hash(context: Context) -> Outcome:
    """`/api/ttp/remediation/search-hash`: whether files were seen in the last month."""
    context.need_items()
    outcome = Outcome()
    world = context.world
    for item in context.valid(outcome, HASHES, strict=True):
        now = context.tenant.clock.epoch()
        first, last = world.tracked.window(now - MONTH, now)
        numbers = [Timeline.entry(key)[0] for key in world.tracked.slice(first, last)]
        seen = {value for number in numbers for value in world.index.hashes(number)}
        good = [value for value in item["hashes"] if _HASH.match(value)]
        outcome.data.append(
            {
                "hashStatus": [{"hash": value, "detected": value.lower() in seen} for value in good],
                "failedHashes": [value for value in item["hashes"] if value not in good],
            }
        )
    return outcome
