"""Blocking a sender: whom nobody blocks, how it is done, what is there already, and that it is done once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from mailroom_tests_small_tenant import INFO, PEOPLE, Workbench, add, empty_tenant, policy

from mailroom.connectors.held import HeldSettings, ingest_held
from mailroom.effects.changes import undo_once
from mailroom.errors import InvalidInputError, RefusedError
from mailroom.mimecast import tracking
from mailroom.mimecast.policies import PolicyWish, create_policy, get_policy, update_policy
from mailroom.playbooks import block_sender as blocking
from mailroom.playbooks.block_sender import Approved, BlockForm
from mailroom.playbooks.block_sender.approving import new_action
from mailroom.playbooks.explain import explain
from mailroom.store import Store
from mailroom.store.actions import ActionResult
from mailroom.triage.packaged import starter_lists
from sandbox import Fault, Tenant, serve

BAD = "billing@evil.example"
FROM_BAD: dict[str, Any] = {
    "from_addr": BAD, "from_env": BAD, "from_name": "Billing", "dkim_domain": "evil.example",
}  # fmt: skip


@pytest.fixture
def tenant() -> Tenant:
    return empty_tenant()


@pytest.fixture(params=["2.0", "1.0"])
def bench(bench_for: Callable[..., Workbench], tenant: Tenant, request: pytest.FixtureRequest) -> Workbench:
    return bench_for(tenant, request.param)


def changes(tenant: Tenant) -> list[str]:
    """What was changed in the tenant, in order."""
    return [effect.kind for effect in tenant.effects]


def alert_from(bench: Workbench, to: list[str], **fields: Any) -> int:
    """A held mail that has become an alert; returns the alert's number."""
    (hold_id, *_) = add(bench.tenant, "Your invoice", to=to, **FROM_BAD | fields)
    bench.ingest()
    return int(bench.alert_of(hold_id).id)


def plan(bench: Workbench, **form: Any) -> blocking.BlockPlan:
    return blocking.plan_block(bench.desk, BlockForm(**form))


def block(bench: Workbench, **form: Any) -> list[Any]:
    return blocking.block(bench.desk, plan(bench, **form))


def codes(made: blocking.BlockPlan) -> list[str]:
    return [refusal.code for refusal in made.refusals]


def test_a_sender_that_one_person_saw_is_blocked_for_this_person(bench: Workbench) -> None:
    alert = alert_from(bench, PEOPLE[:1])

    (result,) = block(bench, alert=str(alert), requested_by="amy")

    assert result.state == "applied"
    assert changes(bench.tenant) == ["block_sender"]
    assert [(one["sender"], one["to"]) for one in bench.tenant.managed_senders()] == [(BAD, PEOPLE[0])]
    story = explain(bench.store, str(alert))
    assert [(one["kind"], one["state"], one["requested_by"]) for one in story["actions"]] == [
        ("block_sender", "applied", "amy")
    ]


def test_a_sender_that_several_people_saw_is_blocked_by_a_policy_with_an_end(bench: Workbench) -> None:
    alert = alert_from(bench, PEOPLE[:2])

    (result,) = block(bench, alert=str(alert), case="SIR-9", requested_by="amy")

    assert result.state == "applied"
    (made,) = bench.tenant.policies()
    assert made["policy"]["from"] == {"type": "individual_email_address", "emailAddress": BAD}
    assert made["policy"]["toEternal"] is False
    assert f"alert {alert}, case SIR-9, by amy, ends 2026-04-01" in made["policy"]["description"]
    assert result.expires_at == bench.tenant.clock.now() + timedelta(days=30)


def test_recipients_whom_only_tracking_knows_count_too(bench: Workbench) -> None:
    alert = alert_from(bench, PEOPLE[:1])
    add(bench.tenant, "Another one", to=PEOPLE[3:4], minutes=5_000, **FROM_BAD)

    assert plan(bench, alert=str(alert)).method == "policy"


def test_a_managed_sender_for_every_recipient_of_an_alert(bench: Workbench) -> None:
    alert = alert_from(bench, PEOPLE[:3])

    results = block(bench, alert=str(alert), how="managed sender")

    assert [result.state for result in results] == ["applied"] * 3
    assert {one["to"] for one in bench.tenant.managed_senders()} == set(PEOPLE[:3])


