"""Mails for measuring, made up from a seed, each with the truth about it.

The mix: 60 % plain text (median 3.7 KB), 25 % multipart/alternative, 10 % with one attachment of 50 KB to 2 MB, 3 %
with headers in ten charsets, 2 % with a mail inside. The small ones: 70 % text, 30 % with HTML. Headers are as long
as those of real mail.
"""

from __future__ import annotations

import base64
import hashlib
import quopri
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

_START = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)
_WORDS = tuple(
    word
    for line in (
        "the order invoice meeting report please find attached our delivery number customer account review contract",
        "today update schedule and will be with from this that week project budget team system question answer regards",
        "urgent payment office service change request status approve release message quarantine sender domain policy",
    )
    for word in line.split()
)
_CHARSETS = (
    ("utf-8", "Überweisung für Jörg – prüfen", "Jörg Müller"),
    ("iso-8859-1", "Réunion à l'école déplacée", "François Lefèvre"),
    ("windows-1252", "Preis 100 € – “Angebot”", "Zoë Ångström"),
    ("iso-8859-2", "Zażółć gęślą jaźń", "Łukasz Żółty"),
    ("koi8-r", "Срочно проверьте счёт", "Иван Петров"),
    ("windows-1251", "Договор на подпись", "Ольга Сидорова"),
    ("iso-2022-jp", "請求書の確認をお願いします", "山田太郎"),
    ("shift_jis", "会議の日程について", "佐藤花子"),
    ("gb2312", "请查收附件中的合同", "王小明"),
    ("euc-kr", "계약서 확인 부탁드립니다", "김철수"),
)


@dataclass(frozen=True)
class Truth:
    """What a parser must find."""

    subject: str
    from_: tuple[str, str]
    to: tuple[str, ...]
    cc: tuple[str, ...]
    date: datetime
    message_id: str
    text: str
    html: str = ""
    attachments: tuple[tuple[str, int, str], ...] = ()
    """(name, octets, SHA-256); mails inside are not among them."""
    nested: tuple[tuple[str, str], ...] = ()
    """(subject, SHA-256 of the octets)"""


@dataclass(frozen=True)
class Sample:
    """One mail as it would be fetched."""

    kind: str
    raw: bytes = field(repr=False)
    truth: Truth = field(repr=False)


def mix(number: int, seed: int = 1) -> Iterator[Sample]:
    """`number` mails of the mix, 78 KB on average."""
    chance = random.Random(seed)
    attached = 0
    for index in range(number):
        draw = _spread(index)
        if draw < 0.60:
            yield _plain(chance, index)
        elif draw < 0.85:
            yield _alternative(chance, index)
        elif draw < 0.95:
            yield _attached(chance, index, _spread(attached))
            attached += 1
        elif draw < 0.98:
            yield _foreign(chance, index)
        else:
            yield _nested(chance, index)


def small(number: int, seed: int = 2) -> Iterator[Sample]:
    """`number` mails without attachments, 5 KB on average."""
    chance = random.Random(seed)
    for index in range(number):
        yield _plain(chance, index) if chance.random() < 0.7 else _alternative(chance, index)


def _spread(index: int) -> float:
    """Between 0 and 1, evenly over any stretch of indexes: few mails show the same mix as many."""
    return (0.5 + index * 0.618033988749895) % 1.0


def _paragraphs(chance: random.Random, octets: int) -> str:
    lines: list[str] = []
    size = 0
    while size < octets:
        line = " ".join(chance.choices(_WORDS, k=chance.randint(4, 12)))
        if chance.random() < 0.15:
            line = f"{line} https://portal{chance.randint(1, 99)}.example.net/case/{chance.randint(1000, 9999)}"
        lines.append(line.capitalize() + ".")
        size += len(lines[-1]) + 2
        if chance.random() < 0.12:
            lines.append("")
    return "\r\n".join(lines) + "\r\n"


