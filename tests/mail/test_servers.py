"""The servers that the other tests of this wing stand on do what those tests believe."""

from __future__ import annotations

import smtplib
import socket
import ssl
from typing import Any

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

RAW = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: hello\r\n\r\nGood morning\r\n"


def test_dovecot_keeps_what_is_delivered_and_what_is_appended(dovecot: Any) -> None:
    user = dovecot.new_user()
    dovecot.deliver(user, RAW, to=user.address.replace("@", "+TOKEN@"))
    assert dovecot.append(user, "Reported", RAW, RAW, flags=(b"\\Seen",)) == [1, 2]

    with IMAPClient(
        dovecot.host, dovecot.imaps_port, ssl_context=ssl.create_default_context(cafile=dovecot.ca_file)
    ) as c:
        c.login(user.address, user.password)
        c.select_folder("Reported")
        assert c.fetch([1], ["BODY.PEEK[]"])[1][b"BODY[]"] == RAW
        assert b"\\Seen" in c.get_flags([1])[1]
        c.select_folder("INBOX")
        arrived = c.fetch(c.search("ALL"), ["BODY.PEEK[]"])[1][b"BODY[]"]
        assert arrived.endswith(RAW)
        assert f"Delivered-To: {user.name}+token".encode() in arrived.lower().replace(b"delivered-to", b"Delivered-To")
        assert c.find_special_folder(b"\\Sent") == "Sent"


def test_dovecot_wants_to_be_trusted_by_its_authority(dovecot: Any) -> None:
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient(dovecot.host, dovecot.imaps_port, ssl_context=ssl.create_default_context())


def test_dovecot_takes_good_tokens_only(dovecot: Any) -> None:
    user, other = dovecot.new_user(), dovecot.new_user()
    for token in (
        dovecot.oauth_token(user, forged=True),
        dovecot.oauth_token(user, expires_in=-60),
        dovecot.oauth_token(other),
    ):
        with IMAPClient(dovecot.host, dovecot.imap_port, ssl=False) as client, pytest.raises(LoginError):
            client.oauth2_login(user.address, token)
    with IMAPClient(dovecot.host, dovecot.imap_port, ssl=False) as client:
        client.oauth2_login(user.address, dovecot.oauth_token(user))
        client.select_folder("INBOX")


def test_dovecot_can_be_disturbed(dovecot: Any) -> None:
    user = dovecot.new_user()
    dovecot.append(user, "INBOX", RAW, RAW)
    with dovecot.client(user) as client:
        before = client.select_folder("INBOX")[b"UIDVALIDITY"]
        dovecot.kick(user)
        with pytest.raises(client.AbortError):
            client.noop()
    dovecot.set_uidvalidity(user, "INBOX", before + 7)
    with dovecot.client(user) as client:
        assert client.folder_status("INBOX")[b"UIDVALIDITY"] == before + 7
        dovecot.expunge(user, "INBOX", "uid", "1")
        client.select_folder("INBOX")
        assert client.search("ALL") == [2]
        client.socket().settimeout(0.3)
        with dovecot.frozen(), pytest.raises(TimeoutError):
            client.noop()
    dovecot.restart()
    with dovecot.client(user) as client:
        assert client.folder_status("INBOX")[b"MESSAGES"] == 1


def test_ten_thousand_mails_are_filled_in_quickly(dovecot: Any) -> None:
    user = dovecot.new_user()
    assert dovecot.append(user, "Many", *[RAW] * 10_000)[-1] == 10_000


def test_a_namespace_prefix_can_be_had(start_dovecot: Any) -> None:
    server = start_dovecot(prefix="INBOX.", separator=".")
    with server.client(server.new_user()) as client:
        assert client.namespace().personal[0][:2] == ("INBOX.", ".")
        assert "INBOX.Sent" in [name for _, _, name in client.list_folders()]


@pytest.mark.parametrize("kind", ["expired", "not_yet_valid", "wrong_host", "self_signed", "unknown_ca"])
def test_bad_certificates_are_bad(certificates: Any, kind: str) -> None:
    one, two = socket.socketpair()
    client, server = certificates.client_context(), certificates.server_context(kind)
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    side = client.wrap_bio(incoming, outgoing, server_hostname="localhost")
    other = server.wrap_bio(outgoing, incoming, server_side=True)
    with one, two, pytest.raises(ssl.SSLCertVerificationError):
        for _ in range(4):
            for end in (side, other):
                try:
                    end.do_handshake()
                except ssl.SSLWantReadError:
                    continue


