"""Canaries of the email actions: secrets and people's words are planted, then everything is searched for them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from email.message import EmailMessage
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import SecretStr

from blocks import MailboxCredentials
from flows._flow import flow
from flows.check_connections import check_connections
from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox
from mailroom.errors import MailroomError
from tasks import _open
from tasks import mail as actions

pytestmark = [pytest.mark.prefect, pytest.mark.slow]

WRONG_PASSWORD = "kanari-mailbox-password-7h2k"
WRONG_SENDING = "kanari-smtp-password-2k8v"
REFRESH = "kanari-refresh-token-8d3f"
CLIENT = "kanari-client-secret-1z6x"
PROXY = "kanari-proxy-password-4w8e"
BODY = "kanari-in-a-body"
HTML = "kanari-in-the-html"
FILE = b"kanari-in-a-file"
NAME = "kanari-in-a-file-name"
ANSWER = "kanari-in-an-answer"
RECIPIENT = "kanari.empfaenger@northwind.example"
SENDER = "kanari.absender@example.net"
SUBJECT = "Invoice ![x](https://kanari.example/pixel.png) <script>"


def incoming() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = f"Ann <{SENDER}>", f"soc@northwind.example, {RECIPIENT}", SUBJECT
    mail["Message-ID"] = "<m1@example.org>"
    mail.set_content(f"{BODY}\n")
    mail.add_alternative(f"<p>{HTML}</p>", subtype="html")
    mail.add_attachment(FILE, maintype="application", subtype="pdf", filename=f"{NAME}.pdf")
    mail.add_attachment(b"Subject: in", maintype="application", subtype="octet-stream", filename=f"{NAME}.eml")
    return mail.as_bytes().replace(b"\n", b"\r\n")


def every_action(names: dict[str, str], folder: Path, alert: str) -> list[Callable[[], Any]]:
    box = {"mailbox": names["mailbox"]}
    one = {"message_id": "<m1@example.org>"}
    return [
        lambda: actions.ping(**box),
        lambda: actions.search_email(body_filter=BODY, **box),
        lambda: actions.download_email_attachments(str(folder), **one, **box),
        lambda: actions.get_mail_eml_file("<m1@example.org>", **box),
        lambda: actions.get_mail_eml_file("<nobody@example.org>", **box),
        lambda: actions.email_body_regex("kanari-.*", named="URL", **one, **names),
        lambda: actions.email_header_regex("kanari.*", **one, **names),
        lambda: actions.analyze_eml_msg(**one, **names),
        lambda: actions.analyze_eml_msg("no such file", **one, **names),
        lambda: actions.forward_email("<m1@example.org>", RECIPIENT, content=ANSWER, **names),
        lambda: actions.send_thread_reply("<m1@example.org>", ANSWER, recipients=SENDER, **names),
        lambda: actions.save_attachments_to_alert(alert, **names),
        lambda: actions.list_emails(store=names["store"]),
        lambda: actions.mark_email("flagged", **one, **box),
        lambda: actions.delete_email(dry_run=True, **one, **box),
        lambda: actions.delete_email(**box),
        lambda: actions.move_email_to_folder("Archive", dry_run=True, **one, **box),
    ]


def attempted(calls: list[Callable[[], Any]]) -> list[str]:
    """Run them all; what failed, as sentences."""
    problems = []
    for call in calls:
        try:
            call()
        except MailroomError as error:
            problems.append(str(error))
    return problems


@flow(name="every email action")
def every_email_action(mailbox: str, store: str, folder: str, alert: str) -> int:
    problems = attempted(every_action({"mailbox": mailbox, "store": store}, Path(folder), alert))
    logging.getLogger("mailroom.canaries").warning("%s", problems)
    return len(problems)


def searched(api: Any, helper: ModuleType) -> Iterator[tuple[str, str]]:
    yield "Prefect's database", helper.database_text(api.database)
    for path in api.home.rglob("*"):
        if path.is_file() and "prefect.db" not in path.name:
            yield str(path.relative_to(api.home)), path.read_bytes().decode("utf-8", "replace")
    yield "the server's log", api.log_text("server")


def test_no_secret_and_nobodys_words_reach_prefect(
    api: Any, mail_post: Any, dovecot: Any, http_proxy: Any, helper: ModuleType, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    world = mail_post
    world.mail.deliver(incoming())
    with world.opened() as store:
        ingest_mailbox(world.account(), store, MailboxSettings(indicators=False, mark_as_read=False))
        alert = str(store.alerts.list()[0].id)
    given = {**world.names, "folder": str(tmp_path / "out"), "alert": alert}

    # Four of them must fail: what is not there, twice, a recipient unknown to the server, deleting without a criterion.
    state = every_email_action(**given, return_state=True)
    assert state.is_completed()
    assert state.result() == 4, caplog.text
    assert (tmp_path / "out" / f"{NAME}.pdf").read_bytes() == FILE

    # A wrong password, in the block.
    known = world.fields()

    def save(**changes: Any) -> None:
        MailboxCredentials(**{
            "address": known.address, "imap_host": known.imap_host, "imap_port": known.imap_port,
            "smtp_host": known.smtp_host, "smtp_port": known.smtp_port, "ca_bundle": known.ca_bundle, **changes,
        }).save(world.name, overwrite=True, _sync=True)  # type: ignore[call-arg]  # fmt: skip
        _open.close_all()

    save(password=SecretStr(WRONG_PASSWORD))
    assert every_email_action(**given) > 5
    assert _open.has_account(world.name)
    assert not _open.has_account("none")
    assert check_connections(mailbox=world.name, mimecast="none", store=world.name, return_state=True).is_failed()

    # A wrong password of its own for sending: reading works.
    save(
        password=SecretStr(world.mail.passwords[known.address]), smtp_username="someone.else@northwind.example",
        smtp_password=SecretStr(WRONG_SENDING),
    )  # fmt: skip
    before = len(caplog.text)
    assert every_email_action(**given) > 4
    assert "PLAIN login" in caplog.text[before:]

    # OAuth through a proxy that refuses its password: three secrets, and no connection to anybody else.
    save(
        authentication="google refresh token", client_id="c", client_secret=SecretStr(CLIENT),
        refresh_token=SecretStr(REFRESH), proxy=f"http://127.0.0.1:{http_proxy.port}",
        proxy_username="user",
        proxy_password=SecretStr(PROXY),
    )  # fmt: skip
    assert every_email_action(**given) > 5

    # An access token that the server refuses.
    user = dovecot.new_user()
    token = dovecot.oauth_token(user, forged=True)
    there = {"ca_file": str(dovecot.ca_file), "username": user.name, "token": lambda _renew: token}
    account = world.account()
    refused = replace(
        account,
        imap=replace(account.imap, host="localhost", port=dovecot.imaps_port, mechanism="xoauth2", **there),
        smtp=replace(account.smtp, host="localhost", port=dovecot.submissions_port, mechanism="xoauth2", **there),
    )
    monkeypatch.setattr(_open, "account", lambda _block: refused)
    assert every_email_action(**given) > 5

    api.wait_until_written()
    secrets = {
        WRONG_PASSWORD,
        WRONG_SENDING,
        token,
        REFRESH,
        CLIENT,
        PROXY,
        world.mail.passwords["soc@northwind.example"],
    }
    private = {BODY, HTML, FILE.decode(), NAME, ANSWER, RECIPIENT, SENDER, "https://kanari.example", "![x]"}
    seen = dict(searched(api, helper))
    for where, text in seen.items():
        assert not {canary for canary in secrets | private if canary in text}, where
    assert not {canary for canary in secrets if canary in caplog.text}
    shown = seen["Prefect's database"]
    assert "emails-found" in shown, "no table was shown"
    assert "Email: Send Thread Reply" in shown
    kept = [json.loads(path.read_text()) for path in (api.home / "storage").rglob("*")]
    assert all(set(entry) == {"__exc_type__", "message"} for entry in kept), kept
