"""Mail addresses and IP addresses."""

from __future__ import annotations

import re
from ipaddress import IPv6Address

from mailroom.indicators.engine import Pattern
from mailroom.indicators.flat import AS_ASCII, GLUED, IDEOGRAPH
from mailroom.indicators.glued import after_prefix, compound_end, has_glue, host_end
from mailroom.indicators.hosts import domain_of, idna_note, ipv4_of
from mailroom.indicators.scan import Scan, Walls
from mailroom.indicators.urls import end_of_url

_LETTERS = rb"\xc0-\xd6\xd8-\xf6\xf8-\xff"
"""Of Latin-1, without what is glued to an address."""
_LOCAL = rb"(?:[A-Za-z0-9._%+='\-" + _LETTERS + rb"]+|" + bytes([IDEOGRAPH]) + rb"{1,64})"
_HOST = rb"(?:[A-Za-z0-9_\xc0-\xff\-]+\.)+[A-Za-z0-9_\xc0-\xff\-]+"
_EMAIL = Pattern(_LOCAL + rb"@(?:\[[0-9A-Fa-fIPv:.]{3,60}\]|" + _HOST + rb")")
_ESCAPED = Pattern(_LOCAL + rb"%40" + _HOST)
_IPV4 = Pattern(rb"\d+(?:\.\d+){3,}")
_IPV6 = Pattern(rb"[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]*:[0-9A-Fa-f:]*(?:\.\d{1,3}){0,3}")
_PATH = Pattern(rb"(?::\d{1,5})?/[^\x00-\x20<>\"`\x7f-\xa0]")
_RANGE = re.compile(rb"/\d{1,3}(?!\d)")
_VERSION = re.compile(rb"(?:\A|[^A-Za-z])(?:v|ver|version|rev|release|build)[ .:]?\Z", re.IGNORECASE)
_MAX_LOCAL = 128
_SHORT_ENDING = re.compile(r"[a-z]{2,6}\Z")
"""An unknown ending that an address may still have: `example.test`, `corp.lan`."""


def find_emails(scan: Scan) -> None:
    """Report mail addresses and their domains in what is still free; cover them."""
    _find(scan, _EMAIL, b"@")


def find_escaped_emails(scan: Scan) -> None:
    """Report addresses written `jane%40northwind.com` outside of links."""
    _find(scan, _ESCAPED, b"%40")


def _find(scan: Scan, pattern: Pattern, sign: bytes) -> None:
    if sign not in scan.free:
        return
    data = bytes(scan.free)
    glued = has_glue(data)
    end = 0
    while (span := pattern.next(data, end)) is not None:
        first, end = span
        at = data.rindex(sign, first, end)
        host = at + len(sign)
        if data[host] != 0x5B:
            end = host_end(scan.text, data, host, end) if glued else end
            end = compound_end(scan.text, data, host, end)
        start = max(first, at - _MAX_LOCAL)
        if sign != b"@":
            escape = data.rfind(b"%", start, at)
            start = min(escape + 3, at) if escape >= 0 else start
        start = after_prefix(scan.text, data, _local_start(data, start, at), at)
        if start < at:
            _email(scan, data, start, at, host, end)


def _local_start(data: bytes, start: int, at: int) -> int:
    local = data[start:at]
    dots = local.rfind(b"..")
    if dots >= 0:
        start += dots + 2
        local = data[start:at]
    equals = local.find(b"=")
    if equals >= 0 and not (b"+" in local[:equals] or any(48 <= byte <= 57 for byte in local[:equals])):
        start += local.rindex(b"=") + 1  # `smtp.mailfrom=user@...`, but not `bounce+user=example.com@...`
    while start < at and data[start] in b".-'+%=":
        start += 1
    return start if data[at - 1] not in b".'" else at


