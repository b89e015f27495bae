"""The email actions as playbooks call them, against a real IMAP and SMTP server and against the sandbox's."""

from __future__ import annotations

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from mailroom_tests_mailbox_world import mail

from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox
from mailroom.errors import (
    CredentialsError,
    InvalidInputError,
    NotFoundError,
    OutcomeUnknownError,
    RefusedError,
    TransientError,
)
from mailroom.mail.account import account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.mail.parse import parse
from sandbox.mail import MailFault, MailServer
from tasks import _open, playbook
from tasks import mail as actions

BOB = "tomasz.nowak@northwind.example"


def with_file(number: int, name: str = "bill.pdf", content: bytes = b"%PDF-1.4", **headers: str) -> bytes:
    made = EmailMessage()
    known = {"From": f"Ann <{BOB}>", "Subject": f"Mail {number}", "Message-ID": f"<m{number}@example.org>"}
    for key, value in (known | {key.replace("_", "-"): value for key, value in headers.items()}).items():
        made[key] = value
    made.set_content("see https://bad.example/login, ticket T-17\n")
    kind, subtype = ("message", "rfc822") if name.endswith(".eml") else ("application", "pdf")
    if kind == "message":
        made.add_attachment(content, maintype="application", subtype="octet-stream", filename=name)
    else:
        made.add_attachment(content, maintype=kind, subtype=subtype, filename=name)
    return made.as_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


# ping ---------------------------------------------------------------------------------------------------------------


def test_ping_succeeds_when_both_logins_work(task_box: Any) -> None:
    result = actions.ping.fn()
    assert (result.is_succeed, result.imap, result.smtp) == (True, True, True), result.message
    assert result.message == "Successfully connected by IMAP and SMTP."
    assert {row["result"] for row in result.stages} <= {"ok", "skipped"}
    assert task_box.sent() == []


