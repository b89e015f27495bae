"""Attachments: what the gateway says of a file counts before its name, and what is not listed is not known."""

from __future__ import annotations

from typing import Any

import pytest

from mailroom.rulelang.ternary import UNKNOWN
from mailroom.triage.denials import absolute_denials
from mailroom.triage.extract import Facts, extract
from mailroom.triage.samples import event_of

NOTE = {"name": "note.txt", "type": "Text", "mime_type": "text/plain"}
PROGRAM = {"name": "", "type": "Executable", "mime_type": "application/x-msdownload", "sha256": "AB"}


@pytest.fixture
def read(ruleset: Any) -> Any:
    """The facts of a message with these components."""

    def run(*components: Any, **event: Any) -> Facts:
        sample = event_of({"from": "ann@contoso-logistics.example", "auth": {"dmarc": "pass"}, "attachments": ["x"]})
        return extract(sample | {"components": list(components)} | event, ruleset.context)

    return run


def release(facts: Facts) -> str:
    return " ".join(absolute_denials("release", facts))


def test_a_program_without_a_name_is_a_risky_attachment(read):
    facts = read(NOTE, PROGRAM)

    assert facts["attachments.risky"] == ["exe"]
    assert facts["attachments.hashes"] == ["ab"]
    assert "risky type" in release(facts)


def test_an_encrypted_archive_without_a_name_is_released_by_nobody(read):
    facts = read(NOTE, {"name": "", "type": "Encrypted Archive", "mime_type": "application/zip"})

    assert facts["attachments.encrypted"] is True
    assert absolute_denials("release", facts, by_person=True)


@pytest.mark.parametrize(
    ("components", "cut"),
    [
        ([NOTE, {"name": "", "type": "Unknown", "mime_type": "application/octet-stream"}], False),
        ([NOTE, "no component"], False),
        ([NOTE | {"name": f"{number}.txt"} for number in range(1_000)] + [PROGRAM], False),
        ([NOTE], True),
        ([], True),
    ],
    ids=["without a name", "unreadable", "number 1,001", "cut by the answer", "nothing left of it"],
)
@pytest.mark.parametrize("present", [True, False])
def test_a_list_that_does_not_name_every_file_proves_nothing(read, components, cut, present):
    facts = read(*components, components_cut=cut, has_attachments=present)

    for name in ("risky", "encrypted", "type_mismatch", "double_extension", "deceptive_name", "count"):
        assert facts[f"attachments.{name}"] is UNKNOWN
    assert "not known yet" in release(facts)


def test_what_a_list_shows_holds_although_it_does_not_name_every_file(read):
    facts = read({"name": "run.js"}, {"name": "", "type": "Unknown"})

    assert (facts["attachments.risky"], facts["attachments.extensions"]) == (["js"], ["js"])


def test_a_program_under_the_name_of_a_document_is_not_released_by_itself(read):
    facts = read(PROGRAM | {"name": "invoice.pdf"})

    assert "hides its type" in release(facts)


def test_the_type_of_a_file_with_an_endless_name_is_seen(read):
    assert read({"name": "a" * 5_000 + ".js"})["attachments.risky"] == ["js"]


def test_a_list_with_names_for_all_files_is_known(read):
    facts = read(NOTE, {"name": "", "type": "Email Primary Body Plain Text"})

    assert (facts["attachments.count"], facts["attachments.risky"], facts["attachments.encrypted"]) == (1, [], False)
    assert "ttachment" not in release(facts)