def test_a_whole_domain_only_when_asked_and_never_with_a_managed_sender(bench: Workbench) -> None:
    (result,) = block(bench, sender="evil.example", covers="whole domain", never_ends=True)

    assert result.expires_at is None
    (made,) = bench.tenant.policies()
    assert made["policy"]["from"] == {"type": "email_domain", "emailDomain": "evil.example"}
    with pytest.raises(InvalidInputError, match="whole domain"):
        BlockForm(sender="evil.example", how="managed sender", covers="whole domain")
    with pytest.raises(InvalidInputError, match="no full address"):
        plan(bench, sender="evil.example")


@pytest.mark.parametrize(
    ("sender", "covers", "code"),
    [
        ("ceo@northwind.example", "address", "own_domain"),
        ("mail.northwind.example", "whole domain", "own_domain"),
        ("ann@fabrikam.example", "address", "partner"),
        ("fabrikam.example", "whole domain", "partner"),
        ("clara.lindqvist@northwind.example", "address", "vip"),
        ("gmail.com", "whole domain", "free_mail_domain"),
        ("co.uk", "whole domain", "public_suffix"),
        ("github.io", "whole domain", "public_suffix"),
        ("microsoft.com", "whole domain", "brand"),
    ],
)
def test_whom_the_lists_protect_nobody_blocks(bench: Workbench, sender: str, covers: str, code: str) -> None:
    made = plan(bench, sender=sender, covers=covers)

    assert code in codes(made)
    assert made.steps == ()
    assert all(refusal.why and refusal.instead for refusal in made.refusals)
    with pytest.raises(RefusedError, match="not blocked"):
        blocking.block(bench.desk, made)
    assert bench.tenant.effects == []


def test_one_address_at_a_free_mail_provider_may_be_blocked(bench: Workbench) -> None:
    (result,) = block(bench, sender="crook4711@gmail.com")
    assert result.state == "applied"


@pytest.mark.parametrize(
    "sender", ["", "  ", "*", "*@evil.example", "evil*.example", "a@b@c", "user@", "?@evil.example"]
)
def test_nothing_empty_and_no_pattern_is_blocked(bench: Workbench, sender: str) -> None:
    with pytest.raises(InvalidInputError):
        plan(bench, sender=sender)
    with pytest.raises(InvalidInputError):
        plan(bench, sender=sender, covers="whole domain")
    assert bench.tenant.effects == []


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("ann@northwind.example", ["own_domain", "forged"]),
        ("ann@fabrikam.example", ["partner", "forged"]),
        ("sales@bystander.example", ["forged"]),
    ],
)
def test_a_forged_sender_is_a_victim_and_the_envelope_is_blocked_instead(
    bench: Workbench, address: str, expected: list[str]
) -> None:
    alert = alert_from(
        bench, PEOPLE[:1], from_addr=address, from_env="bounce@bulk.evil.example", dkim="none", dmarc="fail",
        dkim_domain="",
    )  # fmt: skip

    made = plan(bench, alert=str(alert))

    assert codes(made) == expected
    assert "bulk.evil.example" in made.refusals[-1].instead
    (result,) = block(bench, alert=str(alert), sender="bulk.evil.example", covers="whole domain")
    assert result.state == "applied"
    assert changes(bench.tenant) == ["create_policy"]


def test_a_domain_with_which_we_exchange_mail_is_not_blocked(bench_for: Callable[..., Workbench]) -> None:
    bench = bench_for(empty_tenant(archive=400))
    bench.policy = replace(bench.policy, lists=(starter_lists(),))  # the busy ones are partners
    recent = (bench.tenant.clock.now() - timedelta(days=29)).timestamp()
    domains = [one["from"].rpartition("@")[2] for one in bench.tenant.archived() if one["received"] >= recent]
    busy = max({one for one in domains if one.endswith("fabrikam.example")}, key=domains.count)
    assert domains.count(busy) > 2

    made = plan(bench, sender=busy, covers="whole domain", most_wanted_mail=2)

    assert codes(made) == ["wanted_mail"]
    assert "the limit is 2" in made.refusals[0].why
    assert codes(plan(bench, sender=busy, covers="whole domain", most_wanted_mail=1_000)) == []


def refuse_the_archive(bench: Workbench) -> None:
    bench.tenant.revoke("Archive | Search | Read")


def test_a_whole_domain_of_which_nobody_can_count_the_mail_is_not_blocked(bench: Workbench) -> None:
    refuse_the_archive(bench)

    made = plan(bench, sender="evil.example", covers="whole domain")

    assert (codes(made), made.steps) == (["not_counted"], ())
    assert "Archive | Search | Read" in made.refusals[0].instead
    with pytest.raises(RefusedError, match="could not be counted"):
        blocking.block(bench.desk, made)
    assert bench.tenant.effects == []
    assert codes(plan(bench, sender=BAD)) == []  # one address needs no counting


