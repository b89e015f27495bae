"""Asking recipients about held messages: who is asked what, what an answer does, and what can never happen."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from mailroom_tests_small_tenant import Workbench, add
from sqlalchemy import select

from mailroom.clock import SystemClock
from mailroom.errors import RefusedError
from mailroom.playbooks import ask_recipient as asking
from mailroom.playbooks.act import Desk
from mailroom.playbooks.ask import PostDesk
from mailroom.playbooks.ask_recipient import many
from mailroom.playbooks.ask_recipient.words import WORDS
from mailroom.playbooks.known_playbooks import Workplace, known, wanted_state
from mailroom.playbooks.policy import Policy
from mailroom.playbooks.triage import triage_alerts
from mailroom.playbooks.watch_replies import cancel, watch_once
from mailroom.store.schema import leases, waits
from mailroom.triage.packaged import demo_lists
from sandbox import Tenant, serve
from sandbox.mail import Habit, MailFault
from sandbox.mail.delivery import AUTHSERV_ID

AMY = "clara.lindqvist@northwind.example"
BEN = "tomasz.nowak@northwind.example"
EVE = "grace.whitfield@northwind.example"
STRANGER: dict[str, Any] = {
    "from_addr": "nils@new-vendor.example", "from_env": "nils@new-vendor.example", "from_name": "Nils",
    "dkim_domain": "new-vendor.example", "hold": "impersonation", "risk": "medium",
    "impersonation": ("Newly Observed Domain",),
}  # fmt: skip
YES, NO = Habit("answers", text="1", delay=5), Habit("answers", text="2", delay=5)


class Later(SystemClock):
    """The system's clock, some time later."""

    seconds = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.seconds


class Place:
    """A tenant, a mail server with people, one store."""

    def __init__(self, bench: Workbench, world: Any) -> None:
        self.bench, self.world, self.mail, self.store = bench, world, world.mail, bench.store
        self.settings: dict[str, Any] = {}
        self.account: dict[str, Any] = {}

    def policy(self) -> Policy:
        rails: dict[str, Any] = {
            "modes": dict.fromkeys(("release", "reject", "ask_recipient"), "auto"), "require_evaluated_rules": False,
            "per_run": 100, "per_hour": 100, "per_sender_domain": 100, "max_release_share": 1.0,
        }  # fmt: skip
        return Policy.build(lists=(demo_lists(),), **rails | self.settings)

    @property
    def desk(self) -> asking.RecipientDesk:
        post = PostDesk(self.store, self.world.account(**self.account))
        return asking.RecipientDesk(post, self.policy, self.bench.client)

    def held(self, *people: str, **fields: Any) -> list[int]:
        """Held mails of a stranger, one to each, taken in and judged; returns the alerts' ids."""
        keys = [add(self.bench.tenant, "Offer", to=[one], **STRANGER | fields)[0] for one in people]
        self.bench.ingest()
        triage_alerts(self.store, self.policy())
        return [self.store.alerts.find(key).id for key in keys]

    def answered(self) -> asking.HandleReport:
        """The people answer, the watcher looks, the answers are made use of."""
        self.mail.advance(60)
        watch_once(self.store, self.world.account(**self.account))
        return asking.handle_answers(self.store, self.policy())

    def words(self, alert_id: int) -> str:
        return str(self.store.evidence.of(alert_id)[0].source["answer"])

    def proposed(self) -> list[tuple[str, str]]:
        return [(one.kind, one.state) for one in self.store.ledger.list() if one.kind != "send_mail"]

    def question(self, number: int = -1) -> Any:
        return email.message_from_bytes(self.mail.sent[number].raw, policy=email.policy.default)


@pytest.fixture
def make(
    bench_for: Callable[..., Workbench], tmp_path: Path, mail_helper: ModuleType
) -> Iterator[Callable[..., Place]]:
    """Makes a place whose people have these habits."""
    with ExitStack() as stack:

        def place(people: dict[str, Habit], **options: Any) -> Place:
            bench = bench_for(Tenant.generate(messages=0, history=0, seed=7))
            world = stack.enter_context(
                mail_helper.mail_world("soc", tmp_path / "mail", people, frozen=True, **options)
            )
            return Place(bench, world)

        yield place


def test_the_recipient_of_a_plausible_message_is_asked_and_a_yes_makes_a_proposal(make: Callable[..., Place]) -> None:
    place = make({AMY: YES})
    [alert] = place.held(AMY)

    asked = asking.ask_recipients(place.desk)
    handled = place.answered()

    assert (asked.asked, asked.left) == (1, {})
    assert (handled.answers, handled.planned) == ({"expected": 1}, {"release: propose": 1})
    assert place.proposed() == [("release", "proposed")]  # though everything is automatic
    [said] = place.store.evidence.of(alert)
    assert (said.points, said.who, said.source["how"]) == (-20, AMY, "number")


