"""JSON that was written before it is stored is stored as if it had not been."""

from __future__ import annotations

from mailroom.store.columns import WrittenJson, clean_json, dump_json, load_json

HOSTILE = {"text": "a\x00b\ud800c", "number": float("nan"), "long": 10**30, "backslash": "\\u0000", "list": [1, None]}


def test_a_written_value_reads_back_as_the_value_itself() -> None:
    assert load_json(dump_json(WrittenJson(HOSTILE))) == load_json(dump_json(HOSTILE))


def test_a_written_value_may_be_part_of_a_harmless_one() -> None:
    assert load_json(dump_json([{"event": WrittenJson({"a": "ü"})}])) == [{"event": {"a": "ü"}}]


def test_a_written_value_may_be_part_of_one_that_must_be_cleaned() -> None:
    rows = [{"event": WrittenJson(HOSTILE), "title": "lone \ud800"}]
    assert load_json(dump_json(rows)) == [{"event": clean_json(HOSTILE), "title": "lone \ufffd"}]