def _starttls(server: Any) -> smtplib.SMTP:
    client = smtplib.SMTP(server.host, server.starttls_port, timeout=20)
    client.starttls(context=ssl.create_default_context(cafile=server.ca_file))
    return client


def test_smtp_delivers_into_dovecot(dovecot: Any, smtp_server: Any) -> None:
    user = dovecot.new_user()
    with _starttls(smtp_server) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(user.address, "wrong")
        client.login(user.address, user.password)
        client.sendmail("x@northwind.example", [user.address, "someone@contoso.example"], RAW)
    [mail] = smtp_server.accepted
    assert (mail.port, mail.user, mail.recipients) == (
        "starttls",
        user.address,
        [user.address, "someone@contoso.example"],
    )
    with dovecot.client(user) as client:
        assert client.folder_status("INBOX")[b"MESSAGES"] == 1


def test_smtp_with_implicit_tls(smtp_server: Any) -> None:
    context = ssl.create_default_context(cafile=smtp_server.ca_file)
    with smtplib.SMTP_SSL(smtp_server.host, smtp_server.implicit_port, context=context, timeout=20) as client:
        with pytest.raises(smtplib.SMTPSenderRefused, match="Authentication required"):
            client.sendmail("a@b.example", ["c@d.example"], RAW)
        client.login(smtp_server.user, smtp_server.password)
        assert client.sendmail("a@b.example", ["c@d.example"], RAW) == {}
    assert smtp_server.accepted[0].raw == RAW


def test_smtp_errs_as_planned(smtp_server: Any) -> None:
    smtp_server.plan("RCPT", "450 4.2.1 later", address="c@d.example")
    smtp_server.plan("DOT", "451 4.3.0 not now")
    with smtplib.SMTP(smtp_server.host, smtp_server.plain_port, timeout=20) as client:
        with pytest.raises(smtplib.SMTPDataError):
            client.sendmail("a@b.example", ["c@d.example", "e@d.example"], RAW)
        assert smtp_server.accepted == []
        assert client.sendmail("a@b.example", ["c@d.example"], RAW) == {}
    assert [verb for _, verb, _ in smtp_server.verbs][:5] == ["EHLO", "MAIL", "RCPT", "RCPT", "DATA"]


@pytest.mark.parametrize("taken", [True, False])
def test_smtp_hangs_up_after_the_dot(smtp_server: Any, taken: bool) -> None:
    smtp_server.plan("DOT", drop=True, deliver=taken)
    client = _starttls(smtp_server)
    client.login(smtp_server.user, smtp_server.password)
    with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        client.sendmail("a@b.example", ["c@d.example"], RAW)
    client.close()
    assert len(smtp_server.accepted) == taken
    with smtplib.SMTP(smtp_server.host, smtp_server.plain_port, timeout=20) as again:
        assert again.sendmail("a@b.example", ["c@d.example"], RAW) == {}


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA"])
def test_smtp_hangs_up_at_any_verb(smtp_server: Any, verb: str) -> None:
    smtp_server.plan(verb, drop=True)
    with pytest.raises((smtplib.SMTPServerDisconnected, OSError)):
        smtplib.SMTP(smtp_server.host, smtp_server.plain_port, timeout=20).sendmail("a@b.example", ["c@d.example"], RAW)


def test_smtp_without_starttls_and_with_dsn(smtp_server: Any) -> None:
    smtp_server.hidden = {"STARTTLS", "SMTPUTF8"}
    smtp_server.dsn = True
    with smtplib.SMTP(smtp_server.host, smtp_server.starttls_port, timeout=20) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        assert not client.has_extn("smtputf8")
        assert client.has_extn("dsn")
    with smtplib.SMTP(smtp_server.host, smtp_server.plain_port, timeout=20) as client:
        client.sendmail("a@b.example", ["c@d.example"], RAW, ["ENVID=x1"], ["NOTIFY=FAILURE,DELAY"])
    assert smtp_server.accepted[0].options == {"ENVID": "x1", "c@d.example NOTIFY": "FAILURE,DELAY"}


def _xoauth2(address: str, token: str) -> Any:
    return lambda challenge=None: "" if challenge else f"user={address}\x01auth=Bearer {token}\x01\x01"