@pytest.mark.parametrize(
    ("habit", "answer", "action", "proposals"),
    [
        (NO, "unexpected", "reject", [("reject", "proposed")]),
        (Habit("answers", text="3", delay=5), "unsure", "ask_analyst", []),
        (Habit("answers", text="Please call me about it", delay=5), "unsure", "ask_analyst", []),
        (Habit("bounces", delay=5), "silent", "ask_analyst", []),
        (Habit("answers", says="no", language="ja", client="outlook", delay=5), "unexpected", "reject",
         [("reject", "proposed")]),
    ],
)  # fmt: skip
def test_every_other_answer_goes_to_a_person(
    make: Callable[..., Place], habit: Habit, answer: str, action: str, proposals: list[tuple[str, str]]
) -> None:
    place = make({AMY: habit})
    [alert] = place.held(AMY)
    asking.ask_recipients(place.desk)

    place.answered()

    verdict = place.store.verdicts.current(alert)
    assert verdict is not None
    assert (place.words(alert), verdict.proposed_action, place.proposed()) == (answer, action, proposals)


def test_nothing_of_the_message_but_its_domain_stands_in_the_question(make: Callable[..., Place]) -> None:
    place = make({AMY: YES})
    place.held(AMY, from_name="Canary Name")

    asking.ask_recipients(place.desk)

    text = place.question().get_content()
    assert "new-vendor[.]example" in text
    for hidden in ("Offer", "Canary", "nils", "new-vendor.example", "http", "@"):
        assert hidden not in text
    assert place.question()["Subject"] == WORDS["en"].subject


def test_the_language_is_the_one_set_then_the_one_they_answered_in_then_the_site_s(make: Callable[..., Place]) -> None:
    place = make({AMY: Habit("answers", text="Ja, das passt.", language="de", delay=5), BEN: YES, EVE: YES})
    place.settings = {"recipient_language": "fr", "recipient_languages": {BEN: "ja"}}
    place.held(AMY, BEN)
    asking.ask_recipients(place.desk)
    assert {place.question(0)["Subject"], place.question(1)["Subject"]} == {WORDS["fr"].subject, WORDS["ja"].subject}
    place.answered()
    place.store.run(lambda tx: tx.execute(waits.update().values(created_at=datetime.now(UTC) - timedelta(days=2))))

    [alert] = place.held(AMY)
    asking.ask_recipient(place.desk, str(alert))

    assert place.question()["Subject"] == WORDS["de"].subject


def test_nobody_is_asked_twice_about_a_message_or_within_a_day(make: Callable[..., Place]) -> None:
    place = make({AMY: YES, BEN: YES})
    first, second = place.held(AMY, AMY)

    assert asking.ask_recipients(place.desk).asked == 1
    again = asking.ask_recipients(place.desk)

    assert len(place.mail.sent) == 1
    assert again.left == {"This person already got a message about this case today.": 1}
    assert asking.ask_recipient(place.desk, str(first)).id == asking.ask_recipient(place.desk, str(first)).id
    with pytest.raises(RefusedError, match="already got a message"):
        asking.ask_recipient(place.desk, str(second))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"risk": "high"}, "malicious|risk as high"),
        ({"hold": "virus"}, "malware|malicious"),
    ],
)
def test_nobody_is_asked_about_what_is_known_to_be_harmful(
    make: Callable[..., Place], fields: dict[str, Any], words: str
) -> None:
    place = make({AMY: YES})
    [alert] = place.held(AMY, **fields)

    with pytest.raises(RefusedError, match=words):
        asking.ask_recipient(place.desk, str(alert), by="ann")
    assert place.mail.sent == []


def test_nobody_outside_is_asked_and_nobody_about_a_message_that_is_gone(make: Callable[..., Place]) -> None:
    place = make({AMY: YES})
    outside, gone, released = place.held("guest@elsewhere.example", AMY, BEN)
    place.bench.tenant.expire(place.store.alerts.get(gone).hold_id)
    place.store.alerts.set_handling(released, "released", "", "amara")

    for alert, words in ((outside, "not in our own domains"), (gone, "no longer held"), (released, "dealt with")):
        with pytest.raises(RefusedError, match=words):
            asking.ask_recipient(place.desk, str(alert))
    assert place.mail.sent == []


