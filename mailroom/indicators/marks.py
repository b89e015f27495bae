"""Hashes, vulnerabilities, points in time: told by their shape alone."""

from __future__ import annotations

from datetime import datetime

from mailroom.indicators.engine import Pattern
from mailroom.indicators.model import HASH_KINDS
from mailroom.indicators.scan import Scan

_HEX = Pattern(rb"[0-9A-Fa-f]{32,}")
_CVE = Pattern(rb"(?i)\bCVE(?:[ \-\x96]?[ ]?|:[ ]?)[12]\d{3}[\-\x96]\d{4,}\b")
_TIME = Pattern(rb"\b\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d(?:Z?\b)")
_MANY_DIGITS = 6
"""Different digits that a hash glued to a word must have to count."""
_OTHER_HASHES = (b"imphash", b"import hash", b"authentihash")
"""Hashes of something other than the file; their numbers are no md5 and no sha256."""


def find_hashes(scan: Scan, data: bytes | None = None, shift: int = 0, notes: tuple[str, ...] = ()) -> None:
    """Report MD5, SHA-1, SHA-256 and SHA-512 by their number of digits.

    Args:
        scan: Where to report.
        data: What to look at; otherwise everything that is free.
        shift: Position of `data` in the text.
        notes: For what is found.
    """
    looked_at = bytes(scan.free) if data is None else data
    for start, end in _HEX.spans(looked_at):
        first = start
        before = looked_at[start - 1 : start]
        kind = HASH_KINDS.get(end - start)
        if kind is None:
            continue
        digits = looked_at[start:end].decode("ascii").lower()
        glued = (before.isalnum() and looked_at[start - 2 : start].lower() != b"0x") or looked_at[
            end : end + 1
        ].isalnum()
        if digits.strip("0") == "":
            continue
        if glued and len(set(digits)) < _MANY_DIGITS:
            continue
        context = looked_at[max(0, first - 24) : first].lower()
        if any(word in context for word in _OTHER_HASHES):
            continue
        scan.add(kind, digits, shift + start, shift + end, (*notes, "glued") if glued else notes)


def find_cves(scan: Scan) -> None:
    """Report CVE numbers as `CVE-year-number`."""
    data = bytes(scan.free)
    for start, end in _CVE.spans(data):
        number = data[start + 3 : end].decode("latin-1").lstrip(" :-\x96").replace("\x96", "-")
        scan.add("cve", f"CVE-{number}", start, end)


def find_times(scan: Scan) -> None:
    """Report `YYYY-MM-DD HH:MM:SS` where it is a time that exists."""
    data = bytes(scan.free)
    for start, end in _TIME.spans(data):
        written = data[start:end].decode("ascii").rstrip("Z").replace("T", " ")
        try:
            datetime.strptime(written, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007 - only whether it exists
        except ValueError:
            continue
        scan.add("datetime", written, start, end)
