"""Approving by mail: token, listed address and a passing authentication result, or it does not count."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email import policy as mail_policy
from email.utils import format_datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mailroom_tests_small_tenant import Workbench, add, policy
from sqlalchemy import update

import mailroom.faults
from mailroom.connectors.careful_login import remember_ping, sending_failed
from mailroom.errors import InvalidInputError, RefusedError, TransientError
from mailroom.mail.actions.ping import ping
from mailroom.playbooks.approvals import by_mail
from mailroom.playbooks.approvals.answers import read
from mailroom.playbooks.approvals.by_mail import ask_approvers, close_question, take_answer
from mailroom.playbooks.approvals.deciding import approve, decline
from mailroom.playbooks.approvals.doing import carry_out_approved
from mailroom.playbooks.approvals.requesting import request
from mailroom.playbooks.approvals.round import request_approvals
from mailroom.playbooks.ask import PostDesk
from mailroom.playbooks.watch_replies import watch_once
from mailroom.store.schema import approvals, leases
from sandbox import Tenant
from sandbox.mail import AUTHSERV_ID, Habit, MailFault

BEN, EVE = "tomasz.nowak@northwind.example", "clara.lindqvist@northwind.example"
NEVER = {BEN: Habit("never"), EVE: Habit("never")}
TRUSTED = {"trusted_authserv_ids": (AUTHSERV_ID,)}


class Scene:
    """One proposal of the rules, an approval of it, and a mailbox that asks Ben."""

    def __init__(self, bench: Workbench, world: Any, account: dict[str, Any]) -> None:
        self.bench, self.store, self.mail = bench, bench.store, world.mail
        self.post = PostDesk(bench.store, world.account(**account))
        self.policy = policy(modes={"release": "advise"}, approvers=(f"Ben / bode <{BEN}>",))
        bench.policy = self.policy
        bench.ingest()
        bench.triage()
        (proposal,) = bench.store.ledger.list(state="proposed")
        approval = request(bench.store, self.policy, [proposal.id]).approval
        assert approval is not None
        self.id, self.action = approval.id, proposal.id

    def ask(self) -> Any:
        return ask_approvers(self.post, self.policy, self.id)

    def look(self) -> Any:
        watch_once(self.store, self.post.account)
        return take_answer(self.store, self.policy, self.id)

    def asked(self) -> Any:
        return message_from_bytes(self.mail.sent[-1].raw, policy=mail_policy.default)

    @property
    def token(self) -> str:
        found = re.search(r"\[#(.+?)\]", str(self.asked()["Subject"]))
        assert found
        return found[0]

    def answer(
        self, body: str = "approve", *, sender: str = BEN, subject: str | None = None, extra: str = "", **origin: Any
    ) -> bytes:
        """An answer that somebody writes by hand; by default as Ben would."""
        subject = f"Re: Approval {self.token}" if subject is None else subject
        name = abs(hash((body, subject, sender)))
        lines = (
            f"From: {sender}\r\nTo: soc@northwind.example\r\nSubject: {subject}\r\n{extra}"
            f"In-Reply-To: {self.asked()['Message-ID']}\r\nMessage-ID: <{name}@x.example>\r\n"
            f"Date: {format_datetime(datetime.now(UTC))}\r\n\r\n{body}\r\n"
        ).encode()
        self.mail.deliver(lines, sender=origin.pop("envelope", sender), **{"dmarc": "pass"} | origin)
        return lines


@pytest.fixture
def make(
    bench_for: Callable[..., Workbench], mail_helper: ModuleType, tmp_path: Path
) -> Iterator[Callable[..., Scene]]:
    with ExitStack() as stack:

        def scene(people: dict[str, Habit] | None = None, account: dict[str, Any] | None = None) -> Scene:
            tenant = Tenant.generate(messages=0, history=0, seed=7)
            add(tenant, "wanted <img src=x> http://evil.example/pay")
            world = stack.enter_context(mail_helper.mail_world("soc", tmp_path / "mail", NEVER | (people or {})))
            return Scene(bench_for(tenant), world, TRUSTED if account is None else account)

        yield scene


def test_an_approver_answers_with_one_word_and_it_is_done_once(make: Callable[..., Scene]) -> None:
    scene = make({BEN: Habit("answers", text="Approve", delay=0)})
    scene.ask()
    scene.ask()  # killed and run again: the same question
    assert len(scene.mail.sent) == 1
    deadline = datetime.now(UTC) + timedelta(seconds=30)
    while (known := scene.look()).is_open:
        assert datetime.now(UTC) < deadline
    assert (known.state, known.approver, known.channel) == ("granted", BEN, "mail")
    assert take_answer(scene.store, scene.policy, scene.id) == known
    for _ in range(2):
        assert carry_out_approved(scene.bench.desk, scene.id).counts() == {"applied": 1}
    assert len(scene.bench.tenant.effects) == 1


def test_the_mail_shows_what_would_be_done_harmlessly_and_nobodys_address(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    mail = scene.asked()
    text = mail.get_body().get_content()
    assert "release" in text
    assert "contoso-logistics[.]example" in text
    assert "evil.example" not in text
    assert "<img" not in text
    assert "ann@northwind" not in text
    assert mail["To"] == BEN


def test_a_declined_one_is_closed(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    scene.answer("Decline.\n\nIt is a supplier.")
    assert scene.look().state == "declined"
    assert scene.store.ledger.get(scene.action).state == "refused"


BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "without the token": ("token", {"subject": "Re: Approval"}),
    "with another token": ("token", {"subject": "Re: Approval [#AAAAAAAAAAAAAAAAAAAAAAAAAA]"}),
    "from somebody who is not listed": ("not asked", {"sender": EVE}),
    "from outside": ("not asked", {"sender": "ben@attacker.example"}),
    "from a plus address": ("not asked", {"sender": BEN.replace("@", "+x@")}),
    "under two names": ("not asked", {"sender": f"{BEN}, {EVE}", "envelope": BEN}),
    "that failed authentication": ("forged", {"envelope": "x@attacker.example", "ip": "203.0.113.9", "dmarc": "fail"}),
    "that nobody authenticated": ("not proven", {"dmarc": "none"}),
    "with a result of its own": (
        "not proven",
        {"dmarc": "none", "extra": f"Authentication-Results: other.example; dmarc=pass header.from={BEN}\r\n"},
    ),
    "of a machine": ("auto", {"extra": "Auto-Submitted: auto-replied\r\n"}),
    "that is not clear": ("neither", {"body": "approve only if you are sure"}),
    "that says both": ("neither", {"body": "approve\n\ndecline"}),
    "that says both in one line": ("neither", {"body": "decline - no, approve"}),
    "that says nothing": ("neither", {"body": "What is this?"}),
    "that only quotes": ("", {"body": "> approve"}),
    "with a condition": ("more stands below", {"body": "approve\n\nOnly if the supplier confirms"}),
    "with a condition below a farewell": ("more stands below", {"body": "approve\n\nThanks,\nonly the first one"}),
}


@pytest.mark.parametrize("which", list(BAD))
def test_an_answer_does_not_count(make: Callable[..., Scene], which: str) -> None:
    why, mail = BAD[which]
    scene = make()
    scene.ask()
    scene.answer(**mail)
    known = scene.look()
    assert known.is_open
    assert known.wait_id is not None
    assert scene.store.ledger.get(scene.action).state == "proposed"
    wait = scene.store.waits.get(known.wait_id)
    (answer,) = scene.store.waits.answers(wait.id)
    assert why in read(answer, wait, scene.policy, known, final=True).why


def test_an_unclear_answer_is_asked_again_and_the_next_one_counts(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    old = scene.token
    scene.answer("Yes, go on")
    assert scene.look().is_open
    scene.ask()
    scene.ask()
    assert len(scene.mail.sent) == 2
    assert "asked again" in scene.asked().get_body().get_content()
    scene.answer("approve", subject=f"Re: Approval {old}", extra="X-Old: 1\r\n")  # of the first question, by token
    scene.answer("approve")
    assert scene.look().state == "granted"


@pytest.mark.parametrize("below", ["Best regards,\nTomasz Nowak", "Thanks!", "-- \nTomasz\nOnly if you call 555"])
def test_a_farewell_a_name_and_a_signature_may_stand_below_the_word(make: Callable[..., Scene], below: str) -> None:
    scene = make()
    scene.ask()
    scene.answer(f"Approve\n\n{below}")
    assert scene.look().state == "granted"


UNSURE = "Wait, I am not sure about that one"
CORRECTED = {"Decline": "declined", "decline - sorry, wrong one": "declined", UNSURE: "void", "approve": "granted"}


@pytest.mark.parametrize("looks", [1, 2])
@pytest.mark.parametrize("second", list(CORRECTED))
def test_the_last_word_of_an_approver_counts_until_it_is_done(
    make: Callable[..., Scene], second: str, looks: int
) -> None:
    scene = make()
    scene.ask()
    scene.answer("approve")
    if looks == 2:
        assert scene.look().state == "granted"
    scene.answer(second, extra="X-Second: 1\r\n")
    unclear = second == UNSURE and looks == 1
    assert scene.look().state == ("open" if unclear else CORRECTED[second])
    if second == "approve":
        assert carry_out_approved(scene.bench.desk, scene.id).counts() == {"applied": 1}
        return
    with pytest.raises(RefusedError, match="nothing was done"):
        carry_out_approved(scene.bench.desk, scene.id)
    assert scene.bench.tenant.effects == []


def test_a_no_that_nobody_has_taken_in_yet_is_heeded_before_anything_is_done(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    scene.answer("approve")
    assert scene.look().state == "granted"
    scene.answer("decline")
    watch_once(scene.store, scene.post.account)
    with pytest.raises(RefusedError, match="is declined"):
        carry_out_approved(scene.bench.desk, scene.id)
    assert scene.bench.tenant.effects == []
    assert scene.store.ledger.get(scene.action).state == "refused"


def test_the_yes_of_one_approver_falls_with_the_no_of_another(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.policy = scene.bench.policy = replace(scene.policy, approvers=(BEN, EVE))
    scene.ask()
    scene.answer("approve")
    assert scene.look().state == "granted"
    scene.answer("decline", sender=EVE)
    assert (scene.look().state, scene.look().approver) == ("declined", EVE)


def test_an_old_yes_delivered_again_is_no_new_word(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    raw = scene.answer("approve")
    scene.answer("decline")
    scene.mail.deliver(b"X-Again: 1\r\n" + raw, sender=BEN, dmarc="pass")
    assert scene.look().state == "declined"


def test_a_replayed_answer_does_nothing(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    raw = scene.answer()
    assert scene.look().state == "granted"
    carry_out_approved(scene.bench.desk, scene.id)
    scene.mail.deliver(raw, sender=BEN)
    assert scene.look().state == "used"
    assert len(scene.bench.tenant.effects) == 1


def test_an_answer_that_comes_after_the_time_or_after_a_change_does_nothing(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    scene.answer()
    past = scene.store.approvals.now() - timedelta(seconds=1)
    scene.store.run(lambda tx: tx.execute(update(approvals).values(expires_at=past)))
    assert scene.look().state == "expired"
    assert scene.store.ledger.get(scene.action).state == "proposed"


def test_an_answer_to_what_has_changed_does_nothing(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    scene.answer()
    (member,) = scene.store.approvals.members(scene.id)
    assert member.alert_id
    scene.store.alerts.set_handling(member.alert_id, "rejected", "in the console", "somebody")
    assert scene.look().state == "void"


def test_who_was_taken_off_the_list_meanwhile_does_not_count(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    scene.answer()
    scene.policy = replace(scene.policy, approvers=(EVE,))
    assert scene.look().is_open


def test_the_yes_of_somebody_taken_off_the_list_before_it_is_used_does_nothing(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.ask()
    scene.answer()
    assert scene.look().state == "granted"
    scene.bench.policy = replace(scene.policy, approvers=(f"Eve <{EVE}>",))

    with pytest.raises(RefusedError, match=r"is void .*approvers any more"):
        carry_out_approved(scene.bench.desk, scene.id)

    assert scene.bench.tenant.effects == []
    assert scene.store.ledger.get(scene.action).state == "proposed"


def test_whoever_decides_first_ends_the_question(make: Callable[..., Scene]) -> None:
    scene = make()
    known = scene.ask()
    granted = approve(scene.store, scene.policy, scene.id, digest=known.digest, by="eve", channel="command line")
    close_question(scene.store, granted)
    assert known.wait_id is not None
    assert scene.store.waits.get(known.wait_id).state == "cancelled"
    scene.answer("approve")
    assert (scene.look().state, scene.look().approver) == ("granted", "eve")


@pytest.mark.parametrize("state", ["declined", "void", "expired"])
def test_a_question_that_went_out_while_somebody_decided_does_not_stay_open(
    make: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    scene = make()
    really = by_mail.ask

    def meanwhile(*given: Any, **named: Any) -> Any:
        scene.store.run(lambda tx: tx.execute(update(approvals).values(state=state)))
        return really(*given, **named)

    monkeypatch.setattr(by_mail, "ask", meanwhile)
    assert not scene.ask().is_open
    [wait] = scene.store.waits.list()
    assert (wait.state, wait.detail) == ("cancelled", f"approval {scene.id} is {state}")


def test_a_question_that_a_killed_process_did_not_note_is_closed_with_its_approval(
    make: Callable[..., Scene], monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = make()
    monkeypatch.setattr(mailroom.faults, "_plan", mailroom.faults._Plan("raise:approval.asked"))
    with pytest.raises(mailroom.faults.FaultError):
        scene.ask()
    monkeypatch.setattr(mailroom.faults, "_plan", None)
    known = scene.store.approvals.get(scene.id)
    decline(scene.store, scene.id, digest=known.digest, by="ann", channel="command line")
    assert scene.store.waits.list(state="open")

    request_approvals(scene.bench.desk)
    assert not scene.store.waits.list(state="open")


def test_without_a_trusted_server_nobody_is_asked_by_mail(make: Callable[..., Scene]) -> None:
    scene = make(account={})
    with pytest.raises(InvalidInputError, match="trusted"):
        scene.ask()
    assert scene.mail.sent == []


def test_nobody_is_asked_about_something_wide_of_their_own(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.store.run(lambda tx: tx.execute(update(approvals).values(wide=True, proposer="bode", plan={})))
    assert scene.ask().wait_id is None
    assert scene.mail.sent == []


# -- the run that waits for the answer -----------------------------------------------------------------------------

BUSY = "its run is Running and not suspended yet"


def test_an_open_approval_whose_run_has_ended_is_left_to_the_next_one(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.store.approvals.attach(scene.id, flow_run_id="run-1")

    assert request_approvals(scene.bench.desk, ended=lambda _runs: []).left == []
    assert request_approvals(scene.bench.desk, scene.post, ended=lambda runs: list(runs)).left == [scene.id]

    known = scene.store.approvals.get(scene.id)
    assert (known.state, known.flow_run_id, known.runs_ended) == ("open", "", 1)
    assert len(scene.mail.sent) == 1, "where no run asks, the round does"


def test_a_prefect_that_does_not_answer_ends_no_run_of_an_approval(make: Callable[..., Scene]) -> None:
    scene = make()
    scene.store.approvals.attach(scene.id, flow_run_id="run-1")

    def away(_runs: Any) -> Any:
        raise TransientError("Prefect does not answer")

    report = request_approvals(scene.bench.desk, ended=away)
    assert (report.left, len(report.problems)) == ([], 1)
    assert scene.store.approvals.get(scene.id).flow_run_id == "run-1"


def test_an_approval_that_was_decided_while_its_run_ended_keeps_it(make: Callable[..., Scene]) -> None:
    scene = make()
    known = scene.store.approvals.attach(scene.id, flow_run_id="run-1")

    def decided(runs: Any) -> Any:
        decline(scene.store, scene.id, digest=known.digest, by="ann", channel="form")
        return list(runs)

    request_approvals(scene.bench.desk, ended=decided)
    assert scene.store.approvals.get(scene.id).runs_ended == 0


def approved_with_a_run(make: Callable[..., Scene]) -> Scene:
    scene = make()
    scene.ask()
    scene.store.approvals.attach(scene.id, flow_run_id="run-1")
    scene.answer("approve")
    watch_once(scene.store, scene.post.account)
    return scene


@pytest.mark.parametrize("before", [[], [True], [BUSY]], ids=["gone", "told and then gone", "busy and then gone"])
def test_what_was_approved_is_done_once_although_its_run_is_gone(make: Callable[..., Scene], before: list[Any]) -> None:
    scene = approved_with_a_run(make)
    for said in before:
        waits = request_approvals(scene.bench.desk, tell=lambda _known, said=said: said)
        assert waits.done == {}
        assert scene.bench.tenant.effects == []

    rounds = [request_approvals(scene.bench.desk, tell=lambda _known: False) for _ in range(3)]

    assert [one.done for one in rounds] == [{scene.id: {"applied": 1}}, {}, {}]
    assert [one.problems for one in rounds] == [[], [], []]
    assert carry_out_approved(scene.bench.desk, scene.id).counts() == {"applied": 1}  # the run, on Retry
    assert len(scene.bench.tenant.effects) == 1


@pytest.mark.parametrize("said", [None, BUSY])
def test_a_run_that_never_begins_loses_its_turn(make: Callable[..., Scene], said: Any) -> None:
    scene = approved_with_a_run(make)
    tell = None if said is None else lambda _known: said
    assert request_approvals(scene.bench.desk, tell=tell).done == {}
    past = scene.store.approvals.now() - timedelta(minutes=16)
    scene.store.run(lambda tx: tx.execute(update(approvals).values(decided_at=past)))
    assert request_approvals(scene.bench.desk, tell=tell).done == {scene.id: {"applied": 1}}
    assert request_approvals(scene.bench.desk, tell=tell).done == {}
    assert len(scene.bench.tenant.effects) == 1


def test_a_yes_taken_back_by_mail_is_no_problem_of_the_round(make: Callable[..., Scene]) -> None:
    scene = approved_with_a_run(make)
    assert request_approvals(scene.bench.desk, tell=lambda _known: True).decided_by_mail == 1
    scene.answer("decline")
    watch_once(scene.store, scene.post.account)
    found = request_approvals(scene.bench.desk, tell=lambda _known: False)
    assert (found.done, found.problems) == ({}, [])
    assert scene.store.approvals.get(scene.id).state == "declined"


def test_a_sending_server_that_refuses_the_login_is_tried_once_in_a_round_and_left_alone_in_the_next(
    make: Callable[..., Scene],
) -> None:
    scene = make()
    add(scene.bench.tenant, "wanted as well")
    scene.bench.ingest()
    scene.bench.triage()
    proposal = next(one for one in scene.store.ledger.list(state="proposed") if one.id != scene.action)
    assert request(scene.store, scene.policy, [proposal.id]).approval is not None
    tries = MailFault("slow", "AUTH", times=None)
    scene.mail.faults.add(tries)
    account = scene.post.account
    wrong = replace(scene.post, account=replace(account, smtp=replace(account.need_smtp(), password="kanari-wrong")))

    first, second = (request_approvals(scene.bench.desk, wrong) for _ in range(2))
    assert tries.hits == 1
    assert len(first.problems) == 2
    assert len(second.problems) == 1
    assert "is not tried again before" in second.problems[0]

    remember_ping(account, scene.store, ping(account))
    assert request_approvals(scene.bench.desk, scene.post).asked == 2
    assert len(scene.mail.sent) == 2


def test_one_that_was_asked_already_does_not_use_up_the_try_of_the_next(make: Callable[..., Scene]) -> None:
    scene = make()
    assert request_approvals(scene.bench.desk, scene.post).asked == 1
    add(scene.bench.tenant, "wanted as well")
    scene.bench.ingest()
    scene.bench.triage()
    proposal = next(one for one in scene.store.ledger.list(state="proposed") if one.id != scene.action)
    assert request(scene.store, scene.policy, [proposal.id]).approval is not None
    sending_failed(scene.post.account, scene.store)
    paused = request_approvals(scene.bench.desk, scene.post)
    assert "is not tried again before" in paused.problems[0]

    past = leases.update().where(leases.c.name.startswith("login:smtp:")).values(expires_at=leases.c.acquired_at)
    scene.store.run(lambda tx: tx.execute(past))  # a quarter of an hour later
    assert request_approvals(scene.bench.desk, scene.post).problems == []
    assert len(scene.mail.sent) == 2
