"""Permits and block policies that a person asks for: proposed, approved by somebody else, made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from mailroom_tests_change_world import PERSON, POLICY, SENDER, some_policy
from mailroom_tests_small_tenant import Workbench, policy, small_tenant

from mailroom.effects.changes import change_of
from mailroom.errors import RefusedError
from mailroom.playbooks import changes, tenants
from mailroom.playbooks.approvals import deciding, wide_changes
from mailroom.playbooks.approvals.doing import carry_out_approved
from mailroom.playbooks.tenants import tenant_of
from mailroom.store.actions import NewAction

PERMIT = {"sender": SENDER, "recipient": PERSON}
URL = {"url": "https://evil.example/login", "action": "permit"}
WIDE: dict[str, dict[str, Any]] = {
    "permit_sender": PERMIT, "create_block_sender_policy": POLICY, "create_managed_url": URL,
}  # fmt: skip


@pytest.fixture
def bench(bench_for: Callable[..., Workbench]) -> Workbench:
    bench = bench_for(small_tenant())
    bench.policy = policy(wide_changes_need_approval=True)
    return bench


def change(bench: Workbench, kind: str = "permit_sender", **more: Any) -> Any:
    known: dict[str, Any] = {"requested_by": "amy", "proposed_by": "account"}
    return changes.change(bench.desk, kind, WIDE[kind], **known | more)


def approve(bench: Workbench, number: int, by: str = "ben", channel: Any = "command line") -> Any:
    digest = bench.store.approvals.get(number).digest
    return deciding.approve(bench.store, bench.policy, number, digest=digest, by=by, channel=channel)


def effects(bench: Workbench) -> int:
    return len(bench.tenant.effects)


@pytest.mark.parametrize("kind", list(WIDE))
def test_a_wide_change_waits_for_somebody_else_and_is_made_once(bench: Workbench, kind: str) -> None:
    first, second = change(bench, kind), change(bench, kind)
    number = first.result["approval"]
    assert (first.state, second.result, effects(bench)) == ("proposed", first.result, 0)
    assert f"mailroom approve {number}" in first.detail
    with pytest.raises(RefusedError, match="other than the proposer"):
        approve(bench, number, by="amy")

    approve(bench, number)
    for _ in range(2):
        assert carry_out_approved(bench.desk, number).counts() == {"applied": 1}

    again = change(bench, kind)
    assert (again.state, again.recorded, effects(bench)) == ("applied", True, 1)


def test_a_policy_from_one_address_to_one_address_is_not_wide(bench: Workbench) -> None:
    wish = POLICY | {"recipient_type": "Email Address", "recipient": PERSON}
    assert changes.change(bench.desk, "create_block_sender_policy", wish, requested_by="amy").state == "applied"


def test_a_url_is_blocked_by_one_person_alone(bench: Workbench) -> None:
    assert changes.change(bench.desk, "create_managed_url", URL | {"action": "block"}).state == "applied"


def test_without_the_setting_what_a_person_asks_for_is_done_at_once(bench: Workbench) -> None:
    bench.policy = policy()
    assert change(bench).state == "applied"


def test_what_somebody_declined_is_proposed_again_only_as_a_new_wish(bench: Workbench) -> None:
    known = bench.store.approvals.get(change(bench).result["approval"])
    deciding.decline(bench.store, known.id, digest=known.digest, by="ben", channel="command line", note="no")
    with pytest.raises(RefusedError, match=r"refused \(declined by ben: no\).*again"):
        change(bench)
    assert change(bench, again="they wrote once more").result["approval"] != known.id
    assert effects(bench) == 0


def test_what_was_asked_for_in_one_tenant_is_not_made_in_another_of_which_no_mail_was_read(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bench.store.sources.accounts_of(tenant_of(bench.client)) == set()
    number = change(bench, "create_block_sender_policy").result["approval"]
    approve(bench, number)
    elsewhere = bench.new_client()
    monkeypatch.setitem(tenants._names, elsewhere, "COTHER1")

    with pytest.raises(RefusedError, match="use its credentials"):
        carry_out_approved(replace(bench.desk, client=elsewhere), number)

    assert (effects(bench), bench.store.approvals.get(number).state) == (0, "granted")
    assert carry_out_approved(bench.desk, number).counts() == {"applied": 1}


def test_no_way_around_through_the_ledger(bench: Workbench) -> None:
    kind = "permit_sender"
    wanted = change_of(kind).checked(PERMIT)
    made = bench.store.ledger.intend(NewAction(
        tenant_of(bench.client), None, kind, change_of(kind).target(wanted), change_of(kind).slot(wanted), wanted,
        "manual", requested_by="amy",
    ))  # fmt: skip
    changes.retry(bench.desk)
    assert "nobody has approved it" in bench.store.ledger.get(made.id).detail
    assert effects(bench) == 0


def test_killed_between_proposal_and_approval_the_same_wish_goes_on(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(wide_changes, "faultpoint", die)
        change(bench)
    number = change(bench).result["approval"]
    assert [one.state for one in bench.store.ledger.list()] == ["proposed"]
    approve(bench, number)
    assert carry_out_approved(bench.desk, number).counts() == {"applied": 1}


def die(_where: str) -> None:
    raise KeyboardInterrupt


def test_what_is_not_wide_or_takes_something_back_needs_nobody_else(bench: Workbench) -> None:
    blocked = changes.change(bench.desk, "block_sender", PERMIT, requested_by="amy")
    assert blocked.state == "applied"
    assert changes.undo(bench.desk, blocked.action_id, requested_by="amy").kind == "permit_sender"
    assert effects(bench) == 2


def test_what_is_there_already_needs_no_approval(bench: Workbench) -> None:
    some_policy(bench.client)
    assert change(bench, "create_block_sender_policy").state == "already_done"
    assert bench.store.ledger.list(limit=1) == []


def test_the_kill_switch_comes_first(bench: Workbench) -> None:
    bench.policy = policy(wide_changes_need_approval=True, kill_switch=True)
    with pytest.raises(RefusedError, match="kill switch"):
        change(bench)
    assert bench.store.ledger.list(limit=1) == []


def test_a_site_may_do_without(bench: Workbench) -> None:
    bench.policy = policy(wide_changes_need_approval=False)
    assert change(bench).state == "applied"
