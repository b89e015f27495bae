"""The blocks of a message's information: what arrived, where it waits, who got it, what the spam scan said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.data import Mail
from sandbox.data.headers import transmission_info
from sandbox.data.mail import HOLD_REASONS
from sandbox.endpoints.context import Context
from sandbox.envelope import stamp
from sandbox.holdqueue import Message

DAY = 86_400
WAITING = {
    "accepted": ("Accepted - waiting to be processed",),
    "deferred": ("Delivery deferred: greylisted", "Delivery deferred: connection timed out"),
    "delivery": ("Item currently queued for delivery",),
    "bounced": ("Bounced - mailbox unavailable", "Bounced - message size exceeds limit", "Bounced - relay denied"),
}
"""Statuses besides held in which a message has `txInfo`, with the words of its `queueDetailStatus`."""


def queue_detail(mail: Mail, message: Message) -> str:
    """The text of `queueDetailStatus`: why the message is held, waits or came back."""
    words = WAITING.get(message.status)
    return words[message.number % len(words)] if words else HOLD_REASONS[mail.hold][1]


def waiting_info(context: Context, mail: Mail, message: Message) -> dict[str, Any]:
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


def message_info(mail: Mail, message: Message, load: bool) -> dict[str, Any]:
    """`messageInfo`: addresses, times, the header block; with `load` the text and the names of files."""
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


def tx_info(mail: Mail, message: Message) -> dict[str, Any]:
    """`txInfo` of a message that is held, waits, or came back."""
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


def meta_info(mail: Mail, message: Message) -> dict[str, Any]:
    """`recipientMetaInfo` of a message that is through."""
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


def delivered_info(mail: Mail, message: Message, place: int) -> dict[str, Any]:
    """`deliveredMessage` of one recipient."""
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


def spam_info(context: Context, mail: Mail, message: Message) -> dict[str, Any]:
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
