"""Opaque object ids and page tokens, shaped like the real ones.

A real id is base64url of zlib of JSON. The stream here holds one stored (not compressed) block: it
decompresses with any zlib and starts with `eN` as usual, yet costs microseconds to write, and a
lookup needs no table because the id carries the object's number and a check value.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

RECIPIENT_BITS = 6
"""Low bits of a `hldqid`: which recipient of the message."""
MAX_RECIPIENTS = 1 << RECIPIENT_BITS
BLOCKED_SENDERS = 10040
"""What kind of policy a policy id speaks of."""


NUMBERED = ("incident", "managedurl", "group", "managedsender", "report")
"""Kinds of things that are known by one number."""


class DamagedIdError(ValueError):
    """The text is no id of this tenant: cut, changed, or never one."""


@dataclass(frozen=True, slots=True)
class ObjectId:
    """A decoded id.

    `kind`: tracking, hold, file, archive, policy, one of `NUMBERED`, or other.
    """

    kind: str
    number: int
    recipient: int = 0
    status: str = ""


def pack(payload: str) -> str:
    """Base64url of a zlib stream that stores `payload` (at most 64 kB) uncompressed."""
    raw = payload.encode()
    size = len(raw)
    stream = b"".join(
        (
            b"\x78\xda\x01",
            size.to_bytes(2, "little"),
            (size ^ 0xFFFF).to_bytes(2, "little"),
            raw,
            zlib.adler32(raw).to_bytes(4, "big"),
        )
    )
    return base64.urlsafe_b64encode(stream).decode().rstrip("=")


def unpack(text: str) -> dict[str, Any]:
    """The JSON object inside an id or page token.

    Raises:
        DamagedIdError: It does not decode.
    """
    if not text or len(text) > 4096:
        raise DamagedIdError(text[:40])
    try:
        raw = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        payload = json.loads(zlib.decompress(raw))
    except (UnicodeError, binascii.Error, zlib.error, ValueError) as error:
        raise DamagedIdError(text[:40]) from error
    if not isinstance(payload, dict):
        raise DamagedIdError(text[:40])
    return payload


class IdMint:
    """Writes and reads the ids of one tenant.

    Args:
        seed: The tenant's seed; ids of another seed are refused as damaged.
    """

    def __init__(self, seed: int) -> None:
        self._key = f"sandbox-ids-{seed}".encode()

    def _sign(self, body: str) -> str:
        return blake2b(body.encode(), key=self._key, digest_size=9).hexdigest()

    def _mint(self, body: str) -> str:
        return pack(f'{{{body},"secureid":"{self._sign(body)}"}}')

    def hold(self, number: int, recipient: int) -> str:
        """The hold id of one recipient's entry."""
        queue = (number << RECIPIENT_BITS) | recipient
        return self._mint(f'"hldqid":{queue},"queue_id":{queue * 7 + 31},"tmnd":0,"tnde":3')

    def tracking(self, number: int, status: str) -> str:
        """The tracking id of a message in a status: the status is part of the id."""
        kind = "archiveid" if status == "archived" else "activeid"
        return self._mint(f'"messageStatusType":"{status}","messageQueueId":{number * 13 + 5},"{kind}":{number}')

    def file(self, number: int, component: int) -> str:
        """The id of one attachment of a message."""
        return self._mint(f'"fileid":{number},"part":{component}')

    def archive(self, number: int) -> str:
        """The id of a message in the archive."""
        return self._mint(f'"archivetoken":{number},"archiveGroup":{number % 17},"mtoken":1')

    def policy(self, number: int) -> str:
        """The id of a blocked-sender policy."""
        return self._mint(f'"policyid":{number},"policyTypeId":{BLOCKED_SENDERS}')

    def other(self, kind: str, number: int) -> str:
        """The id of a log row, an incident, a group or the like."""
        return self._mint(f'"{kind}id":{number}')

    def read(self, text: object) -> ObjectId:
        """Decode an id of this tenant.

        Raises:
            DamagedIdError: Cut, changed, of another tenant, or not a string.
        """
        if not isinstance(text, str):
            raise DamagedIdError("not a string")
        payload = unpack(text)
        given = payload.pop("secureid", None)
        body = json.dumps(payload, separators=(",", ":"))[1:-1]
        # Written again and compared, because decoding alone forgives bytes after the end.
        if given != self._sign(body) or self._mint(body) != text:
            raise DamagedIdError(text[:40])
        match payload:
            case {"hldqid": int(queue)}:
                return ObjectId("hold", queue >> RECIPIENT_BITS, queue & (MAX_RECIPIENTS - 1))
            case {"messageStatusType": str(status), "activeid": int(number)}:
                return ObjectId("tracking", number, status=status)
            case {"messageStatusType": str(status), "archiveid": int(number)}:
                return ObjectId("tracking", number, status=status)
            case {"fileid": int(number), "part": int(part)}:
                return ObjectId("file", number, part)
            case {"archivetoken": int(number), "archiveGroup": int()}:
                return ObjectId("archive", number)
            case {"policyid": int(number), "policyTypeId": int(kind)} if kind == BLOCKED_SENDERS:
                return ObjectId("policy", number)
        for name in NUMBERED:
            if isinstance(payload.get(f"{name}id"), int):
                return ObjectId(name, payload[f"{name}id"])
        return ObjectId("other", 0)


def page_token(size: int, offset: int) -> str:
    """A page token: page size and numeric offset, no snapshot and no time."""
    return pack(f'{{"pageSize":{size},"offset":{offset},"version":3}}')


def read_page_token(token: str) -> tuple[int, int]:
    """(page size, offset) frozen in a token.

    Raises:
        DamagedIdError: Not a page token.
    """
    payload = unpack(token)
    size, offset = payload.get("pageSize"), payload.get("offset")
    if not isinstance(size, int) or not isinstance(offset, int) or size < 1 or offset < 0:
        raise DamagedIdError(token[:40])
    if page_token(size, offset) != token:
        raise DamagedIdError(token[:40])
    return size, offset