def _length(chance: random.Random) -> int:
    return int(min(chance.lognormvariate(7.2, 0.9), 40_000))


def _token(chance: random.Random, octets: int) -> str:
    return base64.b64encode(chance.randbytes(octets)).decode("ascii")


def _folded(text: str) -> str:
    return "\r\n\t".join(text[at : at + 72] for at in range(0, len(text), 72))


def _envelope(chance: random.Random, index: int, subject: str, name: str) -> tuple[list[str], Truth]:
    """Header lines above the MIME ones, and the truth so far. `subject` and `name` are ASCII."""
    sender = f"{chance.choice(_WORDS)}.{index}@mail{chance.randint(1, 40)}.example.com"
    to = tuple(f"user{chance.randint(1, 500)}@northwind.example" for _ in range(chance.choice((1, 1, 1, 2, 3))))
    cc = tuple(f"copy{chance.randint(1, 99)}@northwind.example" for _ in range(chance.choice((0, 0, 0, 1, 4))))
    date = _START + timedelta(seconds=97 * index)
    message_id = f"<{chance.randbytes(12).hex()}.{index}@mail.example.com>"
    stamp = format_datetime(date)
    lines = ["Return-Path: <bounce@mail.example.com>", f"Delivered-To: {to[0]}"]
    for hop in range(chance.randint(2, 5)):
        lines.append(
            f"Received: from mx{hop}.example.com (mx{hop}.example.com [192.0.2.{chance.randint(1, 254)}])\r\n"
            f"\tby mail{hop}.northwind.example (Postfix) with ESMTPS id {chance.randbytes(6).hex().upper()}\r\n"
            f"\tfor <{to[0]}>; {stamp}"
        )
    lines += [
        "Authentication-Results: mail.northwind.example;\r\n\tdkim=pass header.d=example.com header.s=s1;\r\n"
        "\tspf=pass smtp.mailfrom=bounce@mail.example.com;\r\n\tdmarc=pass (policy=reject) header.from=example.com",
        "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=s1;\r\n\th=from:to:subject:date;"
        f"\r\n\tbh={_token(chance, 32)};\r\n\tb={_folded(_token(chance, 256))}",
        f"X-Report: {_folded(_token(chance, chance.choice((60, 400, 900))))}",
        f"From: {name} <{sender}>" if chance.random() < 0.8 else f'"{name}" <{sender}>'.join(("From: ", "")),
        f"To: {', '.join(to)}",
    ]
    if cc:
        lines.append(f"Cc: {', '.join(cc)}")
    lines += [f"Subject: {subject}", f"Date: {stamp}", f"Message-ID: {message_id}", "MIME-Version: 1.0"]
    if chance.random() < 0.4:
        lines += [f"In-Reply-To: <{index}.parent@example.com>", f"References: <{index}.root@example.com>"]
    lines += ["X-Mailer: Northwind Mailer 4.2", "X-Priority: 3", "Importance: Normal"]
    return lines, Truth(subject, (name, sender), to, cc, date, message_id, "")


def _subject(chance: random.Random) -> str:
    return " ".join(chance.choices(_WORDS, k=chance.randint(3, 8))).capitalize()


def _name(chance: random.Random) -> str:
    return " ".join(chance.choices(_WORDS, k=2)).title()


def _finish(kind: str, lines: list[str], body: bytes, truth: Truth, **found: object) -> Sample:
    raw = "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body
    return Sample(kind, raw, Truth(**{**truth.__dict__, **found}))


def _plain(chance: random.Random, index: int) -> Sample:
    lines, truth = _envelope(chance, index, _subject(chance), _name(chance))
    text = _paragraphs(chance, _length(chance))
    if chance.random() < 0.5:
        lines += ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 7bit"]
        return _finish("plain", lines, text.encode(), truth, text=text)
    text += "Grüße aus Köln\r\n"
    lines += ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: quoted-printable"]
    return _finish("plain", lines, quopri.encodestring(text.encode()), truth, text=text)


