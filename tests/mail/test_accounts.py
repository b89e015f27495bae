"""Accounts as people describe them: one login for both servers, one of its own for sending, or none."""

from __future__ import annotations

import email
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailroom.effects.send_mail import send_once
from mailroom.errors import CredentialsError, InvalidInputError, RefusedError
from mailroom.mail.account import MailAccount, account_from
from mailroom.mail.account_fields import AccountFields
from mailroom.mail.actions.ping import ping
from mailroom.mail.compose import OutgoingMail
from mailroom.mail.imap.connection import tls_context as imap_context
from mailroom.mail.smtp.login import tls_context as smtp_context
from mailroom.store import Store

SOC = "soc@northwind.example"
OWN = "kanari-smtp-password-5t9q"


@pytest.fixture
def sending_to(smtp_server: Any) -> Any:
    """An account that only sends, on the test server."""

    def make(**fields: Any) -> MailAccount:
        usual = {
            "address": SOC, "smtp_host": "localhost", "smtp_port": smtp_server.implicit_port,
            "ca_bundle": str(smtp_server.ca_file),
        }  # fmt: skip
        return account_from("soc", AccountFields(**(usual | fields)))

    return make


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(f"sqlite:///{tmp_path / 'store.db'}", blobs=tmp_path / "blobs") as opened:
        yield opened


def ssl_shaken(server: ssl.SSLContext, client: ssl.SSLContext) -> Any:
    """Shake hands over a socket pair; what the client's certificate said to the server."""
    ours, theirs = socket.socketpair()
    seen: list[Any] = []

    def serve() -> None:
        with server.wrap_socket(theirs, server_side=True) as secure:
            seen.append(secure.getpeercert())

    thread = threading.Thread(target=serve)
    thread.start()
    with client.wrap_socket(ours, server_hostname="localhost"):
        thread.join(20)
    return seen[0]


def question(account: MailAccount, **more: Any) -> OutgoingMail:
    given = {"sender": account.sender, "to": ("ann@northwind.example",), "subject": "Is it yours?", "text": "Hello\n"}
    return OutgoingMail(**(given | more), message_id="<q1@northwind.example>")


def test_a_relay_without_login_takes_mail_and_hears_the_mailboxs_domain(
    sending_to: Any, smtp_server: Any, store: Store
) -> None:
    account = sending_to(smtp_port=smtp_server.plain_port, smtp_security="none", smtp_login=False)

    assert send_once(store, account, question(account), key="k1").is_sent
    assert smtp_server.accepted[0].user == ""
    assert ("plain", "EHLO", "northwind.example") in smtp_server.verbs
    assert "AUTH" not in {verb for _, verb, _ in smtp_server.verbs}
    report = ping(account)
    assert report.smtp is True
    assert next(one.detail for one in report.stages if one.name == "smtp login").startswith("none")


def test_a_sending_account_of_its_own_logs_in_with_its_own_password(
    dovecot: Any, sending_to: Any, smtp_server: Any, store: Store
) -> None:
    user = dovecot.new_user()
    account = sending_to(
        address=user.address, username=user.name, password=user.password, imap_host="localhost",
        imap_port=dovecot.imaps_port, smtp_username=smtp_server.user, smtp_password=smtp_server.password,
    )  # fmt: skip

    with account.open_imap() as session:
        session.open("INBOX")
    assert send_once(store, account, question(account), key="k1").is_sent
    assert smtp_server.accepted[0].user == smtp_server.user


def test_the_login_for_sending_is_that_of_imap_when_nothing_is_said(sending_to: Any, smtp_server: Any) -> None:
    account = sending_to(username="soc-login", password="one-password", imap_host="localhost")

    assert (account.imap.username, account.imap.password) == ("soc-login", "one-password")
    assert (account.smtp.username, account.smtp.password) == ("soc-login", "one-password")


def test_another_user_name_for_sending_may_share_the_password(sending_to: Any) -> None:
    account = sending_to(username="soc", password="app-password", imap_host="localhost", smtp_username=SOC)

    assert (account.imap.username, account.smtp.username) == ("soc", SOC)
    assert account.smtp.password == "app-password"


def test_sending_by_password_beside_reading_by_token(sending_to: Any, smtp_server: Any) -> None:
    account = sending_to(
        imap_host="localhost", authentication="google refresh token", client_id="c", client_secret="client-secret",
        refresh_token="refresh-token", smtp_username="relay-user", smtp_password=OWN,
    )  # fmt: skip

    assert (account.imap.mechanism, account.imap.password) == ("xoauth2", "")
    assert (account.smtp.mechanism, account.smtp.token, account.smtp.password) == ("password", None, OWN)


def test_a_service_account_gets_a_token_for_each_of_the_two_mailboxes(sending_to: Any) -> None:
    account = sending_to(
        imap_host="localhost", authentication="google service account", service_account_key='{"private_key": "p"}',
        smtp_username="soc-out@northwind.example",
    )  # fmt: skip

    assert account.imap.token._mailbox == SOC
    assert account.smtp.token._mailbox == account.smtp.username == "soc-out@northwind.example"


@pytest.mark.parametrize(
    ("fields", "advice"),
    [
        ({"smtp_login": False, "smtp_password": OWN}, "empty both, or switch SMTP login on"),
        ({"smtp_login": False, "smtp_username": "u"}, "empty both, or switch SMTP login on"),
        ({}, "SMTP password is missing"),
        ({"smtp_username": "u"}, "SMTP password is missing"),
        ({"smtp_security": "none", "smtp_password": OWN}, "in clear"),
        ({"smtp_password": OWN, "sender_address": "no address"}, "no address"),
        ({"smtp_password": OWN, "max_recipients": 0}, "from 1 to 1000"),
    ],
)
def test_a_login_for_sending_that_cannot_work_is_refused_with_advice(
    sending_to: Any, fields: dict[str, Any], advice: str
) -> None:
    with pytest.raises(InvalidInputError, match=advice) as refused:
        sending_to(**fields)
    assert OWN not in str(refused.value)


