"""What administrators did, and (API 1.0) the mail log as files."""

from __future__ import annotations

import io
import json
import zipfile
from random import Random
from typing import Any

from sandbox.endpoints.context import Context
from sandbox.envelope import Outcome, error, failure, stamp
from sandbox.holdqueue import Timeline
from sandbox.ids import DamagedIdError, page_token, read_page_token
from sandbox.validate import boolean, strings, text
from sandbox.wire import Reply
from sandbox.world import World

EVENTS = {
    "startDateTime": text(required=True),
    "endDateTime": text(required=True),
    "query": text(),
    "categories": strings(),
}
SIEM_LOGS = {
    "type": text(required=True, values={"MTA"}),
    "fileFormat": text(values={"json", "key_value"}),
    "compress": boolean(),
    "token": text(),
}
KEPT = 60 * 86_400
"""Seconds for which events are kept."""
SIEM_BATCH = 200
_ROUTINE = (
    ("User Logged On", "authentication_logs", "User Logged On, IP : 192.0.2.14, Application : Administration Console"),
    ("Search Action", "archive_service_logs", "Inspected Review Set Messages"),
    ("Existing Policy Changed", "policy_logs", "Policy changed by an administrator"),
    ("Logon Authentication Failed", "authentication_logs", "Failed authentication, IP : 203.0.113.9"),
)
_CATEGORIES = {"policy": "policy_logs", "sender": "policy_logs", "group": "profile_group_logs", "url": "policy_logs"}


def get_audit_events(context: Context) -> Outcome:
    """`/api/audit/get-audit-events`, newest first."""
    context.need_items()
    page = context.page(default=50, most=500)
    outcome = Outcome(pagination=page.block(0, 0))
    for item in context.valid(outcome, EVENTS, strict=False):
        window = context.window(item, outcome, back=KEPT, names=("startDateTime", "endDateTime"))
        if window is None:
            continue
        now = context.tenant.clock.epoch()
        rows = _events(context, max(window[0], now - KEPT), min(window[1], now))
        words, kinds = str(item.get("query") or "").lower(), item.get("categories") or []
        rows = [
            row
            for row in rows
            if words in " ".join(map(str, row.values())).lower() and (not kinds or row["category"] in kinds)
        ]
        shown = rows[page.offset : page.offset + page.size]
        outcome.data += shown
        outcome.pagination = page.block(len(shown), len(rows))
    return outcome


def _events(context: Context, start: float, end: float) -> list[dict[str, Any]]:
    """Routine of every quarter of a day, and everything that was done over the API."""
    world = context.world
    found: list[tuple[float, dict[str, Any]]] = []
    for quarter in range(int(start // 21_600), int(end // 21_600) + 1):
        rng = Random(f"{world.seed}/audit/{quarter}")
        at = float(quarter * 21_600 + rng.randrange(21_600))
        kind, category, info = rng.choice(_ROUTINE)
        user = rng.choice(("administrator@northwind.example", "helpdesk@northwind.example"))
        found.append((at, _event(world, quarter, kind, user, at, info, category)))
    for place, effect in enumerate(world.effects):
        at, name = effect.at.timestamp(), effect.kind.replace("_", " ").title()
        category = next((where for word, where in _CATEGORIES.items() if word in effect.kind), "held_message_logs")
        info = f"{name}: {', '.join(effect.keys) or effect.hold_id[:24]}"
        found.append((at, _event(world, 10**9 + place, name, effect.operator, at, info, category)))
    found = [one for one in found if start // 1 <= one[0] // 1 <= end // 1]
    return [row for _, row in sorted(found, key=lambda one: -one[0])]


def _event(world: World, number: int, kind: str, user: str, at: float, info: str, category: str) -> dict[str, Any]:
    return {
        "id": world.mint.other("audit", number),
        "auditType": kind,
        "user": user,
        "eventTime": stamp(at),
        "eventInfo": f"{info}, Date : {stamp(at)}",
        "category": category,
    }


def mail_events(world: World, first: int, last: int) -> list[dict[str, Any]]:
    """One receipt per message, oldest first: places `first` to `last` of the mail log. The rows have no id."""
    total = len(world.tracked)
    keys = world.tracked.slice(max(0, total - last), total - first) if first < total else []
    rows = []
    for key in reversed(keys):
        number, _ = Timeline.entry(key)
        mail, message = world.mail(number), world.messages[number]
        rows.append(
            {
                "eventType": "receipt",
                "timestamp": message.received * 1000,
                "processingId": f"{world.seed:x}-{number:x}",
                "aggregateId": f"{world.seed:x}-{number:x}",
                "accountId": "CSBX1A1",
                "senderEnvelope": mail.from_env,
                "senderHeader": mail.from_addr,
                "recipients": mail.recipients[0][1],
                "subject": mail.subject,
                "messageId": mail.message_id,
                "senderIp": mail.sender_ip,
                "direction": message.route.title(),
                "action": {"held": "Hld", "rejected": "Rej", "bounced": "Bnc"}.get(message.status, "Acc"),
                "totalSizeAttachments": str(sum(part.size for part in mail.attachments)),
            }
        )
    return rows


def get_siem_logs(context: Context) -> Outcome | Reply:
    """`/api/audit/get-siem-logs`: a zip with the next part of the mail log, and the next token in a header."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, SIEM_LOGS, strict=True):
        try:
            _, start = read_page_token(item["token"]) if item.get("token") else (0, 0)
        except DamagedIdError:
            wrong = error("err_audit_siem_invalid_token", "the token is not valid", "token")
            outcome.fail.append(failure(item, wrong))
            continue
        rows = mail_events(context.world, start, start + SIEM_BATCH)
        if not rows:
            return Reply(body=b'{"meta":{"isLastToken":true,"status":200},"data":[],"fail":[]}')
        text_rows = "\n".join(json.dumps(row, ensure_ascii=True) for row in rows)
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr(f"receipt_{start}.json", text_rows)
        reply = Reply(body=file.getvalue(), content_type="application/octet-stream")
        reply.headers["mc-siem-token"] = page_token(SIEM_BATCH, start + len(rows))
        return reply
    return outcome
