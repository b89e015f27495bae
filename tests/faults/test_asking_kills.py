"""SIGKILL at every step of asking by mail, against a real Dovecot with a real SMTP server in front.

Whatever step the process is killed at: the question's mail is handed over at most once, an answer is stored once, the
run is resumed, and a further look changes nothing. On PostgreSQL some of the steps; MAILROOM_TEST_ALL_KILLS=1 takes
all of them there too.
"""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from faults_place import Place
from mailroom_tests_dovecot_fixtures import sibling

from mailroom.effects.mail_outcome import SEND_MAIL
from mailroom.store.schema import actions, answers, cursors, waits

pytestmark = [pytest.mark.slow]
STRIDES = {"sqlite": 1, "postgres": 5}
NOBODY, GREY = "nobody@elsewhere.example", "grey@elsewhere.example"


@pytest.fixture(scope="module")
def post(certificates: Any, dovecot: Any) -> Iterator[Any]:
    """The SMTP server in front of Dovecot."""
    server = sibling("smtp_server").SmtpServer(certificates, dovecot)
    yield server
    server.close()


class AskingPlace(Place):
    """A mailbox that asks, two people with mailboxes, and a fresh store."""

    tables = (waits, answers, actions, cursors)

    def __init__(self, forks: Any, dovecot: Any, post: Any, store_url: str, folder: Path) -> None:
        super().__init__(forks, store_url, folder)
        self._dovecot, self._post = dovecot, post
        self.soc, self.amy = dovecot.new_user(), dovecot.new_user()
        post.reset()

    def run(self, step: str, fault: str = "", *, to: str = "", **more: str) -> Any:
        account = {
            "address": self.soc.address, "username": self.soc.name, "password": self.soc.password,
            "imap_host": self._dovecot.host, "imap_port": self._dovecot.imaps_port, "smtp_host": self._post.host,
            "smtp_port": self._post.implicit_port, "ca_bundle": str(self._dovecot.ca_file),
        }  # fmt: skip
        return self.finish(
            fault, step=step, account=json.dumps(account), resumed=str(self.folder / "resumed"),
            to=to or self.amy.address, **more,
        )  # fmt: skip

    def steps(self, step: str, **more: str) -> list[str]:
        """The names of the fault points that a whole step passes."""
        log = self.folder / f"steps-{step}"
        done = self.run(step, f"count:{log}", **more)
        assert done.code == 0, done.report
        return log.read_text().split()

    def handed_over(self, prefix: bytes = b"Subject: Did you") -> int:
        return sum(prefix in mail.raw for mail in self._post.accepted)

    def ask_three(self) -> str:
        """Whom to ask: Amy, one whom the server does not know, and one whom it refuses for now, once."""
        self._post.plan("RCPT", "550 5.1.1 no such user", address=NOBODY, times=None)
        self._post.plan("RCPT", "451 4.2.0 come back later", address=GREY)
        return f"{self.amy.address},{NOBODY},{GREY}"

    def reached(self) -> list[str]:
        """Whom the question was handed over for, in order."""
        return [who for mail in self._post.accepted if b"Subject: Did you" in mail.raw for who in mail.recipients]

    def an_hour_passes(self) -> None:
        """For what the ledger holds."""
        with self.opened() as store:
            then = store.waits.now() - timedelta(hours=1)
            store.run(lambda tx: tx.execute(actions.update().values(created_at=then, settled_at=then)))

    def answer(self) -> None:
        """Amy answers what lies in her mailbox."""
        with self.opened() as store:
            (wait,) = store.waits.list()
        reply = (
            f"From: {self.amy.address}\r\nTo: {self.soc.address}\r\nSubject: Re: Did you expect it?\r\n"
            f"In-Reply-To: {wait.message_ids[0]}\r\nMessage-ID: <amy@x.example>\r\n\r\nYes, I did.\r\n"
        )
        self._dovecot.deliver(self.soc, reply.encode())

    def check_answered(self, where: str) -> None:
        with self.opened() as store:
            (wait,) = store.waits.list()
            assert wait.state == "answered", where
            assert wait.resumed_at is not None, where
            (stored,) = store.waits.answers(wait.id)
            assert stored.text == "Yes, I did.", where
            assert {one.state for one in store.ledger.list(kind=SEND_MAIL)} == {"applied"}, where
            assert store.check().problems == (), where
        assert "run answered" in (self.folder / "resumed").read_text(), where


@pytest.fixture
def places(stores: Any, forks_of: Any, dovecot: Any, post: Any) -> Any:
    return stores.places(lambda: AskingPlace(forks_of("asking.py"), dovecot, post, stores.url(), stores.folder()))


def chosen(places: Any, names: list[str]) -> Iterator[tuple[int, str]]:
    stride = 1 if os.environ.get("MAILROOM_TEST_ALL_KILLS") else STRIDES[places.kind]
    for number in range(1, len(names) + 1, stride):
        yield number, f"killed at step {number} of {len(names)}, {names[number - 1]}"


