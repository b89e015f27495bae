"""Who can reach the Prefect API? Whoever can reads the secrets in its blocks and starts flows."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from prefect.settings import get_current_settings

from mailroom.playbooks.check_rows import CheckRow

_STAGE = "prefect api"


def check_prefect_api() -> CheckRow:
    """Warn when the API is reachable from elsewhere and asks nobody who they are."""
    api = get_current_settings().api
    host = urlsplit(api.url or "").hostname or "localhost"
    if _is_this_machine(host):
        return CheckRow(_STAGE, "ok", f"at {host}, reachable from this machine only if nothing forwards to it")
    if api.auth_string is not None or api.key is not None:
        return CheckRow(_STAGE, "ok", f"at {host}, with authentication")
    return CheckRow(
        _STAGE,
        "failed",
        f"at {host}, without authentication: anyone who reaches it can read the Mimecast keys in clear",
        "Set PREFECT_SERVER_API_AUTH_STRING on the server and PREFECT_API_AUTH_STRING for workers and users.",
    )


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
