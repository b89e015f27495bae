"""Schemes of URLs: which ones count, and the many ways in which `http://` is broken on purpose."""

from __future__ import annotations

from mailroom.indicators.engine import Pattern
from mailroom.indicators.flat import GLUED
from mailroom.indicators.suffixes import is_top_level

SCHEMES = (
    "https?|s?ftps?|tftp|tcp|udp|ssh|telnet|ldaps?|smb|cifs|nfs|rdp|vnc|ircs?|wss?|git|svn|rsync|scp|rtsp|rtmp|"
    "gopher|nntp|news|file|dict|webdavs?|davs?|s3|sips?|xmpp|tor"
)
"""The schemes a URL may start with, as an alternation."""

_REACH = 256
_BROKEN = Pattern(
    rb"(?i)[\[(]?(?:[hx][tx*0]{1,3}[px]?[sx]?|h__ps?|ttps?|meows?|s?f[tx][px]s?)[\])]?"
    rb"[ \t]?[!@&A]?[ \t]?(?::[ \t]?[/\\]{0,4}|[/\\]{2,3}|__)[ \t]*"
)
_HOST = Pattern(rb"(?:[\w\xc0-\xff\-]+(?:\.|,|[ \t]*\.[ \t]*))+[A-Za-z0-9\xc0-\xff]+\b")
_IPV6 = Pattern(rb"\[?[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*:")
_WHOLE = frozenset({b"http://", b"https://"})
_SLASHES = frozenset({b"/", b"\\"})
_NAME = b"abcdefghijklmnopqrstuvwxyz*0_"


def rewrite_schemes(data: bytes) -> list[tuple[int, int, str]]:
    """Find broken schemes.

    Args:
        data: Flat bytes, brackets around signs already gone.

    Returns:
        Start, end and replacement of each, in order.
    """
    changes = []
    for start, end in _BROKEN.spans(data):
        if data[start:end] in _WHOLE and data[end : end + 1] not in _SLASHES:
            continue
        change = _scheme(data, start, end)
        if change is not None:
            changes.append(change)
    return changes


def _scheme(data: bytes, start: int, end: int) -> tuple[int, int, str] | None:
    if data[start] in b"[(" and not (b"]" in data[start:end] or b")" in data[start:end]):
        start += 1  # the bracket stands before the URL, it does not break the scheme
    found = data[start:end].lower()
    name = found.lstrip(b"[(")
    length = next((i for i, byte in enumerate(name) if byte not in _NAME), len(name))
    name, rest = name[:length], name[length:]
    if name.endswith(b"__"):
        name, rest = name[:-2], b"__"
    elif name.endswith(b"a") and name[:-1] != b"":
        name, rest = name[:-1], b"a" + rest
    sane = name in {b"http", b"https", b"ftp", b"ftps", b"sftp"}
    if sane and rest == b"://" and found[0] not in b"[(" and (end >= len(data) or data[end] not in b"/\\"):
        return None
    before = data[start - 1] if start else 0x20
    letter = chr(before).isalnum() or (before >= 0xC0 and before not in GLUED)
    if letter and (not sane or found[0] in b"[("):
        return None
    if not _leads_to_host(data, end, rest, sane=sane):
        return None
    odd = any(sign in rest for sign in (b"!", b"@", b"&", b"a"))
    return start, end, _meant(name, odd=odd) + "://"


def _meant(name: bytes, *, odd: bool) -> str:
    if b"f" in name[:2]:
        ending = "s" if name[-1:] == b"s" else ""
        return "sftp" if name[:1] == b"s" else "ftp" + ending
    secure = name[-1:] == b"s" or len(name) == 5 or odd
    return "https" if secure else "http"


def _leads_to_host(data: bytes, end: int, rest: bytes, *, sane: bool) -> bool:
    """Whether what follows the separator is what a scheme would stand before."""
    if end >= len(data):
        return False
    slashes = rest.count(b"/") + rest.count(b"\\")
    reach = _HOST.at(data, end, end + _REACH)
    dotted = reach > 0 and _ends_well(data[end:reach])
    if rest.endswith((b" ", b"\t")) or (slashes == 0 and rest != b"__"):
        return dotted and (slashes > 0 or not sane or data[end : end + 4].lower() == b"www.")
    if rest.strip() == b"://" or rest == b"__":
        return chr(data[end]).isalnum() or data[end] >= 0xC0 or data[end] == 0x5B
    return dotted or _IPV6.at(data, end, end + 64) > 0


def _ends_well(host: bytes) -> bool:
    last = host.replace(b",", b".").replace(b" ", b"").rpartition(b".")[2].decode("latin-1").lower()
    return last.isdigit() or is_top_level(last) or not last.isascii()
