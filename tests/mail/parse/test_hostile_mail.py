"""Input made to break or block a parser (H1-H3, H14, H15, H26; nothing may take 2 s)."""

from __future__ import annotations

import os
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailroom.mail.parse import Limits, parse

HEAD = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: s\r\n"


def parts(kind: bytes, number: int) -> bytes:
    return (
        HEAD
        + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
        + (b"--b\r\n" + kind + b"\r\nx\r\n") * number
        + b"--b--"
    )


def levels(number: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (at, at) for at in range(number)
    )
    return HEAD + opened + b"\r\nhello\r\n"


CASES = {
    "headers in CR without end": b"X: a\r b\r" * 100_000 + b"\n",
    "CR and CR again": b"X: a\r\r" * 100_000 + b"\n\r" * 100_000,
    "LF CR": b"X: a\n\r" * 100_000,
    "a header of 1 MB": HEAD + b"X: " + b"a" * 1_000_000 + b"\r\n\r\nx",
    "100,000 headers": HEAD + b"X: y\r\n" * 100_000 + b"\r\nx",
    "a subject of 1 MB of words": b"Subject: " + b"word " * 200_000 + b"\r\n\r\nx",
    "long folded lines": b"Subject: " + b"word\r\n " * 150_000 + b"\r\n\r\nx",
    "20,000 encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\nx",
    "encoded words never closed": b"Subject: " + b"=?utf-8?q?" * 20_000 + b"\r\n\r\nx",
    "10,000 Received headers": b"Received: from x by y; Tue, 3 Nov 2020 12:34:56 +0100\r\n" * 10_000 + HEAD + b"\r\nx",
    "20,000 addresses": b"To: " + b", ".join(b"N <a%d@b.example>" % at for at in range(20_000)) + b"\r\n\r\nx",
    "open parentheses": b"To: " + b"(" * 60_000 + b"\r\n\r\nx",
    "blanks": b"From: a" + b" " * 60_000 + b"x\r\n\r\nx",
    "folded blanks": b"To: a" + b"\r\n  " * 16_000 + b"x\r\n\r\nx",
    "comments about nothing": b"To: " + b"()" * 30_000 + b"\r\n\r\nx",
    "comments, each another": b"To: " + b"".join(b"(%d)" % at for at in range(9_000)) + b"\r\n\r\nx",
    "quotes": b"To: " + b'"\\"' * 20_000 + b"\r\n\r\nx",
    "angles": b"To: " + b"<a@b>" * 12_000 + b"\r\n\r\nx",
    "colons": b"To: " + b":" * 60_000 + b";\r\n\r\nx",
    "plain words as addresses": b"To: " + b"word " * 12_000 + b"\r\n\r\nx",
    "20,000 parameters": b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\r\n\r\nx",
    "20,000 quotes in a parameter": b"Content-Type: text/plain; a=" + b'"' * 20_000 + b"\r\n\r\nx",
    "1,000 levels": levels(1_000),
    "10,000 levels": levels(10_000),
    "the same boundary 5,000 times": HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 5_000,
    "mails in mails, 1,000 deep": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 1_000 + b"x",
    "mails in mails, 100,000 deep": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 100_000 + b"x",
    "10,000 parts": parts(b"", 10_000),
    "100,000 parts": parts(b"", 100_000),
    "dashes": HEAD + b'Content-Type: multipart/mixed; boundary="-"\r\n\r\n' + b"\n---" * 200_000,
    "an empty boundary": HEAD + b'Content-Type: multipart/mixed; boundary=""\r\n\r\n' + b"--\r\n\r\nx\r\n" * 50_000,
    "base64 of junk": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=!" * 500_000,
    "padding everywhere": HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"QQ== " * 100_000,
    "equals signs": HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=" * 1_000_000,
    "flowed quotes": HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b">" * 1_000_000,
    "escape sequences": HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + b"\x1b$B" * 100_000 + b"\xff",
    "an unknown charset": HEAD + b"Content-Type: text/plain; charset=x\r\n\r\n" + random.Random(1).randbytes(200_000),
    "references": b"References: " + b"<a@b> " * 10_000 + b"\r\n\r\nx",
    "a file name of 60,000 characters": b"Content-Disposition: attachment; filename=" + b"a." * 30_000 + b"\r\n\r\nx",
    "a report of 50,000 blocks": HEAD + b"Content-Type: message/delivery-status\r\n\r\n" + b"A: b\r\n\r\n" * 50_000,
    "NUL": b"\x00" * 500_000,
    "line ends": b"\r\n" * 500_000,
    "noise": os.urandom(200_000),
}


@pytest.mark.parametrize("case", CASES)
def test_it_takes_no_time_and_breaks_nothing(case, in_time):
    assert in_time(CASES[case]).size == len(CASES[case])


def test_what_is_cut_is_named(in_time):
    assert "header_block_cut" in in_time(CASES["a header of 1 MB"]).defects
    assert "header_count_cut" in in_time(HEAD + b"X: y\r\n" * 5_000 + b"\r\nx").defects
    assert "too_many_parts" in in_time(CASES["10,000 parts"]).defects
    assert "too_deep" in in_time(CASES["1,000 levels"]).defects
    assert "too_many_addresses" in in_time(CASES["angles"]).defects


def test_what_comes_before_the_cut_is_kept(in_time):
    mail = in_time(CASES["100,000 headers"])
    assert (mail.subject, mail.text) == ("s", "x")
    assert len(mail.headers) == 1_000
    assert "hidden" in parse(parts(b"", 50) + b"\r\n--b\r\n\r\nhidden\r\n--b--").text


def test_limits_can_be_set():
    assert len(parse(parts(b"Content-Type: image/png\r\n", 50), limits=Limits(parts=7)).attachments) == 7


_LINE = st.sampled_from(
    [b"Content-Type: multipart/mixed; boundary=b", b"Content-Type: message/rfc822",
     b"Content-Transfer-Encoding: base64", b"--b", b"--b--", b"", b"Subject: =?utf-8?q?=FF?=", b"To: <a@b>, (c",
     b"Content-Type: text/html; charset=utf-7",
     b"Content-Disposition: attachment; filename*0*=x''%E4", b"+2AA-", b"QUJD=", b"\x1b$B", b"\xff\xfe\x00"]
)  # fmt: skip


@given(st.lists(st.one_of(_LINE, st.binary(max_size=40)), max_size=30), st.sampled_from([b"\r\n", b"\n", b"\r"]))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_any_sequence_of_lines_is_a_mail(lines, end):
    mail = parse(end.join(lines))
    assert "parser_failed" not in mail.defects
    mail.text.encode()
    mail.subject.encode()
