"""A small caller that signs for itself, so that the sandbox is not tested with its own code."""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sandbox import Server, Tenant, serve

NOW = datetime(2025, 1, 14, 9, 30, tzinfo=UTC)
HOLD_LIST = "/api/gateway/get-hold-message-list"
RELEASE = "/api/gateway/hold-release"
REJECT = "/api/gateway/hold-reject"
LOGS = "/api/gateway/get-held-release-logs"
SEARCH = "/api/message-finder/search"
INFO = "/api/message-finder/get-message-info"
ACCOUNT = "/api/account/get-account"


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> list[Any]:
        return self.json["data"]

    @property
    def code(self) -> str:
        fail = self.json["fail"][0]
        return fail["errors"][0]["code"] if "errors" in fail else fail["code"]


class Caller:
    """Talks to one server over one kept-alive connection, in either generation."""

    def __init__(self, tenant: Tenant, server: Server) -> None:
        self.tenant = tenant
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        self.generation = "1.0"
        self._token = ""

    def send(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Answer:
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def signed(self, path: str, **changes: str) -> dict[str, str]:
        keys = self.tenant.credentials_v1
        date = changes.get("date") or self.tenant.clock.now().strftime("%a, %d %b %Y %H:%M:%S UTC")
        request_id = changes.get("request_id") or str(uuid.uuid4())
        app_key = changes.get("app_key") or keys.app_key
        text = f"{date}:{request_id}:{changes.get('signed_path') or path}:{app_key}".encode()
        secret = base64.b64decode(changes.get("secret_key") or keys.secret_key)
        signature = base64.b64encode(hmac.new(secret, text, hashlib.sha1).digest()).decode()
        return {
            "x-mc-app-id": changes.get("app_id") or keys.app_id,
            "x-mc-date": date,
            "x-mc-req-id": request_id,
            "Authorization": f"MC {changes.get('access_key') or keys.access_key}:{signature}",
            "Content-Type": "application/json",
        }

    def token(self) -> str:
        client = self.tenant.credentials_v2
        form = f"client_id={client.client_id}&client_secret={client.client_secret}&grant_type=client_credentials"
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return str(self.send("POST", "/oauth/token", form.encode(), headers).json["access_token"])

    def call(self, path: str, *items: dict[str, Any], page: dict[str, Any] | None = None) -> Answer:
        envelope: dict[str, Any] = {"data": list(items)}
        if page is not None:
            envelope["meta"] = {"pagination": page}
        if self.generation == "1.0":
            headers = self.signed(path)
        else:
            self._token = self._token or self.token()
            headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        return self.send("POST", path, json.dumps(envelope).encode(), headers)

    def window(self, days: float = 14) -> dict[str, Any]:
        now = self.tenant.clock.now()
        form = "%Y-%m-%dT%H:%M:%S+0000"
        return {"start": (now - timedelta(days=days)).strftime(form), "end": now.strftime(form)}

    def hold_list(self, page_size: int = 500, **item: Any) -> list[dict[str, Any]]:
        """All pages of the hold list."""
        rows: list[dict[str, Any]] = []
        page: dict[str, Any] = {"pageSize": page_size}
        while True:
            answer = self.call(HOLD_LIST, {"admin": True, **self.window(), **item}, page=page)
            rows += answer.data
            after = answer.json["meta"]["pagination"].get("next")
            if not after:
                return rows
            page = {"pageSize": page_size, "pageToken": after}

    def search(self, **item: Any) -> list[dict[str, Any]]:
        answer = self.call(SEARCH, {**self.window(), **item}, page={"pageSize": 500})
        return [row for block in answer.data for row in block["trackedEmails"]]


Opened = Callable[[Tenant], Caller]


@pytest.fixture
def connect() -> Iterator[Opened]:
    servers: list[Server] = []
    callers: list[Caller] = []

    def start(tenant: Tenant) -> Caller:
        servers.append(serve(tenant))
        callers.append(Caller(tenant, servers[-1]))
        return callers[-1]

    yield start
    for caller in callers:
        caller.connection.close()
    for server in servers:
        server.close()


@pytest.fixture
def tenant() -> Tenant:
    return Tenant.generate(messages=60, seed=7, now=NOW, frozen=True)


@pytest.fixture
def caller(tenant: Tenant, connect: Opened) -> Caller:
    return connect(tenant)


@pytest.fixture(params=["1.0", "2.0"])
def either(request: pytest.FixtureRequest, caller: Caller) -> Caller:
    caller.generation = request.param
    return caller
