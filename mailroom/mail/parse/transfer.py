"""Undoing transfer encodings: as much as can be read, and what was wrong with it."""

from __future__ import annotations

import binascii
import re

from mailroom.mail.parse.base64_lines import decode_lines

_UU_BEGIN = re.compile(rb"^begin(?:-base64)? [0-7]{3,4} ?([^\r\n]*)\r?\n", re.MULTILINE)
_BASE64_LINE = re.compile(rb"[A-Za-z0-9+/=\s]+")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_ODD_EQUALS = re.compile(rb"=[= \t]")
_LONE_EQUALS = re.compile(rb"=(?==)")
"""Of two, the library would take one."""
_PADDED_BREAK = re.compile(rb"=[ \t]++(?=\r?\n)")
"""Blanks that a relay put at the end of a line."""
_FIRST_LINE = re.compile(rb"\s*+([^\r\n]{1,1000})")
_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=\t"
_WORDS_IN = 10
"""Of how many characters in a line one must be a blank or a sign for the line to be words."""
_PLAIN_WORDS = re.compile(rb"[A-Za-z]?[a-z]*+(?>(?: [A-Za-z]?[a-z]*+)+)")
_FAST_FROM = 16 * 1024


def undo(data: bytes, encoding: str, defects: set[str]) -> bytes:
    """The octets behind a transfer encoding; unknown encodings are taken as identity.

    Args:
        data: The part's body as it stands in the mail.
        encoding: Value of Content-Transfer-Encoding, lower case.
        defects: Codes are added here.
    """
    if encoding in {"", "7bit", "8bit", "binary"}:
        return data
    if encoding == "quoted-printable":
        return unquote(data)
    if encoding == "base64":
        return unbase64(data, 0, len(data), defects)
    if encoding in {"x-uuencode", "uuencode", "x-uue", "uue"}:
        return _unuuencode(data, defects)
    if encoding not in {"7-bit", "8-bit", "none", "utf-8", "us-ascii", "ascii", "8bits", "7bits"}:
        defects.add("transfer_encoding_unknown")
    return data


def is_base64(raw: bytes, start: int, end: int) -> bool:
    """Whether `raw[start:end]` may be base64, judged by its first line: junk is no reason not to read it, words are."""
    found = _FIRST_LINE.match(raw, start, end)
    if found is None:
        return True
    line = found.group(1).rstrip()
    strange = line.translate(None, _BASE64)
    if strange and not strange.strip(b" ") and end - start <= _FAST_FROM:
        if _is_text_in_base64(raw[start:end]):
            return True
        if _PLAIN_WORDS.fullmatch(line):
            return False
    return len(strange) * _WORDS_IN < len(line)


def _is_text_in_base64(data: bytes) -> bool:
    """Whether this is whole base64, blanks and line ends aside, and gives plain text: words hardly ever do."""
    try:
        text = str(binascii.a2b_base64(data.translate(None, b" \t\r\n"), strict_mode=True), "utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return False
    return all(map(str.isprintable, text.split()))


def unquote(data: bytes, *, header: bool = False) -> bytes:
    """Octets of quoted-printable. An equals sign that encodes nothing stays, also before another one.

    Args:
        data: The encoded text.
        header: Q encoding of headers: an underscore is a blank.
    """
    octets = binascii.a2b_qp(data, header=header)
    if b"=" not in octets or _ODD_EQUALS.search(data) is None:
        return octets
    data = _PADDED_BREAK.sub(b"=", _LONE_EQUALS.sub(b"=3D", data))
    return binascii.a2b_qp(data, header=header)


def unbase64(raw: bytes, start: int, end: int, defects: set[str], *, fast: bool = True) -> bytes:
    """Octets of the base64 text in `raw[start:end]`. Junk is passed over, a cut end is read as far as it goes.

    Args:
        raw: Holds the text.
        start: Where it starts.
        end: Where it ends.
        defects: Codes are added here.
        fast: Use the compiled decoder for large parts when there is one.
    """
    while end > start and raw[end - 1] in b" \t\r\n":
        end -= 1
    if fast and end - start >= _FAST_FROM and (octets := decode_lines(raw, start, end)) is not None:
        return octets
    padding = raw.find(b"=", start, end)
    if padding != -1 and padding < end - 2:
        return _joined_base64(raw[start:end], defects)
    try:
        return binascii.a2b_base64(memoryview(raw)[start:end])
    except binascii.Error:
        return _one_base64(raw[start:end], defects)


def _one_base64(data: bytes, defects: set[str]) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        defects.add("base64_cut")
    clean = _NOT_BASE64.sub(b"", data).translate(None, b"= \t\r\n")
    if len(clean) % 4 == 1:
        clean = clean[:-1]
    try:
        return binascii.a2b_base64(clean + b"=" * (-len(clean) % 4))
    except binascii.Error:
        defects.add("base64_unreadable")
        return b""


def _joined_base64(data: bytes, defects: set[str]) -> bytes:
    """Padding before the end: what follows is more base64 (several encodings joined) or a footer in plain text."""
    pieces: list[bytes] = []
    position = 0
    while position < len(data) and len(pieces) < 10_000:
        padding = data.find(b"=", position)
        if padding == -1:
            padding = len(data)
        end = padding
        while end < len(data) and data[end] in b"= \t\r\n":
            end += 1
        piece = data[position:end]
        if position and not _BASE64_LINE.fullmatch(data, position, end):
            defects.add("base64_text_after_end")
            break
        pieces.append(_one_base64(piece, defects))
        position = end
    if len(pieces) > 1:
        defects.add("base64_joined")
    return b"".join(pieces)


def _unuuencode(data: bytes, defects: set[str]) -> bytes:
    begin = _UU_BEGIN.search(data)
    if begin is None:
        defects.add("uuencode_unreadable")
        return data
    pieces: list[bytes] = []
    for line in data[begin.end() :].split(b"\n"):
        line = line.rstrip(b"\r")
        if line.strip() in {b"end", b"`"}:
            if line.strip() == b"end":
                break
            continue
        if not line:
            continue
        try:
            pieces.append(binascii.a2b_uu(line))
        except binascii.Error:
            try:  # encoders that pad lines with junk: take what the length octet says
                pieces.append(binascii.a2b_uu(line[: 1 + (((line[0] - 32) & 63) * 4 + 5) // 3]))
            except binascii.Error:
                defects.add("uuencode_cut")
    return b"".join(pieces)
