"""The compiled reader of usual mail: what it takes, that it says what Python says, and that nothing needs it."""

from __future__ import annotations

import gc
import itertools
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from benchmarks.corpus import mix, small
from mailroom.mail.model import MailAddress
from mailroom.mail.parse import base64_lines, parse
from mailroom.mail.parse.compiled import fast
from mailroom.mail.parse.limits import DEFAULT_LIMITS, Limits, Work
from mailroom.mail.parse.usual import usual_mail

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.skipif(fast is None, reason="SKIPPED: nothing was compiled; see `make setup`")

_USUAL = {
    "From": "Ann Lee <ann@example.org>",
    "To": "soc@northwind.example",
    "Subject": "The order",
    "Date": "Mon, 05 Jan 2026 08:00:00 +0100",
    "Message-ID": "<1@example.org>",
    "Content-Type": "text/plain; charset=utf-8",
}
_FORMS: dict[str, tuple[str, ...]] = {
    "From": (
        "ann@example.org", "<ann@example.org>", '"Lee, Ann" <ann@example.org>', '""<ann@example.org>', "Ann<a@b.c>",
        "Ann  Lee <ann@example.org>", "'Ann' <ann@example.org>", '"Ann\\"" <ann@example.org>',
        "Ann.Lee <A@EXAMPLE.ORG>",
        "Ann\tLee <ann@example.org>", "Ann (work) <ann@example.org>", "ann@example.org (Ann Lee)",
        "Ann <ann@example>",
        "Ann <ann@example.org.>", "Ann <ann@xn--bcher-kva.example>", "XN--A <a@b.c>", "a@b.c, d@e.f", "a@b.c <d@e.f>",
        '"a@b.c" <d@e.f>', "Ann <>", "<", ">", "", "Ann", "Ann <ann@example.org> x", "Ann <ann@@example.org>",
        "Ann <ann@example.org", "ann@example.org>", "Friends: a@b.c, d@e.f;", "undisclosed-recipients:;",
        f"{'x' * 64}@example.org", f"{'x' * 65}@example.org", f"a@{'x' * 253}", f"a@{'x' * 254}", "Ann <@b.c>",
        "Ann <a@>",
        f"{'n' * 190} <a@b.c>", ", ".join(f"p{number}@b.c" for number in range(60)), f"{'n' * 1200} <a@b.c>",
        "Ann\\ <a@b.c>", "Ann <a+b/c=d@e.f>", "Ann <a!b@e.f>", "=?utf-8?q?J=C3=B6rg?= <a@b.c>", "A=?x <a@b.c>",
        "a@b.c ",
    ),
    "Date": (
        "5 Jan 2026 08:00:00 +0000", "05 Jan 2026 08:00:00 +0000", "Mon, 5 Jan 2026 08:00:00 -0500 (EST)",
        "Mon, 05 Jan 2026 08:00:00 +0000 (UTC)", "Mon, 05 Jan 2026 08:00:00 -0000", "Mon, 05 Jan 2026 08:00:00 GMT",
        "Mon, 05 Jan 2026 08:00 +0000", "Mon, 05 Jan 26 08:00:00 +0000", "Mon, 31 Feb 2026 08:00:00 +0000",
        "Mon, 05 JAN 2026 08:00:00 +0000", "Mon, 05 Jan 1899 08:00:00 +0000", "Mon, 05 Jan 9999 08:00:00 +0000",
        "Mon, 05 Jan 0001 08:00:00 +0000", "Mon, 05 Jan 2026 08:00:60 +0000", "Mon, 05 Jan 2026 24:00:00 +0000",
        "Mon, 05 Jan 2026 08:00:00 +2400", "Mon, 05 Jan 2026 08:00:00 +0060", "Mon, 05 Jan 2026 08:00:00 +0530",
        "Mon, 05 Jan 2026 08:00:00 +00001", "Mon, 05 Jan 2026 08:00:00 +0000x",
        "Mon, 05 Jan 2026 08:00:00 +0100 -0000",
        "Mon,05 Jan 2026 08:00:00 +0000", "2026-01-05T08:00:00Z", "yesterday", "",
        "Mon, 05 Jan 2026 08:00:00 +0100 ()",
        "Mon, 05 Jan 2026 08:00:00", "Mon, 00 Jan 2026 08:00:00 +0000", "Mon, 05 Jan 2026 08:00:00  +0000",
    ),
    "Message-ID": ("<a b@c>", "<a@b> <c@d>", "a@b", "<>", "", "<(x)a@b>", "<a@b(x)>", "<<a@b>>", f"<{'x' * 2000}>",
                   f"<{'x' * 2001}>"),
    "References": ("<a@b>", "<a@b> <c@d> <a@b>", "a@b c@d", "", "x",
        " ".join(f"<{number}@x>" for number in range(150))),
    "In-Reply-To": ("<a@b>", "Your mail of Monday", "<a@b>, <c@d>"),
    "Subject": ("", "  two  ", "=?utf-8?q?J=C3=B6rg?=", "=?", "x" * 33_000, "a\x0bb", "a\x7fb", "a\r\n b",
        "a\r\n\t\r\n b"),
    "Content-Type": (
        "text/html", "text/html; charset=utf-8", "TEXT/PLAIN; CHARSET=UTF-8", "text/plain; charset=us-ascii",
        "text/plain; charset=iso-8859-1", "text/plain; format=flowed", "text/plain; charset=utf-8; format=fixed",
        "text",
        'text/plain; charset="utf-8"; name="a.txt"', "text/plain; charset*=utf-8''utf-8", "text/plain;", "",
        "image/png",
        "text/plain; charset=unknown-8bit", "text/plain; charset=nonsense", "text/calendar; method=REPLY",
        "text/enriched",
        "multipart/alternative; boundary=x", "message/rfc822", "text / plain", "text/plain charset=utf-8",
        "multipart/mixed",
    ),
    "Content-Transfer-Encoding": ("7bit", "8bit", "8BIT", "binary", "quoted-printable", "Quoted-Printable", "base64",
                                  "QP", "x-uuencode", "", "7bit (plain)", "nonsense"),
    "Content-Disposition": ("inline", "attachment", 'attachment; filename="a.txt"', ""),
    "Bcc": ("a@b.c",), "Reply-To": ("a@b.c", "A <a@b.c>, B <b@b.c>"), "Sender": ("a@b.c", "nobody"),
    "Cc": ("a@b.c, d@e.f", "", "Lee, Ann <a@b.c>"), "X-Long": ("x" * 5_000, "\r\n " * 300 + "x"), "X\x01": ("a",),
}  # fmt: skip
_BODIES = (
    b"Hello\r\n", b"Hello", b"", b"\r\n", b" \r\n\t\r\n", b"Hello\nthere\r\n", b"Hello\rthere\r\n", b"Hello\r",
    b"\x00", b"\x1b$B",
    "Grüße\r\n".encode(), "Grüße\r\n".encode("latin-1"), b"\xef\xbb\xbfHello\r\n", b"\xff\xfeH\x00",
    b"\xed\xa0\x80 a\r\n",
    "\u00a0\r\n".encode(), "\u8acb\u6c42\r\n".encode(), b"a=20b=\r\nc=3D\r\n", b"a=\nb", b"a==b", b"a=4", b"a=",
    b"a=zz", b"=C3=BC",
    b"=FC", b"=0Da", b"=00", b"=1B", b"-----BEGIN PGP MESSAGE-----\r\n", b"\r\n -----BEGIN PGP MESSAGE-----\r\n",
    "\u00a0-----BEGIN PGP MESSAGE-----\r\n".encode(), b"begin 644 a.txt\r\n#0V%T\r\n`\r\nend\r\n", b"begin 6",
    b"we begin 7 times",
    b"begin\r\n", b"a\x7f\x01\r\n", b"x" * 5_000, b"x=" * 2_000,
)  # fmt: skip