def test_a_person_may_allow_that_the_mail_of_a_whole_domain_is_not_counted(bench: Workbench) -> None:
    refuse_the_archive(bench)

    made = plan(bench, sender="evil.example", covers="whole domain", allow_uncounted=True)

    assert (codes(made), made.counts()["set_aside"]) == ([], ["not_counted"])
    assert not any("None" in note for note in made.notes)
    assert blocking.rule(bench.desk, made, automatic=False).outcome == "act"
    (result,) = blocking.block(bench.desk, made)
    assert result.state == "applied"
    partner = plan(bench, sender="fabrikam.example", covers="whole domain", allow_uncounted=True)
    assert codes(partner) == ["partner"]  # nothing else is set aside


def test_without_a_person_no_whole_domain_is_blocked_uncounted(bench: Workbench) -> None:
    alert = alert_from(bench, PEOPLE[:2])
    bench.policy = policy(modes={"block_sender": "auto"})
    wanted = {"alert": str(alert), "covers": "whole domain"}
    refuse_the_archive(bench)

    for allowed in (False, True):
        ruled = blocking.rule(bench.desk, plan(bench, **wanted, allow_uncounted=allowed), automatic=True)
        assert (ruled.outcome, "could not be counted" in ruled.why) == ("deny", True)


def test_planning_changes_nothing_and_writes_nothing(bench: Workbench) -> None:
    alert = alert_from(bench, PEOPLE[:2])
    made = plan(bench, alert=str(alert))

    assert [step.kind for step in made.steps] == ["create_block_sender_policy"]
    assert bench.tenant.effects == []
    assert bench.store.ledger.list() == []


def test_asked_again_it_says_what_blocks_already_and_does_nothing(bench: Workbench) -> None:
    alert = alert_from(bench, PEOPLE[:2])
    block(bench, alert=str(alert))
    bench.tenant.clock.advance(timedelta(days=3))

    again = plan(bench, alert=str(alert), days=90)

    assert again.steps == ()
    assert "already blocked by action 1: by policy 'Mailroom block" in again.already[0]
    assert "until 2026-04-01" in again.already[0]
    assert blocking.block(bench.desk, again) == []
    assert changes(bench.tenant) == ["create_policy"]


def test_a_policy_that_somebody_else_made_is_recognised(bench: Workbench) -> None:
    create_policy(bench.client, PolicyWish(
        description="made by hand", sender="evil.example", recipient_type="Everyone",
    ))  # fmt: skip

    made = plan(bench, sender=BAD)

    assert made.steps == ()
    assert "'made by hand'" in made.already[0]


def test_a_policy_that_has_run_out_is_replaced_and_one_that_was_deleted_is_made_again(bench: Workbench) -> None:
    block(bench, sender=BAD, days=2)
    bench.tenant.clock.advance(timedelta(days=3))
    (renewed,) = block(bench, sender=BAD, days=5)
    assert renewed.state == "applied"
    assert changes(bench.tenant) == ["create_policy", "delete_policy", "create_policy"]

    bench.tenant.admin_delete_policy(bench.tenant.policies()[0]["id"])
    (again,) = block(bench, sender=BAD)
    assert again.state == "applied"
    assert len(bench.tenant.policies_in_force()) == 1
    assert bench.store.ledger.get(renewed.action_id).state == "undone"


def test_a_policy_that_was_changed_by_hand_is_left_alone(bench: Workbench) -> None:
    (made,) = block(bench, sender=BAD)
    known = get_policy(bench.client, made.result["id"])
    update_policy(bench.client, known.id, replace(PolicyWish.again(known), enabled=False))

    assert codes(plan(bench, sender=BAD)) == ["changed_by_hand"]


def test_a_block_is_taken_back_and_can_be_made_again(bench: Workbench) -> None:
    (made,) = block(bench, sender=BAD)

    assert undo_once(bench.client, bench.store, made.action_id).state == "applied"
    assert bench.tenant.policies() == []
    (again,) = block(bench, sender=BAD)
    assert (again.state, again.action_id != made.action_id) == ("applied", True)


