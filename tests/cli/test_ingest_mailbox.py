"""`mailroom ingest mailbox` and `mailroom mail save`, as typed in a terminal, against the sandbox's mail server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from mailroom.cli.exits import Exit
from mailroom.connectors.saved_attachments import save_attachments
from mailroom.mail.parse import parse_safely
from mailroom.playbooks.ask import PostDesk, ask
from mailroom.playbooks.question import Question
from mailroom.playbooks.watch_replies import watch_once
from mailroom.store import Store
from sandbox.mail import Habit, MailServer

SOC = "soc@northwind.example"
AMY = "clara.lindqvist@northwind.example"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer(people={AMY: Habit("never")}).serve() as server:
        yield server


@pytest.fixture
def mail_home(home: Path, mail_server: MailServer) -> Path:
    (home / "mailbox-password").write_text(mail_server.passwords[SOC])
    with (home / "mailroom.toml").open("a") as settings:
        settings.write(
            f"[mailbox]\naddress = '{SOC}'\npassword_file = 'mailbox-password'\nimap_host = '{mail_server.host}'\n"
            f"imap_port = {mail_server.imaps_port}\nsmtp_host = '{mail_server.host}'\n"
            f"smtp_port = {mail_server.smtps_port}\nca_bundle = '{mail_server.ca_file}'\n"
            "[intake]\nmax_per_cycle = 3\n"
        )
    return home


@pytest.fixture
def run(mailroom: Callable[..., Any], mail_home: Path) -> Callable[..., Any]:
    return lambda *arguments: mailroom(*arguments, at=mail_home)


@pytest.fixture
def ingest(run: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments: run("ingest", "mailbox", *arguments)


def written(number: int, subject: str = "", sender: str = "", answers: str = "", **files: bytes) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = sender or f"p{number}@example.org", SOC
    mail["Subject"], mail["Message-ID"] = subject or f"Mail {number}", f"<m{number}@example.org>"
    if answers:
        mail["In-Reply-To"] = answers
    mail.set_content("Kanarienvogel-4711\n")
    for name, content in files.items():
        mail.add_attachment(content, maintype="application", subtype="pdf", filename=name.replace("__", "/") + ".pdf")
    return mail.as_bytes()


@pytest.fixture
def put(mail_server: MailServer) -> Callable[..., int]:
    return lambda *about, **files: mail_server.deliver(written(*about, **files), SOC)


def opened(home: Path) -> Store:
    return Store.open(f"sqlite:///{home / 'mailroom.db'}", blobs=home / "blobs")


# ingest mailbox -----------------------------------------------------------------------------------------------------


def test_new_mails_become_alerts_and_the_second_time_there_is_nothing_new(
    ingest: Any, put: Any, mail_home: Path, mail_server: MailServer
) -> None:
    put(1)
    put(2)
    answer = ingest()
    assert answer.code == Exit.OK
    assert "Kanarienvogel" not in answer.text
    assert all("\\Seen" in one.flags for one in mail_server.mails(SOC))
    again = ingest("--json")
    assert (again.code, again.json["fetched"], again.json["waiting"]) == (Exit.OK, 0, 0)
    with opened(mail_home) as store:
        assert sorted(one.title for one in store.alerts.list(limit=10)) == ["Mail 1", "Mail 2"]


def test_json_has_the_counts_by_folder_and_they_add_up(ingest: Any, put: Any) -> None:
    for number in range(1, 6):
        put(number)
    counts = ingest("--json").json
    assert (counts["fetched"], counts["alerted"], counts["waiting"]) == (3, 3, 2)
    assert counts["fetched"] == sum(
        counts[name] for name in ("alerted", "duplicate", "filtered", "quarantined", "gone")
    )
    (folder,) = counts["folders"]
    assert (folder["folder"], folder["fetched"], folder["waiting"]) == ("INBOX", 3, 2)


def test_a_dry_run_shows_each_mail_and_changes_nothing(
    ingest: Any, put: Any, mail_home: Path, mail_server: MailServer
) -> None:
    put(1, "[red]bold[/red] invoice")
    put(2, "Copy", SOC)
    before = mail_server.mails(SOC)
    answer = ingest("--dry-run")
    assert answer.code == Exit.OK
    assert "nothing was changed" in answer.text
    assert "[red]bold" in answer.text
    shown = ingest("--dry-run", "--json").json
    assert [row["outcome"] for row in shown["mails"]] == ["alerted", "filtered"]
    assert shown["would_fetch"] == 2
    assert mail_server.mails(SOC) == before
    with opened(mail_home) as store:
        assert store.alerts.list(limit=10) == []
        assert store.runs.latest("ingest mailbox") == []


def test_catching_up_takes_the_whole_backlog(ingest: Any, put: Any) -> None:
    for number in range(1, 9):
        put(number)
    assert ingest("--catch-up", "--json").json["alerted"] == 8


def test_the_limit_and_the_folders_can_be_given_on_the_command_line(ingest: Any, put: Any) -> None:
    for number in range(1, 5):
        put(number)
    assert ingest("--max-messages", "1", "--json").json["alerted"] == 1
    assert ingest("--max-messages", "0", "--folders", "inbox", "--json").json["alerted"] == 3


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--dry-run", "--catch-up"), Exit.USAGE, "choose one"),
        (("--folders", "Nowhere"), Exit.NOT_FOUND, "Nowhere"),
    ],
    ids=["dry run and catch up", "no such folder"],
)
def test_what_cannot_be_done_ends_with_its_own_exit_code(
    ingest: Any, words: tuple[str, ...], code: Exit, said: str
) -> None:
    answer = ingest(*words)
    assert answer.code == code
    assert said in answer.text


def test_without_a_mailbox_the_command_says_what_to_write(mailroom: Any) -> None:
    answer = mailroom("ingest", "mailbox")
    assert answer.code == Exit.USAGE
    assert "[mailbox]" in answer.text


def test_a_server_that_is_away_means_try_again(ingest: Any, mail_server: MailServer) -> None:
    mail_server.close()
    assert ingest().code == Exit.TRY_AGAIN


def test_a_worker_at_the_same_folder_means_busy(ingest: Any, put: Any, mail_home: Path) -> None:
    put(1)
    ingest()
    with opened(mail_home) as store:
        (source,) = store.intake.generations(SOC, "mailbox", "default/INBOX")
        lease = store.leases.acquire(f"source:{source.id}", "somebody else")
        assert ingest().code == Exit.BUSY
        store.leases.release(lease)
    assert ingest().code == Exit.OK


# F22
def test_a_wrong_password_says_what_to_do_and_when_the_next_try_is(
    ingest: Any, run: Any, put: Any, mail_home: Path, mail_server: MailServer
) -> None:
    put(1)
    (mail_home / "mailbox-password").write_text("kanari-wrong-password")
    first, second = ingest(), run("replies", "watch", "--once")
    for answer in (first, second):
        assert answer.code == Exit.ACCESS
        assert "password" in answer.text
        assert "`mailroom mail ping`" in answer.text
        assert "kanari-wrong-password" not in answer.text
    assert "The next try is at 20" in first.text
    assert "is not tried again before 20" in second.text
    (mail_home / "mailbox-password").write_text(mail_server.passwords[SOC])
    assert ingest().code == Exit.ACCESS
    assert run("mail", "ping").code == Exit.OK
    assert ingest("--json").json["alerted"] == 1


# F22
def test_mailroom_check_ends_the_wait_as_well(
    ingest: Any, run: Any, put: Any, mail_home: Path, mail_server: MailServer
) -> None:
    put(1)
    (mail_home / "mailbox-password").write_text("kanari-wrong-password")
    assert ingest().code == Exit.ACCESS
    (mail_home / "mailbox-password").write_text(mail_server.passwords[SOC])
    run("check")
    assert ingest("--json").json["alerted"] == 1


# mail save ----------------------------------------------------------------------------------------------------------


def test_save_writes_the_attachments_of_an_alert_fetched_again_or_from_the_store(
    ingest: Any, run: Any, put: Any, mail_home: Path, mail_server: MailServer, tmp_path: Path
) -> None:
    put(1, a=b"%PDF one", b=b"%PDF two")
    ingest()
    to = tmp_path / "files"
    found = run("mail", "save", "1", "--to", str(to), "--json").json
    assert sorted(Path(one).name for one in found["paths"]) == ["a.pdf", "b.pdf"]
    assert (to / "a.pdf").read_bytes() == b"%PDF one"
    with opened(mail_home) as store:
        save_attachments(store, 1, parse_safely(mail_server.mails(SOC)[0].raw))
    mail_server.close()  # from now on there is only the store
    again = run("mail", "save", "1", "--to", str(to), "--json").json
    assert [one["written"] for one in again["files"]] == [False, False]
    assert run("mail", "save", "1", "--to", str(tmp_path / "other"), "--names", "B.pdf").code == Exit.OK
    assert [one.name for one in (tmp_path / "other").iterdir()] == ["b.pdf"]


def test_save_writes_the_mail_itself_when_asked(
    ingest: Any, run: Any, put: Any, mail_server: MailServer, tmp_path: Path
) -> None:
    put(1)
    ingest()
    assert run("mail", "save", "1", "--to", str(tmp_path / "f")).code == Exit.NOT_FOUND
    assert run("mail", "save", "1", "--to", str(tmp_path / "f"), "--original").code == Exit.OK
    assert (tmp_path / "f" / "alert 1.eml").read_bytes() == mail_server.mails(SOC)[0].raw


@pytest.mark.parametrize("name", ["..__..__evil", "__etc__passwd", ".bashrc"])
def test_save_never_leaves_its_folder_nor_writes_over_a_file(
    ingest: Any, run: Any, put: Any, tmp_path: Path, name: str
) -> None:
    put(1, **{name: b"%PDF evil"})
    ingest()
    to = tmp_path / "deep" / "files"
    (path,) = run("mail", "save", "1", "--to", str(to), "--json").json["paths"]
    assert Path(path).parent == to
    assert [one for one in tmp_path.rglob("*.pdf") if one.parent != to] == []
    Path(path).write_bytes(b"mine")
    (other,) = run("mail", "save", "1", "--to", str(to), "--json").json["paths"]
    assert other != path
    assert Path(path).read_bytes() == b"mine"


def test_save_writes_the_files_of_answers(run: Any, mail_home: Path, mail_server: MailServer, tmp_path: Path) -> None:
    from mailroom.cli.settings import load_settings

    account = load_settings(mail_home).mail_account()
    with opened(mail_home) as store:
        wait = ask(PostDesk(store, account), Question(to=(AMY,), subject="Did you?", text="Tell us."), key="k")
        question = wait.message_ids[0]
        mail_server.deliver(written(1, "Re: Did you?", AMY, question, proof=b"%PDF proof"), SOC)
        mail_server.deliver(written(2, "Re: Did you?", "x@evil.example", question, bad=b"%PDF bad"), SOC)
        watch_once(store, account)
    to = tmp_path / "files"
    answer = run("mail", "save", str(wait.id), "--answers", "--to", str(to), "--original", "--json")
    assert answer.code == Exit.NOT_FOUND  # a stranger's file is not kept
    assert (to / "proof.pdf").read_bytes() == b"%PDF proof"
    assert sorted(one.suffix for one in to.iterdir()) == [".eml", ".eml", ".pdf"]
    assert [one["detail"] != "" for one in answer.json["files"] if one["name"] == "bad.pdf"] == [True]
    only = run("mail", "save", str(wait.id), "--answers", "--to", str(to), "--names", "proof.pdf")
    assert only.code == Exit.OK
    assert run("mail", "save", "99", "--answers", "--to", str(to)).code == Exit.NOT_FOUND
