"""Everything about one message."""

from __future__ import annotations

from typing import Any

from sandbox.data.mail import HOLD_REASONS
from sandbox.endpoints.context import Context
from sandbox.endpoints.message_blocks import (
    DAY,
    WAITING,
    delivered_info,
    message_info,
    meta_info,
    spam_info,
    tx_info,
    waiting_info,
)
from sandbox.envelope import Item, Outcome, error, failure, stamp
from sandbox.holdqueue import Message
from sandbox.validate import anything, text

MESSAGE_INFO = {"id": text(required=True), "loadContent": anything()}
BOUNCES = ("Hard Bounce", "Soft Bounce", "Policy Bounce")


def gone(key: Item, outcome: Outcome) -> None:
    """The object is not there (any more): `meta.status` 404, HTTP 200."""
    outcome.meta_status = 404
    outcome.fail.append(failure(key, error("err_message_not_found", "message not found", "id")))


def find_tracked(context: Context, item: Item, outcome: Outcome) -> Message | None:
    """The message of a tracking id; None with a failure noted when it does not resolve."""
    found = context.read_id(item["id"])
    if found.kind != "tracking":
        outcome.fail.append(failure(item, error("xdk_failure", "0007 Invalid token", "id")))
        return None
    if not context.world.visible(found.number):
        gone(item, outcome)
        return None
    message = context.world.messages[found.number]
    if message.status != found.status and not context.tenant.tracking_id_survives:
        gone(item, outcome)
        return None
    return message


def get_message_info(context: Context) -> Outcome:
    """`/api/message-finder/get-message-info`."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, MESSAGE_INFO, strict=True):
        message = find_tracked(context, item, outcome)
        if message is not None:
            load = str(item.get("loadContent", "")).lower() == "true"
            outcome.data.append(_info(context, message, load))
    return outcome


def _info(context: Context, message: Message, load: bool) -> dict[str, Any]:
    world = context.world
    mail = world.mail(message.number)
    held = message.first_held()
    base = message_info(mail, message, load)
    shown: dict[str, Any] = {
        "id": world.tracking_id(message.number),
        "status": message.status,
        "recipientInfo": {"messageInfo": base},
        "deliveredMessage": {},
        "retentionInfo": {},
        "spamInfo": spam_info(context, mail, message),
    }
    if held is None and message.status in WAITING:
        shown["recipientInfo"]["txInfo"] = tx_info(mail, message)
        if message.status != "bounced":
            shown["queueInfo"] = waiting_info(context, mail, message)
    elif held is None:
        shown["recipientInfo"]["recipientMetaInfo"] = meta_info(mail, message)
        shown["retentionInfo"] = {
            "currentPurgeDate": stamp(message.received + 30 * DAY),
            "originalPurgeDate": stamp(message.received + 30 * DAY),
            "purgeBasedOn": "received",
            "retentionAdjustmentDays": 0,
            "litigationHoldInfo": [],
        }
    else:
        shown["recipientInfo"]["txInfo"] = tx_info(mail, message)
        shown["queueInfo"] = {
            "id": world.hold_id(message.number, held),
            "heldGroup": mail.held_group,
            "reason": mail.policy,
            "info": f"- Message {HOLD_REASONS[mail.hold][1].rpartition(' - ')[2]} (Holding Message)\r\n",
            "createTime": stamp(message.received),
            "to": mail.recipients[held][1] if len(mail.recipients) > 1 else "",
            "fromHeader": mail.from_addr,
            "fromEnvelope": "" if message.number % 3 == 0 else mail.from_env,
            "subject": mail.subject,
            "route": mail.route,
            "attachments": bool(mail.attachments),
            "size": mail.size,
            "manageRecipient": True,
        }
    for place, (_, address) in enumerate(mail.recipients):
        shown["deliveredMessage"][address] = delivered_info(mail, message, place)
    if message.status in ("held", "bounced"):
        _add_bounce(str(context.tenant.bounce_type), shown, BOUNCES[message.number % len(BOUNCES)])
    return shown


def _add_bounce(place: str, shown: dict[str, Any], bounce: str) -> None:
    """Put `bounceType` where this tenant has it; the vendor's documents do not say where."""
    delivered = list(shown["deliveredMessage"].values())
    places: dict[str, list[dict[str, Any]]] = {
        "True": [shown["recipientInfo"]["txInfo"]],
        "txInfo": [shown["recipientInfo"]["txInfo"]],
        "top": [shown],
        "recipientInfo": [shown["recipientInfo"]],
        "deliveredMessage": [entry["txInfo"] for entry in delivered if "txInfo" in entry],
        "queueInfo": [shown.setdefault("queueInfo", {})] if place == "queueInfo" else [],
    }
    for target in places.get(place, []):
        target["bounceType"] = bounce
