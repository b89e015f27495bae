"""Every field of every generated mail is right, with and without the compiled decoder."""

from __future__ import annotations

import base64
import itertools

import pytest

from benchmarks.corpus import Sample, mix, small
from mailroom.mail.model import Mail
from mailroom.mail.parse import parse, transfer
from mailroom.mail.parse.base64_lines import decode_lines
from mailroom.mail.parse.compiled import fast


def found(mail: Mail) -> dict[str, object]:
    return {
        "subject": mail.subject,
        "from_": (mail.author.name, mail.author.address),
        "to": tuple(entry.address for entry in mail.to),
        "cc": tuple(entry.address for entry in mail.cc),
        "date": mail.date,
        "message_id": mail.message_id,
        "text": mail.text.rstrip("\n"),
        "html": mail.html.rstrip("\n"),
        "attachments": tuple(
            (made.name, made.size, made.sha256) for made in mail.attachments if "nested_mail" not in made.flags
        ),
        "nested": tuple((inner.subject, inner.sha256) for inner in mail.nested),
    }


def expected(sample: Sample) -> dict[str, object]:
    truth = dict(sample.truth.__dict__)
    for name in ("text", "html"):
        truth[name] = str(truth[name]).replace("\r\n", "\n").rstrip("\n")
    return truth


@pytest.mark.parametrize("accelerator", [False, None])
def test_the_truth_is_found(accelerator):
    kinds = set()
    for sample in itertools.chain(mix(400), small(100)):
        mail = parse(sample.raw, accelerator=accelerator)
        assert found(mail) == expected(sample), sample.kind
        assert mail.defects == ()
        kinds.add(sample.kind)
    assert kinds == {"plain", "alternative", "attached", "foreign", "nested"}


@pytest.mark.skipif(fast is None, reason="SKIPPED: nothing was compiled; see `make setup`")
def test_clean_base64_in_lines_takes_the_compiled_way():
    octets = bytes(range(256)) * 300
    for width in (57, 54, 45, 300):
        lines = [base64.b64encode(octets[at : at + width]) for at in range(0, len(octets), width)]
        for line_end in (b"\r\n", b"\n"):
            written = line_end.join(lines)
            assert decode_lines(b"before" + written + b"after", 6, 6 + len(written)) == octets


def test_the_compiled_decoder_agrees_with_the_library_on_base64_that_is_not_clean():
    octets = bytes(range(256)) * 100
    clean = base64.encodebytes(octets)
    for written in (
        clean,
        clean[:-3],
        clean.replace(b"A", b"A!", 5),
        clean.replace(b"A", b"-", 5),
        clean.replace(b"+", b"-").replace(b"/", b"_"),
        clean.replace(b"\n", b"\r\n", 7),
        clean.replace(b"\n", b"\n\n", 3),
        clean[:40] + b"\n" + clean[40:],
        clean + b"\r\nfooter text",
        clean + clean,
        clean[:-1] + b"=",
        b"A" * 20_001,
        b"\n" * 20_000,
    ):
        ways = []
        for compiled in (True, False):
            defects: set[str] = set()
            ways.append((transfer.unbase64(written, 0, len(written), defects, fast=compiled), defects))
        assert ways[0] == ways[1]
