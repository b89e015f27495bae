"""A token service on loopback, with TLS, that answers what a test has written down."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mailroom.mail.oauth import TokenHttp


class TokenService:
    """`answers` are taken in order, the last one stays; `asked` holds the form of each request for a token."""

    def __init__(self, certificates: Any) -> None:
        self.asked: list[dict[str, str]] = []
        self.discoveries = 0
        self.answers: list[tuple[int, Any]] = [(200, {"access_token": "token-one", "expires_in": 3600})]
        self.headers: Mapping[str, str] = {}
        self.gate = threading.Event()
        self.gate.set()
        owner = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                owner.discoveries += 1
                tenant = urlsplit(self.path).path.split("/")[1]
                if tenant == "absent":
                    self._answer(400, {"error": "invalid_tenant", "error_description": "AADSTS90002: no tenant"})
                    return
                base = f"{owner.url}/{tenant}"
                self._answer(
                    200,
                    {
                        "issuer": f"{base}/v2.0",
                        "authorization_endpoint": f"{base}/oauth2/v2.0/authorize",
                        "token_endpoint": f"{base}/oauth2/v2.0/token",
                    },
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                form = {key: values[0] for key, values in parse_qs(body).items()}
                owner.asked.append(form)
                owner.gate.wait(20)
                self._answer(*(owner.answers.pop(0) if len(owner.answers) > 1 else owner.answers[0]))

            def _answer(self, status: int, content: Any) -> None:
                raw = content if isinstance(content, bytes) else json.dumps(content).encode()
                self.send_response(status)
                for name, value in owner.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = certificates.server_context().wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://localhost:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(20)


class SetClock:
    """Stands where a test puts it."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def service(certificates: Any) -> Iterator[TokenService]:
    server = TokenService(certificates)
    yield server
    server.close()


@pytest.fixture
def http(certificates: Any) -> Iterator[TokenHttp]:
    client = TokenHttp(ca_file=certificates.ca_file, timeout=20)
    yield client
    client.close()


@pytest.fixture
def clock() -> SetClock:
    return SetClock()


@pytest.fixture
def jwt() -> Any:
    def make(**claims: Any) -> str:
        parts = (json.dumps(part).encode() for part in ({"alg": "none"}, claims))
        return ".".join([*(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts), "signature"])

    return make
