"""What an investigation finds, how it puts sources together, and what happens when some cannot be asked."""

from __future__ import annotations

import shlex
import threading
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import typer
from mailroom_tests_small_tenant import PEOPLE, Workbench, empty_tenant

from mailroom.cli.main import app
from mailroom.errors import InvalidInputError
from mailroom.playbooks.investigate import Investigation, inquiry_about, investigate, sentence
from mailroom.store.actions import NewAction
from sandbox import Fault, Tenant

Ask = Callable[..., Investigation]
SENDER = "news@evil.example"
TRACKING = "/api/message-finder/search"


def states(found: Investigation) -> dict[str, str]:
    return {row.name: row.state for row in found.sources}


def send(tenant: Tenant, *, status: str = "archived", hours: float = 1, to: Any = (), **fields: Any) -> list[str]:
    plain = {"from_addr": SENDER, "from_env": SENDER, "subject": "Your parcel", "components": [], "impersonation": None}
    received = tenant.clock.now() - timedelta(hours=hours)
    return tenant.add_message(category="phish", status=status, received=received, to=to or PEOPLE[:1], **plain | fields)


# what is found ------------------------------------------------------------------------------------------------------


def test_a_campaign_is_found_that_is_held_and_was_delivered_before(ask: Ask, bench: Workbench) -> None:
    found = ask(sender="news[@]evil[.]example")

    assert found.by_status == {"delivered": 3, "held": 9, "rejected": 2}
    assert found.people == 5
    assert sum(sum(counts.values()) for counts in found.by_day.values()) == 14
    assert sum(found.by_recipient.values()) == 14
    assert set(found.received_by) <= set(PEOPLE)
    assert sentence(found).startswith("news@evil.example wrote 14 messages to five people between 24 Feb 16:00 and ")
    assert "3 were delivered, 9 held and 2 rejected" in sentence(found)
    assert "nothing is known of it before 24 Feb 2026" in sentence(found)


def test_a_message_that_several_sources_list_is_one_message_and_the_grounds_are_said(ask: Ask) -> None:
    found = ask(sender=SENDER)
    delivered = [message for message in found.messages if message.status == "delivered"]
    assert all({"message tracking", "archive"} <= set(message.seen_in) for message in delivered)
    assert all(next(iter(message.grounds)).startswith("same sender, recipient, subject") for message in delivered)
    held = [message for message in found.messages if message.status == "held"]
    assert all({"message tracking", "hold queue"} <= set(message.seen_in) for message in held)
    assert all("same id" in message.grounds for message in held)


def test_our_own_store_adds_what_was_decided_done_and_authenticated(ask: Ask, bench: Workbench) -> None:
    bench.ingest()
    bench.triage()
    alert = bench.store.alerts.list()[0]
    for alert_id, kind, target in (
        (alert.id, "reject", alert.hold_id),
        (None, "block_sender", f"{SENDER} -> ann@northwind.example"),
        (None, "block_sender", "news@evil.example.org -> ann@northwind.example"),
    ):
        bench.store.ledger.intend(NewAction("", alert_id, kind, target, f"{kind}:{target}"))

    found = ask(sender=SENDER)

    message = next(message for message in found.messages if alert.id in message.alert_ids)
    assert any(words.startswith("reject: ") for words in message.done)
    assert any(note.startswith("verdict: ") for note in message.notes)
    assert len(found.messages) == 14
    assert found.store.authentication.mails == 9
    assert sum(found.store.authentication.results["dmarc"].values()) == 9
    assert [words.split(":")[0] for _, words in found.store.measures] == ["block sender"]
    assert found.store.known.alerts == 9


def test_one_released_copy_was_received_although_the_others_are_held(
    ask: Ask, tenant: Tenant, bench: Workbench
) -> None:
    first, _ = send(tenant, status="held", to=PEOPLE[:2], subject="Two copies")
    bench.ingest()
    tenant.admin_release(first)
    alert = bench.store.alerts.find(first)
    bench.store.alerts.set_handling(alert.id, "released", "by hand", "ann")

    found = ask(subject="two copies")

    assert [message.received_by for message in found.messages] == [(PEOPLE[0],)]


def test_a_domain_is_asked_in_both_directions(ask: Ask, tenant: Tenant) -> None:
    send(tenant, from_addr="other@evil.example", from_env="other@evil.example")
    send(
        tenant,
        from_addr=PEOPLE[0],
        from_env=PEOPLE[0],
        to=["news@evil.example"],
        subject="Re: parcel",
        route="outbound",
    )
    found = ask(domain="@evil.example")
    assert len(found.incoming) == 15
    assert [message.sender for message in found.outgoing] == [PEOPLE[0]]
    assert "one message was written to it from here" in sentence(found)
    assert any("subdomains" in note for note in found.notes)


