"""Everything about one message."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.data import Mail
from sandbox.data.headers import transmission_info
from sandbox.data.mail import HOLD_REASONS
from sandbox.endpoints.context import Context
from sandbox.envelope import Item, Outcome, error, failure, stamp
from sandbox.holdqueue import Message
from sandbox.validate import anything, text

MESSAGE_INFO = {"id": text(required=True), "loadContent": anything()}
DAY = 86_400
WAITING = {
    "accepted": ("Accepted - waiting to be processed",),
    "deferred": ("Delivery deferred: greylisted", "Delivery deferred: connection timed out"),
    "delivery": ("Item currently queued for delivery",),
    "bounced": ("Bounced - mailbox unavailable", "Bounced - message size exceeds limit", "Bounced - relay denied"),
}
"""Statuses besides held in which a message has `txInfo`, with the words of its `queueDetailStatus`."""
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
    base = _message_info(mail, message, load)
    shown: dict[str, Any] = {
        "id": world.tracking_id(message.number),
        "status": message.status,
        "recipientInfo": {"messageInfo": base},
        "deliveredMessage": {},
        "retentionInfo": {},
        "spamInfo": _spam_info(context, mail, message),
    }
    if held is None and message.status in WAITING:
        shown["recipientInfo"]["txInfo"] = _tx(mail, message)
        if message.status != "bounced":
            shown["queueInfo"] = _waiting(context, mail, message)
    elif held is None:
        shown["recipientInfo"]["recipientMetaInfo"] = _meta(mail, message)
        shown["retentionInfo"] = {
            "currentPurgeDate": stamp(message.received + 30 * DAY),
            "originalPurgeDate": stamp(message.received + 30 * DAY),
            "purgeBasedOn": "received",
            "retentionAdjustmentDays": 0,
            "litigationHoldInfo": [],
        }
    else:
        shown["recipientInfo"]["txInfo"] = _tx(mail, message)
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
        shown["deliveredMessage"][address] = _delivered(mail, message, place)
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


def queue_detail(mail: Mail, message: Message) -> str:
    """The text of `queueDetailStatus`: why the message is held, waits or came back."""
    words = WAITING.get(message.status)
    return words[message.number % len(words)] if words else HOLD_REASONS[mail.hold][1]


def _waiting(context: Context, mail: Mail, message: Message) -> dict[str, Any]:
    """`queueInfo` of a message on its way: it has a queue and nobody holds it."""
    return {
        "id": context.world.mint.other("queue", message.number),
        "reason": {"deferred": "Greylisting", "accepted": "", "delivery": "Delivery Queue"}[message.status],
        "info": "",
        "createTime": stamp(message.received),
        "to": mail.recipients[0][1],
        "fromHeader": mail.from_addr,
        "fromEnvelope": mail.from_env,
        "subject": mail.subject,
        "route": mail.route,
        "attachments": bool(mail.attachments),
        "size": mail.size,
        "manageRecipient": False,
    }


def _message_info(mail: Mail, message: Message, load: bool) -> dict[str, Any]:
    expires = datetime.fromtimestamp(message.received + 60 * DAY, UTC)
    shown: dict[str, Any] = {
        "fromHeader": mail.from_addr,
        "fromEnvelope": mail.from_env,
        "to": [address for _, address in mail.recipients],
        "cc": [],
        "subject": mail.subject,
        "processed": stamp(message.received),
        "route": mail.route,
        "transmissionInfo": transmission_info(mail, message.received),
        "contentExpiration": f"{expires:%Y-%m-%d %H:%M:%S} (59 Days)",
        "metadataExpiration": f"{expires:%Y-%m-%d %H:%M:%S} (59 Days)",
    }
    if mail.sent_lag is not None:
        shown["sent"] = stamp(message.received - mail.sent_lag)
    if load:
        shown["textBody"] = "This is the text of a mail of the sandbox.\r\n"
        shown["htmlBody"] = "<p>This is the text of a mail of the sandbox.</p>"
        shown["attachments"] = [{"filename": part.name, "size": part.size} for part in mail.attachments]
    return shown


def _tx(mail: Mail, message: Message) -> dict[str, Any]:
    return {
        "returnPath": mail.from_env,
        "to": mail.recipients[0][1],
        "txEvent": "Email Received - Perimeter Checks Not Set",
        "queueDetailStatus": queue_detail(mail, message),
        "processingServer": "mta-1",
        "receiptAck": "250 SmtpThread-1 accepted",
        "processStartTime": stamp(message.received),
        "processEndTime": stamp(message.received + 1),
        "transmissionSize": mail.size,
        "compressedStoreSize": mail.size // 3,
        "actualSize": mail.size + 60,
        "remoteServer": mail.remote_server,
        "remoteIp": mail.sender_ip,
        "remoteServerGreeting": f"EHLO {mail.helo}",
        "remoteServerReceiptAck": "250 OK",
        "deliveryType": "Encrypted (TLS)",
        "smtpStartTime": stamp(message.received),
        "smtpEndTime": stamp(message.received + 1),
        "transmissionComponents": [
            {"fileType": part.file_type, "fileName": part.name, "txSize": part.size, "hash": part.sha256}
            for part in mail.components
        ],
    }


def _meta(mail: Mail, message: Message) -> dict[str, Any]:
    return {
        "receiptEvent": "Email Received",
        "spamEvent": "",
        "messageExpiresIn": 29,
        "processingServer": "mta-1",
        "transmissionSize": mail.size,
        "binaryEmailSize": mail.size,
        "remoteIp": mail.sender_ip,
        "remoteHost": mail.remote_server,
        "remoteServerGreeting": f"EHLO {mail.helo}",
        "receiptAcknowledgement": "250 OK",
        "transmissionStart": stamp(message.received),
        "transmissionEnd": stamp(message.received + 1),
        "encryptionInfo": "TLS",
        "components": [
            {
                "type": part.file_type,
                "name": part.name,
                "extension": part.name.rpartition(".")[2],
                "mimeType": part.mime_type,
                "size": part.size,
                "hash": part.sha256,
            }
            for part in mail.components
        ],
    }


_EVENTS = {
    "held": "Item currently queued for delivery",
    "released": "Released by an administrator",
    "rejected": "Rejected by an administrator",
    "expired": "Expired in the hold queue",
}


def _delivered(mail: Mail, message: Message, place: int) -> dict[str, Any]:
    state = message.state(place)
    event = _EVENTS.get(state, "Delivered")
    shown: dict[str, Any] = {
        "messageInfo": {
            "fromHeader": mail.from_addr,
            "fromEnvelope": mail.from_env,
            "to": [mail.recipients[place][1]],
            "subject": mail.subject,
            "route": mail.route,
        },
        "policyInfo": [
            {
                "policyType": "Spam Scanning",
                "policyName": mail.policy,
                "inherited": False,
                "inheritedCustomerCode": "",
            }
        ],
    }
    if state == "held" or message.status in WAITING:
        event = "Bounced" if state == "bounced" else _EVENTS["held"]
        shown["txInfo"] = {"txEvent": event, "queueDetailStatus": queue_detail(mail, message)}
    else:
        shown["deliveryMetaInfo"] = {"deliveryEvent": event, "emailAddress": mail.recipients[place][1]}
    return shown


def _spam_info(context: Context, mail: Mail, message: Message) -> dict[str, Any]:
    """`allow` stands at true beside `info: "fail"`, as in the real answers."""

    def seen(result: str) -> dict[str, Any]:
        return {"allow": True, "info": {"pass": "allow", "none": "unknown"}.get(result, result)}

    detail: dict[str, Any] = {
        "rbl": {"allow": True, "info": ""},
        "spf": seen(mail.spf),
        "dkim": seen(mail.dkim),
        "dmarc": seen(mail.dmarc),
        "permittedSender": {"allow": True, "info": mail.permitted},
        "managedSender": {"allow": True, "info": mail.managed},
        "greyEmail": mail.grey,
    }
    if mail.risk and (message.status == "held" or context.tenant.verdict_for_all):
        decision = mail.categories[0] if mail.categories else "none"
        detail["verdict"] = {
            "decision": decision,
            "description": "",
            "risk": mail.risk,
            "categories": [
                {
                    "name": name,
                    "risk": mail.risk,
                    "subcategories": [
                        {
                            "name": "content",
                            "risk": "negligible",
                            "augmentations": [{"name": "header_forged", "risk": "negligible"}],
                        }
                    ],
                }
                for name in mail.categories
            ],
        }
    return {
        "spamScore": mail.spam_score,
        "detectionLevel": mail.detection_level,
        "spamProcessingDetail": detail,
    }