@pytest.mark.parametrize("half", ["imap", "smtp"])
def test_ping_says_which_login_failed_and_why(task_box: Any, half: str, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = replace(getattr(task_box.account, half), password="kanari-wrong-password")
    monkeypatch.setattr(_open, "account", lambda _block: replace(task_box.account, **{half: wrong}))
    result = actions.ping.fn()
    assert result.is_succeed is False
    assert {"imap": result.imap, "smtp": result.smtp} == {"imap": half != "imap", "smtp": half != "smtp"}
    assert result.message.startswith(f"{half.upper()} failed at {half} login: ")
    assert "kanari-wrong-password" not in str(result)


def test_ping_of_a_half_that_is_not_configured_is_no_failure(task_box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_open, "account", lambda _block: replace(task_box.account, smtp=None))
    result = actions.ping.fn()
    assert (result.is_succeed, result.smtp) == (True, None)


def test_ping_names_a_port_where_nobody_listens(task_box: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    away = replace(task_box.account.imap, port=9)
    monkeypatch.setattr(_open, "account", lambda _block: replace(task_box.account, imap=away))
    result = actions.ping.fn()
    assert result.message.startswith("IMAP failed at imap connection: ")


def test_the_check_of_connections_looks_at_the_mailbox_where_there_is_one(
    task_box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_open, "has_account", lambda block: block == "soc")
    found = {row["stage"]: row["result"] for row in playbook.check_mailbox.fn("soc")}
    assert (found["imap login"], found["smtp login"]) == ("ok", "ok")
    assert [row["result"] for row in playbook.check_mailbox.fn("other")] == ["skipped"]
    assert [row["result"] for row in playbook.check_mailbox.fn("")] == ["skipped"]


# reading ------------------------------------------------------------------------------------------------------------


def test_a_search_finds_what_was_asked_for(task_box: Any) -> None:
    task_box.put(mail(1, subject="Rechnung für März"), mail(2))
    (row,) = actions.search_email.fn(subject_filter="RECHNUNG FÜR")
    assert row.as_json()["message_id"] == "<m1@example.org>"
    assert [one.subject for one in actions.search_email.fn(max_emails_to_return=1)] == ["Mail 2"]


def test_attachments_are_downloaded(task_box: Any, tmp_path: Path) -> None:
    task_box.put(with_file(1), with_file(2, content=b"%PDF-1.5"), mail(3))
    result = actions.download_email_attachments.fn(str(tmp_path / "out"), only_unread=True)
    paths = result.attachments_local_paths.split(",")
    assert sorted(Path(path).name for path in paths) == ["bill (2).pdf", "bill.pdf"]
    assert result.as_json()["attachments_local_paths"] == result.attachments_local_paths
    assert len(actions.search_email.fn(only_unread=True)) == 3


def test_the_source_of_a_mail_is_given_in_base64_or_as_text(task_box: Any) -> None:
    raw = with_file(1)
    task_box.put(raw)
    result = actions.get_mail_eml_file.fn("<m1@example.org>")
    assert base64.b64decode(result.eml_base64) == raw
    assert actions.get_mail_eml_file.fn("m1@example.org", base64_encode=False).eml_base64.encode() == raw
    with pytest.raises(NotFoundError, match='Error executing action "Get Mail EML File"'):
        actions.get_mail_eml_file.fn("<other@example.org>")


def test_expressions_find_values_in_body_and_header(task_box: Any) -> None:
    task_box.put(with_file(1, X_Ticket="T-18"))
    body = actions.email_body_regex.fn(r"T-(\d+)", named="URL", message_id="<m1@example.org>")
    assert body.matches == {"regex": ["17"], "URL": ["https://bad.example/login"]}
    header = actions.email_header_regex.fn(r"T-\d+", header_name="X-Ticket", message_id="<m1@example.org>")
    assert header.matches == {"regex": ["T-18"]}


def test_an_attached_mail_is_analysed(task_box: Any) -> None:
    task_box.put(with_file(1, "report.eml", mail(7, subject="inner")))
    (found,) = actions.analyze_eml_msg.fn(message_id="<m1@example.org>", extract=("addresses",))
    assert (found["name"], found["subject"], found["sender"]) == ("report.eml", "inner", "p7@example.org")
    (alone,) = actions.analyze_eml_msg.fn(eml_base64=base64.b64encode(mail(8)).decode(), extract=("text",))
    assert "This is mail 8." in alone["plaintext_body"]
    with pytest.raises(InvalidInputError, match="not base64"):
        actions.analyze_eml_msg.fn(eml_base64="***")


# changing -----------------------------------------------------------------------------------------------------------


def test_mails_are_moved_deleted_and_marked(task_box: Any) -> None:
    task_box.put(mail(1), mail(2), mail(3), mail(4))
    assert actions.move_email_to_folder.fn("Archive", message_id="<m1@example.org>").changed == 1
    assert actions.delete_email.fn(subject_filter="Mail 2").changed == 1
    assert actions.mark_email.fn(message_id="<m3@example.org>").changed == 1
    left = {row.message_id: row.unread for row in actions.search_email.fn("INBOX")}
    assert left == {"<m3@example.org>": False, "<m4@example.org>": True}
    assert [row.message_id for row in actions.search_email.fn("Archive")] == ["<m1@example.org>"]
    assert [row.message_id for row in actions.search_email.fn("Trash")] == ["<m2@example.org>"]


def test_the_same_change_a_second_time_changes_nothing(task_box: Any) -> None:
    task_box.put(mail(1), mail(2))
    for _ in range(2):
        actions.move_email_to_folder.fn("Archive", message_id="<m1@example.org>")
        actions.delete_email.fn(message_id="<m2@example.org>")
    assert len(actions.search_email.fn("Archive")) == len(actions.search_email.fn("Trash")) == 1


def test_a_dry_run_changes_nothing(task_box: Any) -> None:
    task_box.put(mail(1))
    assert (
        actions.move_email_to_folder.fn("Archive", subject_filter="Mail", dry_run=True).rows[0].outcome == "would move"
    )
    assert actions.delete_email.fn(subject_filter="Mail", dry_run=True).rows[0].outcome == "would delete"
    assert actions.mark_email.fn(subject_filter="Mail", dry_run=True).rows[0].outcome == "would mark"
    assert [row.unread for row in actions.search_email.fn()] == [True]


@pytest.mark.parametrize("given", [{}, {"only_unread": True}, {"time_frame_minutes": 60}])
def test_delete_refuses_without_a_criterion(task_box: Any, given: dict[str, Any]) -> None:
    task_box.put(mail(1))
    with pytest.raises(RefusedError, match='Error executing action "Delete Email"'):
        actions.delete_email.fn(delete_all_matching=True, **given)
    assert len(actions.search_email.fn()) == 1


# alerts -------------------------------------------------------------------------------------------------------------


def test_the_attachments_of_an_alert_are_kept_and_listed(task_box: Any) -> None:
    task_box.put(with_file(1))
    ingest_mailbox(task_box.account, task_box.store, MailboxSettings(indicators=False))
    (row,) = actions.list_emails.fn()
    assert (row.subject, row.attachments, row.saved_attachments) == ("Mail 1", ("bill.pdf",), 0)
    kept = actions.save_attachments_to_alert.fn(str(row.alert_id))
    assert [(one.name, one.new) for one in kept.files] == [("bill.pdf", True)]
    assert task_box.store.blobs.get(kept.files[0].sha256) == b"%PDF-1.4"
    assert not actions.save_attachments_to_alert.fn(str(row.alert_id)).files[0].new
    assert actions.list_emails.fn()[0].saved_attachments == 1
    found = actions.email_body_regex.fn(r"T-\d+", alert=str(row.alert_id))
    assert found.matches == {"regex": ["T-17"]}
    with pytest.raises(InvalidInputError, match="not both"):
        actions.email_body_regex.fn("x", alert=str(row.alert_id), message_id="<m1@example.org>")


# sending ------------------------------------------------------------------------------------------------------------


def test_a_forward_and_a_reply_are_sent(task_box: Any) -> None:
    raw = with_file(1, To=task_box.account.address)
    task_box.put(raw)
    forwarded = actions.forward_email.fn("<m1@example.org>", "grace.whitfield@northwind.example", content="FYI")
    replied = actions.send_thread_reply.fn("<m1@example.org>", "Thank you")
    assert forwarded.is_success
    assert replied.is_success
    first, second = map(parse, task_box.sent())
    assert (first.subject, first.message_id) == ("Fwd: Mail 1", forwarded.message_id)
    assert first.nested_raw[0].rstrip() == raw.rstrip()
    assert (second.subject, second.to[0].address) == ("Re: Mail 1", BOB)
    assert second.in_reply_to == ("<m1@example.org>",)


def test_a_reply_that_is_lost_after_the_final_dot_is_unknown_and_is_not_repeated(
    real_box: Any, smtp_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.mail._follow_up.step_key", lambda *_parts: "one-key")
    real_box.put(with_file(1))
    smtp_server.plan("DOT", drop=True)
    for _ in range(2):
        with pytest.raises(OutcomeUnknownError, match="Nothing was repeated"):
            actions.send_thread_reply.fn("<m1@example.org>", "Thank you")
    assert len(smtp_server.accepted) == 1


def test_a_reply_that_was_not_sent_is_sent_by_a_retry(
    real_box: Any, smtp_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.mail._follow_up.step_key", lambda *_parts: "one-key")
    real_box.put(with_file(1))
    smtp_server.plan("MAIL", "451 4.3.0 come back later")
    with pytest.raises(TransientError, match="Retry sends it"):
        actions.send_thread_reply.fn("<m1@example.org>", "Thank you")
    assert actions.send_thread_reply.fn("<m1@example.org>", "Thank you").is_success
    assert len(smtp_server.accepted) == 1


def test_a_wrong_password_is_an_access_error_with_the_actions_name(
    task_box: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = replace(task_box.account.imap, password="kanari-wrong-password")
    monkeypatch.setattr(_open, "account", lambda _block: replace(task_box.account, imap=wrong))
    with pytest.raises(CredentialsError, match='Error executing action "Search Email"') as caught:
        actions.search_email.fn()
    assert "kanari-wrong-password" not in str(caught.value)


def test_actions_that_run_side_by_side_try_a_wrong_password_once(
    monkeypatch: pytest.MonkeyPatch, without_prefect: None
) -> None:
    def search(_number: int) -> str:
        with pytest.raises(CredentialsError) as caught:
            actions.search_email.fn()
        return str(caught.value)

    with MailServer().serve() as server, ThreadPoolExecutor(6) as threads:
        account = account_from("soc", AccountFields(
            address="soc@northwind.example", password="kanari-wrong-password", imap_host=server.host,
            imap_port=server.imaps_port, ca_bundle=str(server.ca_file),
        ))  # fmt: skip
        monkeypatch.setattr(_open, "account", lambda _block: account)
        tries = server.faults.add(MailFault("slow", "LOGIN", side="imap", times=None))
        said = list(threads.map(search, range(12)))
    assert tries.hits == 1
    assert sum("is not tried again before" in one for one in said) == 11


@pytest.mark.parametrize("mended", ["settings", "server"])
def test_actions_go_on_in_the_same_run_once_the_login_is_mended(
    mended: str, monkeypatch: pytest.MonkeyPatch, without_prefect: None
) -> None:
    with MailServer().serve() as server:
        right = account_from("soc", AccountFields(
            address="soc@northwind.example", password=server.passwords["soc@northwind.example"],
            imap_host=server.host, imap_port=server.imaps_port, ca_bundle=str(server.ca_file),
        ))  # fmt: skip
        first = right
        if mended == "server":
            server.faults.add(MailFault("refuse", "LOGIN", side="imap", answer="[AUTHENTICATIONFAILED] No."))
        else:
            first = replace(right, imap=replace(right.need_imap(), password="kanari-wrong-password"))
        monkeypatch.setattr(_open, "account", lambda _block: first)
        for words in ("The next try is at", "is not tried again before"):
            with pytest.raises(CredentialsError, match=words):
                actions.search_email.fn()
        monkeypatch.setattr(_open, "account", lambda _block: right)
        if mended == "server":
            assert actions.ping.fn().is_succeed
        assert actions.search_email.fn() is not None
