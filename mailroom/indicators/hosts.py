"""Is this name a domain, is this number an address: decided label by label."""

from __future__ import annotations

import re
from functools import lru_cache

from mailroom.indicators.suffixes import is_suffix, is_top_level, to_ascii

_IPV4 = re.compile(r"([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})")
_MASKED = re.compile(r"(?i)(?:\d{1,3}\.){2}(?:\d{1,3}|xxx)\.xxx\Z")
"""An address whose end was hidden."""
_FILE_ENDINGS = frozenset({"zip", "mov", "py", "java"})
"""Endings that are domains on paper and file names in nearly every text."""
_COMMON_ENDINGS = frozenset({"com", "net", "org", "edu", "gov", "mil", "info", "biz"})
WORD_ENDINGS = frozenset(
    {"am", "pm", "is", "it", "in", "me", "my", "no", "so", "to", "us", "at", "be", "do", "by", "as"}
)
"""Endings that are also words: what looks like a domain may be a sentence that lost its blank."""


def domain_of(host: str, *, sure: bool = True) -> str:
    """The domain name in a dotted token, or an empty text.

    Args:
        host: The token as written, refanged, in any case.
        sure: Whether the token is known to be a host (from a URL, an address, or defanged). If not, endings that
            are also file types or words are refused.

    Returns:
        Lower-case name in Unicode as written. Labels after the last one that ends a domain are dropped.
    """
    return _remembered(host, sure) if len(host) <= _LONGEST else _domain_of(host, sure)


def _domain_of(host: str, sure: bool) -> str:
    labels = host.strip(".-").split(".")
    if _MASKED.match(host):
        return ""
    while len(labels) >= 2:
        last = labels[-1]
        if is_top_level(last.lower()) and (sure or _plausible(labels)):
            break
        labels.pop()
        if not ends_surely(labels[-1].lower()):
            return ""
    while len(labels) >= 2 and not all(map(_good_label, labels)):
        bad = max(index for index, label in enumerate(labels) if not _good_label(label))
        labels = labels[bad + 1 :]
    name = ".".join(labels).lower()
    if len(labels) < 2 or len(name) > 253 or is_suffix(name):
        return ""
    return name


_LONGEST = 512
"""Characters of a token that is remembered: hostile ones are as long as a mail, and thousands are kept."""
_remembered = lru_cache(maxsize=8192)(_domain_of)


def ends_surely(label: str) -> bool:
    """Whether a lower-case label may end a name although something that is no ending follows: `example.com.Then`."""
    return label in _COMMON_ENDINGS or (len(label) == 2 and is_top_level(label))


def _good_label(label: str) -> bool:
    return 0 < len(label) <= 63 and label[0] != "-" and label[-1] != "-"


def _plausible(labels: list[str]) -> bool:
    last = labels[-1]
    lower = last.lower()
    if lower in _FILE_ENDINGS and labels[0].lower() != "www":
        return False
    if last != lower and not last.isupper() and lower not in {"com", "net", "org"}:
        return False  # "Thanks.In addition": a sentence that lost its blank
    if len(labels) == 2:
        if last.isupper() and not labels[0].isupper() and len(last) == 2:
            return False
        if labels[0].isdigit() and len(labels[0]) < 3 and lower in WORD_ENDINGS:
            return False
        if len(labels[0]) < 2 and lower in WORD_ENDINGS:
            return False
    return True


def idna_note(name: str) -> tuple[str, ...]:
    """The note that gives a Unicode name in ASCII; nothing for ASCII names."""
    if name.isascii():
        return ()
    found = to_ascii(name)
    return (f"idna:{found}",) if found else ()


def ipv4_of(token: str) -> str:
    """Dotted decimal address with leading zeros removed, or an empty text when it is none."""
    match = _IPV4.fullmatch(token)
    if match is None:
        return ""
    numbers = [int(part) for part in match.groups()]
    return ".".join(map(str, numbers)) if max(numbers) < 256 else ""


def hidden_ipv4_of(host: str) -> str:
    """The address a browser would go to for a number written in an unusual way (`0x7f000001`, `2130706433`, octal).

    Args:
        host: Host part of a URL.

    Returns:
        Dotted decimal, or an empty text when the host is a name or a plain address.
    """
    parts = host.lower().split(".")
    if len(parts) not in {1, 4} or len(host) > 64:
        return ""
    plain = len(parts) == 4 and all(part.isdigit() and len(part) <= 3 for part in parts)
    numbers = [_number(part) for part in parts]
    if plain or any(number is None for number in numbers):
        return ""
    if len(parts) == 1:
        whole = numbers[0] or 0
        if not 0x1000000 <= whole <= 0xFFFFFFFF:
            return ""
        return ".".join(str(whole >> shift & 255) for shift in (24, 16, 8, 0))
    return ".".join(str((number or 0) & 255) for number in numbers)


def _number(part: str) -> int | None:
    try:
        if part.startswith("0x"):
            return int(part[2:], 16)
        if not part.isdigit():
            return None
        return int(part, 8) if part.startswith("0") and len(part) > 1 else int(part)
    except ValueError:
        return None