def test_a_refused_login_for_sending_shows_no_password(sending_to: Any, store: Store) -> None:
    account = sending_to(smtp_username="someone@northwind.example", smtp_password=OWN)

    outcome = send_once(store, account, question(account), key="k1")
    assert (outcome.is_sent, OWN in outcome.detail, OWN in repr(account)) == (False, False, False)
    assert "does not accept the" in outcome.detail
    assert OWN not in ping(account).message


def test_a_server_that_offers_no_login_names_the_switch(sending_to: Any, smtp_server: Any) -> None:
    smtp_server.hidden = {"AUTH"}
    account = sending_to(smtp_password=OWN)

    assert "switch SMTP login off" in ping(account).message


def test_a_server_that_wants_a_login_names_the_switch(sending_to: Any, smtp_server: Any, store: Store) -> None:
    account = sending_to(smtp_login=False)

    assert "switch SMTP login on" in send_once(store, account, question(account), key="k1").detail


def test_answers_to_another_sender_address_come_to_the_mailbox(sending_to: Any, smtp_server: Any, store: Store) -> None:
    account = sending_to(
        smtp_username=smtp_server.user, smtp_password=smtp_server.password, sender_name="SOC",
        sender_address="soc-out@northwind.example",
    )  # fmt: skip

    assert send_once(store, account, question(account), key="k1").is_sent
    sent = smtp_server.accepted[0]
    mail = email.message_from_bytes(sent.raw)
    assert sent.sender == "soc-out@northwind.example"
    assert (mail["From"], mail["Reply-To"]) == ("SOC <soc-out@northwind.example>", SOC)
    assert account.contact == f'"SOC" <{SOC}>'
    assert account.own_addresses == (SOC, "soc-out@northwind.example")
    with pytest.raises(RefusedError, match="a mailbox of ours"):
        send_once(store, account, question(account, to=("soc-out@northwind.example",)), key="k2")


def test_a_reply_to_of_the_mail_itself_stays(sending_to: Any) -> None:
    account = sending_to(smtp_login=False, sender_address="soc-out@northwind.example")
    tagged = question(account, reply_to="soc+token@northwind.example")

    assert account.answered_here(tagged) == tagged


@pytest.mark.parametrize(
    ("fields", "stores"),
    [
        ({}, True),
        ({"smtp_password": OWN}, True),
        ({"smtp_host": "relay.northwind.example"}, False),
        ({"smtp_username": "soc-out@northwind.example", "smtp_password": OWN}, False),
        ({"smtp_login": False}, False),
        ({"imap_host": "imap.northwind.example"}, False),
        ({"provider": "outlook.com"}, True),
        ({"provider": "zoho", "imap_host": "imap.zoho.eu", "smtp_host": "smtp.zoho.eu"}, True),
        ({"provider": "custom", "imap_host": "imap.gmail.com", "smtp_host": "smtp.gmail.com"}, True),
        ({"provider": "custom", "imap_host": "h.example", "smtp_host": "h.example"}, False),
    ],
)
def test_a_missing_copy_proves_nothing_where_another_account_sends(fields: dict[str, Any], stores: bool) -> None:
    account = account_from(
        "soc", AccountFields(**({"address": SOC, "provider": "gmail", "password": "app-password"} | fields))
    )

    assert account.stores_sent_copy is stores


def test_tls_is_as_the_form_says_for_both_servers(sending_to: Any, certificates: Any, tmp_path: Path) -> None:
    pair = certificates.client_pair()
    file = tmp_path / "client.pem"
    file.write_bytes(pair.certificate.read_bytes() + pair.key.read_bytes())
    account = sending_to(
        password="one-password", imap_host="localhost", imap_server_name="imap.inside", smtp_server_name="smtp.inside",
        client_certificate=str(file), minimum_tls="1.3",
    )  # fmt: skip

    assert (account.imap.server_name, account.smtp.server_name) == ("imap.inside", "smtp.inside")
    for made in (imap_context(account.imap), smtp_context(account.smtp)):
        assert made.minimum_version == ssl.TLSVersion.TLSv1_3
    shown = ssl_shaken(certificates.server_context(client_ca=True), imap_context(account.imap))
    assert shown["subject"] == ((("commonName", "Mailroom client"),),)


def test_a_server_name_of_its_own_is_what_the_certificates_must_say(
    dovecot: Any, sending_to: Any, smtp_server: Any
) -> None:
    user = dovecot.new_user()
    usual = {
        "address": user.address, "username": user.name, "password": user.password, "imap_host": "127.0.0.1",
        "imap_port": dovecot.imaps_port, "smtp_username": smtp_server.user, "smtp_password": smtp_server.password,
    }  # fmt: skip

    assert ping(sending_to(**usual, imap_server_name="localhost", smtp_server_name="localhost")).is_succeed
    wrong = ping(sending_to(**usual, imap_server_name="other.example", smtp_server_name="other.example"))
    assert (wrong.imap, wrong.smtp) == (False, False)


def test_a_client_certificate_that_cannot_be_read_is_named(sending_to: Any, tmp_path: Path) -> None:
    said = ping(sending_to(smtp_password=OWN, client_certificate=str(tmp_path / "absent.pem"))).message

    assert "no PEM file with certificate" in said


def test_a_refused_login_is_an_error_of_its_kind(sending_to: Any) -> None:
    from mailroom.mail.smtp import send

    account = sending_to(smtp_password=OWN)
    with pytest.raises(CredentialsError):
        send(account.need_smtp(), question(account))
