"""`python -m sandbox`: a tenant for people, and with `--mail` or `python -m sandbox mail` a mail server."""

from __future__ import annotations

import argparse
import json
import re
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.ports import add_ports, ports
from sandbox.server import serve
from sandbox.tenant import Tenant

if TYPE_CHECKING:
    from sandbox.mail import MailServer

ARCHIVE = 1000
"""Archived mails of a tenant that is started by hand."""
_RATE = re.compile(r"(\d+)(?:/(\d*\.?\d*)s)?\Z")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="A mail-security tenant on loopback.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: loopback)")
    parser.add_argument("--port", type=int, default=8025, help="0 takes a free port")
    parser.add_argument("--messages", type=int, default=500, help="messages in the hold queue")
    parser.add_argument("--seed", type=int, default=7, help="equal seeds give equal tenants")
    parser.add_argument("--state", type=Path, help="folder that keeps the tenant's memory over restarts")
    parser.add_argument("--rate-limit", help="calls per function: 50/s, 300/60s")
    parser.add_argument("--no-rate-headers", action="store_true", help="do not announce the quota in headers")
    parser.add_argument("--hostile", action="store_true", help="put attacking strings into some messages")
    parser.add_argument("--large", action="store_true", help="100,000 messages with one recipient each")
    parser.add_argument("--archive", type=int, help="delivered mails of the last year (default: 1000)")
    parser.add_argument("--tracked", type=int, help="further messages of 29 days in every status (default: none)")
    parser.add_argument("--late", type=float, default=0.0, help="percent of the newest of them that are indexed late")
    parser.add_argument("--written", action="store_true", help="write every mail before the first question")
    parser.add_argument(
        "--mail", type=int, nargs="?", const=200, metavar="MAILS", help="a mail server too, with so many mails in it"
    )
    add_ports(parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a tenant until interrupted. Prints one JSON line with the address and the credentials.

    Args:
        argv: Command-line arguments without the program's name; None reads the process's own.

    Returns:
        The exit code.
    """
    arguments = sys.argv[1:] if argv is None else list(argv)
    if arguments[:1] == ["mail"]:
        from sandbox.mail.command import main as mail_main

        return mail_main(arguments[1:])
    parser = _parser()
    given = parser.parse_args(arguments)
    if given.messages < 0:
        parser.error("--messages cannot be negative")
    switches: dict[str, Any] = {"hostile": given.hostile}
    if given.large:
        given.messages = 100_000 if given.messages == 500 else given.messages
        switches.update(max_recipients=1, history=0)
    rate = _RATE.match(given.rate_limit) if given.rate_limit else None
    if given.rate_limit and rate is None:
        parser.error("--rate-limit is written like 50/s or 300/60s")
    try:
        switches = _sizes(given) | switches
        if given.state:
            tenant = Tenant.load_or_generate(given.state, messages=given.messages, seed=given.seed, **switches)
        else:
            tenant = Tenant.generate(messages=given.messages, seed=given.seed, **switches)
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{given.state}: {error.strerror}; keep the memory in another folder with --state")
    if rate:
        tenant.set_rate_limit(calls=int(rate[1]), per_seconds=float(rate[2] or 1), headers=not given.no_rate_headers)
    if given.written:
        tenant.world.write_all()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with ExitStack() as stack:
        try:
            server = stack.enter_context(serve(tenant, host=given.host, port=given.port))
        except (OSError, OverflowError) as error:
            tenant.close()
            parser.error(f"{error}: take another port with --port, 0 for any")
        facts = description(tenant, server.url)
        if given.mail is not None:
            mail = stack.enter_context(_mail_server(parser, given))
            tenant.mail = mail.back_door
            facts["mail"] = mail.description()
        sys.stdout.write(json.dumps(facts) + "\n")
        sys.stdout.flush()
        stop.wait()
    tenant.close()
    return 0


def _sizes(given: argparse.Namespace) -> dict[str, Any]:
    """Archive and crowd. A folder that holds a tenant knows its own sizes; other ones are refused there."""
    asked = {name: getattr(given, name) for name in ("archive", "tracked") if getattr(given, name) is not None}
    if given.state and (given.state / "tenant.json").exists():
        return asked
    small = given.large or given.tracked  # what is measured there is not the archive
    return {"archive": 0 if small else ARCHIVE, "late_percent": given.late, **asked}


def _mail_server(parser: argparse.ArgumentParser, given: argparse.Namespace) -> MailServer:
    from sandbox.mail import MailServer

    try:
        server = MailServer(messages=given.mail, seed=given.seed, state=given.state / "mail" if given.state else None)
    except ValueError as error:
        parser.error(str(error))
    try:
        return server.serve(given.host, **ports(given))
    except OSError as error:
        server.close()
        parser.error(f"{error}: take other ports for the mail server, 0 for any")


def description(tenant: Tenant, url: str) -> dict[str, object]:
    """What a client needs to call the tenant."""
    one, two = tenant.credentials_v1, tenant.credentials_v2
    return {
        "url": url,
        "messages": len(tenant.world.messages),
        "held": len(tenant.world.held),
        "archived": sum(bool(message.delivered()) for message in tenant.world.messages),
        "seed": tenant.seed,
        "credentials_v1": {
            "app_id": one.app_id,
            "app_key": one.app_key,
            "access_key": one.access_key,
            "secret_key": one.secret_key,
            "email": one.email,
            "password": one.password,
        },
        "credentials_v2": {"client_id": two.client_id, "client_secret": two.client_secret},
    }
