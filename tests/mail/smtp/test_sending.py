"""Mail handed to a real server, over TLS, with login."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mailroom.errors import InvalidInputError, NotOfferedError, RejectedError
from mailroom.mail.compose import OutgoingAttachment, OutgoingMail, compose
from mailroom.mail.smtp import SmtpSettings, send
from mailroom.mail.transport import ProxySettings


@pytest.mark.parametrize("security", ["starttls", "implicit"])
def test_a_mail_reaches_everyone_of_the_envelope(
    security: str, account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    report = send(account(security), mail)

    assert report.overall == "sent"
    assert report.message_id == "<question-1@northwind.example>"
    assert [one.address for one in report.per_recipient] == [
        "ann@northwind.example",
        "bob@northwind.example",
        "carol@northwind.example",
        "hidden@northwind.example",
    ]
    assert {(one.status, one.code) for one in report.per_recipient} == {("accepted", 250)}
    assert report.queue_id.startswith("Q0")
    (taken,) = smtp_server.accepted
    assert (taken.sender, taken.port, taken.user) == ("sender@northwind.example", security, smtp_server.user)
    assert taken.recipients == list(report.accepted)


def test_bcc_is_in_the_envelope_and_nowhere_else(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    send(account(), mail)

    (taken,) = smtp_server.accepted
    assert "hidden@northwind.example" in taken.recipients
    assert b"hidden" not in taken.raw
    assert b"bcc" not in taken.raw.lower()


def test_bytes_arrive_as_composed(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    text = ".\n..dots\n.\r\n" + "ü" * 2_000 + "\nFrom here\n"
    ids = tuple(f"<{'r' * 120}.{n}@x.example>" for n in range(5))
    rich = replace(
        mail,
        text=text,
        html="<p>.</p>",
        in_reply_to=ids[-1],
        references=ids,
        attachments=(OutgoingAttachment("a.eml", b"Subject: x\r\n\r\n.\r\n..\r\n", "message/rfc822"),),
    )

    assert send(account(), rich).overall == "sent"
    assert smtp_server.accepted[0].raw == compose(rich)


def test_the_same_call_with_named_recipients_reaches_only_them(
    account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    report = send(account(), mail, recipients=["bob@northwind.example"])

    assert smtp_server.accepted[0].recipients == ["bob@northwind.example"]
    assert b"ann@northwind.example" in smtp_server.accepted[0].raw
    assert report.accepted == ("bob@northwind.example",)


def test_a_mail_ends_up_in_a_mailbox(account: Any, dovecot: Any, mail: OutgoingMail) -> None:
    user = dovecot.new_user()

    send(account(), replace(mail, to=(user.address,), cc=(), bcc=(), subject="Grüße"))

    with dovecot.client(user) as client:
        client.select_folder("INBOX")
        (uid,) = client.search(["HEADER", "Message-ID", "<question-1@northwind.example>"])
        assert client.fetch([uid], ["ENVELOPE"])[uid][b"ENVELOPE"].subject == b"=?utf-8?b?R3LDvMOfZQ==?="


def test_a_mail_without_recipient_is_refused_before_any_connection(mail: OutgoingMail) -> None:
    nowhere = SmtpSettings("nowhere.invalid")
    with pytest.raises(InvalidInputError, match="no recipient"):
        send(nowhere, replace(mail, to=(), cc=(), bcc=()))
    with pytest.raises(InvalidInputError):
        send(nowhere, replace(mail, to=("not an address",)))


def test_a_mail_larger_than_the_server_takes_is_not_even_announced(
    account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    smtp_server.size_limit = 10_000
    with pytest.raises(RejectedError) as caught:
        send(account(), replace(mail, attachments=(OutgoingAttachment("a.bin", bytes(20_000)),)))

    assert caught.value.code == "size"
    assert "MAIL" not in [verb for _, verb, _ in smtp_server.verbs]


def test_international_addresses_need_smtputf8(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    mail = replace(mail, to=("jörg@northwind.example", "ann@bücher.example"), cc=(), bcc=())

    assert send(account(), mail).overall == "sent"
    assert smtp_server.accepted[0].recipients == ["jörg@northwind.example", "ann@xn--bcher-kva.example"]
    assert "jörg@northwind.example".encode() in smtp_server.accepted[0].raw


def test_without_smtputf8_only_the_international_recipient_is_refused(
    account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    smtp_server.hidden = {"SMTPUTF8"}
    mail = replace(mail, to=("jörg@northwind.example", "ann@bücher.example"), cc=(), bcc=())

    report = send(account(), mail)

    assert report.overall == "partial"
    assert (report.refused, report.accepted) == (("jörg@northwind.example",), ("ann@xn--bcher-kva.example",))
    assert smtp_server.accepted[0].raw.isascii()
    with pytest.raises(NotOfferedError, match="SMTPUTF8"):
        send(account(), replace(mail, sender="jörg@northwind.example", to=("ann@northwind.example",)))


def test_bounces_are_asked_to_name_the_mail_where_dsn_is_offered(
    account: Any, smtp_server: Any, mail: OutgoingMail
) -> None:
    smtp_server.dsn = True

    send(account(), replace(mail, cc=(), bcc=(), message_id="<wait-17+a=b@northwind.example>"))

    options = smtp_server.accepted[0].options
    assert (options["ENVID"], options["RET"]) == ("wait-17+2Ba+3Db@northwind.example", "HDRS")
    assert options["ann@northwind.example NOTIFY"] == "FAILURE,DELAY"


def test_an_id_too_long_for_an_envelope_stays_in_the_header(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    smtp_server.dsn = True

    assert send(account(), replace(mail, message_id=f"<{'m' * 120}@northwind.example>")).overall == "sent"
    assert "ENVID" not in smtp_server.accepted[0].options


def test_without_dsn_nothing_is_asked_of_bounces(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    assert send(account(), mail).overall == "sent"
    assert not any("ENVID" in argument or "NOTIFY" in argument for _, _, argument in smtp_server.verbs)


def test_this_machines_name_is_not_told(account: Any, smtp_server: Any, mail: OutgoingMail) -> None:
    send(account(), mail)
    send(account(ehlo_name="mail.northwind.example"), mail)

    greetings = [argument for _, verb, argument in smtp_server.verbs if verb == "EHLO"]
    assert set(greetings) == {"northwind.example", "mail.northwind.example"}


def test_mail_passes_through_every_kind_of_proxy(
    account: Any, smtp_server: Any, proxy_servers: Any, certificates: Any, mail: OutgoingMail
) -> None:
    proxy_servers.socks5.split_answer = True
    for kind in ("http", "https", "socks5", "socks4"):
        port = getattr(proxy_servers, kind).port
        proxy = ProxySettings(kind, "127.0.0.1", port, ca_file=certificates.ca_file)  # type: ignore[arg-type]
        for security in ("starttls", "implicit"):
            # with implicit TLS the server waits for us, so there is no greeting to glue
            proxy_servers.http.glue_greeting = security == "starttls"
            assert send(account(security, proxy=proxy), mail).overall == "sent"
    assert len(smtp_server.accepted) == 8
