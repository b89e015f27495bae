"""What a server's NO, BAD or BYE means to the caller: tables from response codes and words to errors."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from mailroom.errors import (
    AccessError,
    CredentialsError,
    MailroomError,
    NotFoundError,
    PermissionMissingError,
    RateLimitError,
    RejectedError,
    TransientError,
)
from mailroom.redact import one_line, scrub

_CODE = re.compile(rb"\[([A-Za-z0-9.-]+)(?: ([^\]]*))?\]\s*")
_DAY = 24 * 3600.0
_CROWDED = 60.0
"""Seconds to wait when the server counts too many sessions, or too many commands and does not say how long."""
_BACK_OFF = re.compile(r"suggested backoff time: (\d{1,9}) *milliseconds", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Status:
    """A status answer: `OK`, `NO`, `BAD`, `BYE` or `PREAUTH`, its response code and its words."""

    kind: str
    code: str = ""
    """Upper case, without brackets; empty when there is none."""
    argument: bytes = b""
    """What follows the code inside the brackets."""
    text: str = ""

    @classmethod
    def of(cls, kind: str, rest: bytes) -> Status:
        """Read `[CODE argument] words`."""
        match = _CODE.match(rest)
        if match is None:
            return cls(kind, text=rest.decode("utf-8", "replace").strip())
        words = rest[match.end() :].decode("utf-8", "replace").strip()
        return cls(kind, match[1].decode("ascii").upper(), match[2] or b"", words)

    @property
    def said(self) -> str:
        """The server's words with the code, fit for a message."""
        code = f"[{self.code}] " if self.code else ""
        return scrub(one_line(f"{code}{self.text}", 300)) or self.kind


def _rejected(code: str) -> Callable[[str], MailroomError]:
    return lambda message: RejectedError(message, code)


def _crowded(message: str) -> MailroomError:
    return RateLimitError(message, _CROWDED)


def _next_day(message: str) -> MailroomError:
    return RateLimitError(message, _DAY)


def _throttled(said: str, words: str) -> MailroomError:
    """Exchange says how long, in milliseconds; others leave it to us."""
    told = _BACK_OFF.search(words)
    seconds = min(int(told[1]) / 1_000, _DAY) if told else _CROWDED
    return RateLimitError(f"{said}; the server wants fewer commands: try again in {seconds:.0f} seconds", seconds)


_LOGIN = "check user name, password or token; do not try again and again, that locks the account"
_TABLE: dict[str, tuple[Callable[[str], MailroomError], str]] = {
    "AUTHENTICATIONFAILED": (CredentialsError, _LOGIN),
    "AUTHORIZATIONFAILED": (CredentialsError, "the login is right, but it may not open this mailbox"),
    "EXPIRED": (CredentialsError, "the password or token has expired: renew it"),
    "WEBALERT": (CredentialsError, "log in once with a browser and answer what the provider asks"),
    "PRIVACYREQUIRED": (AccessError, "the server wants TLS: set security to implicit or starttls"),
    "CONTACTADMIN": (AccessError, "ask the mail server's administrator"),
    "UNAVAILABLE": (TransientError, "try again later"),
    "INUSE": (TransientError, "another session holds the folder: try again later"),
    "SERVERBUG": (TransientError, "the server failed: try again later, or ask without this search key"),
    "CORRUPTION": (TransientError, "the mailbox is damaged on the server: tell its administrator"),
    "LIMIT": (_crowded, "close other sessions of this account or lower the number of pollers"),
    "TOOBIG": (_rejected("TOOBIG"), "the server does not take a mail of this size"),
    "NONEXISTENT": (NotFoundError, "check the folder name; `folders()` lists what there is"),
    "TRYCREATE": (NotFoundError, "create the folder first, or name another"),
    "NOPERM": (PermissionMissingError, "the account needs the right to do this in that folder"),
    "CANNOT": (_rejected("CANNOT"), "the server can never do this; choose another name or action"),
    "ALREADYEXISTS": (_rejected("ALREADYEXISTS"), "it is there already"),
    "BADCHARSET": (_rejected("BADCHARSET"), "search with ASCII text only"),
    "UNKNOWN-CTE": (_rejected("UNKNOWN-CTE"), "fetch the whole mail instead of the decoded part"),
}

