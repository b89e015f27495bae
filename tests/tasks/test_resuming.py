"""Resuming the run behind a settled question, when Prefect has no time for it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings

from mailroom.errors import TransientError
from tasks._resume import _resume, ended_runs

RUN = str(uuid4())


class Api:
    """A Prefect API that answers everything in the same way."""

    def __init__(self, status: int) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(status)
                self.send_header("Content-Length", "2")
                self.send_header("Retry-After", "0")
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b"{}")

            do_POST = do_GET  # noqa: N815 - the library's name

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/api"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def api(request: pytest.FixtureRequest) -> Iterator[Api]:
    made = Api(request.param)
    with temporary_settings({PREFECT_API_URL: made.url}):
        yield made
    made.close()


@pytest.mark.parametrize("api", [503], indirect=True)
def test_a_prefect_that_is_too_busy_is_an_error_for_all_runs_and_asked_a_few_times_only(api: Api) -> None:
    with pytest.raises(TransientError, match="does not answer"):
        _resume(RUN, {})
    assert 0 < sum(RUN in path for path in api.asked) <= 4


@pytest.mark.parametrize("api", [404], indirect=True)
def test_a_run_that_prefect_does_not_know_is_given_up(api: Api) -> None:
    assert _resume(RUN, {}) is False
    assert api.asked


@pytest.mark.parametrize("api", [422], indirect=True)
def test_a_refusal_is_about_this_run_only(api: Api) -> None:
    assert "could not resume the run yet" in str(_resume(RUN, {}))
    assert api.asked


def test_without_an_address_no_server_is_started_and_no_run_is_taken_for_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    with temporary_settings({PREFECT_API_URL: None}):
        for ask in (lambda: _resume(RUN, {}), lambda: _resume(RUN, {}, ended=False), lambda: ended_runs([RUN])):
            with pytest.raises(TransientError, match="PREFECT_API_URL is not set"):
                ask()
    assert list(tmp_path.iterdir()) == []
