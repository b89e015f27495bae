"""Every field of every generated mail is right, with and without the compiled decoder."""

from __future__ import annotations

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


def test_both_decoders_agree_on_base64_that_is_not_clean():
    import base64

    octets = bytes(range(256)) * 100
    clean = base64.encodebytes(octets)
    for written in (
        clean,
        clean[:-3],
        clean.replace(b"A", b"A!", 5),
        clean + b"\r\nfooter text",
        clean + clean,
        clean[:-1] + b"=",
    ):
        results = [transfer.unbase64(written, 0, len(written), set(), fast=fast) for fast in (True, False)]
        assert results[0] == results[1]
        assert results[0].startswith(octets[:-4])
