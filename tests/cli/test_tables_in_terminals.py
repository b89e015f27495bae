"""Tables for people, in terminals of any width."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from io import StringIO

import pytest
from rich.console import Console

from mailroom.cli import output

COLUMNS = ("id", "state", "kind", "alerts", "title", "why", "when", "wide")
ROWS = [
    (188, "open", "create_block_sender_policy", 12, "Reported mail: " + "x" * 190, "because " * 20,
     datetime(2026, 11, 23, 14, 25, 30, 967660, UTC), True),
    (7_324_755, "applied", "reject", 1, "short", "", datetime(2026, 11, 23, 9, 5, 7, 1, UTC), False),
]  # fmt: skip


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], str]:
    def at(width: int) -> str:
        stream = StringIO()
        monkeypatch.setitem(output.console.__dict__, "made", Console(file=stream, width=width, highlight=False))
        output.table("Things", COLUMNS, ROWS)
        return stream.getvalue()

    return at


@pytest.mark.parametrize("width", [40, 80, 100, 120, 160, 200, 400])
def test_numbers_states_and_kinds_are_never_cut(printed: Callable[[int], str], width: int) -> None:
    text = printed(width)
    for word in ("188", "7324755", "open", "applied", "create_block_sender_policy", "reject", "12"):
        assert re.search(rf"(?<!\w){word}(?!\w)", text), word
    assert max(map(len, text.splitlines())) <= width
    for name in COLUMNS:
        assert name in text


@pytest.mark.parametrize("width", [40, 120, 400])
def test_every_letter_of_a_long_title_is_shown(printed: Callable[[int], str], width: int) -> None:
    assert printed(width).count("x") == 185  # a cell has at most 200 characters, the last of them an ellipsis


def test_times_are_to_the_second_and_truth_is_a_word(printed: Callable[[int], str]) -> None:
    text = printed(400)
    assert "2026-11-23 14:25:30Z" in text
    assert "967660" not in text
    assert "yes" in text
    assert "True" not in text