# Words of servers that send no code; lower case, the first hit counts.
_WORDS: tuple[tuple[str, tuple[Callable[[str], MailroomError], str]], ...] = (
    (
        "application-specific password",
        (CredentialsError, "create an app password at the provider and store that one"),
    ),
    (
        "authenticated but not connected",
        (
            TransientError,
            "the mailbox cannot be reached: check the shared mailbox's address, the permission and the licence, "
            "and the number of open sessions",
        ),
    ),
    ("too many simultaneous", (_crowded, "close other sessions of this account or lower the number of pollers")),
    ("maximum number of connections", (_crowded, "close other sessions of this account")),
    ("basicauthblocked", (CredentialsError, "the provider takes no passwords any more: use OAuth")),
    ("invalid credentials", (CredentialsError, _LOGIN)),
    ("login failed", (CredentialsError, _LOGIN)),
    ("authenticate failed", (CredentialsError, _LOGIN)),
    ("authentication failed", (CredentialsError, _LOGIN)),
)

# Words of a login or a folder that would work at another time. A lock after wrong passwords is a refusal all the same.
_LOCKED = re.compile(r"too many (failed|invalid|bad|wrong|login|authentication)|locked|blocked|disabled|suspended")
_NOT_NOW = re.compile(r"temporar|try again|try later|unavailable|too busy|is busy|overloaded|in maintenance")

_FOLDER_COMMANDS = frozenset({"SELECT", "EXAMINE", "STATUS"})
_LOGIN_COMMANDS = frozenset({"LOGIN", "AUTHENTICATE"})
_STORING_COMMANDS = frozenset({"APPEND", "COPY", "MOVE", "CREATE", "STORE"})


def error_for(status: Status, command: str, where: str) -> MailroomError:
    """The error that says what `status` means for `command`.

    Args:
        status: What the server said; not an OK.
        command: The IMAP command, upper case, such as `SELECT`.
        where: Host and port, or folder, for the message.

    Returns:
        An error of `mailroom.errors`, not raised.
    """
    said = f"{where}: {command} was answered {status.kind} {status.said!r}"
    words = status.text.lower()
    if status.code == "THROTTLED" or "throttled" in words:
        return _throttled(said, words)
    if "command or bandwidth limits" in words:  # Gmail says OVERQUOTA with it, and means the day's transfer
        return _next_day(f"{said}; the day's transfer is used up: it goes on tomorrow")
    if status.code == "OVERQUOTA":
        if command in _STORING_COMMANDS:
            return RejectedError(f"{said}; the mailbox is full: make room, then try again", "OVERQUOTA")
        return _crowded(f"{said}; the account has used up what it may: try again later")
    if found := _TABLE.get(status.code):
        kind, advice = found
        return kind(f"{said}; {advice}")
    for key, (kind, advice) in _WORDS:
        if key in words:
            return kind(f"{said}; {advice}")
    if status.kind == "BYE":
        return TransientError(f"{where}: the server ended the session during {command} ({status.said}); connect again")
    if command in _LOGIN_COMMANDS | _FOLDER_COMMANDS and _NOT_NOW.search(words) and not _LOCKED.search(words):
        return TransientError(f"{said}; try again later")
    if status.kind == "BAD":
        return RejectedError(f"{said}; the server did not understand the command, a repeat will not help", "BAD")
    if command in _LOGIN_COMMANDS:
        return CredentialsError(f"{said}; {_LOGIN}")
    if command in _FOLDER_COMMANDS:
        return NotFoundError(f"{said}; check the folder name; `folders()` lists what there is")
    return RejectedError(f"{said}; look at the server's words", status.code or status.kind)
