"""Tables of what strangers wrote: every key is a column, and no spreadsheet runs a cell."""

from __future__ import annotations

import csv
import stat
from pathlib import Path
from typing import Any

import pytest

from mailroom import tables
from mailroom.errors import InvalidInputError
from mailroom.tables import CsvFile, columns_of, flat, new_csv, safe_cell, to_csv, to_frame

FORMULAS = [
    "=1+1", '=cmd|"/c calc"!A1', "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\r\n=1", "＝1", "＋1", "－1", "＠x",
    '=HYPERLINK("http://evil.example")', "-2+3+cmd|' /C calc'!A0",
]  # fmt: skip


def cells(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.reader(stream))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_formula_is_shown_and_not_run(tmp_path: Path, text: str) -> None:
    path = to_csv([{"subject": text, text: "x"}], tmp_path / "x.csv")
    header, row = cells(path)
    assert row[0].startswith("'")
    assert header[1].startswith("'")
    assert text.strip()[:1] in row[0]


@pytest.mark.parametrize(("value", "shown"), [(-5, -5), (-1.5, -1.5), ("a=1", "a=1"), ("", ""), (None, None)])
def test_numbers_and_plain_text_stay_as_they_are(value: Any, shown: Any) -> None:
    assert safe_cell(value) == shown


def test_control_characters_and_half_characters_become_spaces() -> None:
    assert safe_cell("a\x00b\x1bc\ud800d\x85e") == "a b c d e"


def test_quotes_commas_and_line_breaks_stay_inside_their_cell(tmp_path: Path) -> None:
    hostile = 'a","=1",\nb'
    path = to_csv([{"x": hostile, "y": 'say "hi"'}], tmp_path / "x.csv")
    assert cells(path) == [["x", "y"], [hostile, 'say "hi"']]
    assert path.read_text("utf-8-sig").splitlines()[0] == '"x","y"'


def test_every_key_of_every_row_is_a_column(tmp_path: Path) -> None:
    rows = [{"a": 1}, {"b": 2, "a": 3}, {}]
    assert columns_of(rows, ["z"]) == ["z", "a", "b"]
    assert cells(to_csv(iter(rows), tmp_path / "x.csv", ["z"])) == [
        ["z", "a", "b"], ["", "1", ""], ["", "3", "2"], ["", "", ""],
    ]  # fmt: skip
    frame = to_frame(rows, ["z"])
    assert list(frame.columns) == ["z", "a", "b"]
    assert len(frame) == 3


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ([{"displayableName": "Ann", "emailAddress": "a@b"}, {"emailAddress": "c@d"}, None], "Ann <a@b>; c@d"),
        ({"emailAddress": "a@b", "displayableName": "a@b"}, "a@b"),
        ({"emailAddress": None}, '{"emailAddress": null}'),
        ({"a": [1]}, '{"a": [1]}'),
        ([], ""),
        (True, True),
        (2**60, str(2**60)),
        ("x" * 40_000, "x" * 32_000),
    ],
)
def test_a_value_becomes_one_cell(value: Any, shown: Any) -> None:
    assert flat(value) == shown


def test_what_nests_too_deeply_is_said() -> None:
    deep: Any = "x"
    for _ in range(100_000):
        deep = [deep]
    assert flat(deep) == "(nested too deeply)"
    while isinstance(deep, list):  # let go of it level by level
        deep = deep.pop()


def test_an_empty_table_has_its_columns(tmp_path: Path) -> None:
    assert cells(to_csv([], tmp_path / "x.csv", ["a", "b"])) == [["a", "b"]]
    assert list(to_frame([], ["a", "b"]).columns) == ["a", "b"]


def test_a_file_is_for_its_owner_and_nothing_is_overwritten(tmp_path: Path) -> None:
    path = to_csv([{"a": 1}], tmp_path / "x.csv")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(InvalidInputError, match="not overwritten"):
        to_csv([{"a": 2}], path)
    (tmp_path / "link.csv").symlink_to(tmp_path / "elsewhere.csv")
    with pytest.raises(InvalidInputError, match="not overwritten"):
        to_csv([{"a": 2}], tmp_path / "link.csv")
    assert not (tmp_path / "elsewhere.csv").exists()
    assert cells(path) == [["a"], ["1"]]


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with pytest.raises(InvalidInputError, match="was not written"), CsvFile(path) as table:
        table.add([{"a": 1}])
        path.write_text("somebody else's")
    assert path.read_text() == "somebody else's"


def test_half_a_table_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with pytest.raises(RuntimeError), CsvFile(path) as table:
        table.add([{"a": 1}])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for folder in (tmp_path / "file", "", "a\0b"):
        with pytest.raises(InvalidInputError, match="folder"):
            new_csv(folder, "x")
    with pytest.raises(InvalidInputError, match="was not written"):
        to_csv([], tmp_path / "none" / "x.csv")


def test_a_second_file_of_the_same_name_gets_a_number(tmp_path: Path) -> None:
    first = to_csv([], new_csv(tmp_path / "new", "found"))
    assert [first.name, new_csv(tmp_path / "new", "found").name] == ["found.csv", "found (2).csv"]


def test_a_text_file_is_new_and_its_owners_only(tmp_path: Path) -> None:
    first = tables.save_text(tmp_path / "out", "picture", "svg", "<svg/>")
    second = tables.save_text(tmp_path / "out", "picture", "svg", "<svg/>")
    assert (first.name, second.name) == ("picture.svg", "picture (2).svg")
    assert first.stat().st_mode & 0o777 == 0o600
    with pytest.raises(InvalidInputError, match="was not written"):
        tables.write_text(first, "again")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InvalidInputError):
        tables.write_text(link, "through a link")
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_cannot_be_new_is_refused_before_the_work(tmp_path):
    (tmp_path / "there.csv").write_text("")

    tables.need_new(tmp_path / "new.csv")
    for place in (tmp_path / "there.csv", tmp_path / "nowhere" / "new.csv", tmp_path / "there.csv" / "new.csv"):
        with pytest.raises(InvalidInputError, match="name another"):
            tables.need_new(place)
