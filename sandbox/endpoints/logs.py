"""The release log: what became of held mail, and who did it."""

from __future__ import annotations

from typing import Any

from sandbox.data.mail import HOLD_REASONS
from sandbox.endpoints.context import Context
from sandbox.envelope import Outcome, error, failure, stamp
from sandbox.validate import anything, text
from sandbox.world import LogRow, World

_SEARCH = {"all", "operator", "from", "to", "subject", "info", "heldReason"}
RELEASE_LOGS = {
    "start": text(),
    "end": text(),
    "searchBy": anything({"fieldName": text(required=True, values=_SEARCH), "value": text()}),
    "filterBy": anything({"fieldName": text(required=True), "value": text(required=True)}),
}
MONTH = 30 * 86_400


def get_held_release_logs(context: Context) -> Outcome:
    """`/api/gateway/get-held-release-logs`, newest first."""
    context.need_items()
    page = context.page(default=25, most=500)
    outcome = Outcome(pagination=page.block(0, 0))
    for item in context.valid(outcome, RELEASE_LOGS, strict=False):
        window = context.window(item, outcome, back=MONTH)
        search = item.get("searchBy") or {"fieldName": "all"}
        if window is None:
            continue
        if not isinstance(search, dict) or search.get("fieldName") not in _SEARCH:
            wrong = error("err_validation_value_not_allowed", "fieldName is not allowed", "searchBy.fieldName")
            outcome.fail.append(failure(item, wrong))
            continue
        status = ""
        for entry in item.get("filterBy") or []:
            if isinstance(entry, dict) and entry.get("fieldName") == "status":
                status = str(entry.get("value", ""))
        value = str(search.get("value", "")).lower()
        rows = [
            row
            for row in reversed(context.world.logs)
            if window[0] // 1 <= row.at // 1 <= window[1] // 1
            and status in ("", row.status)
            and (not value or value in _searched(context.world, row, search["fieldName"]))
        ]
        shown = rows[page.offset : page.offset + page.size]
        outcome.data.append({"heldReleaseLogs": [_show(context.world, row) for row in shown]})
        outcome.pagination = page.block(len(shown), len(rows))
    return outcome


def _searched(world: World, row: LogRow, name: str) -> str:
    mail = world.mail(row.message)
    to = world.recipient_of(row.message, row.recipient)[1]
    texts = {
        "operator": row.operator,
        "from": f"{mail.from_env} {mail.from_addr}",
        "to": to,
        "subject": mail.subject,
        "heldReason": HOLD_REASONS[mail.hold][1],
        "info": row.note,
    }
    return (texts[name] if name in texts else " ".join(texts.values())).lower()


def _show(world: World, row: LogRow) -> dict[str, Any]:
    mail = world.mail(row.message)
    shown: dict[str, Any] = {
        "id": world.mint.other("log", row.number),
        "status": row.status,
        "released": stamp(row.at),
        "operator": {"emailAddress": row.operator},
        "policy": mail.policy,
        "heldReason": HOLD_REASONS[mail.hold][1],
        "heldGroup": mail.held_group,
        "rejectReason": row.reason,
        "messageInfo": row.note,
        "subject": mail.subject,
        "fromEnv": {"emailAddress": mail.from_env},
        "fromHdr": {"emailAddress": mail.from_addr},
        "to": [{"emailAddress": world.recipient_of(row.message, row.recipient)[1]}],
        "route": mail.route,
        "size": mail.size,
        "attachments": bool(mail.attachments),
        "spamScore": mail.spam_score,
        "detectionLevel": mail.detection_level,
    }
    if mail.risk:
        shown["spamProcessingDetail"] = {"verdict": {"risk": mail.risk}}
    return shown
