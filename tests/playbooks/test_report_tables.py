"""Tables that people look at."""

from __future__ import annotations

from mailroom.playbooks.report import folded


def _row(alert: str, subject: str) -> dict[str, str]:
    return {"alert": alert, "verdict": "spam", "subject": subject}


def test_rows_that_differ_only_in_the_alert_are_shown_as_one():
    rows = [_row("7", "You won"), _row("3", "Invoice"), _row("9", "You won"), _row("11", "You won")]

    assert folded(rows, 10) == [
        {"alert": "7 and 2 more", "verdict": "spam", "subject": "You won"},
        {"alert": "3", "verdict": "spam", "subject": "Invoice"},
    ]


def test_what_is_alike_does_not_push_the_rest_out_of_the_table():
    rows = [_row(str(number), "You won") for number in range(50)] + [_row("99", "Invoice")]

    assert [row["alert"] for row in folded(rows, 2)] == ["0 and 49 more", "99"]
