"""Every field of every generated mail is right, with and without the compiled decoder."""

from __future__ import annotations

import base64
import itertools

import pytest

from benchmarks.corpus import Sample, mix, small
from mailroom.mail.model import Mail
from mailroom.mail.parse import parse, transfer


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


@pytest.mark.parametrize("make", [transfer.of_fast_mail_parser, transfer.of_pydantic])
def test_every_decoder_agrees_with_the_library_on_base64_that_is_not_clean(make, monkeypatch):
    decoder = make()
    monkeypatch.setattr(transfer, "fast_decoder", lambda: decoder)
    octets = bytes(range(256)) * 100
    clean = base64.encodebytes(octets)
    assert decoder(memoryview(clean.replace(b"\n", b"\r\n"))) == octets
    for written in (
        clean,
        clean[:-3],
        clean.replace(b"A", b"A!", 5),
        clean.replace(b"A", b"-", 5),
        clean.replace(b"+", b"-").replace(b"/", b"_"),
        clean + b"\r\nfooter text",
        clean + clean,
        clean[:-1] + b"=",
        b"A" * 9_001,
    ):
        results = [transfer.unbase64(written, 0, len(written), set(), fast=fast) for fast in (True, False)]
        assert results[0] == results[1]


def test_without_any_compiled_decoder_everything_is_read_all_the_same(monkeypatch):
    monkeypatch.setattr(transfer, "fast_decoder", lambda: None)
    sample = next(sample for sample in mix(50) if sample.kind == "attached")
    assert found(parse(sample.raw)) == expected(sample)