def mail_of(body: bytes = b"Hello\r\n", **headers: str | None) -> bytes:
    written = {**_USUAL, **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = [f"{name}: {value}\r\n" for name, value in written.items() if value is not None]
    return "".join(lines).encode("latin-1") + b"\r\n" + body


def is_taken(raw: bytes) -> bool:
    return usual_mail(raw, Work(DEFAULT_LIMITS), "sha") is not None


def assert_same(raw: bytes) -> None:
    compiled, python = parse(raw), parse(raw, accelerator=False)
    assert compiled == python, raw[:2_000]
    assert repr(compiled) == repr(python), raw[:2_000]  # time zones are in it, too


def test_it_takes_ordinary_mail():
    assert all(is_taken(one.raw) for one in small(100))
    assert {one.kind for one in mix(200) if is_taken(one.raw)} == {"plain", "alternative"}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in _FORMS.items() for value in values])
def test_every_form_of_a_header_is_read_as_in_python(name, value):
    for body in (b"Hello\r\n", "Grüße =C3=BC\r\n".encode()):
        assert_same(mail_of(body, **{name: value}))
        assert_same(mail_of(body, **{name: value, "Content-Transfer-Encoding": "quoted-printable"}))


@pytest.mark.parametrize("name", _USUAL)
def test_a_header_that_is_missing_or_stands_twice_is_read_as_in_python(name):
    assert_same(mail_of(**{name: None}))
    assert_same(f"{name}: {_FORMS[name][0] if name in _FORMS else 'a@b.c'}\r\n".encode() + mail_of())


