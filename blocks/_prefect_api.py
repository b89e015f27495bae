"""What to say when the Prefect API does not answer."""

from __future__ import annotations

from contextlib import suppress
from urllib.parse import urlsplit

from prefect.settings import get_current_settings

from mailroom.errors import TransientError


def address() -> str:
    """Where the API should be, without user name and password."""
    url = urlsplit(get_current_settings().api.url or "http://localhost:4200/api")
    with suppress(ValueError):  # the port is no number
        if url.scheme and url.hostname:
            return f"{url.scheme}://{url.hostname}{f':{url.port}' if url.port else ''}{url.path}"
    return "PREFECT_API_URL (which is no address such as http://127.0.0.1:4200/api)"


def unreachable(what: str, error: BaseException) -> TransientError:
    """The error for `what` could not be done, with what to do instead."""
    return TransientError(
        f"{what}: the Prefect API at {address()} did not answer ({type(error).__name__}). Start it "
        "(`prefect server start`) or correct PREFECT_API_URL. Until then the command line does the same work without "
        "it: `mailroom ingest held`, then `mailroom triage`."
    )