def test_a_subject_is_found_as_it_stands_and_not_by_similar_words(ask: Ask, tenant: Tenant) -> None:
    send(tenant, subject="Parcel of yours", from_addr="x@adatum.example", from_env="x@adatum.example")
    found = ask(subject="your  PARCEL")
    assert len(found.messages) == 14
    assert "went from one sender to five people" in sentence(found)


def test_a_link_shows_who_got_it_and_who_clicked(ask: Ask, tenant: Tenant) -> None:
    for number in range(9):
        send(tenant, hours=20 + number, to=[PEOPLE[number % 5]])
    clicks = ask(sender=SENDER).clicks
    assert clicks
    url = clicks[0].url

    found = ask(url=url.replace("http", "hxxp").replace(".", "[.]"))

    assert found.clicked_by
    assert {click.same_link for click in found.clicks} >= {True}
    assert any(message.clicked_by for message in found.messages)
    assert "clicked" in sentence(found)
    assert states(found)["hold queue"] == "not needed"
    assert found.suggestions[0].command.startswith("mailroom ask ")


def options_of(command: str) -> tuple[str, dict[str, Any]]:
    """The name of a command that was suggested, and what it would be given; typed as it stands there."""
    program, name, *words = shlex.split(command)
    assert program == "mailroom"
    group: Any = typer.main.get_command(app)
    return name, group.commands[name].make_context(name, words).params


@pytest.mark.parametrize("sender", [SENDER, "-rf@evil.example"])
def test_what_is_harmful_is_blocked_and_pulled_back_with_every_check_and_first_for_show(
    ask: Ask, tenant: Tenant, sender: str
) -> None:
    tenant.add_message(
        from_addr=sender, from_env=sender, status="archived", to=PEOPLE[:1], subject="Lunch", category="phish",
        raw_from=None,
    )  # fmt: skip

    found = ask(sender=sender)

    told = {step.flow: step.command for step in found.suggestions}
    name, options = options_of(told["block sender/on demand"])
    assert (name, options["sender"], options["dry_run"]) == ("block-sender", sender, True)
    name, options = options_of(told["remediate/on demand"])
    assert (name, options["look_for"].value, options["dry_run"]) == ("remediate", "message id", True)
    assert options["values"][0] in {message.message_id for message in found.messages}


def test_several_conditions_must_all_fit(ask: Ask, tenant: Tenant) -> None:
    send(tenant, subject="Another thing")
    assert len(ask(sender=SENDER, subject="another").messages) == 1
    assert ask(sender=SENDER, subject="lunch").messages == []


def test_nothing_found_is_said_and_the_next_step_looks_further_back(ask: Ask) -> None:
    found = ask(sender="nobody@evil.example")
    assert found.messages == []
    assert sentence(found).startswith("nobody@evil.example wrote nothing between ")
    assert any("--days 29" in step.command for step in found.suggestions)


def test_mail_from_before_the_period_is_mentioned(ask: Ask, tenant: Tenant) -> None:
    send(tenant, hours=24 * 20)
    assert "it wrote before, the last time on 10 Feb 2026" in sentence(ask(sender=SENDER))


def test_a_period_longer_than_tracking_reaches_is_said(ask: Ask) -> None:
    found = ask(sender=SENDER, days=60)
    assert any("29 days and 23 hours" in note for note in found.notes)
    assert len(found.messages) == 14