@pytest.mark.parametrize("encoding", [None, "7bit", "quoted-printable", "base64"])
@pytest.mark.parametrize(
    "kind", ["text/plain", "text/plain; charset=utf-8", "text/html", "text/html; charset=us-ascii"]
)
def test_every_body_is_read_as_in_python(kind, encoding):
    for body in _BODIES:
        assert_same(mail_of(body, Content_Type=kind, Content_Transfer_Encoding=encoding))


_PART = b"Content-Type: text/plain; charset=utf-8\r\n\r\nwords\r\n"
_PAGE = b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<p>=C3=BC</p>\r\n"
_MULTIPARTS = (
    b"--x\r\n" + _PART + b"--x\r\n" + _PAGE + b"--x--\r\n",
    b"--x\r\n" + _PAGE + b"--x--",
    b"--x\r\n" + _PAGE + b"\r\n--x\r\n" + _PART + b"\r\n--x--  \r\nepilogue\r\n",
    b"This is a multi-part message.\r\n\r\n--x\r\n" + _PART + b"--x--\r\n",
    b"\r\nContent-Type: text/plain\r\n\r\nlost\r\n--x\r\n" + _PART + b"--x--\r\n",
    b"--x\r\n" + _PART + b"--x\r\n" + _PART + b"--x--\r\n",
    b"--x\r\n" + _PART + b"--x\r\n" + _PAGE + b"--x\r\n" + _PAGE + b"--x--\r\n",
    b"--x\r\n" + _PART + b"--x\r\n" + _PAGE,
    b"--x\r\n" + _PART + b"--xy\r\n" + _PAGE + b"--x--\r\n",
    b"--x \r\n" + _PART + b"--x--\r\n",
    b"--x\n" + _PART + b"--x--\r\n",
    b"--x\r\n" + _PART + b"--x--y\r\n--x--\r\n",
    b"--x\r\n" + _PART + b"--x--\r\n--x\r\n" + _PAGE + b"--x--\r\n",
    b"--x\r\n\r\nno headers\r\n--x--\r\n",
    b"--x\r\nContent-Type: text/plain\r\n--x--\r\n",
    b"--x\r\n--x--\r\n",
    b"--x--\r\n",
    b"",
    b"no delimiter\r\n",
    b"--x\r\nX: y\r\n\r\nno type\r\n--x--\r\n",
    b"--x\r\nContent-Type: text/plain; name=a.txt\r\nContent-ID: <a>\r\n\r\nnamed\r\n--x--\r\n",
    b"--x\r\nContent-Type: text/plain\r\nContent-Disposition: attachment\r\n\r\nfile\r\n--x--\r\n",
    b"--x\r\nContent-Type: text/plain; charset=koi8-r\r\n\r\n\xf0\xd2\r\n--x--\r\n",
    b"--x\r\nContent-Type: multipart/alternative; boundary=y\r\n\r\n--y\r\n" + _PART + b"--y--\r\n--x--\r\n",
    b"--x\r\n" + _PART + b"-----BEGIN PGP MESSAGE-----\r\n--x--\r\n",
    b"--x\r\nContent-Type: text/plain\r\n\r\nbegin 644 a\r\n#0V%T\r\n`\r\nend\r\n--x--\r\n",
)
_ALTERNATIVES = (
    "multipart/alternative; boundary=x", 'multipart/alternative; boundary="x"',
    'Multipart/Alternative;\r\n\tBoundary="x"',
    'multipart/alternative; boundary="x" ', "multipart/alternative; boundary=x; charset=utf-8",
    "multipart/alternative",
    'multipart/alternative; boundary=""', "multipart/alternative; boundary=", "multipart/alternative;boundary='x'",
    'multipart/alternative; charset=utf-8; boundary="x"', 'multipart/alternative; boundary="x',
    "multipart/related; boundary=x",
    "multipart/alternative; boundary*=utf-8''x", "multipart/alternative boundary=x",
    f"multipart/alternative; boundary={'x' * 300}",
    "multipart/report; report-type=delivery-status; boundary=x", "multipart/mixed; boundary=x",
)  # fmt: skip


