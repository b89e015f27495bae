"""URLs with a scheme: where one ends, and what its parts tell."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from ipaddress import IPv6Address

from mailroom.indicators.engine import Pattern
from mailroom.indicators.flat import AS_ASCII, GLUED, IDEOGRAPH, SIGN
from mailroom.indicators.glued import compound_end, has_glue, host_end
from mailroom.indicators.hosts import domain_of, hidden_ipv4_of, idna_note, ipv4_of
from mailroom.indicators.scan import Scan, Walls
from mailroom.indicators.schemes import SCHEMES

_START = Pattern(rb"(?i)(?:" + SCHEMES.encode("ascii") + rb")://")
_INNER = Pattern(rb"(?i)(?:[,;|]+|[" + GLUED + rb"]+)(?:https?|ftp)://")
_INNER_REACH = 48
# A single character class cannot be slow, so the ordinary engine will do.
_AUTHORITY = re.compile(rb"[^\x00-\x20<>\"`\x7f-\xa0/?#\\]*")
_STOPS = re.compile(rb"[()\[\]{}'|\\&,;" + GLUED + rb"]")
_CLOSERS = {0x29: 0x28, 0x5D: 0x5B, 0x7D: 0x7B}
_ENTITIES = (b"&quot", b"&lt;", b"&gt;", b"&#39;", b"&#34;", b"&nbsp;", b"&apos;")
_TRAILING = b".,;:!?'\"*([{\\|^\xab\xbb" + bytes([SIGN])
_AROUND = b"_~"
"""Marks of emphasis: those behind a URL are none of its own when the same stands before it."""
_PATH_SIGNS = frozenset({b"/", b"?", b"#", b"\\"})
_MAX_AUTHORITY = 320
"""User, host and port; a host alone has at most 253 characters."""
_BAD_IN_HOST = re.compile(r"[^\w.\-%~\U00000080-\U0010ffff]")
_TOO_LONG = re.compile(r"[^.]{64}")
_LETTER = re.compile(r"\w|[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Parts:
    """The beginning of a URL taken apart."""

    value: str
    """Scheme and authority as we write them."""
    host: str
    """Lower case, without brackets and trailing dots."""
    kind: str
    """`domain`, `ipv4`, `ipv6`, or empty for a name outside DNS."""
    address: str
    """What goes with `kind`: the domain, the address."""
    host_start: int
    host_end: int
    rest: int
    """One past the authority."""


def end_of_url(data: bytes, start: int, wall: int) -> int:
    """Where a URL ends: blanks, quotes, unopened brackets, list signs and punctuation belong to the text.

    Args:
        data: Flat bytes.
        start: First byte of the URL.
        wall: Where it ends at the latest.

    Returns:
        One past the last byte of the URL.
    """
    end = wall
    before = data[start - 1] if start else 0
    if before == 0x22 and data[wall : wall + 1] == b'"':
        return wall  # in quotes: all of it
    opened: list[int] = []
    for match in _STOPS.finditer(data, start, end):
        byte, at = data[match.start()], match.start()
        if byte in _CLOSERS:
            if not opened or opened[-1] != _CLOSERS[byte]:
                end = at
                break
            opened.pop()
        elif byte in b"([{":
            opened.append(byte)
        elif _stops(data, byte, at, start, before):
            end = at
            break
    while end > start and (data[end - 1] in _TRAILING or (data[end - 1] == before and before in _AROUND)):
        end -= 1
    return end


def _stops(data: bytes, byte: int, at: int, start: int, before: int) -> bool:
    if byte == 0x27:  # '
        return before == 0x27
    if byte in b",;|":
        return byte == before or byte == 0x7C or _INNER.at(data, at, at + _INNER_REACH) > 0
    if byte == 0x26:  # &
        return data[at : at + 6].lower().startswith(_ENTITIES)
    if byte in GLUED:
        previous = data[at - 1]
        if previous not in GLUED and _INNER.at(data, at, at + _INNER_REACH) > 0:
            return True  # words between two URLs
        return byte == IDEOGRAPH and previous < 0x80 and chr(previous).isalnum() and b"/" in data[start + 8 : at]
    return True  # a backslash


@lru_cache(maxsize=8192)
def take_apart(url: str) -> Parts | None:
    """Split the beginning of a URL and check its host.

    Args:
        url: `scheme://authority`, without path, query and fragment.

    Returns:
        Its parts, or None when there is no host that could exist. What cannot belong to the host is left out, so
        `rest` may lie before the end.
    """
    scheme, _, authority = url.partition("://")
    user, at, host = authority.rpartition("@")
    host_start = len(url) - len(host)
    if host.startswith("["):
        return _bracketed(scheme.lower(), url, user + at, host, host_start)
    if host.count(":") > 1:
        address = _ipv6(host)
        if address:
            end = len(url)
            return Parts(scheme.lower() + url[len(scheme) :], host.lower(), "ipv6", address, host_start, end, end)
    name, colon, port = host.partition(":")
    if port and not port.isdigit() and port[0] != "%":
        port = port[: len(port) - len(port.lstrip("0123456789"))]
        colon = colon if port else ""
    if not name.isascii():
        name = name.translate(AS_ASCII)
    cut = _BAD_IN_HOST.search(name)
    if cut is not None:
        dotted, kept = name.replace(",", "."), name[: cut.start()]
        if "," in name and "." not in name and (ipv4_of(dotted) or domain_of(dotted)):
            name = dotted
        elif domain_of(kept) or ipv4_of(kept):
            name, colon, port = kept, "", ""
        else:
            return None
    bare = name.rstrip(".").lower()
    if not bare or bare[0] in ".-" or not _LETTER.search(bare) or _TOO_LONG.search(bare) or len(bare) > 253:
        return None
    kind, address = _sort_host(bare)
    value = f"{scheme.lower()}://{user}{at}{name.lower()}{colon}{port}"
    host_end = host_start + len(name)
    return Parts(value, bare, kind, address, host_start, host_end, host_end + len(colon) + len(port))


def _bracketed(scheme: str, url: str, user: str, host: str, host_start: int) -> Parts | None:
    inside, closed, port = host[1:].partition("]")
    address = _ipv6(inside)
    if closed and address:
        end = host_start + len(inside) + 2
        if not port.startswith(":"):
            port = ""
        value = f"{scheme}://{user}[{inside.lower()}]{port}"
        return Parts(value, inside.lower(), "ipv6", address, host_start, end, end + len(port))
    if "[" in host[1:]:
        return None
    found = take_apart(f"{scheme}://{user}{inside}{port}")
    if found is None:
        return None
    shift = 2 if closed else 1
    return replace(found, host_start=host_start, host_end=found.host_end + shift, rest=found.rest + shift)


def _ipv6(text: str) -> str:
    try:
        IPv6Address(text.partition("%")[0])
    except ValueError:
        return ""
    return text.partition("%")[0].lower()


def _sort_host(host: str) -> tuple[str, str]:
    address = ipv4_of(host)
    if address:
        return "ipv4", address
    address = hidden_ipv4_of(host)
    if address:
        return "ipv4", address
    name = domain_of(host)
    return ("domain", name) if name and host.endswith(name) and len(name) == len(host) else ("", "")


def find_urls(scan: Scan) -> list[tuple[int, int]]:
    """Report every URL with a scheme and its host; cover it.

    Returns:
        Start and end of path, query and fragment of each, which may contain more.
    """
    rests: list[tuple[int, int]] = []
    data = bytes(scan.free)
    if b"://" not in data:
        return rests
    walls = Walls(data)
    glued = has_glue(data)
    done = 0
    for start, after in _START.spans(data):
        if start < done or not _begins_well(data, start, after):
            continue
        stop, whole = _authority_end(scan.text, data, after, glued=glued)
        written = scan.text[start:stop]
        if not written.isascii():
            written = written.translate(AS_ASCII)
        parts = take_apart(written) if stop > after else None
        if parts is None:
            continue
        end = rest = start + parts.rest
        if rest == stop and whole:
            end = end_of_url(data, start, min(walls.after(after), start + scan.limits.url))
        elif data[start - 1 : start] == b"(":
            end = min(end, end_of_url(data, start, end))
        if end < rest:
            parts = take_apart(written[: end - start]) or parts
            rest = end
        notes = ("truncated",) if end - start >= scan.limits.url else ()
        report(scan, parts, start, end, scan.text[rest:end], notes)
        scan.cover(start, end)
        rests.append((rest, end))
        done = end
    return rests


def _authority_end(text: str, data: bytes, start: int, *, glued: bool) -> tuple[int, bool]:
    """Where user, host and port end, and whether that is where the text makes them end.

    It is not where words or marks were cut off behind the host; then no path follows.
    """
    match = _AUTHORITY.match(data, start, start + _MAX_AUTHORITY)
    stop = match.end() if match else start
    followed = data[stop : stop + 1] in _PATH_SIGNS
    if followed and not glued:
        return stop, True
    host = data.rfind(b"@", start, stop) + 1 or start
    colon = data.find(b":", host, stop)
    end = host_end(text, data, host, stop if colon < 0 else colon)
    if colon < 0 and end == stop and not followed:
        end = compound_end(text, data, host, stop)
        while end > host and data[end - 1] in _AROUND:
            end -= 1
    return (stop, True) if end in {stop, colon} else (end, False)


def report(scan: Scan, parts: Parts, start: int, end: int, tail: str = "", notes: tuple[str, ...] = ()) -> None:
    """Add a URL, whose path, query and fragment are `tail`, and its host."""
    domain_notes = idna_note(parts.address) if parts.kind == "domain" else ()
    hidden = ("hidden_address",) if parts.kind == "ipv4" and parts.address != ipv4_of(parts.host) else ()
    named = ("no_public_suffix",) if not parts.kind else ()
    scan.add("url", parts.value + tail, start, end, (*notes, *domain_notes, *hidden, *named))
    if parts.kind:
        notes = ("of_url", *domain_notes, *hidden)
        scan.add(parts.kind, parts.address, start + parts.host_start, start + parts.host_end, notes)


def _begins_well(data: bytes, start: int, after: int) -> bool:
    """`http` may be glued to a word, other schemes may not: `rdp` ends many words."""
    if start == 0 or data[start : start + 4].lower() == b"http":
        return True
    before = data[start - 1]
    return not (chr(before).isalnum() or before == 0x2B) or after - start > 9
