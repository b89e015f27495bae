"""Heavy mail is read in a process of its own, which may be killed (F6, F56)."""

from __future__ import annotations

import pickle

import pytest

from mailroom.mail.parse import parse, parse_safely
from mailroom.mail.parse import parser as parser_module
from mailroom.mail.parse.child import _Loader

HEAD = b"From: a@b.example\r\nSubject: big\r\nDate: Tue, 3 Nov 2020 12:34:56 +0100\r\n"
BIG = HEAD + b"\r\n" + b"hello world\r\n" * 200_000


def test_a_small_mail_is_read_here(monkeypatch):
    monkeypatch.setattr("mailroom.mail.parse.child._run", lambda *_: pytest.fail("a process was started"))
    assert parse_safely(HEAD + b"\r\nhi").text == "hi"


def test_a_mail_with_much_text_comes_back_whole_from_the_child():
    assert parse_safely(BIG) == parse(BIG)


def test_a_deep_mail_goes_to_the_child():
    deep = HEAD + b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(30)
    )
    assert parse_safely(deep) == parse(deep)


def test_a_child_that_takes_too_long_is_killed_and_the_headers_remain():
    mail = parse_safely(BIG, timeout=0.001)
    assert (mail.subject, mail.text, mail.size, mail.truncated) == ("big", "", len(BIG), True)
    assert "parse_timeout" in mail.defects
    assert mail.sha256 == parse(BIG).sha256


def test_a_child_that_takes_too_much_memory_ends_and_the_headers_remain():
    mail = parse_safely(BIG, memory=24 << 20)
    assert mail.subject == "big"
    assert "parse_crashed" in mail.defects


def test_the_child_can_answer_with_a_mail_only():
    class Evil:
        def __reduce__(self):
            return (print, ("never",))

    import io

    with pytest.raises(pickle.UnpicklingError):
        _Loader(io.BytesIO(pickle.dumps(Evil()))).load()


def test_a_fault_of_the_parser_falls_back_to_the_library(monkeypatch):
    def broken(*_args, **_options):
        msg = "our own fault"
        raise ZeroDivisionError(msg)

    monkeypatch.setattr(parser_module, "read_mail", broken)
    raw = (
        b'From: "J" <j@x.example>\r\nSubject: =?utf-8?q?=C3=A4?=\r\n'
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n"
        b"Content-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERg==\r\n"
        b"--b--\r\n"
    )
    mail = parse(raw)
    assert (mail.subject, mail.author.address, mail.text) == ("ä", "j@x.example", "hi")
    assert mail.attachments[0].content == b"%PDF"
    assert mail.defects == ("parser_failed",)


def test_when_both_ways_fail_size_and_hash_remain(monkeypatch):
    def broken(*_args, **_options):
        raise RecursionError

    monkeypatch.setattr(parser_module, "read_mail", broken)
    monkeypatch.setattr("mailroom.mail.parse.second_try._read", broken)
    mail = parse(b"Subject: s\r\n\r\nx")
    assert mail.defects == ("parser_failed", "unreadable")
    assert mail.size == 15


def test_a_truncated_mail_says_so():
    assert parse(HEAD + b"\r\nhi", truncated=True).truncated
