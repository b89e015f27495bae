"""What a token says about itself. Read without checking its signature: for advice, never for trust."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from mailroom.clock import SYSTEM_CLOCK, Clock
from mailroom.redact import one_line

_MAIL_AUDIENCES = {
    "https://outlook.office365.com",
    "https://outlook.office.com",
    "https://outlook.office365.us",
    "https://partner.outlook.cn",
    "00000002-0000-0ff1-ce00-000000000000",
}
_GRAPH = {"https://graph.microsoft.com", "00000003-0000-0000-c000-000000000000"}
_NEEDED = {"imap": ("IMAP.AccessAsApp", "IMAP.AccessAsUser.All"), "smtp": ("SMTP.SendAsApp", "SMTP.Send")}
_ISSUERS = ("sts.windows.net", "login.microsoftonline.com", "login.microsoftonline.us", "sts.chinacloudapi.cn",
            "login.partner.microsoftonline.cn", "login.chinacloudapi.cn")  # fmt: skip
_SKEW = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class TokenDiagnosis:
    """What was read, and what is wrong. `readable` is False for tokens that are not Microsoft's, which is no fault."""

    readable: bool
    audience: str = ""
    roles: tuple[str, ...] = ()
    """Application permissions."""
    scopes: tuple[str, ...] = ()
    """Delegated permissions."""
    tenant: str = ""
    application: str = ""
    expires: datetime | None = None
    problems: tuple[str, ...] = ()
    """Each with what to do; empty when the token looks right."""

    @property
    def advice(self) -> str:
        """For the message of a refused login."""
        if self.problems:
            return "; ".join(self.problems)
        if not self.readable:
            return "check the token's scope, and that the user name is the mailbox it is good for"
        return (
            "the token looks right, so the mailbox refuses it: check the service principal in Exchange (object id of "
            "the enterprise application), the mailbox permission, and that the protocol is enabled for this mailbox"
        )


def diagnose(token: str, *, purpose: str = "imap", clock: Clock = SYSTEM_CLOCK) -> TokenDiagnosis:
    """Look into a token for `purpose` "imap" or "smtp". Never raises.

    Audience and permissions are read of Microsoft's tokens only; other issuers have rules of their own.
    """
    claims = _claims(token)
    if claims is None:
        return TokenDiagnosis(readable=False)
    when = _wrong_times(claims, clock)
    if not _is_microsofts(claims):
        return TokenDiagnosis(readable=False, expires=_instant(claims.get("exp")), problems=tuple(when))
    audience = one_line(str(claims.get("aud", "")).rstrip("/"), 100)
    roles, scopes = _texts(claims.get("roles")), tuple(str(claims.get("scp", "")).split())
    problems: list[str] = []
    if audience in _GRAPH:
        problems.append(
            "the token is for Microsoft Graph, not for mail: ask for https://outlook.office365.com/.default"
        )
    elif audience not in _MAIL_AUDIENCES:
        problems.append(f"the token is for {audience or 'nobody'}, not for https://outlook.office365.com")
    problems += when
    for_app, for_user = _NEEDED.get(purpose, _NEEDED["imap"])
    if scopes and for_user not in scopes:
        problems.append(f"the consent lacks {for_user}: sign in again with it")
    elif not scopes and for_app not in roles:
        problems.append(f"the application permission {for_app} is missing: add it, then have admin consent granted")
    return TokenDiagnosis(
        True,
        audience,
        roles,
        scopes,
        str(claims.get("tid", "")),
        str(claims.get("appid") or claims.get("azp") or ""),
        _instant(claims.get("exp")),
        tuple(problems),
    )


def _wrong_times(claims: dict[str, Any], clock: Clock) -> list[str]:
    expires, starts, now = _instant(claims.get("exp")), _instant(claims.get("nbf")), clock.now()
    problems: list[str] = []
    if expires is not None and expires <= now:
        problems.append(f"the token ended at {expires:%Y-%m-%d %H:%M} UTC: get a new one, check this machine's clock")
    if starts is not None and starts > now + _SKEW:
        problems.append("the token is not valid yet: this machine's clock is behind")
    return problems


def _is_microsofts(claims: dict[str, Any]) -> bool:
    try:
        return urlsplit(str(claims.get("iss", ""))).hostname in _ISSUERS
    except ValueError:
        return False


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3 or len(token) > 65_536:
        return None
    try:
        found = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _instant(value: object) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
