"""A check in stages: each says what it found, the first failure ends it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailroom.errors import MailroomError, TransientError
from mailroom.mail.transport.names import checked_host
from mailroom.mail.transport.proxy import ProxySettings
from mailroom.redact import scrub


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `seconds` is how long it took."""

    name: str
    ok: bool
    detail: str
    advice: str = ""
    seconds: float = 0.0


def run_stages(steps: Iterable[tuple[str, Callable[[], str | None]]]) -> list[Stage]:
    """Run steps in order until one raises an error of this project; a step that returns None does not show.

    Never raises for such an error: its message becomes detail and advice of the failed stage.
    """
    stages: list[Stage] = []
    for name, step in steps:
        began = time.perf_counter()
        try:
            found = step()
        except MailroomError as error:
            detail, separator, advice = scrub(str(error)).rpartition("; ")
            took = time.perf_counter() - began
            stages.append(Stage(name, False, detail if separator else advice, advice if separator else "", took))
            break
        if found is not None:
            stages.append(Stage(name, True, scrub(found), "", time.perf_counter() - began))
    return stages


def resolve(host: str, proxy: ProxySettings | None) -> str:
    """Resolve the name that is connected to: the proxy's when there is one.

    Raises:
        TransientError: It does not resolve.
        InvalidInputError: It is no name.
    """
    name = checked_host(proxy.host if proxy else host)
    what = f"the proxy {name}" if proxy else name
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransientError(f"{what} does not resolve ({error}); check the host name and the DNS servers") from error
    addresses = dict.fromkeys(str(one[4][0]) for one in found)
    return f"{what} is {', '.join(list(addresses)[:4])}"
