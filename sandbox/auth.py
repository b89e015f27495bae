"""Who is calling: signed requests (API 1.0) and bearer tokens (API 2.0)."""

from __future__ import annotations

import base64
import binascii
import calendar
import hmac
import re
import secrets
from hashlib import sha1
from typing import TYPE_CHECKING

from sandbox.envelope import dumps, refuse
from sandbox.wire import Reply, Request, form_fields

if TYPE_CHECKING:
    from sandbox.tenant import Tenant

MAX_SKEW = 300
"""Seconds a signature's date may differ from tenant time."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DATE = re.compile(r"(\w{3}), (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) (?:UTC|GMT)\Z", re.ASCII)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)


def parse_date(text: str) -> int | None:
    """Seconds since 1970 of an `x-mc-date`; None when it is not in the one accepted form."""
    match = _DATE.match(text)
    if match is None or match[3] not in _MONTHS:
        return None
    day, year, hour, minute, second = (int(match[group]) for group in (2, 4, 5, 6, 7))
    month = _MONTHS.index(match[3]) + 1
    if not (1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        return None
    if _DAYS[calendar.weekday(year, month, min(day, calendar.monthrange(year, month)[1]))] != match[1]:
        return None
    return calendar.timegm((year, month, day, hour, minute, second))


def sign(date: str, request_id: str, path: str, app_key: str, secret_key: str) -> str:
    """The signature of an API 1.0 request."""
    text = f"{date}:{request_id}:{path}:{app_key}".encode()
    return base64.b64encode(hmac.digest(base64.b64decode(secret_key), text, sha1)).decode()


def check_application(tenant: Tenant, request: Request) -> None:
    """The three `x-mc-*` headers of API 1.0.

    Raises:
        RefusalError: HTTP 401 or 400.
    """
    headers = request.headers
    if headers.get("x-mc-app-id") != tenant.credentials_v1.app_id:
        raise refuse(401, "err_developer_key", "0002 Invalid application id")
    if not _GUID.match(headers.get("x-mc-req-id", "")):
        raise refuse(400, "err_validation", "x-mc-req-id must be a GUID")
    sent = parse_date(headers.get("x-mc-date", ""))
    if sent is None or abs(sent - tenant.clock.epoch()) > MAX_SKEW:
        raise refuse(401, "err_xdk_invalid_signature", "0004 Invalid Signature")


def check_signed(tenant: Tenant, request: Request) -> None:
    """A request with `Authorization: MC accessKey:signature`.

    Raises:
        RefusalError: HTTP 401, or 418 when the binding has expired.
    """
    check_application(tenant, request)
    keys = tenant.credentials_v1
    access_key, _, signature = request.headers["authorization"][3:].partition(":")
    if access_key != keys.access_key:
        raise refuse(401, "err_xdk_invalid_signature", "0004 Invalid Signature")
    request_id = request.headers["x-mc-req-id"]
    expected = sign(request.headers["x-mc-date"], request_id, request.path, keys.app_key, keys.secret_key)
    if not hmac.compare_digest(expected.encode(), signature.encode()):
        raise refuse(401, "err_xdk_invalid_signature", "0004 Invalid Signature")
    if tenant.binding_expired:
        raise refuse(418, "err_xdk_binding_expired", "Access key binding has expired")
    tenant.note_request_id(request_id)


def check_bearer(tenant: Tenant, request: Request) -> None:
    """A request with `Authorization: Bearer token`.

    Raises:
        RefusalError: HTTP 401 with the flat error shape of API 2.0.
    """
    expires = tenant.tokens.get(request.headers["authorization"][7:])
    if expires is None:
        raise refuse(401, "token_verification_failed", "token verification failed", flat=True)
    if expires <= tenant.clock.epoch():
        raise refuse(401, "token_expired", "access token has expired", flat=True)


def token(tenant: Tenant, request: Request) -> Reply:
    """`POST /oauth/token`: client credentials for an access token."""
    if request.method != "POST":
        raise refuse(405, "method_not_allowed", "use POST", flat=True)
    if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        raise refuse(400, "invalid_request", "send a form", flat=True)
    form = form_fields(request.body.decode("latin-1"))
    given = form.get("client_id", ""), form.get("client_secret", "")
    scheme, _, basic = request.headers.get("authorization", "").partition(" ")
    if scheme == "Basic":
        try:
            name, _, secret = base64.b64decode(basic, validate=True).decode("latin-1").partition(":")
        except binascii.Error:
            name = secret = ""
        given = name, secret
    if form.get("grant_type") != "client_credentials":
        raise refuse(400, "unsupported_grant_type", "grant type is not supported", flat=True)
    client = tenant.credentials_v2
    if given != (client.client_id, client.client_secret):
        raise refuse(401, "InvalidClientIdentifier", "client identifier is not valid", flat=True)
    access = "sbx." + secrets.token_urlsafe(32)
    tenant.tokens[access] = tenant.clock.epoch() + tenant.token_lifetime
    body = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": int(tenant.token_lifetime) - 1,
        "scope": "",
    }
    return Reply(body=dumps(body))
