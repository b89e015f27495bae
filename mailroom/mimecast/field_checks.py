"""What a person typed, checked before any call: addresses, domains, ids, texts, URLs and times."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import SplitResult, urlsplit

from mailroom.errors import InvalidInputError

_LOCAL = re.compile(r"[^\s@<>(),;:\\\"\[\]\x00-\x1f\x7f]{1,64}")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_LONGEST_ADDRESS = 320
_LONGEST_ID = 4_096
_SHOWN = 80


def checked_address(text: str, what: str) -> str:
    """One full email address, in lower case.

    Raises:
        InvalidInputError: It is empty, a domain, several addresses, or written with a name.
    """
    address = str(text).strip()
    local, at, domain = address.rpartition("@")
    if not at or len(address) > _LONGEST_ADDRESS or not _LOCAL.fullmatch(local) or not _is_domain(domain):
        raise InvalidInputError(
            f"{what} {_shown(address)} is not one full email address: write it as billing@example.net, without a name"
        )
    return f"{local}@{ascii_domain(domain)}".lower()


def checked_domain(text: str, what: str) -> str:
    """One domain, in lower case; an `@` in front is dropped.

    Raises:
        InvalidInputError: It is empty, an address, a pattern or a URL.
    """
    domain = str(text).strip().removeprefix("@")
    if not _is_domain(domain):
        raise InvalidInputError(f"{what} {_shown(domain)} is not a domain: write it as example.net, without wildcards")
    return ascii_domain(domain)


def checked_text(text: str, what: str, *, most: int, needed: bool = False) -> str:
    """A text of one line, without spaces around it.

    Raises:
        InvalidInputError: Too long, with control characters, or empty though it is needed.
    """
    clean = str(text).strip()
    if needed and not clean:
        raise InvalidInputError(f"{what} is empty: it is mandatory")
    if len(clean) > most or _CONTROL.search(clean):
        raise InvalidInputError(f"{what}: at most {most} characters on one line, without control characters")
    return clean


def checked_id(text: str, what: str) -> str:
    """An id as Mimecast gave it.

    Raises:
        InvalidInputError: Empty, too long, or with spaces in it.
    """
    known = str(text).strip()
    if not known or len(known) > _LONGEST_ID or re.search(r"\s", known) or _CONTROL.search(known):
        raise InvalidInputError(f"{what} is empty or no id: pass it on whole, exactly as Mimecast gave it")
    return known


def checked_flag(value: object, what: str) -> bool:
    """A real boolean: the text "false" is not one, and would mean true in too many places.

    Raises:
        InvalidInputError: It is something else.
    """
    if not isinstance(value, bool):
        raise InvalidInputError(f"{what} must be true or false, not {_shown(value)}")
    return value


def checked_choice(value: str, choices: tuple[str, ...], what: str) -> str:
    """One of the choices; case and spaces around do not matter.

    Raises:
        InvalidInputError: It is none of them; the message lists them.
    """
    wanted = " ".join(str(value).split()).lower()
    for choice in choices:
        if choice.lower() == wanted:
            return choice
    raise InvalidInputError(f"{what} {_shown(value)}: choose one of {', '.join(choices)}")


def checked_time(value: datetime | str | None, what: str) -> datetime | None:
    """An instant in UTC to the second, from ISO 8601 such as `2025-03-07T16:03:00Z`; None when empty.

    Raises:
        InvalidInputError: It cannot be read, or names no time zone: nobody could say when it is.
    """
    if value is None or value == "":
        return None
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())
        if moment.tzinfo is not None:
            return moment.astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        pass
    raise InvalidInputError(
        f"{what} {_shown(value)} is no time with a time zone: write ISO 8601, e.g. 2025-03-07T16:03:00Z"
    )


def checked_url(text: str, what: str) -> str:
    """A web address as typed; without a scheme it is taken as http.

    Raises:
        InvalidInputError: It is empty, of another scheme, or has no host.
    """
    url = str(text).strip()
    parts = _split(url if "://" in url else f"http://{url}")
    if not url or len(url) > 2_048 or re.search(r"\s", url) or _CONTROL.search(url) or parts is None:
        raise InvalidInputError(
            f"{what} {_shown(url)} is no web address: write http://bad.example.net/path, or a domain alone"
        )
    return url


def checked_sha256(text: str, what: str) -> str:
    """The SHA-256 of a file, in lower case.

    Raises:
        InvalidInputError: Not 64 hexadecimal digits.
    """
    digest = str(text).strip().lower()
    if not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise InvalidInputError(f"{what} {_shown(digest)} is not a SHA-256: 64 hexadecimal digits")
    return digest


def checked_message_id(text: str, what: str) -> str:
    """A Message-ID with its angle brackets, which are added when missing.

    Raises:
        InvalidInputError: It is empty or has spaces in it.
    """
    inner = str(text).strip().removeprefix("<").removesuffix(">")
    if not inner or len(inner) > 996 or re.search(r"[\s<>]", inner) or _CONTROL.search(inner):
        raise InvalidInputError(f"{what} {_shown(text)} is no Message-ID: write it as <id@example.net>")
    return f"<{inner}>"


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return None
    return parts if parts.scheme in ("http", "https", "ftp") and host and "." in host else None


def _is_domain(text: str) -> bool:
    domain = ascii_domain(text)
    labels = domain.split(".")
    return len(domain) <= 253 and len(labels) > 1 and all(_LABEL.fullmatch(label) for label in labels)


def ascii_domain(domain: str) -> str:
    """In lower case, international names in their ASCII form; "" when there is none.

    As DNS has them today: `straße.example` and `strasse.example` belong to two owners.
    """
    if domain.isascii():
        return domain.lower()
    import idna  # only who writes such a name pays for its tables

    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except UnicodeError:  # of which those of `idna` are
        return ""


def _shown(value: object) -> str:
    return repr(str(value)[:_SHOWN])