@pytest.mark.parametrize(
    "given",
    [
        {}, {"sender": "nobody"}, {"sender": "a@b"}, {"sender": "a b@evil.example"}, {"domain": "evil"},
        {"domain": "http://evil.example"}, {"subject": "x"}, {"url": "nothing"}, {"subject": "x" * 501},
        {"sender": SENDER, "domain": "other.example"},
    ],
    ids=str,
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_before_anything_is_asked(given: dict[str, str]) -> None:
    with pytest.raises(InvalidInputError):
        inquiry_about(**given)


# what are two messages ------------------------------------------------------------------------------------------------


def test_equal_mails_of_one_minute_stay_as_many_as_they_are(ask: Ask, tenant: Tenant) -> None:
    for _ in range(6):
        send(tenant, hours=2, to=PEOPLE[:1], subject="Flood")
    found = ask(subject="Flood")
    assert len(found.messages) == 6
    assert all({"message tracking", "archive"} <= set(message.seen_in) for message in found.messages)


def test_a_message_id_that_a_stranger_copied_makes_no_two_messages_one(ask: Ask, tenant: Tenant) -> None:
    mine, theirs = (
        {"message_id": "<1@evil.example>"},
        {"from_addr": "ann@adatum.example", "from_env": "ann@adatum.example"},
    )
    send(tenant, subject="Copied id", **mine)
    send(tenant, subject="Copied id", **mine, **theirs)
    assert len(ask(subject="copied id").messages) == 2


# sources that cannot be asked -----------------------------------------------------------------------------------------


def test_a_missing_permission_is_a_row_that_names_it(ask: Ask, tenant: Tenant) -> None:
    tenant.revoke("Archive | Search | Read")
    found = ask(sender=SENDER)
    row = next(row for row in found.sources if row.name == "archive")
    assert (row.state, row.found) == ("could not be asked", 0)
    assert "Archive | Search | Read" in row.detail
    assert found.by_status == {"delivered": 3, "held": 9, "rejected": 2}
    assert "whether it wrote before could not be asked" in sentence(found)
    assert "archive" in sentence(found).partition("This may not be all: ")[2]


def test_a_quota_that_outlasts_the_time_is_a_row_and_costs_no_more_than_the_time(ask: Ask, tenant: Tenant) -> None:
    tenant.faults.add(Fault("rate_limited", TRACKING, times=None, reset_ms=3_600_000))
    found = ask(sender=SENDER, seconds=5.0)
    assert states(found)["message tracking"] == "could not be asked"
    assert found.by_status.items() >= {"delivered": 3, "held": 9}.items(), "archive and hold queue still know these"


def test_what_this_generation_does_not_offer_is_a_row(ask: Ask, bench: Workbench) -> None:
    found = ask(sender=SENDER)
    row = next(row for row in found.sources if row.name == "user reports")
    if bench.client.generation == "2.0":
        assert row.state == "asked"
        return
    assert (row.state, row.offered) == ("could not be asked", False)
    assert "API 2.0" in row.detail
    assert not any("mailroom check" in step.command for step in found.suggestions), "no right of an account would help"


@pytest.mark.parametrize("kind", ["bad_json", "html", "fail_in_200", "deep_json", "drift", "empty_body"])
def test_an_odd_answer_of_one_source_never_fails_the_whole(ask: Ask, tenant: Tenant, kind: str) -> None:
    options = {"how": "all"} if kind == "drift" else {}
    tenant.faults.add(Fault(kind, TRACKING, times=None, **options))
    found = ask(sender=SENDER, seconds=10.0)
    assert len(found.messages) >= 12


def test_a_tenant_that_is_down_leaves_what_the_store_knows(ask: Ask, bench: Workbench, tenant: Tenant) -> None:
    bench.ingest()
    tenant.faults.add(Fault("status", "*", times=None, status=403))
    found = ask(sender=SENDER, seconds=5.0)
    assert not found.tenant_answered
    assert found.answered
    assert found.by_status == {"held": 9}
    assert len(found.unanswered) == 7


def test_a_limit_is_said(ask: Ask) -> None:
    found = ask(sender=SENDER, most=5)
    assert states(found)["message tracking"] == "asked in part"
    assert "Of message tracking" in sentence(found)


def test_whoever_interrupts_does_not_wait_for_the_other_sources(bench: Workbench) -> None:
    seen = threading.Event()

    def stop(_source: str, _done: int, _total: int | None) -> None:
        seen.set()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        investigate(bench.desk, inquiry_about(sender=SENDER), progress=stop)
    assert seen.is_set()


# size -----------------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_ten_thousand_messages_are_held_in_bounded_memory(bench_for: Callable[..., Workbench]) -> None:
    tenant = empty_tenant()
    for number in range(10_000):
        send(tenant, hours=number / 100, to=[PEOPLE[number % 5]], subject=f"Number {number % 7}")
    tenant.world.write_all()
    bench = bench_for(tenant)
    investigate(bench.desk, inquiry_about(sender=SENDER), most=10, details=0)  # what is loaded once
    tracemalloc.start()
    found = investigate(bench.desk, inquiry_about(sender=SENDER), most=20_000, seconds=300, details=5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.by_status == {"delivered": 10_000}
    assert all(len(message.seen_in) >= 2 for message in found.messages)
    assert peak < 80 << 20, f"{peak >> 20} MiB, with the tenant's answers in the same process"


def test_held_mail_of_a_domain_is_found_in_the_queue(ask: Ask) -> None:
    held = [message for message in ask(domain="evil.example").messages if message.status == "held"]
    assert len(held) == 9
    assert all("hold queue" in message.seen_in for message in held)


def test_the_name_of_a_host_in_an_alert_is_no_link_to_it(ask: Ask, bench: Workbench) -> None:
    bench.ingest()
    row = next(row for row in ask(url="https://l.example/login").sources if row.name == "our store")
    assert (row.state, row.found) == ("asked", 0), "evil.example ends like it"
