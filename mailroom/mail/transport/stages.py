"""A check in stages: each says what it found, the first failure ends it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable

from mailroom.errors import MailroomError, TransientError
from mailroom.mail.transport.names import checked_host
from mailroom.mail.transport.proxy import ProxySettings
from mailroom.redact import scrub
from mailroom.stages import Stage


def run_stages(
    steps: Iterable[tuple[str, Callable[[], str | None]]], *, advise: Callable[[MailroomError], str] | None = None
) -> list[Stage]:
    """Run steps in order until one fails; those after it are not tried, and one that returns None is not needed.

    Never raises.

    Args:
        steps: The name of each stage, and what it does.
        advise: What to do about an error; None: what stands behind the last semicolon of its message.
    """
    stages: list[Stage] = []
    failed = False
    for name, step in steps:
        if failed:
            stages.append(Stage(name, None, "not tried"))
            continue
        began = time.perf_counter()
        detail, advice = "", ""
        ok: bool | None = None
        try:
            found = step()
            ok, detail = (None, "not needed here") if found is None else (True, found)
        except MailroomError as error:
            ok, detail = False, str(error)
            advice = advise(error) if advise is not None else ""
            if advise is None and "; " in detail:
                detail, _, advice = detail.rpartition("; ")
        except Exception as error:  # noqa: BLE001 - a check that falls over helps nobody
            ok, detail, advice = False, f"{type(error).__name__}: {error}", "report this"
        failed = ok is False
        stages.append(Stage(name, ok, scrub(detail), scrub(advice), time.perf_counter() - began))
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
