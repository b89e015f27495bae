"""The IMAP side does what a connector relies on, and remembers it."""

from __future__ import annotations

import imaplib
import socket
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient
from imapclient.exceptions import LoginError

from sandbox.mail import Habit, MailFault, MailServer

SOC = "soc@northwind.example"
AMY = "grace.whitfield@northwind.example"
RAW = b"From: a@outside.example\r\nSubject: hello\r\nMessage-ID: <1@outside.example>\r\n\r\nGood morning \xe9\r\n"


def test_login_needs_tls_first(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    with IMAPClient(desk.server.host, desk.server.imap_port, ssl=False, timeout=20) as client:
        assert client.has_capability("LOGINDISABLED")
        client.starttls(desk.context)
        with pytest.raises(LoginError):
            client.login(SOC, "wrong")
        client.login("soc", desk.server.passwords[SOC])
        client.select_folder("INBOX")


def test_the_certificate_is_good_for_those_who_trust_its_authority(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    with pytest.raises(ssl.SSLCertVerificationError):
        IMAPClient(desk.server.host, desk.server.imaps_port, ssl_context=ssl.create_default_context(), timeout=20)


def test_bytes_flags_keywords_and_dates_are_kept(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    when = datetime(2024, 12, 31, 23, 59, tzinfo=UTC)
    with desk.imap() as client:
        client.normalise_times = False
        client.append("Archive", RAW, (b"\\Seen", b"$Ingested"), when)
        client.select_folder("Archive")
        found = client.fetch([1], ["BODY.PEEK[]", "FLAGS", "INTERNALDATE", "RFC822.SIZE"])[1]
        assert found[b"BODY[]"] == RAW
        assert found[b"RFC822.SIZE"] == len(RAW)
        assert found[b"INTERNALDATE"] == when
        assert {b"\\Seen", b"$Ingested"} <= set(found[b"FLAGS"])
        client.remove_flags([1], ["$Ingested"])
        assert client.search(["KEYWORD", "$Ingested"]) == []


def test_folders_have_their_special_use_and_mails_move(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    for _ in range(3):
        desk.server.deliver(RAW, to="Soc+K7QX@northwind-group.example")
    with desk.imap() as client:
        assert client.find_special_folder(b"\\Trash") == "Trash"
        client.create_folder("Bearbeitet/Köln")
        client.select_folder("INBOX")
        assert client.search(["HEADER", "Message-ID", "1@outside.example"]) == [1, 2, 3]
        assert client.search("UID 9:*") == [3]
        client.move([2], "Bearbeitet/Köln")
        assert client.search("ALL") == [1, 3]
        desk.server.expunge(SOC, "INBOX", 1)
        assert client.fetch([1], ["BODY.PEEK[]"]) == {}
    assert [mail.uid for mail in desk.server.mails(SOC, "Bearbeitet/Köln")] == [1]
    assert [mail.uid for mail in desk.server.mails()] == [3]
    assert b"Delivered-To: Soc+K7QX@northwind-group.example\r\n" in desk.server.mails()[0].raw


def test_a_restored_folder_has_another_uidvalidity(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    desk.server.renumber(SOC, "INBOX", 4_000_000_000)
    with desk.imap() as client:
        assert client.folder_status("INBOX")[b"UIDVALIDITY"] == 4_000_000_000


def test_everything_survives_a_restart(desk_for: Callable[..., Any], tmp_path: Path) -> None:
    habits = {AMY: Habit("changes_mind", delay=10), "owen.carter@northwind.example": Habit("out_of_office")}
    desk = desk_for(state=tmp_path, messages=12, people=habits)
    desk.ask(*habits)
    assert desk.server.advance(15) == 2
    with desk.imap() as client:
        client.create_folder("Done")
        client.create_folder("Old")
        client.rename_folder("Old", "Older")
        client.select_folder("INBOX")
        client.add_flags([1], ["\\Flagged", "$Seen-by-us"])
        client.copy([1, 2], "Done")
        client.move([3], "Done")
        client.delete_messages([4])
        client.expunge([4])
        client.append("Sent", RAW)
        validity = client.folder_status("Done")[b"UIDVALIDITY"]
    folders = ("INBOX", "Done", "Older", "Sent", "Archive")
    before = {name: desk.server.mails(SOC, name) for name in folders}
    answers, truths, sent, now = desk.server.answers, desk.server.truths, desk.server.sent, desk.server.clock.now()
    desk.server.close()

    again = desk_for(state=tmp_path, messages=12)
    assert {name: again.server.mails(SOC, name) for name in folders} == before
    assert (again.server.answers, again.server.truths, again.server.sent) == (answers, truths, sent)
    assert again.server.clock.now() == now
    assert again.server.pending == 2
    with again.imap() as client:
        assert client.folder_status("Done")[b"UIDVALIDITY"] == validity
    again.server.advance(60)
    assert [answer.kind for answer in again.server.answers] == ["away", "answer", "answer", "opposite"]


def test_a_folder_of_another_world_is_refused(tmp_path: Path) -> None:
    MailServer(state=tmp_path, messages=3).close()
    with pytest.raises(ValueError, match="messages=3"):
        MailServer(state=tmp_path, messages=4)


def test_a_torn_last_line_of_the_memory_is_forgotten(desk_for: Callable[..., Any], tmp_path: Path) -> None:
    desk = desk_for(state=tmp_path)
    desk.server.deliver(RAW)
    desk.server.close()
    with (tmp_path / "mail.jsonl").open("ab") as file:
        file.write(b'{"event": "put", "box": ["so')
    assert len(desk_for(state=tmp_path).server.mails()) == 1


def test_ten_thousand_mails_are_there_in_seconds(desk_for: Callable[..., Any]) -> None:
    began = time.monotonic()
    desk = desk_for(messages=10_000)
    with desk.imap("phish@northwind.example") as client:
        count = client.select_folder("INBOX")[b"EXISTS"]
        assert len(client.search("ALL")) == count
        assert count + len(desk.server.mails()) == 10_000
        assert len(client.fetch(range(1, 501), ["BODY.PEEK[]"])) == 500
    assert time.monotonic() - began < 60  # 6 s on a quiet machine


def test_imap_goes_wrong_as_planned(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    desk.server.deliver(RAW)
    faults = desk.server.faults
    faults.add(MailFault("drop", "UID FETCH", side="imap"))
    with pytest.raises(imaplib.IMAP4.abort), desk.imap() as client:
        client.select_folder("INBOX")
        client.fetch([1], ["FLAGS"])
    faults.add(MailFault("refuse", "UID STORE", side="imap", answer="not now"))
    with desk.imap() as client:
        client.select_folder("INBOX")
        with pytest.raises(imaplib.IMAP4.error, match="not now"):
            client.add_flags([1], [b"\\Seen"])
        assert client.add_flags([1], [b"\\Seen"])
    faults.add(MailFault("bye", "NOOP", answer="Maintenance"))
    address = desk.server.host, desk.server.imaps_port
    with desk.context.wrap_socket(socket.create_connection(address, 20), server_hostname="localhost") as sock:
        assert sock.recv(1_000).startswith(b"* OK")
        sock.sendall(b"a NOOP\r\n")
        assert sock.recv(1_000) == b"* BYE [UNAVAILABLE] Maintenance\r\n"
        assert sock.recv(1_000) == b""
    faults.add(MailFault("slow", "NOOP", side="imap", seconds=30))
    with pytest.raises(TimeoutError), desk.imap() as client:
        client.socket().settimeout(0.2)
        client.noop()
    with pytest.raises(imaplib.IMAP4.abort), desk.imap() as client:
        assert desk.server.cut_connections() >= 1
        client.noop()
    with desk.imap() as client:
        client.noop()


def test_searching_finds_what_headers_and_bodies_say(desk_for: Callable[..., Any]) -> None:
    desk = desk_for()
    for number, subject in enumerate(("Rechnung 7", "=?utf-8?q?Gr=C3=BC=C3=9Fe?="), 1):
        raw = f"From: Ann <ann{number}@adatum.example>\r\nTo: soc@northwind.example\r\nSubject: {subject}\r\n"
        desk.server.deliver(f"{raw}Date: Tue, {number} Jan 2019 12:00:00 +0000\r\n\r\nwords {number}\r\n".encode())
    with desk.imap() as client:
        client.select_folder("INBOX")
        assert client.search(["FROM", "ann2@"]) == [2]
        assert client.search(["SUBJECT", "rechnung"]) == [1]
        assert client.search(["SUBJECT", "grüße"], charset="UTF-8") == [2]
        assert client.search(["NOT", ["FROM", "ann2@"]]) == [1]
        assert client.search(["OR", "SUBJECT", "nothing", "TO", "soc@"]) == [1, 2]
        assert client.search(["BODY", "words 2"]) == [2]
        assert client.search("SENTSINCE 2-Jan-2019") == [2]
        assert client.search(["HEADER", "Subject", ""]) == [1, 2]
        assert client.search("SINCE 14-Jan-2025 UNSEEN") == [1, 2]


@pytest.mark.parametrize(
    "header",
    [
        "Message-ID: <[x@y]>",
        "Content-Type: text/plain; name*",
        "To: (c):",
        "From: =?utf-8?q?a=0Ab?= <x@y>",
        "Subject: =?x-unknown?q?a?=",
        "Date: Tue, 99 Foo 99999 99:99 +9999",
        "Content-Type: multipart/mixed",
        "From: " + "(" * 3_000,
    ],
)
def test_odd_headers_do_not_end_a_session(desk_for: Callable[..., Any], header: str) -> None:
    desk = desk_for()
    desk.server.deliver(f"{header}\r\n\r\nbody\r\n".encode())
    with desk.imap() as client:
        client.select_folder("INBOX")
        items = [
            "BODY.PEEK[]",
            "ENVELOPE",
            "BODYSTRUCTURE",
            "BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT)]",
            "RFC822.SIZE",
        ]
        found = client.fetch([1], items)[1]
        assert found[b"BODY[]"] == desk.server.mails()[0].raw
        for criteria in (["FROM", "x"], ["SUBJECT", "x"], ["TEXT", "body"], ["SENTBEFORE", "1-Jan-2030"]):
            client.search(criteria)
        client.noop()
