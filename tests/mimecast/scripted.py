"""A tiny HTTP server on loopback that answers what a test has written down, and remembers what it was asked."""

from __future__ import annotations

import json
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Asked:
    path: str
    headers: Mapping[str, str]
    body: bytes
    method: str = "POST"

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def item(self) -> Any:
        return self.json["data"][0]


@dataclass
class Answer:
    """`body` as bytes goes out unchanged; anything else as JSON. `cut` closes after so many bytes of the body."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    reset: bool = False
    before: Callable[[], object] | None = None


def ok(*data: Any, **meta: Any) -> Answer:
    return Answer({"meta": {"status": 200, **meta}, "data": list(data), "fail": []})


def fail(code: str, message: str = "", *, key: Any = None, status: int = 200, data: tuple[Any, ...] = ()) -> Answer:
    entry = {"key": key, "errors": [{"code": code, "message": message, "retryable": False}]}
    return Answer({"meta": {"status": 200}, "data": list(data), "fail": [entry]}, status)


class Scripted:
    """`server.add(path, answer, ...)`; the last answer of a path stays."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.connections = 0
        self.answers: dict[str, deque[Answer]] = defaultdict(deque)
        self.add("/oauth/token", Answer({"access_token": "token-for-tests-1", "expires_in": 1799}))
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True
            wbufsize = 1 << 16

            def setup(self) -> None:
                outer.connections += 1
                super().setup()

            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                self.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

            def do_GET(self) -> None:
                self.answer(b"")

            do_PATCH = do_POST  # noqa: N815 - the names that http.server looks for
            do_DELETE = do_POST  # noqa: N815

            def answer(self, body: bytes) -> None:
                path = self.path.partition("?")[0]
                answer = outer.take(Asked(self.path, self.headers, body, self.command), path)
                if answer.before is not None:
                    answer.before()
                if answer.reset:
                    self.close_connection = True
                    self.connection.close()
                    return
                payload = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
                self.send_response_only(answer.status)
                headers = {
                    "Date": self.date_time_string(),
                    "Content-Type": "application/json",
                    "Content-Length": str(len(payload)),
                } | answer.headers
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                if answer.cut is not None:
                    payload = payload[: answer.cut]
                    self.close_connection = True
                self.wfile.write(payload)
                self.wfile.flush()

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *_: object) -> None:
                pass  # a client that hangs up is part of the tests

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def wrap(self, context: ssl.SSLContext) -> None:
        """Speak TLS from now on."""
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = self.url.replace("http://", "https://")

    def add(self, path: str, *answers: Answer) -> None:
        self.answers[path].clear()
        self.answers[path].extend(answers)

    def take(self, asked: Asked, path: str) -> Answer:
        with self._lock:
            self.asked.append(asked)
            queue = self.answers.get(path)
            if not queue:
                return Answer(b"", 404)
            return queue.popleft() if len(queue) > 1 else queue[0]

    def calls(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path.partition("?")[0] == path]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class FakeClock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.seconds += max(seconds, 0)