@pytest.mark.parametrize("kind", _ALTERNATIVES)
def test_every_multipart_is_read_as_in_python(kind):
    for body in _MULTIPARTS:
        for encoding in (None, "8bit", "quoted-printable"):
            assert_same(mail_of(body, Content_Type=kind, Content_Transfer_Encoding=encoding))


def test_it_leaves_alone_what_other_limits_are_for():
    assert parse(mail_of(), limits=Limits(header_block=20)).defects
    assert usual_mail(mail_of(), Work(Limits(headers=3)), "sha") is None


def test_base64_lines_of_any_length_are_joined_or_refused():
    for length, ending, rest in itertools.product((4, 76), (b"\r\n", b"\n"), (b"", b"QUI=", b"Q")):
        lines = (b"A" * length + ending) * 5 + rest
        assert fast.base64_lines(b"-" + lines, 1, 1 + len(lines), length, len(ending)) == b"A" * (5 * length) + rest
    assert fast.base64_lines(b"AAAA\r\nAAA\r\nA", 0, 12, 4, 2) is None
    for odd in ((-1, 4, 4, 2), (0, 99, 4, 2), (3, 2, 4, 2), (0, 4, 0, 2), (0, 4, 4, 3), (0, 4, sys.maxsize, 2)):
        with pytest.raises(ValueError, match="no lines"):
            fast.base64_lines(b"AAAA\r\n", *odd)


def test_wrong_calls_are_refused():
    with pytest.raises(TypeError):
        fast.usual_mail("text", "sha", 1, 1)
    with pytest.raises(TypeError):
        fast.header_block(b"A: b\r\n\r\n", 0, 8)
    with pytest.raises((TypeError, OverflowError)):
        fast.header_block(b"A: b\r\n\r\n", 0, 1 << 70, 1, 1)
    with pytest.raises(KeyError):
        fast.configure({})
    assert fast.header_block(b"A: b\r\n\r\n", -5, 8, 99, 9) is None
    assert fast.header_block(b"A: b\r\n\r\n", 0, 99, 99, 9) == ([("A", "b")], {"a": "b"}, [], 8)


