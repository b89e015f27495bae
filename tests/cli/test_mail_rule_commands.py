"""`mailroom mail-rules`, `mailroom campaign` and stored mail, as typed in a terminal, with a real mailbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_dovecot_fixtures import sibling

from mailroom.cli.exits import Exit
from mailroom.store import Store
from mailroom.store.case_lists import CaseQuery
from sandbox.mail import MailServer

world = sibling("mail_rules_world")
SOC = "soc@northwind.example"
CREATE = "[{ create_incident: { template: mail-incident, by: campaign } }, { save_attachments: {} }]"


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer().serve() as server:
        yield server


@pytest.fixture
def mail_home(home: Path, mail_server: MailServer) -> Path:
    (home / "mailbox-password").write_text(mail_server.passwords[SOC])
    world.write(home / "rules", world.rule(CREATE))
    with (home / "mailroom.toml").open("a") as settings:
        settings.write(
            f"[mailbox]\naddress = '{SOC}'\npassword_file = 'mailbox-password'\nimap_host = '{mail_server.host}'\n"
            f"imap_port = {mail_server.imaps_port}\nsmtp_host = '{mail_server.host}'\n"
            f"smtp_port = {mail_server.smtps_port}\nca_bundle = '{mail_server.ca_file}'\n"
            "[mail_rules]\nrules = ['starter', 'rules']\n"
        )
    return home


@pytest.fixture
def run(mailroom: Callable[..., Any], mail_home: Path) -> Callable[..., Any]:
    return lambda *arguments: mailroom(*arguments, at=mail_home)


def invoice(number: int) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Message-ID"] = f"a{number}@evil.example", SOC, f"<m{number}@evil.example>"
    mail["Subject"] = f"Invoice {number} overdue now"
    mail.set_content(f"Call 555-{number}.\n")
    mail.add_attachment(b"run()", maintype="application", subtype="octet-stream", filename="bill.js")
    return mail.as_bytes()


def test_mail_that_comes_in_becomes_an_incident_with_its_files_without_a_further_command(
    run: Any, mail_server: MailServer, mail_home: Path
) -> None:
    for number in (1, 2):
        mail_server.deliver(invoice(number), SOC)

    answer = run("ingest", "mailbox", "--json")

    assert answer.code == Exit.OK
    assert answer.json["rules"] == {
        "looked_at": 2, "matched": 2, "unknown": 0, "done": 2, "failed": 0, "waiting": 0, "incidents": 1,
    }  # fmt: skip
    with Store.open(f"sqlite:///{mail_home / 'mailroom.db'}", blobs=mail_home / "blobs") as store:
        (case,) = store.cases.search(CaseQuery())
        assert len(store.cases.alert_ids(case.id)) == 2
        assert [store.blobs.get(one.sha256) for one in store.case_files.list([case.id])] == [b"run()"]
    assert run("mail-rules", "apply", "--json").json["looked_at"] == 0
    hits = run("mail-rules", "hits", "--rule", "invoices", "--json").json["hits"]
    assert [one["state"] for one in hits] == ["done", "done"]
    (campaign,) = run("campaign", "list", "--json").json["campaigns"]
    story = run("campaign", "show", campaign["key"][:12], "--json").json
    assert (story["alerts"], story["incidents"], story["parts"]["decided_by"]) == (2, [case.id], "files")
    assert "the same attached files" in run("campaign", "show", "1").text


def test_rules_are_listed_tested_and_refused_with_file_and_line(run: Any, mail_home: Path) -> None:
    listed = run("mail-rules", "list", "--json").json["rules"]
    assert [one["id"] for one in listed] == [
        "user-reports-a-mail", "invoices", "program-files-by-mail", "answers-join-their-incident",
    ]  # fmt: skip
    assert run("mail-rules", "test").code == Exit.OK
    assert run("mail-rules", "lint", str(mail_home / "rules")).code == Exit.OK

    world.write(mail_home / "rules", world.rule(CREATE).replace("mail-incident", "ticket"))
    refused = run("mail-rules", "lint", str(mail_home / "rules"))

    assert refused.code == Exit.USAGE
    assert "rule-0.yml:12: there is no incident template 'ticket'" in refused.text


def test_a_dry_run_names_mails_and_actions_and_writes_nothing(
    run: Any, mail_server: MailServer, mail_home: Path
) -> None:
    (mail_home / "mailroom.toml").write_text(
        (mail_home / "mailroom.toml").read_text().replace("['starter', 'rules']", "[]")
    )
    mail_server.deliver(invoice(1), SOC)
    assert "rules" not in run("ingest", "mailbox", "--json").json

    answer = run("mail-rules", "apply", "--rules", str(mail_home / "rules"), "--dry-run", "--json").json

    assert [(one["rule"], one["answer"]) for one in answer["matches"]] == [("invoices", "true")]
    assert run("mail-rules", "hits", "--json").json == {"hits": []}


def test_values_are_taken_out_of_a_stored_mail(run: Any, mail_server: MailServer) -> None:
    mail_server.deliver(invoice(7), SOC)
    run("ingest", "mailbox")
    (row,) = run("mail", "stored", "--json").json["emails"]
    assert run("mail", "stored", "--mailbox", "default", "--json").json["emails"] == [row]
    wrong = run("mail", "stored", "--mailbox", "defualt")
    assert wrong.code == Exit.USAGE
    assert "no mailbox 'defualt'; it knows default" in " ".join(wrong.text.split())

    alert = str(row["alert_id"])

    assert run("mail", "regex", alert, r"Call (\S+)\.", "--json").json["matches"] == {"regex": ["555-7"]}
    assert run("mail", "regex", alert, r"(\d+)", "--header", "subject", "--json").json["matches"] == {"regex": ["7"]}
    assert run("mail", "regex", alert, "no such thing").code == Exit.NOT_FOUND
    assert run("mail", "inside", alert).code == Exit.NOT_FOUND


@pytest.mark.parametrize(("reporter", "wanted"), [("clara.lindqvist@northwind.example", 1), ("x@stranger.example", 0)])
def test_a_colleague_who_forwards_a_mail_starts_the_playbook_for_reports(
    run: Any, mail_server: MailServer, reporter: str, wanted: int
) -> None:
    report = EmailMessage()
    report["From"], report["To"], report["Subject"] = reporter, SOC, "Fwd: strange mail"
    report["Message-ID"] = "<report@northwind.example>"
    report.set_content("Is this real?")
    report.add_attachment(message_from_bytes(invoice(7), policy=policy.default))
    mail_server.deliver(report.as_bytes(), SOC)

    run("ingest", "mailbox")

    wishes = run("case", "playbooks", "--json").json["playbooks"]
    assert [one["playbook"] for one in wishes] == ["handle reported phish"] * wanted
