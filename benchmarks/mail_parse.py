"""How fast mails are parsed, as ratios to the standard library in the same run, and how long the worst input takes.

`python -m benchmarks mail-parse` prints the table alone.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import time
from collections.abc import Callable

from benchmarks.corpus import Sample, mix, small
from benchmarks.table import Figure
from mailroom.mail.html_text import html_to_text
from mailroom.mail.parse import parse

_MAILS = 300
_ROUNDS = 5
_HEAD = b"From: a@b.example\r\nTo: c@d.example\r\nSubject: s\r\n"
_HOSTILE: dict[str, bytes] = {
    "1 MB of words in a subject": b"Subject: " + b"word " * 200_000 + b"\r\n\r\nx",
    "100,000 headers": _HEAD + b"X: y\r\n" * 100_000 + b"\r\nx",
    "20,000 addresses": b"To: " + b", ".join(b"N <a%d@b.example>" % at for at in range(20_000)) + b"\r\n\r\nx",
    "open parentheses": b"To: " + b"(" * 60_000 + b"\r\n\r\nx",
    "20,000 parameters": b"Content-Type: text/plain" + b"; a=b" * 20_000 + b"\r\n\r\nx",
    "20,000 encoded words": b"Subject: " + b"=?utf-8?q?a?= " * 20_000 + b"\r\n\r\nx",
    "100,000 parts": _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 100_000,
    "5,000 levels": _HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" * 5_000,
    "100,000 mails in mails": _HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 100_000 + b"x",
    "1 MB of equals signs": _HEAD + b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=!" * 500_000,
    "100 KB of escapes": _HEAD
    + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n"
    + b"\x1b$B" * 33_000
    + b"\xff",
    "1 MB of quote marks": _HEAD + b"Content-Type: text/plain; format=flowed\r\n\r\n" + b">" * 1_000_000,
}
_HOSTILE_HTML = {"open divs": "<div>" * 20_000, "open lists": "<ul><li>" * 12_000, "open tags": "<" * 100_000}


def parsing() -> list[Figure]:
    """Rates on the mix and on small mails, the slowest mail of the mix, the slowest hostile input."""
    figures: list[Figure] = []
    for name, samples, promised in (("mix", list(mix(_MAILS)), 12.0), ("small", list(small(_MAILS)), 15.0)):
        raws = [sample.raw for sample in samples]
        library, pure, usual = _by_turns([_with_library, _with_nothing_compiled, parse], raws)
        note = f"{len(raws) / usual:,.0f} mails/s, library {len(raws) / library:,.0f}"
        figures += [
            Figure(f"parse, {name}, nothing compiled", library / pure, "x library", promised),
            Figure(f"parse, {name}, as installed", library / usual, "x library", promised, note=note),
            Figure(f"parse, {name}, right", 100 * _right(samples), "%", 100),
        ]
    slowest = sorted(_milliseconds(sample.raw) for sample in mix(500, seed=3))
    figures.append(Figure("parse, p99 of the mix", slowest[int(len(slowest) * 0.99)], "ms", 20, at_least=False))
    return [*figures, *_hostile()]


def _hostile() -> list[Figure]:
    times = {name: _milliseconds(raw) for name, raw in _HOSTILE.items()}
    for name, html in _HOSTILE_HTML.items():
        started = time.process_time()
        html_to_text(html)
        times[name] = 1_000 * (time.process_time() - started)
    name = max(times, key=times.__getitem__)
    return [Figure("parse, worst hostile input", times[name] / 1_000, "s", 2.0, at_least=False, note=name)]


def _by_turns(ways: list[Callable[[bytes], object]], raws: list[bytes]) -> list[float]:
    """Seconds of each way over all mails, by the clock on the wall: the hash of a big mail is computed beside.

    Mail by mail in turns, the best of several, so that a busy machine slows all of them alike.
    """
    totals = [0.0] * len(ways)
    for raw in raws:
        for index, way in enumerate(ways):
            best = float("inf")
            for _ in range(_ROUNDS):
                started = time.perf_counter()
                way(raw)
                best = min(best, time.perf_counter() - started)
            totals[index] += best
    return totals


def _milliseconds(raw: bytes) -> float:
    started = time.process_time()
    parse(raw)
    return 1_000 * (time.process_time() - started)


def _with_nothing_compiled(raw: bytes) -> object:
    return parse(raw, accelerator=False)


def _with_library(raw: bytes) -> object:
    """What our parser does, with the library's modern interface: all headers, text, HTML, hashes."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    found: list[object] = [hashlib.sha256(raw).hexdigest(), [(name, str(value)) for name, value in message.items()]]
    for part in message.walk():
        if part.is_multipart():
            continue
        if part.get_content_type() in {"text/plain", "text/html"}:
            found.append(part.get_content())
        else:
            content = part.get_payload(decode=True)
            found.append(hashlib.sha256(content if isinstance(content, bytes) else b"").hexdigest())
    return found


def _right(samples: list[Sample]) -> float:
    """The share of mails of which every field is right."""
    return sum(_is_right(sample) for sample in samples) / len(samples)


def _is_right(sample: Sample) -> bool:
    mail, truth = parse(sample.raw), sample.truth
    attached = tuple(
        (made.name, made.size, made.sha256) for made in mail.attachments if "nested_mail" not in made.flags
    )
    return (
        (mail.subject, mail.date, mail.message_id) == (truth.subject, truth.date, truth.message_id)
        and (mail.author.name, mail.author.address) == truth.from_
        and tuple(entry.address for entry in mail.to) == truth.to
        and tuple(entry.address for entry in mail.cc) == truth.cc
        and mail.text.rstrip("\n") == truth.text.replace("\r\n", "\n").rstrip("\n")
        and mail.html.rstrip("\n") == truth.html.replace("\r\n", "\n").rstrip("\n")
        and attached == truth.attachments
        and tuple((inner.subject, inner.sha256) for inner in mail.nested) == truth.nested
    )
