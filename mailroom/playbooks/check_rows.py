"""One stage of a check, as everybody shows it: the command line, the playbook, both actions "Ping"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mailroom.errors import MailroomError
from mailroom.redact import one_line, scrub
from mailroom.stages import Stage


@dataclass(frozen=True)
class CheckRow:
    """One stage of a check: `result` is "ok", "warning", "failed" or "skipped"."""

    stage: str
    result: str
    detail: str
    advice: str = ""

    def as_dict(self) -> dict[str, str]:
        """The same as plain text fields."""
        return {"stage": self.stage, "result": self.result, "detail": self.detail, "advice": self.advice}


def rows_of(stages: Iterable[Stage]) -> list[CheckRow]:
    """The stages of a ping."""
    words = {True: "ok", False: "failed", None: "skipped"}
    return [CheckRow(one.name, words[one.ok], one.detail, one.advice) for one in stages]


def failed(stage: str, error: MailroomError) -> CheckRow:
    """A stage that ended with an error, whose words may hold anything."""
    return CheckRow(stage, "failed", one_line(scrub(str(error))))