def test_the_end_of_the_hold_bounds_the_time_to_answer(make: Callable[..., Place]) -> None:
    place = make({AMY: Habit("never"), BEN: Habit("never")})
    soon, over = place.held(AMY, BEN)
    now = datetime.now(UTC)
    for alert, hours in ((soon, 5), (over, -1)):
        event = place.store.alerts.get(alert).event | {"expires_at": (now + timedelta(hours=hours)).isoformat()}
        place.store.alerts.update_detail(alert, event, "T2")

    wait = asking.ask_recipient(place.desk, str(soon))

    assert wait.deadline < now + timedelta(hours=3, minutes=1)
    with pytest.raises(RefusedError, match="hold ended"):
        asking.ask_recipient(place.desk, str(over))


def test_without_leave_to_ask_by_itself_it_waits_for_a_person(make: Callable[..., Place]) -> None:
    place = make({AMY: YES})
    place.settings = {"modes": {"ask_recipient": "advise"}}
    place.held(AMY)

    alone = asking.ask_recipients(place.desk)
    by_ann = asking.ask_recipients(place.desk, by="ann")

    assert (alone.asked, alone.waits_for_a_person, by_ann.asked) == (0, 1, 1)


@pytest.mark.parametrize(("setting", "asked"), [({"per_run": 1}, 1), ({"kill_switch": True}, 0)])
def test_the_rails_hold_for_questions_too(make: Callable[..., Place], setting: dict[str, Any], asked: int) -> None:
    place = make({AMY: YES, BEN: YES})
    place.held(AMY, BEN)
    place.settings = setting

    assert asking.ask_recipients(place.desk, dry_run=True).asked == asked
    assert asking.ask_recipients(place.desk).asked == asked
    assert len(place.mail.sent) == asked


def test_a_forged_answer_is_kept_and_counts_for_nothing(make: Callable[..., Place]) -> None:
    place = make({AMY: Habit("forged", text="2", delay=20)}, keep_forged_results=True)
    place.account = {"trusted_authserv_ids": (AUTHSERV_ID,)}
    [alert] = place.held(AMY)
    asking.ask_recipients(place.desk)

    place.mail.advance(3)
    watch_once(place.store, place.world.account(**place.account))
    assert asking.handle_answers(place.store, place.policy()).handled == 0

    place.answered()
    assert place.words(alert) == "unexpected"  # of the person


def test_where_proof_is_wanted_an_unproven_answer_is_no_answer(make: Callable[..., Place]) -> None:
    place = make({AMY: YES})
    place.settings, place.account = {"recipient_proof": True}, {"trusted_authserv_ids": ("another.example",)}
    place.held(AMY)
    asking.ask_recipients(place.desk)

    assert place.answered().handled == 0
    [wait] = place.store.waits.list()
    assert wait.is_open


def test_silence_until_the_deadline_goes_to_an_analyst(make: Callable[..., Place]) -> None:
    place = make({AMY: Habit("never")})
    [alert] = place.held(AMY)
    asking.ask_recipients(place.desk)
    past = datetime.now(UTC) - timedelta(seconds=1)
    place.store.run(lambda tx: tx.execute(waits.update().values(deadline=past)))

    assert place.answered().answers == {"silent": 1}

    verdict = place.store.verdicts.current(alert)
    assert verdict is not None
    assert verdict.proposed_action == "ask_analyst"


def test_a_changed_mind_is_heard_after_the_question_was_settled(make: Callable[..., Place]) -> None:
    place = make({AMY: Habit("changes_mind", text="1", delay=20)})
    [alert] = place.held(AMY)
    asking.ask_recipients(place.desk)
    place.mail.advance(25)
    watch_once(place.store, place.world.account())
    asking.handle_answers(place.store, place.policy())
    assert place.proposed() == [("release", "proposed")]

    place.answered()

    assert place.words(alert) == "unsure"
    assert place.proposed() == [("release", "refused")]


def test_a_withdrawn_question_leaves_the_message_to_an_analyst(make: Callable[..., Place]) -> None:
    place = make({AMY: Habit("never")})
    [alert] = place.held(AMY)
    wait = asking.ask_recipient(place.desk, str(alert))
    cancel(place.store, wait.id, "found out otherwise")

    asking.handle_answers(place.store, place.policy())

    verdict = place.store.verdicts.current(alert)
    assert verdict is not None
    assert verdict.proposed_action == "ask_analyst"


def test_a_question_that_was_stored_and_not_sent_goes_out_with_the_next_run(make: Callable[..., Place]) -> None:
    place = make({AMY: YES})
    place.held(AMY)
    place.mail.faults.add(MailFault("drop", "CONNECT", times=None))
    assert asking.ask_recipients(place.desk).problems
    place.mail.faults.clear()

    assert asking.ask_recipients(place.desk).asked == 1
    assert place.answered().answers == {"expected": 1}