def _html(text: str) -> str:
    rows = "\r\n".join(f'<p style="margin:0;font-family:Arial">{line}</p>' for line in text.split("\r\n"))
    return f"<html><head><title>Mail</title></head><body>\r\n{rows}\r\n</body></html>\r\n"


def _alternative_part(chance: random.Random, boundary: str) -> tuple[bytes, str, str]:
    text = _paragraphs(chance, _length(chance))
    html = _html(text)
    body = (
        f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f"--{boundary}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    ).encode() + quopri.encodestring(html.encode())
    return body + f"\r\n--{boundary}--\r\n".encode(), text, html


def _alternative(chance: random.Random, index: int) -> Sample:
    lines, truth = _envelope(chance, index, _subject(chance), _name(chance))
    boundary = f"=_alt_{chance.randbytes(8).hex()}"
    lines.append(f'Content-Type: multipart/alternative;\r\n\tboundary="{boundary}"')
    body, text, html = _alternative_part(chance, boundary)
    return _finish("alternative", lines, body, truth, text=text, html=html)


def _attached(chance: random.Random, index: int, size: float) -> Sample:
    lines, truth = _envelope(chance, index, _subject(chance), _name(chance))
    boundary = f"=_mix_{chance.randbytes(8).hex()}"
    lines.append(f'Content-Type: multipart/mixed;\r\n\tboundary="{boundary}"')
    text = _paragraphs(chance, _length(chance))
    content = b"%PDF-1.7\n" + chance.randbytes(int(50_000 * 40**size))
    name = f"{chance.choice(_WORDS)}-{index}.pdf"
    body = (
        f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n--{boundary}\r\n"
        f'Content-Type: application/pdf; name="{name}"\r\nContent-Transfer-Encoding: base64\r\n'
        f'Content-Disposition: attachment;\r\n\tfilename="{name}"\r\n\r\n'
    ).encode()
    body += base64.encodebytes(content).replace(b"\n", b"\r\n") + f"--{boundary}--\r\n".encode()
    found = ((name, len(content), hashlib.sha256(content).hexdigest()),)
    return _finish("attached", lines, body, truth, text=text, attachments=found)


def _encoded(text: str, charset: str, chance: random.Random) -> str:
    octets = text.encode(charset)
    if chance.random() < 0.5:
        return f"=?{charset}?B?{base64.b64encode(octets).decode('ascii')}?="
    quoted = "".join(f"={octet:02X}" for octet in octets)
    return f"=?{charset}?Q?{quoted}?="


def _foreign(chance: random.Random, index: int) -> Sample:
    charset, subject, name = chance.choice(_CHARSETS)
    lines, truth = _envelope(chance, index, _encoded(subject, charset, chance), _encoded(name, charset, chance))
    text = f"{subject}\r\n{_paragraphs(chance, _length(chance))}{name}\r\n"
    lines += [f'Content-Type: text/plain; charset="{charset}"', "Content-Transfer-Encoding: base64"]
    body = base64.encodebytes(text.encode(charset)).replace(b"\n", b"\r\n")
    return _finish("foreign", lines, body, truth, text=text, subject=subject, from_=(name, truth.from_[1]))


def _nested(chance: random.Random, index: int) -> Sample:
    lines, truth = _envelope(chance, index, _subject(chance), _name(chance))
    inner = _alternative(chance, 1_000_000 + index)
    boundary = f"=_fwd_{chance.randbytes(8).hex()}"
    lines.append(f'Content-Type: multipart/mixed;\r\n\tboundary="{boundary}"')
    text = _paragraphs(chance, 300)
    body = (
        f"--{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n"
        f"--{boundary}\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\n"
    ).encode()
    body += inner.raw + f"\r\n--{boundary}--\r\n".encode()
    nested = ((inner.truth.subject, hashlib.sha256(inner.raw).hexdigest()),)
    return _finish("nested", lines, body, truth, text=text, nested=nested)