def test_what_is_proposed_is_wanted_unchanged_until_it_is_approved(bench: Workbench) -> None:
    alert = alert_from(bench, PEOPLE[:2])
    first = plan(bench, alert=str(alert), requested_by="amy")
    (proposed,), _ = blocking.propose(bench.desk, first)
    assert bench.store.ledger.get(proposed).state == "proposed"
    assert bench.tenant.effects == []
    bench.tenant.clock.advance(timedelta(hours=1))

    second = plan(bench, alert=str(alert), requested_by="amy")

    assert second.digest == first.digest
    approved = Approved(second.digest, by="ben")
    blocking.check_approved(bench.desk, second, approved)
    (result,) = blocking.block(bench.desk, second, approved_by=approved.by)
    assert (result.state, result.action_id) == ("applied", proposed)
    assert bench.store.ledger.get(proposed).requested_by == "amy, approved by ben"


def test_an_approval_is_void_when_the_action_has_changed_since(bench: Workbench) -> None:
    alert = alert_from(bench, PEOPLE[:1])
    first = plan(bench, alert=str(alert))
    numbers, _ = blocking.propose(bench.desk, first)
    add(bench.tenant, "One more", to=PEOPLE[1:2], **FROM_BAD)

    second = plan(bench, alert=str(alert))

    assert (first.method, second.method) == ("managed sender", "policy")
    with pytest.raises(RefusedError, match="another action"):
        blocking.check_approved(bench.desk, second, Approved(first.digest, by="ben"))
    _, withdrawn = blocking.propose(bench.desk, second)
    assert withdrawn == 1
    assert bench.store.ledger.get(numbers[0]).state == "refused"
    assert bench.tenant.effects == []


def test_a_whole_domain_needs_the_yes_of_somebody_else(bench: Workbench) -> None:
    made = plan(bench, sender="evil.example", covers="whole domain", requested_by="Amy")
    with pytest.raises(RefusedError, match="other than the proposer"):
        blocking.check_approved(bench.desk, made, Approved(made.digest, by="amy"))
    blocking.check_approved(bench.desk, made, Approved(made.digest, by="ben"))
    bench.policy = replace(bench.policy, approvers=("Amy Li / amy <amy.li@northwind.example>",))
    with pytest.raises(RefusedError, match="other than the proposer"):
        blocking.check_approved(bench.desk, made, Approved(made.digest, by="Amy Li"))


@pytest.mark.parametrize(("mode", "expected"), [("observe", "observe"), ("advise", "propose"), ("auto", "act")])
def test_without_a_person_the_mode_of_the_policy_decides(bench: Workbench, mode: str, expected: str) -> None:
    alert = alert_from(bench, PEOPLE[:2])
    bench.policy = policy(modes={"block_sender": mode})
    made = plan(bench, alert=str(alert))

    assert blocking.rule(bench.desk, made, automatic=True).outcome == expected
    (result,) = blocking.block(bench.desk, made, automatic=True)
    assert result.state == ("applied" if mode == "auto" else "refused")
    assert len(bench.tenant.policies()) == (mode == "auto")


def test_without_a_person_nothing_is_blocked_that_no_mail_proves_or_that_never_ends(bench: Workbench) -> None:
    bench.policy = policy(modes={"block_sender": "auto"})
    assert blocking.rule(bench.desk, plan(bench, sender=BAD), automatic=True).outcome == "deny"
    alert = alert_from(bench, PEOPLE[:2])
    endless = plan(bench, alert=str(alert), never_ends=True)
    assert "end date" in blocking.rule(bench.desk, endless, automatic=True).why
    bench.policy = policy(modes={"block_sender": "auto"}, per_action={"block_sender": 0})
    assert blocking.rule(bench.desk, plan(bench, alert=str(alert)), automatic=True).outcome == "propose"


def test_the_kill_switch_stops_people_too(bench: Workbench) -> None:
    made = plan(bench, sender=BAD)
    bench.policy = policy(kill_switch=True)
    assert blocking.rule(bench.desk, made, automatic=False).outcome == "deny"
    with pytest.raises(RefusedError, match="kill switch"):
        blocking.block(bench.desk, made)
    assert bench.tenant.effects == []


def test_a_domain_that_became_a_partner_after_the_plan_is_not_blocked(bench: Workbench, tmp_path: Any) -> None:
    made = plan(bench, sender=BAD)
    (tmp_path / "partners.yml").write_text(
        "schema: 1\nlist: partner_domains\ntitle: P\nkind: domain\nowner: o\nreason: r\nmode: append\n"
        "entries: [evil.example]\n"
    )
    bench.policy = replace(bench.policy, lists=(*bench.policy.lists, tmp_path))

    (result,) = blocking.block(bench.desk, made)

    assert result.state == "refused"
    assert bench.tenant.effects == []


