"""Content of a held message: its parts, and files by pre-signed download."""

from __future__ import annotations

import hmac
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sandbox.endpoints.context import Context
from sandbox.endpoints.finder import gone
from sandbox.envelope import Outcome, error, failure, refuse, stamp
from sandbox.ids import DamagedIdError
from sandbox.validate import text
from sandbox.wire import Reply, Request, form_fields

if TYPE_CHECKING:
    from sandbox.tenant import Tenant

DETAIL = {
    "id": text(required=True),
    "context": text(values={"DELIVERED", "RECEIVED"}),
    "viewType": text(values={"archive", "mailbox_recovery"}),
    "mailbox": text(),
}
FILE = {"id": text(required=True)}
DOWNLOAD = "/download/"
LIFETIME = 300
"""Seconds a download address works."""


def get_message_detail(context: Context) -> Outcome:
    """`/api/gateway/message/get-message-detail`: by hold id."""
    context.need_items()
    outcome = Outcome()
    world = context.world
    for item in context.valid(outcome, DETAIL, strict=True):
        found = context.read_id(item["id"])
        if found.kind != "hold":
            outcome.fail.append(failure(item, error("xdk_failure", "0007 Invalid token", "id")))
        elif not world.is_held(found.number, found.recipient):
            gone(item, outcome)
        else:
            outcome.data.append(_detail(context, found.number, found.recipient))
    return outcome


def _detail(context: Context, number: int, recipient: int) -> dict[str, Any]:
    world = context.world
    mail = world.mail(number)
    return {
        "id": world.hold_id(number, recipient),
        "status": "held",
        "smash": blake2b(f"{number}".encode(), digest_size=16).hexdigest(),
        "mimeMessageId": mail.message_id,
        "hasHtmlBody": any(part.mime_type == "text/html" and not part.attachment for part in mail.components),
        "received": stamp(world.messages[number].received),
        "subject": mail.subject,
        "attachments": [
            {
                "id": world.mint.file(number, place),
                "filename": part.name,
                "size": len(part.content),
                "extension": part.name.rpartition(".")[2],
                "contentType": part.mime_type,
                "contentId": "",
                "sha256": part.sha256,
                "bodyType": "ATTACHMENT",
                "verdict": "malicious" if mail.hold == "virus" else "clean",
                "scanDate": stamp(world.messages[number].received + 2),
            }
            for place, part in enumerate(mail.components)
            if part.attachment
        ],
    }


def get_file(context: Context) -> Outcome:
    """`/api/gateway/message/get-file`: an address to fetch without credentials, good for minutes."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, FILE, strict=True):
        found = context.read_id(item["id"])
        if found.kind != "file":
            outcome.fail.append(failure(item, error("xdk_failure", "0007 Invalid token", "id")))
            continue
        outcome.data.append({"urls": [download_address(context.tenant, item["id"])]})
    return outcome


def download_address(tenant: Tenant, name: str) -> str:
    """Where the file of an id can be fetched for some minutes, without credentials."""
    expires = int(tenant.clock.epoch()) + LIFETIME
    return f"{tenant.url}{DOWNLOAD}{name}?expires={expires}&signature={_signature(tenant, name, expires)}"


def _signature(tenant: Tenant, file_id: str, expires: int) -> str:
    key = tenant.credentials_v2.client_secret.encode()
    return blake2b(f"{file_id}:{expires}".encode(), key=key[:64], digest_size=16).hexdigest()


def download(tenant: Tenant, request: Request) -> Reply:
    """`GET /download/...`: the bytes. Refuses credentials: the address is its own authority."""
    if "authorization" in request.headers:
        tenant.leaks.append(request.path)
        raise refuse(400, "InvalidArgument", "only one way of authentication is allowed", flat=True)
    fields = form_fields(request.query)
    file_id = request.path[len(DOWNLOAD) :]
    expires = fields.get("expires", "")
    good = expires.isdigit() and hmac.compare_digest(
        _signature(tenant, file_id, int(expires)).encode(), fields.get("signature", "").encode()
    )
    if not good or int(expires) < tenant.clock.epoch():
        raise refuse(403, "AccessDenied", "the address is not valid any more", flat=True)
    return Reply(body=_bytes(tenant, file_id), content_type="application/octet-stream")


def _bytes(tenant: Tenant, name: str) -> bytes:
    """An attachment, or a message of the archive as a file; `ID.html` is one part of it."""
    from sandbox.endpoints.archive_content import message_part
    from sandbox.endpoints.siem import batch_file

    if name.startswith("siem-"):  # the address was signed, so its numbers are ours
        _, first, last = name.split("-")
        with tenant.lock:
            return batch_file(tenant, int(first), int(last))
    file_id, _, kind = name.partition(".")
    try:
        found = tenant.world.mint.read(file_id)
    except DamagedIdError:
        raise refuse(404, "NotFound", "no such file", flat=True) from None
    with tenant.lock:
        mail, received = tenant.world.mail(found.number), tenant.world.messages[found.number].received
    if found.kind == "archive":
        return message_part(mail, received, (kind or "RFC822").upper()) or b""
    return mail.components[found.recipient].content
