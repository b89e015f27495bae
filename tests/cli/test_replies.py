"""`mailroom ask` and `mailroom replies`, as typed in a terminal, against a mail server with people in it."""

from __future__ import annotations

import getpass
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner

from mailroom.cli.exits import Exit, exit_for
from mailroom.cli.main import app
from mailroom.errors import MailroomError
from mailroom.mail.parse import parse
from sandbox.mail import Habit, MailFault

AMY = "clara.lindqvist@northwind.example"
BEN = "tomasz.nowak@northwind.example"
EVE = "grace.whitfield@northwind.example"
ASK = ("ask", AMY, "--subject", "Did you expect it?", "--text", "Please say.")


class Terminal:
    """A home folder with a mailbox, and commands in it."""

    def __init__(self, world: Any, home: Path) -> None:
        self.world, self._home = world, home
        known = world.fields()
        lines = ["[mailbox]", f"name = '{world.name}'"]
        lines += [f"{name} = '{getattr(known, name)}'" for name in ("address", "password", "imap_host", "smtp_host")]
        lines += [f"imap_port = {known.imap_port}", f"smtp_port = {known.smtp_port}"]
        home.mkdir()
        (home / "mailroom.toml").write_text("\n".join([*lines, f"ca_bundle = '{known.ca_bundle}'"]))

    def __call__(self, *words: str, code: int = 0) -> Any:
        done = CliRunner().invoke(app, ["--home", str(self._home), *words])
        found = exit_for(done.exception) if isinstance(done.exception, MailroomError) else done.exit_code
        assert found == code, done.output
        return json.loads(done.stdout.strip().splitlines()[-1]) if "--json" in words and not done.exception else done


@pytest.fixture
def terminal(tmp_path: Path, mail_helper: ModuleType) -> Iterator[Callable[[Habit], Terminal]]:
    with ExitStack() as stack:

        def make(habit: Habit) -> Terminal:
            world = stack.enter_context(mail_helper.mail_world("soc", tmp_path / "w", {AMY: habit}))
            return Terminal(world, tmp_path / "home")

        yield make


def test_ask_waits_for_the_answer_and_prints_it(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("answers", text="Yes, I did.", delay=0.3))
    answer = mailroom(*ASK, "--json")
    assert answer["is_success"]
    assert answer["responses"] == [{"recipient": AMY, "content": "Yes, I did."}]
    assert answer["answers"][0]["in_replay_to"] == answer["message_id"]


