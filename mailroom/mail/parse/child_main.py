"""The child's side: one line of JSON and a mail on standard input, the parsed mail on standard output."""

from __future__ import annotations

import contextlib
import json
import pickle
import resource
import sys
from datetime import datetime

from mailroom.mail.parse.limits import Limits
from mailroom.mail.parse.parser import parse


def main() -> None:
    """Read, parse, answer. Ends by exception when memory or time is used up; the parent sees the exit code."""
    question = sys.stdin.buffer
    order = json.loads(question.readline())
    for what, limit in ((resource.RLIMIT_AS, int(order["memory"])), (resource.RLIMIT_CPU, int(order["seconds"]) + 1)):
        with contextlib.suppress(ValueError, OSError):  # not every system has every limit
            resource.setrlimit(what, (limit, limit))
    date = order["internal_date"]
    mail = parse(
        question.read(),
        limits=Limits(**order["limits"]),
        internal_date=datetime.fromisoformat(date) if date else None,
        accelerator=order["accelerator"],
        truncated=order["truncated"],
    )
    pickle.dump(mail, sys.stdout.buffer, protocol=5)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
