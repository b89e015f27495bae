"""The timeline of an investigation in the Prefect UI, in a real browser."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from sandbox.data.hostile import CANARY_HOST

pytestmark = [pytest.mark.browser, pytest.mark.prefect, pytest.mark.slow]

HOSTILE = f"<img src=http://{CANARY_HOST}/x> ![a](http://{CANARY_HOST}/y) </text><script>alert(1)</script>"
_DRAWN = "image => image.complete && image.naturalWidth"


@pytest.mark.parametrize("ui", ["/v2", ""], ids=["new UI", "old UI"])
def test_the_picture_is_drawn_and_asks_nobody(
    tab: Any, tracker: Any, prefect_deployed: Any, helper: Any, tmp_path: Any, ui: str
) -> None:
    with helper.world(f"investigated{ui.replace('/', '-')}", tmp_path, messages=0) as world:
        for status in ("archived", "held", "rejected"):
            sender = {"from_addr": "news@evil.example", "from_env": "news@evil.example", "from_name": HOSTILE}
            world.tenant.add_message(category="phish", status=status, subject=HOSTILE, **sender)
        with prefect_deployed.settings():
            world.save_blocks()
            run = prefect_deployed.run("investigate sender/on demand", **world.names, sender="news@evil.example")
            assert run.state.name == "Completed", run.state
            ids = helper.artifact_ids(run.id)
    tracker.requests.clear()
    page = tab.open(f"{ui}/artifacts/artifact/{ids['investigation-timeline']}")
    picture = page.locator("img[src^='data:image/svg+xml']").first
    expect(picture).to_be_visible()
    assert picture.evaluate(_DRAWN) == 880
    page = tab.open(f"{ui}/artifacts/artifact/{ids['investigation-summary']}")
    expect(page.get_by_text("three messages").first).to_be_visible()
    page.wait_for_timeout(500)
    tab.is_harmless(tracker)