def test_both_databases_do_it_once(store: Store) -> None:
    tenant = empty_tenant()
    with serve(tenant) as server:
        bench = Workbench(tenant, server.url, store)
        for _ in range(3):
            block(bench, sender=BAD)
        bench.client.close()
    assert changes(tenant) == ["create_policy"]


FORGED: dict[str, Any] = {
    "from_addr": "sales@bystander.example", "from_env": "bounce@bulk.evil.example", "dkim": "none", "dmarc": "fail",
    "dkim_domain": "",
}  # fmt: skip


def mail_in_mailboxes(bench: Workbench, **fields: Any) -> str:
    """A delivered mail that is no alert; returns its tracking id."""
    add(bench.tenant, "Your invoice", to=PEOPLE[:1], status="archived", **fields)
    now = bench.client.now()
    walk = tracking.search(bench.client, start=now - timedelta(days=1), end=now, status=())
    return next(one.id for page in walk for one in page)


@pytest.mark.parametrize(
    ("mail", "expected"),
    [
        (FORGED, ["forged"]),
        (FORGED | {"dmarc": "none"}, ["forged"]),
        (FORGED | {"dmarc": "none", "from_env": "sales@bystander.example"}, []),
        (FORGED | {"dmarc": "pass", "dkim": "pass", "dkim_domain": "bystander.example"}, []),
    ],
)
def test_a_sender_is_a_victim_too_where_only_a_delivered_mail_shows_it(
    bench: Workbench, mail: dict[str, Any], expected: list[str]
) -> None:
    tracking_id = mail_in_mailboxes(bench, **mail)

    assert codes(plan(bench, sender="sales@bystander.example", mails=(tracking_id,))) == expected


def test_where_no_mail_can_be_looked_at_nobody_can_tell_who_sent_it(bench: Workbench) -> None:
    tracking_id = mail_in_mailboxes(bench, **FROM_BAD)
    assert codes(plan(bench, sender=BAD, mails=(tracking_id,))) == []
    bench.tenant.faults.add(Fault("fail_in_200", INFO, times=None, code="err_xdk_not_allowed"))

    (refusal,) = plan(bench, sender=BAD, mails=(tracking_id,)).refusals

    assert refusal.code == "forged"
    assert "nobody can tell" in refusal.why


def test_a_whole_domain_is_a_victim_as_its_addresses_are(bench: Workbench) -> None:
    alert_from(bench, PEOPLE[:1], **FORGED | {"from_addr": "Sales@Bystander.example"})

    assert codes(plan(bench, sender="sales@bystander.example")) == ["forged"]
    assert codes(plan(bench, sender="bystander.example", covers="whole domain")) == ["forged"]


def test_many_true_mails_do_not_hide_a_forged_one_before_them(bench: Workbench) -> None:
    alert_from(bench, PEOPLE[:1], **FORGED)
    true = FORGED | {"spf": "pass", "dkim": "pass", "dmarc": "pass", "from_env": FORGED["from_addr"]}
    for number in range(60):
        add(bench.tenant, f"Offer {number}", to=PEOPLE[:1], **true)
    bench.ingest()

    assert codes(plan(bench, sender="sales@bystander.example")) == ["forged"]


def test_alerts_under_any_name_of_the_tenant_count(bench: Workbench) -> None:
    (hold_id,) = add(bench.tenant, "Your invoice", to=PEOPLE[:1], **FORGED)
    ingest_held(bench.client, bench.store, HeldSettings(), tenant="northwind-eu", clock=bench.tenant.clock)
    assert bench.alert_of(hold_id).tenant == "northwind-eu"

    assert codes(plan(bench, sender="sales@bystander.example")) == ["forged"]


CREATE = {"policy": "/api/policy/blockedsenders/create-policy", "managed": "/api/managedsender/permit-or-block-sender"}