def test_submission_takes_tokens_and_delivers(submission: Any, smtp_server: Any) -> None:
    user = submission.new_user()
    context = ssl.create_default_context(cafile=submission.ca_file)
    with smtplib.SMTP_SSL(submission.host, submission.submissions_port, context=context, timeout=20) as client:
        client.ehlo()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.auth("XOAUTH2", _xoauth2(user.address, submission.oauth_token(user, forged=True)))
        client.auth("XOAUTH2", _xoauth2(user.address, submission.oauth_token(user)))
        client.sendmail(user.address, [user.address], RAW)
    with submission.client(user) as imap:
        assert imap.folder_status("INBOX")[b"MESSAGES"] == 1
    assert smtp_server.accepted[0].port == "relay"


def test_smtp_takes_xoauth2_itself(smtp_server: Any) -> None:
    with _starttls(smtp_server) as client:
        client.ehlo()
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.auth("XOAUTH2", _xoauth2("a@b.example", "bad"))
        client.auth("XOAUTH2", _xoauth2("a@b.example", smtp_server.token))
        assert client.sendmail("a@b.example", ["c@d.example"], RAW) == {}


def _read(sock: socket.socket) -> bytes:
    sock.settimeout(10)
    return sock.recv(4_096)


@pytest.mark.parametrize(("split", "glue"), [(False, False), (True, False), (False, True), (True, True)])
def test_the_http_proxy_connects(proxy_servers: Any, smtp_server: Any, split: bool, glue: bool) -> None:
    proxy_servers.http.split_answer, proxy_servers.http.glue_greeting = split, glue
    with socket.create_connection((proxy_servers.http.host, proxy_servers.http.port)) as sock:
        sock.sendall(f"CONNECT mail.behind-the-proxy.example:{smtp_server.plain_port} HTTP/1.1\r\n\r\n".encode())
        text, reads = b"", 0
        while b"220 mx" not in text:
            text, reads = text + _read(sock), reads + 1
    assert text.startswith(b"HTTP/1.1 200 ")
    assert proxy_servers.http.requests == [("mail.behind-the-proxy.example", smtp_server.plain_port)]
    assert reads == (1 + split + (not glue)) or not glue


def test_the_http_proxy_asks_for_a_password(proxy_servers: Any) -> None:
    proxy_servers.http.demand("ann", "secret")
    with socket.create_connection((proxy_servers.http.host, proxy_servers.http.port)) as sock:
        sock.sendall(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n")
        assert _read(sock).startswith(b"HTTP/1.1 407 ")


@pytest.mark.parametrize(("kind", "wrong"), [("socks5", False), ("socks5", True), ("socks4", False), ("socks4", True)])
def test_the_socks_proxies_ask_who_is_there(proxy_servers: Any, smtp_server: Any, kind: str, wrong: bool) -> None:
    from python_socks import ProxyError
    from python_socks.sync import Proxy

    server = getattr(proxy_servers, kind)
    server.demand("ann", "secret" if kind == "socks5" else "")
    user = "ann:bad@" if wrong and kind == "socks5" else "bob:@" if wrong else "ann:secret@"
    proxy = Proxy.from_url(f"{kind}://{user}{server.host}:{server.port}", rdns=True)
    if wrong:
        with pytest.raises(ProxyError):
            proxy.connect("mail.behind-the-proxy.example", smtp_server.plain_port, timeout=10)
        return
    with proxy.connect("mail.behind-the-proxy.example", smtp_server.plain_port, timeout=10) as sock:
        assert _read(sock).startswith(b"220 mx")
    assert server.requests == [("mail.behind-the-proxy.example", smtp_server.plain_port)]


def test_a_relay_cuts_at_a_byte_and_stalls_at_another(tcp_proxy: Any, smtp_server: Any) -> None:
    relay = tcp_proxy(smtp_server.plain_port).cut_after(4)
    with socket.create_connection((relay.host, relay.port)) as sock:
        assert _read(sock) == b"220 "
        with pytest.raises(ConnectionResetError):
            _read(sock)
    relay.heal().stall_after(6)
    with socket.create_connection((relay.host, relay.port)) as sock:
        assert _read(sock) == b"220 mx"
        sock.settimeout(0.2)
        with pytest.raises(TimeoutError):
            sock.recv(1)
    assert relay.passed == 10
