"""The hold queue: list and summary."""

from __future__ import annotations

from typing import Any

from sandbox.data.mail import HOLD_REASONS
from sandbox.endpoints.context import Context
from sandbox.envelope import Item, Outcome, error, failure, stamp
from sandbox.holdqueue import Timeline
from sandbox.validate import anything, boolean, text
from sandbox.world import World

_SEARCH = {"all", "subject", "sender", "recipient", "reason_code"}
HOLD_LIST = {
    "admin": boolean(),
    "start": text(),
    "end": text(),
    "searchBy": anything({"fieldName": text(required=True, values=_SEARCH), "value": text()}),
    "filterBy": anything({"route": text(), "heldGroup": text(), "fieldName": text(), "value": text()}),
}


def row(world: World, number: int, recipient: int) -> dict[str, Any]:
    """One entry as the hold list shows it."""
    mail = world.mail(number)
    code, words = HOLD_REASONS[mail.hold]
    name, address = mail.recipients[recipient]
    return {
        "id": world.hold_id(number, recipient),
        "reason": words,
        "reasonId": code.upper(),
        "reasonCode": code,
        "from": {"emailAddress": mail.from_env, "displayableName": ""},
        "fromHeader": {"emailAddress": mail.from_addr, "displayableName": mail.from_name},
        "to": {"emailAddress": address, "displayableName": name},
        "subject": mail.subject,
        "route": mail.route.upper(),
        "hasAttachments": any(part.attachment for part in mail.components),
        "size": mail.size,
        "dateReceived": stamp(world.messages[number].received),
        "policyInfo": mail.policy,
    }


def get_hold_message_list(context: Context) -> Outcome:
    """`/api/gateway/get-hold-message-list`."""
    context.need_items()
    page = context.page(default=25, most=500)
    outcome = Outcome(pagination=page.block(0, 0))
    for item in context.valid(outcome, HOLD_LIST, strict=False):
        window = context.window(item, outcome, back=86_400)
        search = _search(item, outcome)
        if window is None or search is None:
            continue
        if item.get("admin") is not True:
            continue  # only the caller's own mail, and a service account has none
        world = context.world
        first, last = world.held.window(*window)
        wanted = _filtered(world, first, last, search, _filters(item))
        if wanted is None:
            shown = world.held.slice(first + page.offset, min(last, first + page.offset + page.size))
            total = last - first
        else:
            shown = wanted[page.offset : page.offset + page.size]
            total = len(wanted)
        outcome.data += [row(world, *Timeline.entry(key)) for key in shown]
        outcome.pagination = page.block(len(shown), total)
    return outcome


def _search(item: Item, outcome: Outcome) -> tuple[str, str] | None:
    """(field, lower-case value) of `searchBy`; None when it is malformed."""
    search = item.get("searchBy")
    if search is None:
        return "all", ""
    if not isinstance(search, dict) or search.get("fieldName") not in _SEARCH:
        wrong = error("err_validation_value_not_allowed", "fieldName is not allowed", "searchBy.fieldName")
        outcome.fail.append(failure(item, wrong))
        return None
    return search["fieldName"], str(search.get("value", "")).lower()


def _filters(item: Item) -> dict[str, str]:
    """`filterBy` in either of its documented shapes."""
    wanted: dict[str, str] = {}
    for entry in item.get("filterBy") or []:
        if isinstance(entry, dict) and "fieldName" in entry:
            wanted[str(entry["fieldName"])] = str(entry.get("value", "")).lower()
        elif isinstance(entry, dict):
            wanted.update({name: str(value).lower() for name, value in entry.items()})
    return wanted


def _filtered(
    world: World, first: int, last: int, search: tuple[str, str], filters: dict[str, str]
) -> list[int] | None:
    """Keys that match, newest first; None when nothing is filtered."""
    name, value = search
    route, group = filters.get("route", "all"), filters.get("heldGroup", "")
    if (name == "all" and not value) and route == "all" and not group:
        return None
    question = "hold", world.version, first, last, search, tuple(filters.items())
    if question in world.found:
        return world.found[question]
    keys = world.held.slice(first, last)
    if name == "recipient":
        mine = {
            Timeline.key(world.messages[number].received, number, place) for number, place in world.entries_of(value)
        }
        keys = [key for key in keys if key in mine]
    keys = [key for key in keys if _matches(world, key, name, value, route, group)]
    return world.remember(question, keys)


def _matches(world: World, key: int, name: str, value: str, route: str, group: str) -> bool:
    number, _ = Timeline.entry(key)
    mail = world.mail(number)
    if route not in ("all", mail.route) or (group and group != mail.held_group.lower()):
        return False
    match name:
        case "subject":
            return value in mail.subject.lower()
        case "sender":
            return value in (mail.from_env.lower(), mail.from_addr.lower())
        case "reason_code":
            return value == HOLD_REASONS[mail.hold][0]
        case "all" if value:
            return value in f"{mail.subject} {mail.from_env} {mail.from_addr}".lower()
    return True


def get_hold_summary_list(context: Context) -> Outcome:
    """`/api/gateway/get-hold-summary-list`."""
    world = context.world
    if context.tenant.summary_version != world.version or not context.tenant.summary:
        counts: dict[str, int] = {}
        for number, _ in world.held_entries():
            policy = world.mail(number).policy
            counts[policy] = counts.get(policy, 0) + 1
        context.tenant.summary, context.tenant.summary_version = counts, world.version
    return Outcome(
        data=[
            {"policyInfo": policy, "numberOfItems": count} for policy, count in sorted(context.tenant.summary.items())
        ]
    )
