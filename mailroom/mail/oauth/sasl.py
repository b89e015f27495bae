"""The strings with which a token logs in. Both are secrets; they are returned before base64."""

from __future__ import annotations

import re

from mailroom import redact
from mailroom.errors import InvalidInputError
from mailroom.mail.transport.names import checked_host, checked_port

_TOKEN = re.compile(r"[!-~]{1,16384}")
_BREAKS = re.compile("[\x00-\x1f\x7f]")

XOAUTH2_FAILED = ""
"""The answer to the server's explanation of a failure; only after it the server says no."""
OAUTHBEARER_FAILED = "\x01"


def xoauth2(user: str, token: str) -> str:
    """`user=...^Aauth=Bearer ...^A^A`.

    Raises:
        InvalidInputError: `user` or `token` hold what would break out of the string.
    """
    return _secret(f"user={_user(user)}\x01auth=Bearer {_checked(token)}\x01\x01", token)


def oauthbearer(user: str, host: str, port: int, token: str) -> str:
    """RFC 7628: `n,a=user,^Ahost=...^Aport=...^Aauth=Bearer ...^A^A`.

    Raises:
        InvalidInputError: An argument holds what would break out of the string.
    """
    name = _user(user).replace("=", "=3D").replace(",", "=2C")
    host, port = checked_host(host), checked_port(port)
    return _secret(f"n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {_checked(token)}\x01\x01", token)


def _user(user: str) -> str:
    if not user or _BREAKS.search(user):
        raise InvalidInputError(f"user name {user!r} cannot log in with a token; write the address of the mailbox")
    return user


def _checked(token: str) -> str:
    if not _TOKEN.fullmatch(token):
        raise InvalidInputError("the access token is empty or holds spaces or line breaks; check where it comes from")
    return token


def _secret(text: str, token: str) -> str:
    redact.register(token, text, passing=True)
    return text
