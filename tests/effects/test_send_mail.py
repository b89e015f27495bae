"""Mail is sent once: the ledger knows, and what it does not know is looked up, never sent again blindly."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailroom import faults
from mailroom.clock import SystemClock
from mailroom.effects import look_up_mail, send_mail
from mailroom.effects.find_sent import Finding
from mailroom.effects.look_up_mail import look_up, proven_sent
from mailroom.effects.mail_outcome import SEND_MAIL, content_digest, slot_of
from mailroom.effects.send_mail import send_once
from mailroom.errors import CredentialsError, InvalidInputError, NotOfferedError, RefusedError
from mailroom.mail.compose import OutgoingAttachment, OutgoingMail
from mailroom.playbooks.ask import PostDesk, ask, outcome
from mailroom.playbooks.watch_replies import watch_once
from mailroom.store import Store
from mailroom.store.actions import Action, ActionResult, NewAction
from mailroom.store.ledger import ORPHANED_AFTER
from mailroom.store.schema import actions, leases
from sandbox.mail import Habit, MailFault

AMY, BEN = "clara.lindqvist@northwind.example", "tomasz.nowak@northwind.example"
SOC, EVE = "soc@northwind.example", "grace.whitfield@northwind.example"
MAIL = OutgoingMail(
    sender=SOC, to=(AMY, BEN), subject="Hello", text="Good day", message_id="<one.of.ours@northwind.example>"
)


class ClockAhead(SystemClock):
    ahead = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.ahead


@contextmanager
def _desk(helper: ModuleType, folder: Path, *, keeps_copy: bool = False) -> Iterator[Any]:
    people = {AMY: Habit("never"), BEN: Habit("never")}
    with helper.mail_world("soc", folder, people, frozen=True, stores_sent_copy=keeps_copy) as world, world.desk() as d:
        d.mail = world.mail
        if keeps_copy:
            d.account = d.account.__class__(**{**d.account.__dict__, "stores_sent_copy": True})
        yield d


@pytest.fixture
def desk(mail_helper: ModuleType, tmp_path: Path) -> Iterator[Any]:
    with _desk(mail_helper, tmp_path) as made:
        yield made


@pytest.fixture
def with_copies(mail_helper: ModuleType, tmp_path: Path) -> Iterator[Any]:
    """The provider files a copy of what is sent by itself."""
    with _desk(mail_helper, tmp_path, keeps_copy=True) as made:
        yield made


def send(desk: PostDesk, mail: OutgoingMail = MAIL, key: str = "k", **options: Any) -> Any:
    return send_once(desk.store, desk.account, mail, key=key, **options)


def copies(desk: Any) -> int:
    return sum(b"<one.of.ours@northwind.example>" in one.raw for one in desk.mail.mails(SOC, "Sent"))


def long_ago(desk: PostDesk) -> None:
    """The copy in Sent has had time to appear."""
    then = desk.store.waits.now() - timedelta(minutes=15)
    desk.store.run(lambda tx: tx.execute(actions.update().values(claimed_at=then, settled_at=then, updated_at=then)))


def test_the_same_key_sends_one_mail(desk: Any) -> None:
    first, second = send(desk), send(desk)
    assert (first.state, first.sent_now) == ("applied", True)
    assert (second.state, second.sent_now) == ("applied", False)
    assert len(desk.mail.sent) == 1


def test_another_mail_under_the_same_key_is_refused(desk: Any) -> None:
    send(desk)
    with pytest.raises(RefusedError, match=r"nothing was sent. Give each mail of a run its own step"):
        send(desk, OutgoingMail(sender=SOC, to=(AMY,), text="other", message_id=MAIL.message_id))
    assert len(desk.mail.sent) == 1


def test_a_sending_is_given_up_before_others_take_it_for_nobodys(desk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    really, given = send_mail.send, list[float]()

    def noted(*arguments: Any, within: float, **options: Any) -> Any:
        given.append(within)
        return really(*arguments, within=within, **options)

    monkeypatch.setattr(send_mail, "send", noted)
    assert send(desk).state == "applied"
    assert 0 < given[0] < ORPHANED_AFTER.total_seconds()


@pytest.mark.parametrize("slept", [timedelta(minutes=14, seconds=30), timedelta(minutes=20)])
def test_a_process_that_slept_before_it_sent_leaves_the_mail_to_the_next_call(
    desk: Any, tmp_path: Path, slept: timedelta
) -> None:
    clock = ClockAhead()
    with Store.open(f"sqlite:///{tmp_path / 'own.db'}", blobs=tmp_path / "own", clock=clock) as store:

        def sleep(mail: OutgoingMail, _action: Action) -> OutgoingMail:
            clock.ahead += slept
            store.ledger.adopt_orphans()
            return mail

        first = send_once(store, desk.account, MAIL, key="k", before_sending=sleep)
        assert (first.state, desk.mail.sent) == ("not_applied", [])
        assert send_once(store, desk.account, MAIL, key="k").state == "applied"
    assert len(desk.mail.sent) == 1


# F22
def test_many_mails_whose_copies_cannot_be_filed_try_a_refused_login_once(desk: Any) -> None:
    refused = desk.mail.faults.add(
        MailFault("refuse", "LOGIN", side="imap", answer="[AUTHENTICATIONFAILED] no", times=None)
    )
    for number in range(3):
        mail = replace(MAIL, message_id=f"<{number}@northwind.example>")
        assert send(desk, mail, key=str(number)).state == "applied"
    assert refused.hits == 1
    desk.mail.faults.clear()
    desk.store.run(lambda tx: tx.execute(leases.update().values(expires_at=desk.store.waits.now())))
    assert send(desk).state == "applied"
    assert copies(desk) == 1


def test_a_mail_without_its_id_is_not_sent(desk: Any) -> None:
    with pytest.raises(InvalidInputError, match="Message-ID"):
        send(desk, OutgoingMail(sender=SOC, to=(AMY,), text="x"))


def test_the_ledger_holds_no_text_of_the_mail(desk: Any) -> None:
    send(desk, OutgoingMail(
        sender=SOC, to=(AMY,), subject="Canary-S", text="Canary-T", html="<p>Canary-H",
        message_id="<x@northwind.example>",
        attachments=(OutgoingAttachment("Canary-A", b"Canary-B"),),
    ))  # fmt: skip
    assert "Canary" not in repr(desk.store.ledger.list(kind=SEND_MAIL))


# F25a
@pytest.mark.parametrize("verb", ["EHLO", "AUTH", "MAIL", "DATA"])
def test_a_refusal_for_now_at_any_step_sends_nothing_and_the_next_call_sends(desk: Any, verb: str) -> None:
    desk.mail.faults.add(MailFault("refuse", verb, answer="451 4.3.0 later"))
    first = send(desk)
    assert first.state == "not_applied", first
    assert desk.mail.sent == []
    assert send(desk).state == "applied"
    assert len(desk.mail.sent) == 1


# F25a
def test_a_connection_lost_before_the_final_dot_sends_nothing_and_the_next_call_sends(desk: Any) -> None:
    desk.mail.faults.add(MailFault("drop", "DATA"))
    assert send(desk).state == "not_applied"
    assert send(desk).state == "applied"
    assert len(desk.mail.sent) == 1


# F25a
def test_one_recipient_refused_for_good_is_named_and_the_other_gets_the_mail(desk: Any) -> None:
    desk.mail.faults.add(MailFault("refuse", "RCPT", address=BEN, answer="550 5.1.1 no such user"))
    sent = send(desk)
    assert (sent.state, sent.accepted) == ("applied", (AMY,))
    assert [address for address, _ in sent.refused] == [BEN]
    send(desk)
    assert len(desk.mail.sent) == 1


# F25a: the same Message-ID, and only to whom it did not go
def test_a_recipient_refused_for_now_is_tried_again_alone(desk: Any) -> None:
    desk.mail.faults.add(MailFault("refuse", "RCPT", address=BEN, answer="451 4.2.0 greylisted"))
    assert send(desk).open == (BEN,)
    again = send(desk)
    assert again.open == ()
    assert [handed.recipients for handed in desk.mail.sent] == [(AMY,), (BEN,)]
    assert all(MAIL.message_id.encode() in handed.raw for handed in desk.mail.sent)
    send(desk)
    assert len(desk.mail.sent) == 2


# F25a: nobody is forgotten, however often a server puts some of them off
def test_those_who_are_put_off_again_and_again_are_tried_until_they_have_it(desk: Any) -> None:
    people = (AMY, BEN, EVE, "owen.carter@northwind.example")
    mail = replace(MAIL, to=people)
    for number in (1, 2, 3):
        for late in people[number:]:
            desk.mail.faults.add(MailFault("refuse", "RCPT", address=late, answer="451 4.2.0 greylisted"))
        assert send(desk, mail).open == people[number:]
    assert send(desk, mail).open == ()
    assert [one for handed in desk.mail.sent for one in handed.recipients] == list(people)


# F25a
def test_lost_after_the_final_dot_is_unknown_and_stays_so_where_nothing_can_be_found(desk: Any) -> None:
    desk.mail.faults.add(MailFault("drop_after_dot"))
    assert send(desk).state == "unknown"
    long_ago(desk)
    assert send(desk).state == "unknown"
    assert len(desk.mail.sent) == 1


# F25a
def test_lost_after_the_final_dot_is_found_in_the_sent_folder(with_copies: Any) -> None:
    with_copies.mail.faults.add(MailFault("drop_after_dot"))
    sent = send(with_copies)
    assert sent.state == "applied"
    assert "looked up" in sent.detail
    assert len(with_copies.mail.sent) == 1


# F25a: no copy where there always is one means that it was not sent
def test_unknown_and_not_in_the_sent_folder_is_sent_again_when_the_copy_has_had_time(with_copies: Any) -> None:
    with_copies.mail.faults.add(MailFault("drop", "DOT"))
    assert send(with_copies).state == "unknown"
    assert send(with_copies).state == "unknown"  # it may still appear
    long_ago(with_copies)
    assert send(with_copies).state == "applied"


# F25a: the upload took its time, the connection was lost after the final dot, and the copy is filed a moment later
def test_a_slow_sending_that_is_lost_at_its_end_is_not_repeated_before_its_copy_could_appear(
    desk: Any, tmp_path: Path
) -> None:
    clock = ClockAhead()

    def slow(mail: OutgoingMail, _action: Action) -> OutgoingMail:
        clock.ahead += timedelta(minutes=13)
        return mail

    account = replace(desk.account, stores_sent_copy=True)
    desk.mail.faults.add(MailFault("drop_after_dot"))
    with Store.open(f"sqlite:///{tmp_path / 'own.db'}", blobs=tmp_path / "own", clock=clock) as store:
        assert send_once(store, account, MAIL, key="k", before_sending=slow).state == "unknown"
        clock.ahead += timedelta(minutes=9)
        assert send_once(store, account, MAIL, key="k").state == "unknown"
        with account.open_imap() as session:
            session.append("Sent", desk.mail.sent[0].raw)
        clock.ahead += timedelta(minutes=9)
        assert send_once(store, account, MAIL, key="k").state == "applied"
    assert len(desk.mail.sent) == 1


@pytest.mark.parametrize(("minutes", "state"), [(5, "unknown"), (20, "unknown"), (30, "applied")])
def test_a_process_that_died_unseen_may_have_been_sending_for_a_while(desk: Any, minutes: int, state: str) -> None:
    account = replace(desk.account, stores_sent_copy=True)
    new = NewAction(
        tenant="", alert_id=None, kind=SEND_MAIL, target=MAIL.message_id, slot=slot_of("k"),
        parameters={"content": content_digest(MAIL)},
    )  # fmt: skip
    desk.store.ledger.begin(new, owner="")
    then = desk.store.waits.now() - timedelta(minutes=minutes)
    desk.store.run(lambda tx: tx.execute(actions.update().values(claimed_at=then)))
    desk.store.ledger.adopt_orphans(timedelta(0))
    assert send_once(desk.store, account, MAIL, key="k").state == state


# I7: two at once: one looks, slowly; the other has looked already and sends
def test_a_look_that_another_sending_overtook_says_nothing_of_that_one(
    with_copies: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = with_copies.store
    with_copies.mail.faults.add(MailFault("drop", "DOT"))
    send(with_copies)
    [seen] = store.ledger.list(kind=SEND_MAIL)
    long_ago(with_copies)
    find = look_up_mail.find_sent

    def slowly(*given: Any, **options: Any) -> Finding:
        found = find(*given, **options)
        store.ledger.settle([ActionResult(seen.id, "not_applied", attempt=seen.attempt)])
        store.ledger.claim([seen.id], owner="another process")
        return found

    monkeypatch.setattr(look_up_mail, "find_sent", slowly)
    look_up(store, with_copies.account, [store.ledger.get(seen.id)])

    known = store.ledger.get(seen.id)
    assert (known.state, known.attempt, known.owner) == ("sending", 2, "another process")


# I7: the Sent folder of another mailbox of the same domain says nothing about ours
def test_what_another_mailbox_did_not_send_is_not_sent_twice(with_copies: Any) -> None:
    with_copies.mail.faults.add(MailFault("drop_after_dot"))
    deaf = replace(with_copies.account, imap=None)
    assert send_once(with_copies.store, deaf, MAIL, key="k").state == "unknown"
    long_ago(with_copies)
    imap = replace(with_copies.account.imap, username=EVE, password=with_copies.mail.passwords[EVE])
    watch_once(with_copies.store, replace(with_copies.account, name="other", address=EVE, imap=imap))
    assert with_copies.store.ledger.list(kind=SEND_MAIL)[0].state == "unknown"
    assert send(with_copies).state == "applied"
    assert len(with_copies.mail.sent) == 1


# F25a: an answer proves it
def test_an_answer_shows_that_a_mail_of_unknown_fate_was_sent(desk: Any, mail_helper: ModuleType) -> None:
    desk.mail.set_habit(AMY, Habit("answers", delay=5))
    desk.mail.faults.add(MailFault("drop_after_dot"))
    wait = ask(desk, mail_helper.question(AMY), key="q")
    assert wait.is_open
    assert desk.store.ledger.get(wait.send_action_id).state == "unknown"
    desk.mail.advance(10)
    watch_once(desk.store, desk.account)
    assert outcome(desk, wait.id).is_success
    assert desk.store.ledger.get(wait.send_action_id).state == "applied"
    assert len(desk.mail.sent) == 1


def test_a_process_that_died_while_sending_is_looked_up_and_not_repeated(desk: Any) -> None:
    send(desk)
    action = desk.store.ledger.list(kind=SEND_MAIL)[0]
    change = actions.update().values(state="sending", owner="")
    desk.store.run(lambda tx: tx.execute(change))
    long_ago(desk)
    desk.store.run(
        lambda tx: tx.execute(actions.update().values(claimed_at=desk.store.waits.now() - timedelta(hours=1)))
    )
    assert send(desk).state == "applied"  # our own copy in Sent tells
    assert desk.store.ledger.get(action.id).attempt == 1
    assert len(desk.mail.sent) == 1


def test_our_own_copy_is_filed_once_and_only_where_the_provider_files_none(desk: Any) -> None:
    send(desk)
    send(desk)
    assert copies(desk) == 1


def test_the_provider_s_copy_is_the_only_one(with_copies: Any) -> None:
    send(with_copies)
    assert copies(with_copies) == 1


def test_looking_up_what_is_known_changes_nothing(desk: Any) -> None:
    send(desk)
    assert look_up(desk.store, desk.account, desk.store.ledger.list(kind=SEND_MAIL)) == []
    proven_sent(desk.store, [1], "again")
    assert desk.store.ledger.get(1).state == "applied"


# -- before anything was sent ------------------------------------------------------------------------------------------


def without_login(desk: Any) -> Any:
    """The mailbox at a port that offers no login, as a relay on port 25 does."""
    smtp = replace(desk.account.smtp, port=desk.mail.smtp_port, security="none", allow_plaintext=True)
    return replace(desk.account, smtp=smtp)


def test_a_sending_half_that_is_set_up_wrongly_is_an_error_and_sends_once_it_is_mended(
    desk: Any, mail_helper: ModuleType
) -> None:
    right = desk.account
    desk.account = without_login(desk)
    for _ in range(2):
        with pytest.raises(NotOfferedError, match=r"question 1 has not been sent yet.*run again"):
            ask(desk, mail_helper.question(AMY), key="q")
    stored = desk.store.waits.get(1)
    assert (stored.is_open, stored.sent_at) == (True, None)
    desk.account = right
    assert ask(desk, mail_helper.question(AMY), key="q").sent_at is not None
    assert len(desk.mail.sent) == 1


def test_a_wrong_password_and_an_unreadable_file_are_told_as_what_they_are(
    desk: Any, mail_helper: ModuleType, tmp_path: Path
) -> None:
    right = desk.account
    for wrong, error in (({"password": "wrong"}, CredentialsError), ({"ca_file": tmp_path / "no"}, InvalidInputError)):
        desk.account = replace(right, smtp=replace(right.smtp, **wrong))
        with pytest.raises(error, match="has not been sent yet"):
            ask(desk, mail_helper.question(AMY), key="q")
        assert send(desk, key=str(error)).to_mend is not None
    desk.account = right
    assert ask(desk, mail_helper.question(AMY), key="q").sent_at is not None
    assert send(desk, key=str(error)).state == "applied"
    assert len(desk.mail.sent) == 2


def test_something_unforeseen_before_the_mail_is_handed_over_leaves_it_to_be_sent(desk: Any) -> None:
    def broken(_mail: OutgoingMail, _action: Action) -> OutgoingMail:
        raise KeyError("unforeseen")

    with pytest.raises(KeyError):
        send(desk, before_sending=broken)
    action = desk.store.ledger.list(kind=SEND_MAIL)[0]
    assert (action.state, action.detail) == ("not_applied", "not sent: KeyError before it was handed over")
    assert send(desk).state == "applied"
    assert len(desk.mail.sent) == 1


@pytest.mark.parametrize("point", ["smtp.after_dot", "send_mail.after_send"])
def test_something_unforeseen_after_that_leaves_it_unknown(
    desk: Any, monkeypatch: pytest.MonkeyPatch, point: str
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(faults, "_plan", faults._Plan(f"raise:{point}"))
        with pytest.raises(faults.FaultError):
            send(desk)
    assert desk.store.ledger.list(kind=SEND_MAIL)[0].state == "unknown"
    long_ago(desk)
    assert send(desk).state == "unknown"
    assert len(desk.mail.sent) <= 1
