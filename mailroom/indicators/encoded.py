"""Links that are written in code: percent-encoded, base64 or hexadecimal."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote

from mailroom.indicators.engine import Pattern
from mailroom.indicators.flat import flat
from mailroom.indicators.refang import Refanged
from mailroom.indicators.scan import Scan
from mailroom.indicators.urls import find_urls

_PERCENT = Pattern(
    rb"(?i)(?:https?|ftp)%3A(?:%2F){2}[^\x00-\x20<>\"'`\x7f-\xff]+|(?:https?|ftp)%3A//[^\x00-\x20<>\"'`\x7f-\xff]+"
)
_HEX = Pattern(rb"(?i)[0-9a-f]*(?:68747470|48545450|667470)(?:73)?3a2f2f[0-9a-f]+")
_BASE64 = Pattern(rb"[A-Za-z0-9+/_\-]{16,}={0,2}")
_MARK = rb"aHR0c|h0dHA|odHRw|SFRUU|hUVFA|IVFRQ|ZnRwOi8v|RlRQOi8v|RnRQOi8v|ZnRQOi8v"
_MARKED = Pattern(_MARK)
_ANY = Pattern(rb"(?i:%3A(?:%2F|/)|3a2f2f)|" + _MARK)
"""How `http`, in the three positions a base64 group can have, and `ftp://` look in base64."""
_MAX_TOKEN = 65_536


def find_encoded(scan: Scan) -> None:
    """Report URLs that only show after decoding; the note says how they were written."""
    data = bytes(scan.free)
    if not _ANY.found(data):
        return
    lower = data.lower()
    if b"%3a" in lower:
        for start, end in _PERCENT.spans(data):
            _report(scan, unquote(scan.text[start:end]), start, end, "percent_encoded")
    if b"3a2f2f" in lower:
        for start, end in _HEX.spans(data):
            digits = data[start:end][:_MAX_TOKEN]
            colon = digits.lower().index(b"3a2f2f")
            digits = digits[colon % 2 :]
            decoded = binascii.unhexlify(digits[: len(digits) - len(digits) % 2])
            _report(scan, decoded.decode("latin-1"), start, end, "hex")
    if _MARKED.found(data):
        for start, end in _BASE64.spans(data):
            token = data[start:end][:_MAX_TOKEN]
            if _MARKED.found(token):
                _report(scan, _decoded(token), start, end, "base64")


def _decoded(token: bytes) -> str:
    letters = token.rstrip(b"=").translate(bytes.maketrans(b"-_", b"+/"))
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    try:
        return base64.b64decode(letters + b"=" * (-len(letters) % 4)).decode("latin-1")
    except (binascii.Error, ValueError):
        return ""


def _report(scan: Scan, text: str, start: int, end: int, note: str) -> None:
    inner = Scan(text, Refanged(text, flat(text)), scan.kinds, scan.limits)
    find_urls(inner)
    found = inner.result(unique=True)
    for one in found:
        scan.add(one.kind, one.value, start, end, (note, *one.notes))
    if found:
        scan.cover(start, end)