@pytest.mark.parametrize(
    "form", [{"sender": BAD}, {"sender": BAD, "how": "managed sender", "recipients": (PEOPLE[0],)}]
)  # fmt: skip
@pytest.mark.parametrize(
    ("first", "second"),
    [({"never_ends": True}, {"days": 1}), ({"days": 30}, {"days": 300}), ({}, {"never_ends": True})],
)
def test_a_changed_wish_is_made_as_it_is_wanted_now(
    bench: Workbench, form: dict[str, Any], first: dict[str, Any], second: dict[str, Any]
) -> None:
    path = CREATE["managed" if "how" in form else "policy"]
    bench.tenant.faults.add(Fault("fail_in_200", path, times=1, code="err_busy"))
    (failed,) = block(bench, **form, **first)
    assert failed.state == "failed"

    made = plan(bench, **form, **second)
    (result,) = blocking.block(bench.desk, made)

    days = second.get("days")
    end = bench.client.now() + timedelta(days=days) if days else None
    assert (result.state, result.expires_at) == ("applied", end)
    assert (f"until {end:%Y-%m-%d}" if end else "without end") in made.steps[0].sentence
    if "how" not in form:
        (policy_made,) = bench.tenant.policies()
        assert policy_made["policy"]["toEternal"] is (end is None)
    old = bench.store.ledger.get(failed.action_id)
    assert (old.state, old.code, old.retryable) == ("refused", "superseded", False)


def test_the_same_wish_goes_on_with_the_first_attempt(bench: Workbench) -> None:
    bench.tenant.faults.add(Fault("fail_in_200", CREATE["managed"], times=1, code="err_busy"))
    form = {"sender": BAD, "how": "managed sender", "recipients": (PEOPLE[0],), "days": 3}
    (failed,) = block(bench, **form)
    bench.tenant.clock.advance(timedelta(hours=1))

    (result,) = block(bench, **form)

    assert (result.state, result.action_id) == ("applied", failed.action_id)


@pytest.mark.parametrize("how", ["policy", "managed sender"])
def test_a_proposal_with_another_end_replaces_the_older_one_and_can_come_back(bench: Workbench, how: str) -> None:
    alert = str(alert_from(bench, PEOPLE[:1]))
    numbers = []
    for days, withdrawn in ((30, 0), (300, 1), (30, 1)):
        made = plan(bench, alert=alert, how=how, days=days)
        (number,), aside = blocking.propose(bench.desk, made)
        again = plan(bench, alert=alert, how=how, days=days)
        assert (again.digest, again.steps[0].action_id) == (made.digest, number)
        assert aside == withdrawn
        numbers.append(number)

    assert [bench.store.ledger.get(one).state for one in numbers] == ["refused", "refused", "proposed"]
    (result,) = block(bench, alert=alert, how=how, days=30)
    assert (result.state, result.action_id) == ("applied", numbers[2])
    assert result.expires_at == bench.client.now() + timedelta(days=30)


def test_a_wish_whose_outcome_nobody_saw_is_looked_up_before_another_one_is_made(bench: Workbench) -> None:
    first = plan(bench, sender=BAD, days=30)
    unseen = bench.store.ledger.intend(new_action(first, first.steps[0], mode="manual", requested_by="amy"))
    bench.store.ledger.claim([unseen.id], owner="a process that was killed")
    bench.store.ledger.settle([ActionResult(unseen.id, "unknown")])

    (step,) = plan(bench, sender=BAD, days=300).steps

    assert step.action_id == unseen.id
    assert step.sentence.endswith(f"until 2026-04-01 12:00 UTC (begun before by action {unseen.id})")


def test_a_policy_on_the_envelope_alone_does_not_block_whoever_writes_another_one(bench: Workbench) -> None:
    wish = PolicyWish(
        description="by hand", sender="evil.example", recipient_type="Everyone", extracted_data="From Envelope"
    )
    create_policy(bench.client, wish)

    made = plan(bench, sender=BAD)

    assert made.already == ()
    assert len(made.steps) == 1


def test_a_proposal_that_nobody_asked_for_gives_way_to_what_somebody_wants(bench: Workbench) -> None:
    (amys,), _ = blocking.propose(bench.desk, plan(bench, sender=BAD, requested_by="amy"))

    with pytest.raises(RefusedError, match=f"action {amys} \\(proposed\\) wants another thing"):
        blocking.propose(bench.desk, plan(bench, sender=BAD, days=3, requested_by="a report"), gives_way=True)

    assert bench.store.ledger.get(amys).state == "proposed"


def test_a_proposal_does_not_drop_what_was_decided(bench: Workbench) -> None:
    first = plan(bench, sender=BAD, requested_by="amy")
    decided = bench.store.ledger.intend(new_action(first, first.steps[0], mode="manual", requested_by="amy"))

    with pytest.raises(RefusedError, match="wants another thing"):
        blocking.propose(bench.desk, plan(bench, sender=BAD, days=3, requested_by="amy"))

    assert bench.store.ledger.get(decided.id).state == "intended"
