"""An approval in the Prefect UI: the form shows what would be done, offers the choices, and does it once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_small_tenant import PEOPLE, RULES, add
from playwright.sync_api import expect
from prefect.client.orchestration import get_client

from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.playbooks.triage import triage_alerts
from sandbox.data.hostile import CANARY_HOST
from tasks import _open

pytestmark = [pytest.mark.browser, pytest.mark.prefect, pytest.mark.slow]

REQUEST = "request approvals/every five minutes"
PIXEL = f'<img src="http://{CANARY_HOST}/pixel.png" onerror=alert(1)>'
SUBJECT = f"wanted {PIXEL} [click](javascript:alert(1)) ![x](http://{CANARY_HOST}/md.png)"


@pytest.fixture
def world(tmp_path: Path, helper: Any, prefect_deployed: Any) -> Iterator[Any]:
    """A tenant that holds one hostile message, which the rules would release."""
    with prefect_deployed.settings(), helper.world("approval-ui", tmp_path / "w", messages=0, history=0) as made:
        made.save_blocks(release="advise", reject="advise", rules=[str(RULES)], starter_rules=False)
        add(made.tenant, SUBJECT, to=PEOPLE[:1])
        _open.close_all()
        ingest_held(_open.client(made.name), _open.store(made.name), HeldSettings())
        triage_alerts(_open.store(made.name), _open.policy(made.name))
        _open.close_all()
        yield made
    _open.close_all()


def state_of(server: Any, run: str) -> str:
    with server.settings(), get_client(sync_client=True) as client:
        state = client.read_flow_run(run).state
    return state.name if state else ""


def approval(world: Any) -> Any:
    with world.opened() as store:
        (only,) = store.approvals.newest()
    return only


def test_a_person_approves_in_the_form_and_it_is_done_once(
    tab: Any, tracker: Any, world: Any, prefect_deployed: Any
) -> None:
    tracker.requests.clear()
    server = prefect_deployed
    asked = server.run(REQUEST, **world.names)
    assert asked.state.name == "Completed", asked.state.message
    run = approval(world).flow_run_id
    server.wait_until(lambda: state_of(server, run) == "Suspended")

    page = tab.open(f"/v2/runs/flow-run/{run}")
    page.get_by_role("button", name="Open menu").click()
    page.get_by_role("menuitem", name="Resume").click()
    form = page.get_by_role("dialog")
    expect(form.get_by_text("Nothing has been done yet.")).to_be_visible()
    expect(form.get_by_text(re.compile(r"release: 1 action, mail from contoso-logistics\[\.\]example"))).to_be_visible()
    expect(form.get_by_text("It cannot be taken back.")).to_be_visible()
    expect(form.get_by_text(re.compile("Who decides; it is kept in the history"))).to_be_visible()
    assert PEOPLE[0] not in page.content()
    tab.is_harmless(tracker)
    form.get_by_text("Select", exact=True).click()
    expect(page.get_by_role("option")).to_have_text(["approve", "decline", "look again"])
    page.get_by_role("option", name="approve", exact=True).click()
    form.get_by_label("Your Name (Optional)").fill("Ben Ode")
    assert world.applied().total() == 0
    tab.resume(form)

    assert server.wait(run).state.name == "Completed"
    assert (approval(world).state, approval(world).approver, approval(world).channel) == ("used", "Ben Ode", "form")
    assert [kind for kind, _ in world.applied()] == ["release"]
    world.check()
    for ui in ("/v2", ""):
        tab.open(f"{ui}/runs/flow-run/{run}")
        expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
        page.wait_for_timeout(700)
        tab.is_harmless(tracker)
        assert PEOPLE[0] not in page.content()
