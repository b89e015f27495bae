"""S/MIME envelopes: what kind it is, and the content of one that is only signed. Nothing is verified here."""

from __future__ import annotations

_PKCS7 = bytes.fromhex("2a864886f70d0107")
_KINDS = {
    _PKCS7 + b"\x02": "signed-data",
    _PKCS7 + b"\x03": "enveloped-data",
    bytes.fromhex("2a864886f70d010910010917"): "enveloped-data",
    bytes.fromhex("2a864886f70d0109100117"): "enveloped-data",
    bytes.fromhex("2a864886f70d0109100109"): "compressed-data",
}
_DEPTH = 20
_PIECES = 100_000


def smime_kind(content: bytes, declared: str) -> str:
    """`signed-data`, `enveloped-data`, `compressed-data`, ...: by the octets, else as declared (lower case)."""
    try:
        inside = _open(content, 0)
        start, end, _ = _element(content, inside)
        return _KINDS.get(content[start:end], declared.strip().lower())
    except (IndexError, ValueError):
        return declared.strip().lower()


def signed_content(content: bytes) -> bytes:
    """The MIME entity inside a signed envelope; empty when there is none or it cannot be reached."""
    try:
        position = _open(content, 0)  # ContentInfo
        position = _skip(content, position)  # its type
        position = _open(content, _open(content, position))  # [0], SignedData
        position = _skip(content, position)  # version
        position = _skip(content, position)  # digest algorithms
        position = _open(content, position)  # EncapsulatedContentInfo
        position = _skip(content, position)  # its type
        if content[position] != 0xA0:
            return b""
        return b"".join(_octets(content, _open(content, position)))
    except (IndexError, ValueError):
        return b""


def _header(data: bytes, position: int) -> tuple[int, int | None]:
    """Where the content of the element starts and how long it is; None: until the end mark."""
    first = data[position + 1]
    if data[position] & 0x1F == 0x1F:
        msg = "tags of several octets do not occur here"
        raise ValueError(msg)
    if first < 0x80:
        return position + 2, first
    if first == 0x80:
        return position + 2, None
    number = first & 0x7F
    if number > 5:
        msg = "a length nobody can mean"
        raise ValueError(msg)
    return position + 2 + number, int.from_bytes(data[position + 2 : position + 2 + number], "big")


def _open(data: bytes, position: int) -> int:
    if not data[position] & 0x20:
        msg = "not a constructed element"
        raise ValueError(msg)
    return _header(data, position)[0]


def _element(data: bytes, position: int) -> tuple[int, int, int]:
    """Start, end and next position of an element with a definite length."""
    start, length = _header(data, position)
    if length is None:
        msg = "no length"
        raise ValueError(msg)
    return start, start + length, start + length


def _skip(data: bytes, position: int, depth: int = 0) -> int:
    start, length = _header(data, position)
    if length is not None:
        return start + length
    if depth > _DEPTH:
        msg = "too deep"
        raise ValueError(msg)
    while data[start : start + 2] != b"\x00\x00":
        start = _skip(data, start, depth + 1)
    return start + 2


def _octets(data: bytes, position: int) -> list[bytes]:
    """The pieces of an octet string, which may itself be made of octet strings."""
    pieces: list[bytes] = []
    ends: list[int] = []  # where the constructed strings around us end; -1 for those with an end mark
    while len(pieces) < _PIECES and len(ends) <= _DEPTH:
        while ends and ends[-1] != -1 and position >= ends[-1]:
            ends.pop()
            if not ends:
                return pieces
        if data[position : position + 2] == b"\x00\x00":
            if not ends:
                return pieces
            ends.pop()
            position += 2
            if not ends:
                return pieces
            continue
        start, length = _header(data, position)
        if data[position] & 0x20:
            ends.append(-1 if length is None else start + length)
            position = start
            continue
        if length is None:
            return pieces
        pieces.append(data[start : start + length])
        position = start + length
        if not ends:
            return pieces
    return pieces
