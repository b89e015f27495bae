"""The Prefect UI in a real browser: what an analyst sees, and what hostile mail can do there (nothing)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml
from playwright.sync_api import TimeoutError as NotInTimeError
from playwright.sync_api import expect

from sandbox.data.hostile import CANARY_HOST, HOSTILE_TEXTS

pytestmark = [pytest.mark.browser, pytest.mark.prefect, pytest.mark.slow]

LOCKED = "Message is locked"
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Finished:
    """A deployed run on a hostile tenant, with two actions that were refused in hostile words."""

    world: Any
    id: UUID
    artifacts: dict[str, str]


@pytest.fixture(scope="module")
def finished(
    prefect_deployed: Any, helper: Any, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Finished]:
    with helper.world("hostile", tmp_path_factory.mktemp("hostile"), messages=5, hostile=True) as world:
        for text in HOSTILE_TEXTS:
            world.tenant.add_message(category="malware", subject=text, from_name=text, policy=text, reply_to=text)
        words = f"{LOCKED} " + " ".join(text[:200] for text in HOSTILE_TEXTS if "\ud800" not in text)
        world.break_calls("fail_in_200", helper.REJECT, times=2, code="err_locked", message=words)
        with prefect_deployed.settings():
            world.save_blocks()
            run = prefect_deployed.run(helper.INGEST, **world.names)
            assert run.state.name == "Failed", run.state
            yield Finished(world, run.id, helper.artifact_ids(run.id))


# what an analyst sees -----------------------------------------------------------------------------------------------


def test_the_deployments_are_listed_with_their_schedules(tab: Any, finished: Finished) -> None:
    page = tab.open("/v2/deployments")
    deployed = yaml.safe_load((ROOT / "deployments.yaml").read_text("utf-8"))["deployments"]
    expect(page.get_by_text(f"{len(deployed)} Deployments")).to_be_visible()
    for entry in deployed:  # they fill more than one page
        flow = entry["entrypoint"].rpartition(".")[2].replace("_", " ")
        page.get_by_placeholder("Search deployments").fill(flow)
        expect(page.get_by_text(flow, exact=True).first).to_be_visible()


def test_the_run_form_explains_every_field_and_offers_the_choices(tab: Any, finished: Finished, helper: Any) -> None:
    page = tab.open(f"/v2/deployments/deployment/{helper.deployment_id(helper.INGEST)}/run")
    for help_text in (
        'Name of the "Mimecast Credentials" block.',
        "Most messages taken in per run; the rest waits for the next run. 0 means no limit.",
        "Leave messages below this Mimecast risk where they are.",
        "Ingest and decide, but write no verdict and change nothing in the tenant.",
    ):
        expect(page.get_by_text(help_text)).to_be_visible()
    page.get_by_text("everything", exact=True).click()
    expect(page.get_by_role("option")).to_have_text(["everything", "negligible", "low", "medium", "high"])


@pytest.mark.parametrize(
    ("block", "help_text"),
    [
        ("mimecast-credentials", "API 2.0: secret of the API application."),
        ("mailbox-credentials", "Password or app password of the mailbox."),
    ],
)
def test_the_block_form_hides_what_is_typed_into_secret_fields(
    tab: Any, finished: Finished, block: str, help_text: str
) -> None:
    page = tab.open(f"/v2/blocks/catalog/{block}/create")
    expect(page.get_by_text(help_text)).to_be_visible()
    assert page.locator("input[type=password]").count() >= 4


# what hostile mail can do there ---------------------------------------------------------------------------------------


def test_the_tracking_host_would_be_reached(tab: Any, tracker: Any) -> None:
    """Without this the tests below would prove nothing."""
    tab.page.goto(f"http://{CANARY_HOST}/control")
    assert "/control" in tracker.requests
    tracker.requests.clear()


def _show_all_rows(page: Any) -> None:
    """Choose the largest page size; a click that comes before the page listens is lost, so it is made again."""
    for _ in range(10):
        page.get_by_role("combobox").click()
        with suppress(NotInTimeError):
            page.get_by_role("option").last.click(timeout=5_000)
            return
        page.keyboard.press("Escape")
    pytest.fail("the page size cannot be chosen")


@pytest.mark.parametrize("ui", ["/v2", ""], ids=["new UI", "old UI"])
def test_the_table_shows_hostile_text_as_text(tab: Any, tracker: Any, finished: Finished, ui: str) -> None:
    tracker.requests.clear()
    page = tab.open(f"{ui}/artifacts/artifact/{finished.artifacts['triage-table']}")
    expect(page.get_by_text("DROP TABLE alerts").first).to_be_visible()
    seen = page.locator("table").inner_text()
    if ui:
        _show_all_rows(page)
        expect(page.get_by_text("Page 1 of 1")).to_be_visible()
        seen = page.locator("table").inner_text()
    for expected in (
        "hxxp:",
        "DROP TABLE",
        "0.＿＿class" if "＿" in seen else "class",
        "line one INFO forged log line",
    ):
        assert expected in seen
    assert not re.search(r"[\x00-\x08\x0b-\x1f\u202a-\u202e\u2066-\u2069]", seen.replace("\t", " "))
    page.wait_for_timeout(1000)
    tab.is_harmless(tracker)


@pytest.mark.parametrize("ui", ["/v2", ""], ids=["new UI", "old UI"])
def test_the_summary_shows_hostile_refusals_as_text(tab: Any, tracker: Any, finished: Finished, ui: str) -> None:
    tracker.requests.clear()
    page = tab.open(f"{ui}/artifacts/artifact/{finished.artifacts['triage-summary']}")
    expect(page.get_by_text("2 actions were not applied. Retry redoes only these.").first).to_be_visible()
    expect(page.get_by_text(LOCKED).first).to_be_visible()
    page.wait_for_timeout(1000)
    tab.is_harmless(tracker)


@pytest.mark.parametrize("ui", ["/v2", ""], ids=["new UI", "old UI"])
def test_the_page_of_the_run_shows_its_graph_its_log_and_why_it_failed(
    tab: Any, tracker: Any, finished: Finished, ui: str
) -> None:
    tracker.requests.clear()
    page = tab.open(f"{ui}/runs/flow-run/{finished.id}")
    expect(page.locator("canvas").first).to_be_visible()
    if ui:  # the old one says it in the log
        page.get_by_text("Details", exact=True).click()
    why = re.compile(r"2 of \d+ actions were not applied; first: reject for alert \d+: Error executing action")
    expect(page.get_by_text(why).first).to_be_visible()
    page.get_by_text("Task Runs", exact=True).click()
    expect(page.get_by_text(re.compile(r"Reject Message: alert \d+")).first).to_be_visible()
    page.wait_for_timeout(500)
    tab.is_harmless(tracker)


# and what an analyst does about it ----------------------------------------------------------------------------------


def test_clicking_retry_redoes_only_what_was_not_applied(tab: Any, finished: Finished, prefect_deployed: Any) -> None:
    world = finished.world
    before = world.applied()
    assert before
    page = tab.open(f"/v2/runs/flow-run/{finished.id}")
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Retry").click()
    page.get_by_role("button", name="Retry").click()

    ended = prefect_deployed.wait(finished.id, after=1)

    assert ended.state.name == "Completed", ended.state.message
    after = world.applied()
    assert len(after) == len(before) + 2
    world.check()
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