def test_an_answer_after_the_end_of_the_hold_proposes_nothing(make: Callable[..., Place]) -> None:
    place = make({AMY: YES})
    [alert] = place.held(AMY)
    wait = asking.ask_recipient(place.desk, str(alert))
    past = {"expires_at": (datetime.now(UTC) - timedelta(minutes=1)).isoformat()}
    place.store.alerts.update_detail(alert, place.store.alerts.get(alert).event | past, "T2")

    handled = place.answered()

    assert (handled.handled, handled.over, handled.decided, place.proposed()) == (1, 1, 0, [])
    assert asking.result_of_question(place.store, wait.id)["hold_is_over"]
    assert place.words(alert) == "expected"


def test_a_case_may_offer_it_and_a_person_starts_it(make: Callable[..., Place]) -> None:
    place = make({AMY: YES})
    [alert] = place.held(AMY)
    playbook = known("ask recipient about held message")
    run: Any = SimpleNamespace(alert_id=alert, parameters={"language": "fr"}, requested_by="amara", case_id=None)
    desk = Desk(place.bench.client, place.store, place.policy)
    assert playbook.in_place is not None

    done = playbook.in_place(Workplace(place.store, lambda: desk, place.world.account), run)

    assert done == {"state": "open", "question": 1}
    assert place.question()["Subject"] == WORDS["fr"].subject
    assert wanted_state(playbook.name, autorun=True) == "offered"
    assert playbook.parameters(run) == {"alert": str(alert), "requested_by": "amara", "language": "fr"}


def test_while_another_run_decides_an_answer_waits_and_is_not_lost(make: Callable[..., Place]) -> None:
    place = make({AMY: YES})
    [alert] = place.held(AMY)
    asking.ask_recipients(place.desk)
    lease = place.store.leases.acquire("triage", "another machine")

    report = place.answered()
    place.store.leases.release(lease)

    assert (report.handled, report.left, place.words(alert)) == (0, 1, "expected")
    assert asking.handle_answers(place.store, place.policy()).handled == 1
    assert asking.handle_answers(place.store, place.policy()).handled == 0


def test_asking_many_people_takes_as_long_as_it_takes_and_no_other_run_begins_beside_it(
    make: Callable[..., Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = make({AMY: YES, BEN: YES, EVE: YES})
    place.held(AMY, BEN, EVE)
    mine, kept, clock = leases.c.name == "ask recipients", list[bool](), Later()

    def slowly(desk: asking.RecipientDesk, *_: Any) -> Any:
        now = desk.store.waits.now()
        until = desk.store.db.read(lambda tx: tx.execute(select(leases.c.expires_at).where(mine)).scalar_one())
        kept.append(until > now + timedelta(minutes=4))
        desk.store.run(lambda tx: tx.execute(leases.update().where(mine).values(expires_at=now)))
        clock.seconds += 300
        return SimpleNamespace(id=1)

    monkeypatch.setattr(many, "put", slowly)
    desk = replace(place.desk, post=replace(place.desk.post, clock=clock))
    assert asking.ask_recipients(desk).asked == 3
    assert kept == [True] * 3


def test_of_two_tenants_in_one_store_each_asks_about_its_own_messages(make: Callable[..., Place]) -> None:
    place = make({AMY: NO, BEN: NO})
    [ours] = place.held(AMY)
    other = Tenant.generate(messages=0, history=0, seed=11, account_code="CSBY2B2")
    with serve(other) as server:
        bench = Workbench(other, server.url, place.store)
        add(other, "Offer", to=[BEN], **STRANGER)
        bench.ingest()
        triage_alerts(place.store, place.policy())
        theirs = next(one.id for one in place.store.alerts.list() if one.tenant == "CSBY2B2")
        their_desk = replace(place.desk, client=bench.client)
        place.store.leases.acquire("ask recipients", "another machine", part="CSBY2B2")

        with pytest.raises(RefusedError, match="CSBY2B2: use its credentials"):
            asking.ask_recipient(place.desk, str(theirs), by="ann")
        report = asking.ask_recipients(place.desk)
        assert (report.looked_at, report.asked) == (1, 1)
        place.store.run(lambda tx: tx.execute(leases.delete()))
        assert asking.ask_recipients(their_desk).asked == 1

        assert [(one.tenant, one.alert_id) for one in place.store.waits.list()] == [
            ("CSBY2B2", theirs), (place.store.alerts.get(ours).tenant, ours)
        ]  # fmt: skip
        place.mail.advance(60)
        watch_once(place.store, place.world.account(**place.account))
        handled = asking.handle_answers(place.store, place.policy(), tenants=their_desk.own_names())
        assert handled.alert_ids == [theirs]
        bench.client.close()