# F3, F25a: killed before, while and after the mail is handed over
def test_a_question_killed_at_any_step_is_sent_at_most_once_and_asked_again_without_harm(places: Any) -> None:
    names = places().steps("ask")
    assert {"waits.after_ask", "ledger.claimed", "smtp.before_data", "smtp.after_dot", "send_mail.settled"} <= set(
        names
    )
    unsent = 0
    for number, where in chosen(places, names):
        place = places()
        assert place.run("ask", f"kill:#{number}").code == -signal.SIGKILL, where
        again = place.run("ask")
        assert again.code == 0, f"{where}: {again.report}"
        assert place.run("ask").code == 0, where
        assert place.handed_over() <= 1, where
        with place.opened() as store:
            (wait,) = store.waits.list()
            assert wait.is_open, where
            (action,) = store.ledger.list(kind=SEND_MAIL)
        if place.handed_over() == 0:
            # Claimed and not handed over looks exactly like handed over and not confirmed: never repeated blindly.
            unsent += 1
            assert action.state == "unknown", where
            continue
        place.answer()
        assert place.run("watch").code == 0, where
        place.check_answered(where)
    assert unsent < len(names) / 2


# F3: killed while the answer is found, stored, and the run resumed
def test_a_watcher_killed_at_any_step_loses_and_doubles_nothing(places: Any) -> None:
    first = places()
    assert first.run("ask").code == 0
    first.answer()
    names = first.steps("watch")
    assert {"replies.before_fetch", "replies.before_commit", "replies.after_commit", "replies.resumed"} <= set(names)
    for number, where in chosen(places, names):
        place = places()
        assert place.run("ask").code == 0, where
        place.answer()
        assert place.run("watch", f"kill:#{number}").code == -signal.SIGKILL, where
        again = place.run("watch")
        assert again.code == 0, f"{where}: {again.report}"
        place.check_answered(where)
        before = place.content()
        assert place.run("watch").code == 0, where
        assert place.content() == before, where


# F25a: a reminder is a mail like any other
def test_a_reminder_killed_at_any_step_is_handed_over_at_most_once(places: Any) -> None:
    first = places()
    assert first.run("ask", remind="1").code == 0
    names = first.steps("watch")
    assert "replies.reminded" in names
    begin = names.index("ledger.before_intent")
    for number, where in chosen(places, names):
        if number <= begin:
            continue
        place = places()
        assert place.run("ask", remind="1").code == 0, where
        assert place.run("watch", f"kill:#{number}").code == -signal.SIGKILL, where
        assert place.run("watch").code == 0, where
        assert place.run("watch").code == 0, where
        assert place.handed_over(b"Subject: Reminder: Did you") <= 1, where
        with place.opened() as store:
            assert store.waits.list()[0].reminded == 1, where


# F25a: what the server said to each recipient is not lost with the process
def test_who_was_refused_is_known_whatever_step_the_sending_was_killed_at(places: Any) -> None:
    first = places()
    names = first.steps("ask", to=first.ask_three(), any="1")
    said = names.index("send_mail.noted")
    for number, where in chosen(places, names):
        place = places()
        to = place.ask_three()
        assert place.run("ask", f"kill:#{number}", to=to, any="1").code == -signal.SIGKILL, where
        again = place.run("ask", to=to, any="1")
        assert again.code == 0, f"{where}: {again.report}"
        reached = place.reached()
        assert len(set(reached)) == len(reached), where
        assert set(reached) <= {place.amy.address, GREY}, where
        with place.opened() as store:
            (wait,) = store.waits.list()
            if number > said:
                assert list(wait.refused) == [NOBODY], where
            elif not reached:
                continue
        place.answer()
        assert place.run("watch").code == 0, where
        with place.opened() as store:
            assert len(store.ledger.list(kind=SEND_MAIL)) == 2 or place.amy.address not in reached, where


# F25a: the watcher tries those again who refused it for now
def test_a_watcher_killed_while_it_tries_again_reaches_nobody_twice(places: Any) -> None:
    def put_off() -> AskingPlace:
        place = places()
        assert place.run("ask", to=place.ask_three(), any="1").code == 0
        place.an_hour_passes()
        return place  # type: ignore[no-any-return]

    names = put_off().steps("watch")
    begin, tried = names.index("ledger.before_intent"), names.index("replies.tried_again")
    for number, where in chosen(places, names):
        if number <= begin:
            continue
        place = put_off()
        assert place.run("watch", f"kill:#{number}").code == -signal.SIGKILL, where
        for _ in range(2):
            assert place.run("watch").code == 0, where
        assert place.reached() in ([place.amy.address], [place.amy.address, GREY]), where
        if number > tried:
            assert GREY in place.reached(), where
