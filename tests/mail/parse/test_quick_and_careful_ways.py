"""The quick ways of the parser give what the careful ways give, field by field, also for mail that was damaged."""

from __future__ import annotations

import base64
import hashlib
import itertools
import os
import random
import time

import pytest

from benchmarks.corpus import mix, small
from mailroom.mail.parse import blocks, gather, hashing, parse
from mailroom.mail.parse.blocks import read_block
from mailroom.mail.parse.limits import DEFAULT_LIMITS, Work

_ODD = (
    b"From: a@b.example\nSubject: only LF\nX: folded\n\there\n\ntext\n",
    b"From: a@b.example\rSubject: only CR\r\rtext\r",
    b"From x@y Mon Jan 1 00:00:00 2026\r\nFrom: a@b.example\r\nSubject: from a mailbox file\r\n\r\ntext\r\n",
    b"Subject: mixed\r\nTo: a@b.example\nX: y\r\n\r\nCR\ralone\r\nand\nLF\n",
    b"Subject: \x0bvertical \x0c\r\nTo: \x1ca@b.example\x85\r\nX : y\r\n\r\n\x0btext\x1c\r\n",
    b"Subject: blank fold\r\n \r\n\t \r\nX: y\r\n\r\ntext\r\n",
    b"Subject: no blank line\r\ntext begins\r\n",
    b"Subject: =?utf-8?q?a=C3=BC?= and raw \xc3\xbc \xfc\r\nTo: a@b.example\r\n\r\n\xef\xbb\xbfmarked\r\n",
    b"Content-Type: text/plain; charset=utf-16\r\n\r\n" + "gr\u00fc\u00dfe\r\n".encode("utf-16"),
    b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n\x1b$B4A;z\x1b(B\r\n",
    b"Content-Type: text/plain; charset=us-ascii\r\n\r\nwith NUL \x00 and \xc3\xbc\r\n",
    b"Content-Type: text/html\r\n\r\n<meta charset=windows-1251>\xcf\xf0\xe8\xe2\xe5\xf2\r\n",
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n  -----BEGIN PGP MESSAGE-----\r\nx\r\n",
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n \r\n\t\r\n",
)
_BITS = (
    b"\r", b"\n", b"\r\n", b"\x00", b"\x1b$B", b" ", b"\t", b"=?utf-8?q?a=20b?=", b"=?", b":", b"\xff", b"\xc3\xbc",
    b"\xef\xbb\xbf", b",", b'"', b"<", b">", b";", b"(", b"\x0b", b"\x1c", b"\x85", b"\r\n\r\n", b"\n\n", b"\r\n ",
    b"--", b"=", b"X:\r\n", b"From: a@b.c\r\n", b"Subject\r\n", b"charset=utf-16", b"-----BEGIN PGP MESSAGE-----",
)  # fmt: skip


def damaged(raw: bytes, chance: random.Random) -> bytes:
    made = bytearray(raw)
    for _ in range(chance.choice((1, 1, 2, 5))):
        head = max(10, made.find(b"\r\n\r\n") + 4)
        at = chance.randrange(min(head, len(made)) if chance.random() < 0.7 else len(made))
        what = chance.random()
        if what < 0.5:
            made[at:at] = chance.choice(_BITS)
        elif what < 0.8:
            del made[at : at + chance.choice((1, 2, 10, 100))]
        elif what < 0.95:
            made[at] = chance.randrange(256)
        else:
            del made[max(1, at) :]
        if not made:
            return raw
    if chance.random() < 0.05:
        return bytes(made).replace(b"\r\n", b"\n")
    return bytes(made)


def mails(seed: int, number: int) -> list[bytes]:
    chance = random.Random(seed)
    whole = [one.raw for one in itertools.chain(mix(120, seed=seed), small(40, seed=seed)) if len(one.raw) < 100_000]
    whole += _ODD
    return whole + [damaged(chance.choice(whole), chance) for _ in range(number)]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_quick_ways_read_what_the_careful_ways_read(monkeypatch, seed):
    raws = mails(seed, 600)
    compiled = [parse(raw) for raw in raws]
    quick = [parse(raw, accelerator=False) for raw in raws]
    monkeypatch.setattr(blocks, "_usual", lambda *_: None)
    monkeypatch.setattr(gather, "usual_text", lambda *_: None)
    for raw, *found in zip(raws, compiled, quick, strict=True):
        careful = parse(raw, accelerator=False)
        assert found == [careful, careful], raw[:2_000]
        assert list(map(repr, found)) == [repr(careful)] * 2, raw[:2_000]  # time zones are in it, too


def test_the_compiled_decoder_changes_nothing():
    chance = random.Random(7)
    content = base64.encodebytes(chance.randbytes(30_000)).replace(b"\n", b"\r\n")
    raw = (
        b"From: a@b.example\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + content
    )
    for one in (raw, *mails(3, 200), *(damaged(raw, chance) for _ in range(200))):
        assert parse(one) == parse(one, accelerator=False)


def test_the_quick_way_is_the_one_that_ordinary_mail_takes():
    work = Work(DEFAULT_LIMITS, compiled=False)
    taken = [blocks._usual(sample.raw, 0, len(sample.raw), work) is not None for sample in small(100)]
    assert all(taken)


@pytest.mark.parametrize(
    "head",
    [
        b"X:" + b" " * 120_000 + b"\nY: a\rb\r\n\r\n",
        b"X:" + b"a " * 60_000 + b"\nY: a\rb\r\n\r\n",
        b"X" * 120_000 + b"\r\nY: a\r\n\r\n",
        b"X: a" + b"\t " * 60_000 + b"\nY: a\rb\r\n\r\n",
        b"X: a\r\n" + b" \r\n" * 40_000 + b"\r\n",
    ],
)
def test_no_header_line_makes_the_quick_way_slow(head):
    started = time.process_time()
    read_block(head, 0, len(head), Work(DEFAULT_LIMITS))
    assert time.process_time() - started < 1


@pytest.mark.parametrize("size", [0, 1, 2_047, 2_048, 16_384, 16_385, 131_071, 131_072, 500_000])
def test_hashes_are_the_same_whichever_way_they_are_computed(size):
    data = os.urandom(size)
    assert hashing.begin_sha256(data).result() == hashing.sha256_at_once(data) == hashlib.sha256(data).hexdigest()


def test_a_forked_process_hashes_big_mails_too():
    data = b"x" * 200_000
    expected = hashing.begin_sha256(data).result()
    reading, writing = os.pipe()
    if not (child := os.fork()):
        os.write(writing, hashing.begin_sha256(data).result().encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() == expected
    os.close(reading)
    os.close(writing)
