"""`python -m sandbox mail`: the mail server alone, for people."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from sandbox.mail.server import MailServer
from sandbox.ports import add_ports, ports


def main(argv: Sequence[str] | None = None) -> int:
    """Run a mail server until interrupted. Prints one JSON line with ports and passwords.

    Args:
        argv: Command-line arguments without the program's name and `mail`; None reads the process's own.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(prog="python -m sandbox mail", description="Mailboxes with people, on loopback.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--messages", type=int, default=200, help="mails that lie in the mailboxes at the start")
    parser.add_argument("--seed", type=int, default=7, help="equal seeds give equal people and mails")
    parser.add_argument("--slowest", type=float, default=90.0, help="nobody takes longer to answer, in seconds")
    parser.add_argument("--state", type=Path, help="folder that keeps everything over restarts")
    add_ports(parser)
    given = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        server = MailServer(messages=given.messages, seed=given.seed, slowest=given.slowest, state=given.state)
    except ValueError as error:
        parser.error(str(error))
    with server:
        try:
            server.serve(given.host, **ports(given))
        except OSError as error:
            parser.error(f"{error}: take other ports, 0 for any")
        sys.stdout.write(json.dumps(server.description()) + "\n")
        sys.stdout.flush()
        stop.wait()
    return 0
