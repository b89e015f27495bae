"""One cycle of the mailbox connector, as a process that a test can kill.

    python mailbox_cycle.py     a warm parent that forks one cycle per line on its standard input and waits for it

A line is JSON: `fault`, `port`, `user`, `password`, `address`, `store`, `blobs`, `settings`, and optionally `poison`, a
text that kills the process that parses a mail with it. The answer is JSON too: `code` (negative: the signal that ended
the child) and `report`.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import traceback
from contextlib import suppress
from typing import Any

from warmth import Warmth

import mailroom.connectors.mailbox.reading
import mailroom.faults
from mailroom.connectors.mailbox import MailboxSettings, ingest_mailbox
from mailroom.errors import MailroomError
from mailroom.mail.account import MailAccount
from mailroom.mail.imap import ImapSettings
from mailroom.store import Store


def cycle(asked: dict[str, Any]) -> dict[str, Any]:
    """Run one cycle; what it reports."""
    imap = ImapSettings(
        host="127.0.0.1", port=asked["port"], security="none", username=asked["user"], password=asked["password"],
        allow_plaintext=True,
    )  # fmt: skip
    account = MailAccount("soc", asked["address"], imap, None)
    settings = MailboxSettings(
        **{name: tuple(v) if isinstance(v, list) else v for name, v in asked["settings"].items()}
    )
    with Store.open(asked["store"], blobs=asked["blobs"]) as store:
        report = ingest_mailbox(account, store, settings)
    return report.counts() | {"waiting": report.waiting, "unmarked": report.unmarked}


def child(asked: dict[str, Any], write: int) -> int:
    """The forked process: 0, or 3 after an error that names itself."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    os.environ["MAILROOM_FAULT"] = asked["fault"]
    mailroom.faults._plan = mailroom.faults._from_environment()
    if asked.get("poison"):
        _swallow(asked["poison"].encode())
    try:
        report = cycle(asked)
    except MailroomError as error:
        report = {"error": type(error).__name__, "message": str(error)}
    os.write(write, json.dumps(report).encode())
    return 3 if "error" in report else 0


def _swallow(poison: bytes) -> None:
    reading: Any = mailroom.connectors.mailbox.reading
    harmless = reading.parse_safely

    def parse(raw: bytes, **options: Any) -> Any:
        if poison in raw:
            os.kill(os.getpid(), signal.SIGKILL)
        return harmless(raw, **options)

    reading.parse_safely = parse


def fork(asked: dict[str, Any], warmth: Warmth) -> dict[str, Any]:
    """Fork a cycle and wait for its end."""
    warmth.begin()
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        code = 70
        try:
            os.dup2(2, 1)
            code = child(asked, write)
            warmth.end()
        except BaseException:  # noqa: BLE001 - a child must never go on in its parent's loop
            traceback.print_exc()
        finally:
            os._exit(code)
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    warmth.learn()
    return {"code": os.waitstatus_to_exitcode(status), "report": json.loads(said or b"{}")}


def serve() -> None:
    """Answer every line on the standard input; end with whoever started this."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
    warmth = Warmth()
    for line in sys.stdin:
        print(json.dumps(fork(json.loads(line), warmth)), flush=True)  # noqa: T201 - the protocol


if __name__ == "__main__":
    serve()
