"""Archive: what one message says, its parts and its files."""

from __future__ import annotations

from typing import Any

from sandbox.data import Mail, body
from sandbox.data.headers import header_block
from sandbox.data.mail import Component
from sandbox.endpoints.content import download_address
from sandbox.endpoints.context import Context
from sandbox.endpoints.finder import gone
from sandbox.envelope import Item, Outcome, error, failure, stamp
from sandbox.ids import ObjectId
from sandbox.validate import boolean, text
from sandbox.wire import Reply

_CONTEXTS = {"DELIVERED", "RECEIVED"}
_TYPES = {"HTML", "PLAIN", "RFC822", "TRANSMISSION_MESSAGE_BODY"}
DETAIL = {"id": text(required=True), "admin": boolean(), "context": text(values=_CONTEXTS), "mailbox": text()}
PART = {
    "id": text(required=True),
    "type": text(required=True, values=_TYPES | {name.lower() for name in _TYPES}),
    "context": text(values=_CONTEXTS),
    "mailbox": text(),
}
FILE = {"id": text(required=True)}
BYTES = "application/octet-stream"
PREVIEW = 100


def get_message_detail(context: Context) -> Outcome:
    """`/api/archive/get-message-detail`: headers, addresses, attachments, the beginning of the text."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, DETAIL, strict=True):
        number = _number(context, item, outcome)
        if number is not None:
            context.world.searches.view(context.operator, number, "message details")
            outcome.data.append(_detail(context, number))
    return outcome


def _number(context: Context, item: Item, outcome: Outcome) -> int | None:
    """Number of the archived message an item names; None with a failure noted."""
    found = context.read_id(item["id"])
    if found.kind != "archive":
        outcome.fail.append(failure(item, error("xdk_failure", "0007 Invalid token", "id")))
        return None
    return _present(context, item, found, outcome)


def _present(context: Context, item: Item, found: ObjectId, outcome: Outcome) -> int | None:
    world = context.world
    message = world.messages[found.number] if found.number < len(world.messages) else None
    if message is None or not world.archive.holds(message, active=True):
        gone(item, outcome)
        return None
    if world.archive.gone(message):
        gone(item, outcome)
        return None
    return found.number


def _detail(context: Context, number: int) -> dict[str, Any]:
    world = context.world
    mail, message = world.mail(number), world.messages[number]
    headers: dict[str, list[str]] = {}
    for name, value in header_block(mail, message.received):
        headers.setdefault(name, []).append(value)
    preview = " ".join(body.plain(mail).split())
    return {
        "id": world.mint.archive(number),
        "status": "ARCHIVED",
        "smash": world.archive.smash(number),
        "mimeMessageId": mail.message_id,
        "subject": mail.subject,
        "headerDate": stamp(message.received),
        "received": stamp(message.received),
        "processed": stamp(message.received + 1),
        "size": mail.size,
        "hasHtmlBody": any(part.mime_type == "text/html" for part in _texts(mail)),
        "from": {"emailAddress": mail.from_addr, "displayableName": mail.from_name},
        "envelopeFrom": {"emailAddress": mail.from_env, "displayableName": ""},
        "replyTo": {"emailAddress": mail.reply_to or mail.from_addr, "displayableName": ""},
        "to": [{"emailAddress": address, "displayableName": name} for name, address in mail.recipients],
        "cc": [],
        "headers": [{"name": name, "values": values} for name, values in headers.items()],
        "attachments": [
            _attachment(world.mint.file(number, place), part)
            for place, part in enumerate(mail.components)
            if part.attachment or part.inline
        ],
        "messageBodyPreview": preview[:PREVIEW],
    }


def _texts(mail: Mail) -> list[Component]:
    return [part for part in mail.components if not part.attachment and not part.inline]


def _attachment(file_id: str, part: Component) -> dict[str, Any]:
    return {
        "id": file_id,
        "filename": part.name,
        "extension": part.name.rpartition(".")[2],
        "size": len(part.content),
        "sha256": part.sha256,
        "contentType": part.mime_type,
        "contentId": f"<{body.content_id(part)}>" if part.inline else "",
        "bodyType": "INLINE" if part.inline else "ATTACHMENT",
    }


def get_message_part(context: Context) -> Outcome | Reply:
    """`/api/archive/get-message-part`: bytes when it works, an envelope when it does not."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, PART, strict=True):
        if context.generation == "1.0" and item["type"] not in _TYPES:
            wrong = error("err_validation_value_not_allowed", "value not allowed in type", "type")
            outcome.fail.append(failure(item, wrong))
            continue
        number = _number(context, item, outcome)
        if number is None:
            continue
        context.world.searches.view(context.operator, number, "message content")
        kind = item["type"].upper()
        content = _part(context, number, kind, rewritten=item.get("context") == "DELIVERED")
        if content is None:
            wrong = error("err_message_part_not_found", "the message has no such part", "type")
            outcome.fail.append(failure(item, wrong))
        elif context.generation == "2.0" and context.tenant.part_urls_on_v2:
            outcome.data.append({"urls": [download_address(context.tenant, f"{item['id']}.{kind.lower()}")]})
        else:
            return Reply(body=content, content_type=BYTES)
    return outcome


def _part(context: Context, number: int, kind: str, *, rewritten: bool) -> bytes | None:
    return message_part(context.world.mail(number), context.world.messages[number].received, kind, rewritten=rewritten)


def message_part(mail: Mail, received: int, kind: str, *, rewritten: bool = False) -> bytes | None:
    """The bytes of a part by its type; None when the mail has none of it."""
    if kind == "RFC822":
        return body.eml(mail, received, rewritten=rewritten)
    if kind == "HTML":
        if not any(part.mime_type == "text/html" for part in _texts(mail)):
            return None
        return body.as_html(mail, rewritten=rewritten).encode("utf-8", "replace")
    return body.plain(mail, rewritten=rewritten).encode("utf-8", "replace")


def get_file(context: Context) -> Outcome | Reply:
    """`/api/archive/get-file`: an attachment by its id, or the whole mail by the message's id."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, FILE, strict=True):
        found = context.read_id(item["id"])
        if found.kind not in ("archive", "file"):
            outcome.fail.append(failure(item, error("xdk_failure", "0007 Invalid token", "id")))
            continue
        number = _present(context, item, found, outcome)
        if number is None:
            continue
        context.world.searches.view(context.operator, number, "attachment" if found.kind == "file" else "message file")
        if context.generation == "2.0":
            outcome.data.append({"urls": [download_address(context.tenant, item["id"])]})
            continue
        mail = context.world.mail(number)
        if found.kind == "file":
            return Reply(body=mail.components[found.recipient].content, content_type=BYTES)
        return Reply(body=body.eml(mail, context.world.messages[number].received), content_type=BYTES)
    return outcome
