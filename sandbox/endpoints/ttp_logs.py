"""Targeted threat protection: logs of clicked links, scanned attachments, and impersonation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from zlib import crc32

from sandbox.data.people import BRANDS, PARTNERS
from sandbox.endpoints.context import Context
from sandbox.envelope import Item, Outcome, Page, stamp
from sandbox.holdqueue import Timeline
from sandbox.validate import boolean, strings, text
from sandbox.world import World

ROUTES = {"all", "inbound", "outbound", "internal"}
BAD = ("phish", "malware")
_SHARED = {"from": text(), "to": text(), "route": text(values=ROUTES), "oldestFirst": boolean()}
URL_LOGS = {**_SHARED, "scanResult": text(values={"clean", "malicious", "all"})}
ATTACHMENT_LOGS = {**_SHARED, "result": text()}
IMPERSONATION_LOGS = {
    **_SHARED,
    "taggedMalicious": boolean(),
    "searchField": text(values={"senderAddress", "recipientAddress", "subject", "policy", "all"}),
    "query": text(),
    "identifiers": strings(),
    "actions": strings(values={"hold", "bounce", "none"}),
}
IDENTIFIERS = {
    "Similar Internal Domain": "similar_internal_domain",
    "Similar Monitored External Domain": "advanced_similar_monitored_domain",
    "Custom External Domain": "custom_external_domain",
    "Mimecast External Domain": "mimecast_external_domain",
    "Newly Observed Domain": "newly_observed_domain",
    "Internal User Name": "internal_user_name",
    "Custom Display Name List": "custom_name_list",
    "Reply-to Address Mismatch": "reply_address_mismatch",
    "Targeted Threat Dictionary": "targeted_threat_dictionary",
    "Mimecast Threat Dictionary": "targeted_threat_dictionary",
    "Custom Threat Dictionary": "targeted_threat_dictionary",
}
_LATEST = 7200
"""Seconds after the receipt within which people click."""
Found = tuple[float, int, int]
"""(time, message, which of its rows)"""
Rows = Callable[[World, int], list[dict[str, Any]]]


def url_logs(context: Context) -> Outcome:
    """`/api/ttp/url/get-logs`: who clicked on what. The rows have no id."""

    def wanted(item: Item, number: int) -> bool:
        result = item.get("scanResult", "all")
        return result in ("all", _scan(context.world, number))

    return _logs(context, URL_LOGS, "clickLogs", _clicked, wanted, _click_rows)


def attachment_logs(context: Context) -> Outcome:
    """`/api/ttp/attachment/get-logs`: what was found in files. The rows have no id."""

    def wanted(item: Item, number: int) -> bool:
        result = item.get("result", "all")
        return result in ("all", _result(context.world, number))

    return _logs(context, ATTACHMENT_LOGS, "attachmentLogs", _scanned, wanted, _attachment_rows)


def impersonation_logs(context: Context) -> Outcome:
    """`/api/ttp/impersonation/get-logs`: who pretended to be somebody."""

    def wanted(item: Item, number: int) -> bool:
        (row,) = _impersonation_rows(context.world, number)
        words, name = str(item.get("query") or "").lower(), item.get("searchField") or "all"
        places = {
            "senderAddress": row["senderAddress"],
            "recipientAddress": row["recipientAddress"],
            "subject": row["subject"],
            "policy": row["definition"],
        }
        searched = places[name] if name in places else " ".join(places.values())
        return (
            words in searched.lower()
            and item.get("taggedMalicious") in (None, row["taggedMalicious"])
            and (not item.get("identifiers") or bool(set(item["identifiers"]) & set(row["identifiers"])))
            and (not item.get("actions") or row["action"] in item["actions"])
        )

    def pretended(world: World, number: int) -> float | None:
        return float(world.messages[number].received) if world.index[number].impersonated else None

    return _logs(context, IMPERSONATION_LOGS, "impersonationLogs", pretended, wanted, _impersonation_rows)


def _logs(
    context: Context,
    fields: dict[str, Any],
    name: str,
    when: Callable[[World, int], float | None],
    wanted: Callable[[Item, int], bool],
    rows: Rows,
) -> Outcome:
    """One log: messages of a window that have an entry, filtered, in order, by pages."""
    page = context.page(default=25, most=500)
    outcome = Outcome(pagination=page.block(0, 0))
    now = context.tenant.clock.epoch()
    context.items = context.items or [{}]
    for item in context.valid(outcome, fields, strict=False):
        window = context.window(item, outcome, back=now % 86_400, names=("from", "to"))
        if window is None:
            continue
        found = [one for one in _entries(context.world, window, item, when) if wanted(item, one[1])]
        found.sort(reverse=not item.get("oldestFirst"))
        _show(context, outcome, page, name, found, rows)
    return outcome


def _show(context: Context, outcome: Outcome, page: Page, name: str, found: list[Found], rows: Rows) -> None:
    shown = [rows(context.world, number)[place] for _, number, place in found[page.offset : page.offset + page.size]]
    block: dict[str, Any] = {name: shown}
    if name == "impersonationLogs":
        block["resultCount"] = len(found)
    outcome.data.append(block)
    outcome.pagination = page.block(len(shown), len(found))


def _entries(
    world: World, window: tuple[float, float], item: Item, when: Callable[[World, int], float | None]
) -> list[Found]:
    first, last = world.tracked.window(window[0] - _LATEST, window[1])
    route, found = item.get("route") or "all", []
    for key in world.tracked.slice(first, last):
        number, _ = Timeline.entry(key)
        if route not in ("all", world.messages[number].route):
            continue
        at = when(world, number)
        if at is not None and window[0] <= at <= window[1]:
            count = len(world.index[number].files) if when is _scanned else 1
            found += [(at, number, place) for place in range(count)]
    return found


def _clicked(world: World, number: int) -> float | None:
    """When somebody clicked the link of a delivered message; None when nobody did."""
    message, draw = world.messages[number], crc32(f"click/{number}".encode())
    if draw % 3 or message.route == "outbound" or not message.delivered() or not world.index[number].url:
        return None
    return message.received + 60 + draw % (_LATEST - 100)


def _scan(world: World, number: int) -> str:
    return "malicious" if world.messages[number].category in BAD else "clean"


def _click_rows(world: World, number: int) -> list[dict[str, Any]]:
    mail, message = world.mail(number), world.messages[number]
    url, bad = world.index[number].url, _scan(world, number) == "malicious"
    action = world.urls.action(url) or ("block" if bad and number % 2 else "allow")
    name = "Block" if action == "block" else "Allow"
    return [
        {
            "userEmailAddress": mail.recipients[0][1],
            "fromUserEmailAddress": mail.from_addr,
            "url": url,
            "ttpDefinition": "Default Inbound URL Protect Definition",
            "subject": mail.subject,
            "action": action,
            "adminOverride": "N/A",
            "userOverride": "None",
            "scanResult": _scan(world, number),
            "category": "Phishing & Fraud" if bad else "Business",
            "sendingIp": mail.sender_ip,
            "userAwarenessAction": "N/A",
            "date": stamp(_clicked(world, number) or message.received),
            "actions": name,
            "route": message.route,
            "creationMethod": "User Click",
            "emailPartsDescription": ["Body"],
            "messageId": mail.message_id,
            "tagMap": {},
        }
    ]


def _scanned(world: World, number: int) -> float | None:
    return world.messages[number].received + 2.0 if world.index[number].files else None


def _result(world: World, number: int) -> str:
    if world.messages[number].category == "malware":
        return "malicious"
    return "timeout" if number % 29 == 7 else "clean"


def _attachment_rows(world: World, number: int) -> list[dict[str, Any]]:
    mail, message = world.mail(number), world.messages[number]
    result = _result(world, number)
    return [
        {
            "result": result,
            "date": stamp(message.received + 2),
            "senderAddress": mail.from_addr or mail.from_env,
            "recipientAddress": mail.recipients[0][1],
            "fileName": part.name,
            "fileType": part.mime_type,
            "fileHash": part.sha256,
            "actionTriggered": "user release, hold" if result == "malicious" else "none",
            "route": message.route,
            "details": "Malicious code found" if result == "malicious" else "",
            "subject": mail.subject,
            "messageId": mail.message_id,
            "definition": "Default Attachment Protect Definition",
        }
        for part in mail.attachments
    ]


def _impersonation_rows(world: World, number: int) -> list[dict[str, Any]]:
    mail, message = world.mail(number), world.messages[number]
    hits = [IDENTIFIERS[hit] for hit in mail.impersonation or ()]
    similar = [hit for hit in hits if hit in ("similar_internal_domain", "mimecast_external_domain")]
    results = [
        {
            "impersonationDomainSource": "internal" if hit == "similar_internal_domain" else "external",
            "stringSimilarToDomain": mail.from_addr.rpartition("@")[2],
            "similarDomain": "northwind.example" if hit == "similar_internal_domain" else BRANDS[number % 8][1],
        }
        for hit in similar
    ]
    return [
        {
            "id": world.mint.other("impersonationlog", number),
            "hits": len(hits),
            "identifiers": list(dict.fromkeys(hits)),
            "action": "hold" if message.status == "held" or message.states else "none",
            "definition": mail.policy,
            "senderAddress": mail.from_addr or mail.from_env,
            "senderIpAddress": mail.sender_ip,
            "recipientAddress": mail.recipients[0][1],
            "subject": mail.subject,
            "eventTime": stamp(message.received),
            "taggedExternal": mail.from_addr.rpartition("@")[2] not in PARTNERS,
            "taggedMalicious": message.category in ("impersonation", "phish"),
            "messageId": mail.message_id,
            "impersonationResults": results,
        }
    ]
