"""`mailroom mail ...` against the sandbox's mail server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from mailroom.cli.exits import Exit
from mailroom.cli.main import app
from sandbox.mail import MailServer

SOC = "soc@northwind.example"


@pytest.fixture
def run(mailroom: Callable[..., Any], mail_home: Path) -> Callable[..., Any]:
    return lambda *arguments: mailroom("mail", *arguments, at=mail_home)


def test_search_shows_mails_without_their_markup(run: Any, put: Any) -> None:
    put(1, subject="[red]bold[/red] invoice")
    put(2)
    answer = run("search", "--subject", "invoice")
    assert answer.code == Exit.OK
    assert "[red]bold[/red] invoice" in answer.text
    assert "Mail 2" not in answer.text
    found = run("search", "--json", "--from", "example.org").json["emails"]
    assert [one["message_id"] for one in found] == ["<m2@example.org>", "<m1@example.org>"]


def test_show_shows_a_mail_with_links_that_cannot_be_opened(run: Any, put: Any) -> None:
    put(1, a=b"%PDF")
    answer = run("show", "<m1@example.org>")
    assert answer.code == Exit.OK
    assert "hxxps://bad.example/login" in answer.text
    assert "https://bad.example" not in answer.text
    assert "a.pdf" in answer.text
    content = run("show", "m1@example.org", "--json").json["content"]
    assert content["plaintext_body"].strip() == "see https://bad.example/login"


def test_download_and_eml_write_files_and_never_over_one(run: Any, put: Any, tmp_path: Path) -> None:
    put(1, a=b"%PDF")
    answer = run("download", str(tmp_path / "out"), "--json")
    assert answer.json["attachments_local_paths"] == str(tmp_path / "out" / "a.pdf")
    written = run("eml", "<m1@example.org>", "--output", str(tmp_path / "m.eml"), "--json").json
    assert (written["path"], written["size"]) == (str(tmp_path / "m.eml"), (tmp_path / "m.eml").stat().st_size)
    before = (tmp_path / "m.eml").read_bytes()
    assert b"Message-ID: <m1@example.org>" in before
    assert run("eml", "<m1@example.org>", "--output", str(tmp_path / "m.eml")).code == Exit.USAGE
    assert (tmp_path / "m.eml").read_bytes() == before
    (read,) = run("analyze", str(tmp_path / "m.eml"), "--extract", "attachments").json["mails"]
    assert [one["name"] for one in read["attachments"]] == ["a.pdf"]
    assert "there is no file" in run("analyze", str(tmp_path / "n.eml")).text


@pytest.mark.parametrize(
    "command", [("move", "Archive"), ("delete",), ("mark", "read")], ids=lambda command: command[0]
)
def test_nothing_changes_without_yes(run: Any, put: Any, mail_server: MailServer, command: tuple[str, ...]) -> None:
    put(1)
    before = mail_server.mails(SOC)
    answer = run(*command, "--subject", "Mail 1")
    assert answer.code == Exit.OK
    assert "nothing was changed" in answer.text
    assert mail_server.mails(SOC) == before
    assert run(*command, "--subject", "Mail 1", "--json").json["dry_run"] is True
    done = run(*command, "--subject", "Mail 1", "--yes", "--json").json
    assert (done["dry_run"], done["changed"]) == (False, 1)
    assert mail_server.mails(SOC) != before


def test_delete_refuses_without_a_criterion_and_several_mails_without_all(run: Any, put: Any) -> None:
    put(1)
    put(2)
    assert "needs a criterion" in run("delete", "--yes").text
    assert "2 mails would be deleted" in run("delete", "--subject", "Mail").text
    assert "only one was allowed" in run("delete", "--subject", "Mail", "--yes").text
    assert run("delete", "--subject", "Mail", "--all", "--yes", "--json").json["changed"] == 2


@pytest.mark.parametrize("days", ["nan", "-1"])
def test_an_age_that_is_none_is_a_mistake_of_usage(run: Any, days: str) -> None:
    assert run("search", "--days", days).code == Exit.USAGE


def test_ping_and_check_look_at_both_halves(run: Any, mailroom: Any, mail_home: Path) -> None:
    answer = run("ping", "--json")
    assert (answer.code, answer.json["is_succeed"]) == (Exit.OK, True)
    stages = {row["stage"]: row["result"] for row in mailroom("check", "--json", at=mail_home).json["stages"]}
    assert (stages["imap login"], stages["smtp login"]) == ("ok", "ok")
    (mail_home / "mailbox-password").write_text("kanari-wrong-password")
    answer = run("ping", "--json")
    assert (answer.code, answer.json["is_succeed"]) == (Exit.CHECK_FAILED, False)
    assert "IMAP failed at imap login" in answer.json["message"]
    assert "kanari-wrong-password" not in answer.text
    checked = mailroom("check", "--json", at=mail_home)
    assert checked.code == Exit.CHECK_FAILED
    assert "kanari-wrong-password" not in checked.text


def test_check_passes_over_a_mailbox_that_is_not_configured(mailroom: Any) -> None:
    stages = {row["stage"]: row["result"] for row in mailroom("check", "--json").json["stages"]}
    assert stages["mailbox"] == "skipped"
    assert mailroom("mail", "search").code == Exit.USAGE


def test_the_source_goes_to_standard_output_byte_by_byte(put: Any, mail_home: Path, mail_server: MailServer) -> None:
    put(1)
    result = CliRunner().invoke(app, ["--home", str(mail_home), "mail", "eml", "m1@example.org"])
    assert result.stdout_bytes == mail_server.mails(SOC)[0].raw
    assert result.exit_code == Exit.OK


def test_a_message_id_longer_than_any_file_name_is_looked_for_in_the_mailbox(run: Any, put: Any) -> None:
    refused = run("analyze", f"<{'x' * 300}@example.net>")

    assert refused.code == Exit.NOT_FOUND, refused.text