def _email(scan: Scan, data: bytes, start: int, at: int, begin: int, end: int) -> None:
    host = scan.text[begin:end]
    local = scan.text[start:at].lower()
    if data[start] == IDEOGRAPH and host.isascii():
        return  # words of a script without blanks, glued to an `@`
    if host.startswith("["):
        inside = host[1:-1].removeprefix("IPv6:")
        address, kind = ipv4_of(inside), "ipv4"
        if not address:
            address, kind = _ipv6_of(inside), "ipv6"
        if address:
            scan.add("email", f"{local}@{host}", start, end)
            scan.add(kind, address, begin, end, ("of_email",))
            scan.cover(start, end)
        return
    if not host.isascii():
        host = host.translate(AS_ASCII)
    host = host.rstrip("-_")
    address = ipv4_of(host)
    if address:
        scan.add("email", f"{local}@{address}", start, begin + len(host))
        scan.add("ipv4", address, begin, begin + len(host), ("of_email",))
        scan.cover(start, begin + len(host))
        return
    labels = host.split(".")
    name = domain_of(host)
    last = labels[-1].lower()
    if name and host.lower().startswith(name) and (len(name) == len(host) or not _SHORT_ENDING.match(labels[-1])):
        end = begin + len(name)
        scan.add("email", f"{local}@{name}", start, end, idna_note(name))
        scan.add("domain", name, begin, end, ("of_email", *idna_note(name)))
    elif _SHORT_ENDING.match(last) and all(labels) and labels[0][0] != "-":
        end = begin + len(host)
        scan.add("email", f"{local}@{host.lower()}", start, end, ("unknown_suffix",))
    else:
        return
    scan.cover(start, end)


def find_ipv4(scan: Scan) -> list[tuple[int, int]]:
    """Report IPv4 addresses and links to them without a scheme; cover them.

    Returns:
        Start and end of the paths of such links.
    """
    rests: list[tuple[int, int]] = []
    data = bytes(scan.free)
    walls = Walls(data)
    done = 0
    for start, end in _IPV4.spans(data):
        address = ipv4_of(data[start:end].decode("latin-1")) if start >= done and end - start <= 15 else ""
        if not address or not _stands_alone(data, start, end):
            continue
        done = end
        path = -1
        if data[end : end + 1] in {b"/", b":"} and _PATH.at(data, end, end + 8) > 0:
            block = _RANGE.match(data, end)
            path = -1 if block else end_of_url(data, start, min(walls.after(start), start + scan.limits.url))
        if path > end + 1:
            scan.add("url", address + scan.text[end:path], start, path, ("no_scheme",))
            scan.add("ipv4", address, start, end, ("of_url",))
            rests.append((end, path))
            done = path
        else:
            scan.add("ipv4", address, start, end)
        scan.cover(start, done)
    return rests


def _stands_alone(data: bytes, start: int, end: int) -> bool:
    """Not part of a longer number, a version or a host name."""
    before = data[start - 1] if start else 0x20
    if before == 0x2E and data[start - 2 : start - 1] != b".":
        return False
    after = data[end : end + 2]
    if after[:1] == b"." and len(after) > 1 and chr(after[1]).isalnum():
        return False
    return not _VERSION.search(data[max(0, start - 9) : start])


def find_ipv6(scan: Scan) -> None:
    """Report IPv6 addresses in what is still free."""
    if b":" not in scan.free:
        return
    data = bytes(scan.free)
    for first, last in _IPV6.spans(data):
        start, end = first, last
        if end - start > 64:
            continue
        if start and chr(data[start - 1]).isalnum():  # `IPv6:2001:...`: what is glued to a word belongs to it
            start = data.index(b":", start) + 1
        elif data[start : start + 1] == b":" and data[start + 1 : start + 2] != b":":
            start += 1
        if data[end - 1 : end] == b":" and data[end - 2 : end - 1] != b":":
            end -= 1
        address = _ipv6_of(data[start:end].decode("latin-1"))
        after = data[end : end + 1]
        if address and not (after.isalnum() or (after >= b"\xc0" and after not in GLUED)):
            scan.add("ipv6", address, start, end)
            scan.cover(start, end)


def _ipv6_of(text: str) -> str:
    """Lower-case address, or an empty text. `a::b` without any digit is C++ or CSS, not an address."""
    if text.count(":") < 2 or not (any(map(str.isdigit, text)) or text.count(":") > 3):
        return ""
    try:
        IPv6Address(text)
    except ValueError:
        return ""
    return text.lower()
