"""The list of questions on a terminal: rows for programs, lines for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from mailroom.cli import output
from mailroom.playbooks.sending import sending_of
from mailroom.store import Store
from mailroom.store.wait_rows import WaitLine

_MOST_NOTES = 10


def questions(store: Store, *, settled: bool, limit: int, before: int) -> list[dict[str, Any]]:
    """Rows, newest first. A mail that is not through is explained; the others cost no look at the ledger."""
    found = store.waits.lines(state=None if settled else "open", limit=limit or None, before_id=before or None)
    replied = store.waits.replied(one.id for one in found)
    unclear = store.waits.get_many(
        one.id for one in found if one.is_ours and one.is_open and (one.sent_at is None or one.detail)
    )
    sending = {wait_id: sending_of(store, wait).as_json() for wait_id, wait in unclear.items()}
    return [_row(one, replied.get(one.id, 0), sending.get(one.id)) for one in found]


def show(rows: Sequence[Mapping[str, Any]], counts: Mapping[str, int], limit: int) -> None:
    """Lines, then what needs somebody's attention, then how many there are."""
    lines = output.Lines(
        ("id", 7), ("state", 13), ("answers", 9), ("asked", 17), ("deadline", 17), ("subject", 40), ("detail", 24)
    )
    lines.show(
        (
            row["id"],
            row["state"],
            row["answers"],
            row["asked"][:16],
            row["deadline"][:16],
            row["subject"],
            row["detail"],
        )
        for row in rows
    )
    told = [f"question {row['id']}: {row['sending']['says']}" for row in rows if row["sending"]]
    for text in told[:_MOST_NOTES]:
        output.note(text)
    if len(told) > _MOST_NOTES:
        output.note(f"... and {len(told) - _MOST_NOTES} more that are not through; --json has them all")
    total = ", ".join(f"{number} {state}" for state, number in counts.items()) or "nobody has been asked yet"
    more = len(rows) == limit and rows[-1]["id"] > 1 and sum(counts.values()) > len(rows)
    output.note(total + (f"; older ones: --before {rows[-1]['id']}, all: --limit 0" if more else ""))


def _row(line: WaitLine, replied: int, sending: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        "id": line.id, "state": line.state, "answers": f"{replied} of {line.needed}", "replied": replied,
        "needed": line.needed, "recipients": list(line.recipients), "asked": _when(line.sent_at or line.created_at),
        "deadline": _when(line.deadline), "subject": line.subject,
        "detail": sending["says"] if sending else line.detail, "mailbox": line.mailbox,
        "flow_run_id": line.flow_run_id,
        "to_resume": bool(not line.is_open and line.flow_run_id and line.resumed_at is None),
        "resume_note": line.resume_note, "sending": sending,
    }  # fmt: skip


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}Z"