def test_it_keeps_nothing_of_what_it_read():
    raws = [one.raw for one in small(20)] + [mail_of(body) for body in _BODIES if len(body) < 100]
    raws += [mail_of(body, Content_Type="multipart/alternative; boundary=x") for body in _MULTIPARTS]

    def read_all() -> None:
        for raw in raws:
            usual_mail(raw, Work(DEFAULT_LIMITS), "sha")
            fast.header_block(raw, 0, len(raw), 10_000, 50)

    read_all()
    gc.collect()
    before = sys.getallocatedblocks()
    for _ in range(20):
        read_all()
    gc.collect()
    assert sys.getallocatedblocks() - before < len(raws) * 10  # one object kept of each reading would be twice that


def test_without_it_mail_is_read_all_the_same():
    code = (
        "import sys; sys.modules['mailroom.mail.parse._fast'] = None\n"
        "from mailroom.mail.parse import parse\n"
        "mail = parse(sys.stdin.buffer.read()); print(mail.subject, mail.text.strip(), mail.attachments[0].sha256[:8])"
    )
    raw = mail_of(
        b"--x\r\n\r\nHello\r\n--x\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + b"QUJD" * 19 * 400
        + b"\r\n--x--\r\n",
        Content_Type="multipart/mixed; boundary=x",
    )
    done = subprocess.run([sys.executable, "-c", code], input=raw, capture_output=True, check=True, cwd=ROOT)
    assert done.stdout.decode().split()[:3] == ["The", "order", "Hello"]


def test_long_base64_that_was_joined_is_told_from_one_piece(monkeypatch):
    monkeypatch.setattr(base64_lines, "_ROWS", 100)  # the first piece ends where the lines decoded at once end
    line = b"QUJD" * 19 + b"\r\n"
    for lines, end in ((99, b"QUJD" * 18 + b"QQ==\r\n"), (99, b"QUJD" * 18 + b"QUI=\r\n"), (50, b"QQ==" + line[4:])):
        raw = mail_of(
            line * lines + end + line * 300, Content_Type="application/pdf", Content_Transfer_Encoding="base64"
        )
        assert_same(raw)
        assert "base64_joined" in parse(raw).defects


def test_a_content_type_that_is_cut_is_left_to_python():
    for blanks in (900, 1_000, 65_504, 65_505):
        kind = "multipart/alternative;" + " " * blanks + "boundary=x"
        assert_same(mail_of(b"--x\r\nA: b\r\n\r\nhi\r\n--x--\r\n", Content_Type=kind))


@pytest.mark.parametrize(
    "names", [("Sender", "Reply-To", "To", "Cc"), ("To",), ("Sender", "Reply-To", "To", "Cc", "Bcc")]
)
def test_addresses_are_counted_over_all_headers(names):
    for entries in (150, 333, 499):
        assert_same(mail_of(b"x", **dict.fromkeys(names, "a," * entries + "a")))


def test_octets_of_another_class_are_octets():
    class Octets(bytes):
        pass

    assert parse(Octets(mail_of())) == parse(mail_of())


def test_a_wrong_configuration_is_refused_whole():
    with pytest.raises(TypeError, match="no class"):
        fast.configure(dict.fromkeys(
            ("described", "short_addresses", "addresses", "date", "message_id", "ids", "only_once", "mail"), 5
        ) | {"address": MailAddress})  # fmt: skip


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain; x={:06}" + "y" * 60_000},
        {"Content-Type": "text/plain; charset={:06}" + "y" * 60_000},
        {"From": '"{:06}' + "n" * 60_000 + '" (x) <a@b.example>'},
        {"From": "<a@{:06}" + "n" * 60_000 + ".example>"},
    ],
)
def test_nobody_can_fill_the_memory_with_what_is_remembered(headers):
    def held(number: int) -> int:
        (name, value), *_ = headers.items()
        parse(mail_of(**{name: value.format(number)}))
        parse(mail_of(**{name: value.format(number)}), accelerator=False)
        return tracemalloc.get_traced_memory()[0]

    held(0)
    tracemalloc.start()
    try:
        before = held(1)
        gc.collect()
        assert max(held(number) for number in range(2, 40)) - before < 1_000_000
    finally:
        tracemalloc.stop()
