"""What the sandbox remembers and hands out: calls, effects, labels, credentials."""

from __future__ import annotations

import base64
import random
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Label:
    """The truth about one held entry, for scoring verdicts.

    Attributes:
        category: impersonation, phish, malware, spam, bulk, newsletter, business or simulation.
        expected_verdict: malicious, spam, graymail, benign or simulation.
        decidable: False where headers and vendor data alone cannot tell the truth; an honest
            answer is then "undetermined" or "suspicious".
    """

    category: str
    expected_verdict: str
    decidable: bool = True


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request that reached the tenant; `status` 0 means the connection was cut."""

    path: str
    method: str
    at: datetime
    status: int
    items: int
    generation: str
    request_id: str
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Effect:
    """One change of the tenant.

    Attributes:
        kind: release, release_to_sandbox, reject, report, expire, create_policy, block_sender, ...
        hold_id: What was changed: a held copy, or a policy, managed sender, incident, ... by its id.
        keys: Other names the same thing can be counted by: a policy's description, "sender recipient".
    """

    kind: str
    hold_id: str
    at: datetime
    operator: str
    params: dict[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeysV1:
    """Credentials of an API 1.0 application with its user binding."""

    app_id: str
    app_key: str
    access_key: str
    secret_key: str
    email: str
    password: str


@dataclass(frozen=True, slots=True)
class ClientV2:
    """Credentials of an API 2.0 application."""

    client_id: str
    client_secret: str


def make_credentials(seed: int) -> tuple[KeysV1, ClientV2]:
    """Invent both sets of credentials; equal seeds give equal credentials."""
    rng = random.Random(f"credentials/{seed}")

    def guid() -> str:
        return str(uuid.UUID(int=rng.getrandbits(128), version=4))

    keys = KeysV1(
        app_id=guid(),
        app_key=guid(),
        access_key="AK-" + base64.urlsafe_b64encode(rng.randbytes(45)).decode(),
        secret_key=base64.b64encode(rng.randbytes(66)).decode(),
        email="svc-mailroom@northwind.example",
        password="pw-" + rng.randbytes(9).hex(),
    )
    return keys, ClientV2(client_id="cid-" + rng.randbytes(15).hex(), client_secret=rng.randbytes(32).hex())