def test_a_question_takes_html_and_copies(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    copies = ("--cc", BEN, "--bcc", f"{EVE}, eve@example.org")
    mailroom("ask", AMY, "-s", "Yours?", "-t", "<p>Yes or <b>no</b>?</p>", *copies, "--no-wait")
    (sent,) = mailroom.world.mail.sent
    assert set(sent.recipients) == {AMY, BEN, EVE, "eve@example.org"}
    read = parse(sent.raw)
    assert "<p>Yes or <b>no</b>?</p>" in read.html
    assert ([one.address for one in read.cc], EVE.encode() in sent.raw) == ([BEN], False)
    assert [row["recipients"] for row in mailroom("replies", "--json")["questions"]] == [[AMY]]


def test_answers_are_looked_for_in_further_folders(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    with mailroom.world.desk() as desk, desk.account.open_imap() as session:
        session.create("Answers, new")
        asked = mailroom(*ASK, "--folders", "Answers\\, new", "--no-wait", "--json")
        session.append("Answers, new", (
            f"From: {AMY}\r\nTo: soc@northwind.example\r\nSubject: Re: Yours?\r\nMessage-ID: <r1@example.org>\r\n"
            f"In-Reply-To: {asked['message_id']}\r\n\r\nYes.\r\n"
        ).encode())  # fmt: skip
    assert mailroom("replies", "watch", "--once", "--json")["answered"] == 1


def test_the_same_key_is_asked_once(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    for _ in range(2):
        assert mailroom(*ASK, "--key", "k", "--no-wait", "--json")["state"] == "open"
    assert len(mailroom.world.sent()) == 1


def test_a_rail_that_says_no_is_an_exit_code_of_its_own(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    mailroom(*ASK, "--key", "k", "--no-wait")
    other = ("ask", AMY, "--subject", "Something else?", "--text", "Please say.", "--key", "k", "--no-wait")
    said = mailroom(*other, code=Exit.REFUSED)
    assert "nothing was sent" in str(said.exception)
    mailroom("ask", "mailer-daemon@northwind.example", "-s", "x", "-t", "y", code=Exit.REFUSED)
    assert len(mailroom.world.sent()) == 1


def test_a_dry_run_sends_and_stores_nothing(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    assert mailroom(*ASK, "--dry-run", "--json")["to"] == [AMY]
    assert mailroom("replies", "--all", "--json") == {"questions": [], "counts": {}}
    assert mailroom.world.sent() == []


def test_a_dry_run_counts_the_people_of_one_list(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    both = f"{AMY}, tomasz.nowak@northwind.example"
    plan = mailroom("ask", both, "-s", "x", "-t", "y", "--wait-for", "2", "--dry-run", "--json")
    assert (len(plan["to"]), plan["needed"]) == (2, 2)


def test_no_answer_in_time_is_an_exit_code_of_its_own(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    mailroom(*ASK, "--hours", "0.0002", code=Exit.CHECK_FAILED)


def test_questions_are_listed_shown_and_cancelled(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    mailroom(*ASK, "--no-wait")
    (row,) = mailroom("replies", "--json")["questions"]
    assert (row["state"], row["answers"], row["recipients"]) == ("open", "0 of 1", [AMY])
    assert "Did you expect it?" in mailroom("replies", "show", "1").stdout
    assert mailroom("replies", "cancel", "1", "--json") == {"question_id": 1, "state": "cancelled", "was": "open"}
    assert mailroom("replies", "--json")["questions"] == []
    mailroom("replies", "show", "7", code=Exit.NOT_FOUND)


def test_a_long_list_comes_in_pages_and_complete_on_request(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    for number in range(3):
        mailroom(*ASK, "--key", f"k{number}", "--no-wait")
    assert [row["id"] for row in mailroom("replies", "--limit", "2", "--json")["questions"]] == [3, 2]
    shown = mailroom("replies", "--limit", "2")
    assert "--before 2" in shown.stderr
    assert "Did you expect it?" in shown.stdout
    assert [row["id"] for row in mailroom("replies", "--before", "2", "--json")["questions"]] == [1]
    mailroom("replies", "cancel", "2")
    assert [row["id"] for row in mailroom("replies", "--limit", "0", "--json")["questions"]] == [3, 1]
    assert [row["id"] for row in mailroom("replies", "--all", "--limit", "0", "--json")["questions"]] == [3, 2, 1]


def test_a_sending_of_unknown_fate_is_told_and_settled_by_hand(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    mailroom.world.mail.faults.add(MailFault("drop_after_dot"))
    mailroom(*ASK, "--key", "k", "--no-wait")
    (row,) = mailroom("replies", "--json")["questions"]
    assert row["sending"]["state"] == "unknown"
    for words in (("replies",), ("replies", "show", "1")):
        said = mailroom(*words)
        text = " ".join((said.stdout + said.stderr).split())
        assert "unknown since" in text
        assert "mailroom replies settle 1 --sent" in text
    mailroom("replies", "settle", "1", "--why", "x", code=Exit.USAGE)
    mailroom("replies", "settle", "1", "--not-sent", "--why", " ", code=Exit.USAGE)
    settled = mailroom("replies", "settle", "1", "--not-sent", "--why", "not in the log", "--json")
    assert settled["sending"]["state"] == "not_sent"
    assert f"not sent, as {getpass.getuser()} says: not in the log" in settled["sending"]["says"]
    assert mailroom(*ASK, "--key", "k", "--no-wait", "--json")["detail"] == ""
    mailroom("replies", "settle", "1", "--sent", "--why", "x", code=Exit.USAGE)
    assert mailroom("replies", "--json")["questions"][0]["sending"] is None


def test_who_refused_a_question_for_now_is_shown(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("never"))
    mailroom.world.mail.faults.add(MailFault("refuse", "RCPT", answer="451 4.2.0 greylisted"))
    mailroom(*ASK, "--no-wait")
    sending = mailroom("replies", "show", "1", "--json")["sending"]
    assert sending["put_off"] == {AMY: "451 4.2.0 greylisted"}
    assert "tried again at" in sending["says"]


def test_watch_says_what_it_would_find_and_then_finds_it(terminal: Callable[[Habit], Terminal]) -> None:
    mailroom = terminal(Habit("answers", delay=0.1))
    mailroom(*ASK, "--no-wait")
    while not mailroom.world.mail.answers:
        pass
    assert mailroom("replies", "watch", "--dry-run", "--json")["answers"] == 1
    assert mailroom("replies", "--json")["counts"] == {"open": 1}
    assert mailroom("replies", "watch", "--minutes", "0.005", "--poll", "1", "--json")["answered"] == 1
    assert [row["answers"] for row in mailroom("replies", "--all", "--json")["questions"]] == ["1 of 1"]


@pytest.mark.parametrize(
    "wrong",
    [("--wait-for", "most"), ("--wait-for", "²"), ("--wait-for", "0"), ("--exclude-body", "("),
     ("--remind-after", "nan"), ("--remind-after", "-1"), ("--subject", "a\nBcc: mallory@evil.example")],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_before_anything_is_stored(
    terminal: Callable[[Habit], Terminal], wrong: tuple[str, str]
) -> None:
    mailroom = terminal(Habit("never"))
    mailroom(*ASK, *wrong, code=Exit.USAGE)
    assert mailroom("replies", "--all", "--json")["questions"] == []
