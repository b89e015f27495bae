"""A real Chromium, and a listener that stands for the attacker's tracking host."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from sandbox.data.hostile import CANARY_HOST

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 180_000  # milliseconds; reached only when something is wrong, whatever else the machine is doing
expect.set_options(timeout=PATIENCE)

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Tracker:
    """Counts who comes."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        requests = self.requests

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                requests.append(self.path)
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture(scope="session")
def tracker() -> Iterator[Tracker]:
    """The attacker's host, on this machine."""
    made = Tracker()
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser(tracker: Tracker) -> Iterator[Browser]:
    """Chromium; every attacker's address leads to the tracker.

    Not kept for the session: while it is open, Playwright's event loop makes Prefect think that all code is async.
    """
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("NOT TESTED IN A BROWSER: no Chromium is installed (Debian: chromium)")
    mapped = f"--host-resolver-rules=MAP {CANARY_HOST} 127.0.0.1:{tracker.port}"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=program, args=[*QUIET, mapped])
        yield started
        started.close()


class Tab:
    """A page, and what it did that no page of ours should do."""

    def __init__(self, page: Page, ui: str) -> None:
        self.page, self.ui = page, ui
        self.dialogs: list[str] = []
        self.foreign: list[str] = []
        page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self.foreign.append(request.url) if self._is_foreign(request.url) else None)

    def _is_foreign(self, url: str) -> bool:
        # The new UI's own script asks Prefect's analytics host whatever the server's settings say; nothing answers.
        return not re.match(rf"{self.ui}/|blob:|data:|https://[a-z0-9.-]+\.amplitude\.com/", url)

    def open(self, path: str) -> Page:
        self.page.goto(self.ui + path)
        return self.page

    def open_until(self, path: str, text: str | re.Pattern[str]) -> Page:
        """Open a page, as a person does again and again, until it shows the text.

        The log of a run that waits or has ended is asked for once, and comes to the server a moment after its state.
        """
        for _ in range(30):
            page = self.open(path)
            try:
                expect(page.get_by_text(text).first).to_be_visible(timeout=6_000)
            except AssertionError:
                continue
            return page
        raise AssertionError(f"{path} does not show {text!r}")

    def resume(self, form: Locator) -> None:
        """Press Resume, as a person does: again when the server was busy, which the form does not say."""
        for _ in range(30):
            form.get_by_role("button", name="Resume").click()
            try:
                expect(form).to_be_hidden(timeout=6_000)
            except AssertionError:
                continue
            return
        raise AssertionError("the run could not be resumed from its form")

    def submit(self) -> None:
        """Press Submit, as a person does: again when the server was too busy to take the run."""
        button = self.page.get_by_role("button", name="Submit")
        for _ in range(30):
            with self.page.expect_response(lambda answer: "/create_flow_run" in answer.url) as answered:
                button.click()
            if answered.value.ok:
                return
        raise AssertionError("the server takes no run")

    def is_harmless(self, tracker: Tracker) -> None:
        """Nothing in the page has called, asked or led anywhere."""
        assert tracker.requests == []
        assert self.dialogs == []
        assert self.foreign == []
        found = f"[src*='{CANARY_HOST}'], [href*='{CANARY_HOST}'], [href^='javascript:']"
        assert self.page.locator(found).count() == 0
        assert self.page.locator("script:not([src])", has_text=CANARY_HOST).count() == 0


@pytest.fixture
def tab(browser: Browser, prefect_deployed: Any) -> Iterator[Tab]:
    """A fresh page of the UI, wide enough to see a table."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    context.set_default_timeout(PATIENCE)
    yield Tab(context.new_page(), prefect_deployed.ui)
    context.close()
