"""winmail.dat: the attachments and the text that Outlook wraps in TNEF."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from mailroom.mail.parse import mapi
from mailroom.mail.parse.charsets import decode
from mailroom.mail.parse.limits import Work
from mailroom.mail.parse.rtf import decompress_rtf, unwrap_rtf

_SIGNATURE = b"\x78\x9f\x3e\x22"
_BODY, _SUBJECT, _CODEPAGE, _PROPERTIES = 0x800C, 0x8004, 0x9007, 0x9003
_NEW_ATTACHMENT, _DATA, _TITLE, _ATTACH_PROPERTIES = 0x9002, 0x800F, 0x8010, 0x9005
_EMBEDDED = 5
_DEPTH = 5
_COUNT = 1_000
_FIXED = {
    0x02: 4,
    0x03: 4,
    0x04: 4,
    0x05: 8,
    0x06: 8,
    0x07: 8,
    0x0A: 4,
    0x0B: 4,
    0x14: 8,
    0x40: 8,
    0x48: 16,
    0x00: 0,
    0x01: 0,
}
_VARIABLE = frozenset({0x0D, 0x1E, 0x1F, 0x102})


@dataclass(slots=True)
class Unpacked:
    """What was inside."""

    attachments: list[tuple[str, str, bytes, str]] = field(default_factory=list)
    """(name, MIME type, octets, content id)"""
    messages: list[tuple[bytes, Unpacked]] = field(default_factory=list)
    """Mails inside: their TNEF octets and what was inside those."""
    subject: str = ""
    text: str = ""
    html: str = ""


@dataclass(slots=True)
class _Part:
    title: str = ""
    data: bytes = b""
    properties: dict[int, int | bytes] = field(default_factory=dict)


def is_tnef(content: bytes) -> bool:
    """Whether these octets are TNEF."""
    return content.startswith(_SIGNATURE)


def read_tnef(content: bytes, work: Work, depth: int = 0) -> Unpacked:
    """Everything inside; what cannot be read is left out and named in the defects."""
    found = Unpacked()
    codepage = ""
    body = b""
    properties: dict[int, int | bytes] = {}
    parts: list[_Part] = []
    for kind, data in _attributes(content, work):
        if kind == _CODEPAGE:
            codepage = mapi.codepage_label(int.from_bytes(data[:4], "little"))
        elif kind == _BODY:
            body = data.rstrip(b"\x00")
        elif kind == _SUBJECT:
            found.subject = decode(data.rstrip(b"\x00"), codepage).text
        elif kind == _PROPERTIES:
            properties = _read_properties(data, work)
        elif kind == _NEW_ATTACHMENT:
            if len(parts) >= _COUNT:
                work.defects.add("too_many_parts")
                break
            parts.append(_Part())
        elif parts and kind == _DATA:
            parts[-1].data = data
        elif parts and kind == _TITLE:
            parts[-1].title = decode(data.rstrip(b"\x00"), codepage).text
        elif parts and kind == _ATTACH_PROPERTIES:
            parts[-1].properties = _read_properties(data, work)
    _bodies(found, properties, body, codepage)
    for part in parts:
        _add(found, part, codepage, work, depth)
    return found


def _attributes(content: bytes, work: Work) -> Iterator[tuple[int, bytes]]:
    position = 6
    while position + 9 <= len(content):
        kind = int.from_bytes(content[position + 1 : position + 3], "little")
        length = int.from_bytes(content[position + 5 : position + 9], "little")
        data = content[position + 9 : position + 9 + length]
        if len(data) < length:
            work.defects.add("tnef_cut")
        yield kind, data
        position += 9 + length + 2


def _read_properties(data: bytes, work: Work) -> dict[int, int | bytes]:
    found: dict[int, int | bytes] = {}
    try:
        number = int.from_bytes(data[:4], "little")
        position = 4
        for _ in range(min(number, 5_000)):
            if position + 4 > len(data):
                break
            position = _read_property(data, position, found)
    except (IndexError, ValueError):
        work.defects.add("tnef_cut")
    return found


def _read_property(data: bytes, position: int, found: dict[int, int | bytes]) -> int:
    kind = int.from_bytes(data[position : position + 2], "little")
    name = int.from_bytes(data[position + 2 : position + 4], "little")
    position += 4
    if name >= 0x8000:  # a named property: GUID, then a number or a text
        by_text = int.from_bytes(data[position + 16 : position + 20], "little")
        position += 20
        length = int.from_bytes(data[position : position + 4], "little") if by_text else 0
        position += 4 + (-(-length // 4) * 4)
    several = bool(kind & 0x1000)
    kind &= ~0x1000
    if kind in _VARIABLE:
        number = int.from_bytes(data[position : position + 4], "little")
        position += 4
        for index in range(min(number, 10_000)):
            length = int.from_bytes(data[position : position + 4], "little")
            position += 4
            value = data[position : position + length]
            if index == 0:
                found[name] = _text_octets(value) if kind == 0x1F else value
            position += -(-length // 4) * 4
            if position > len(data):
                break
        return position
    size = _FIXED.get(kind)
    if size is None:
        msg = f"property type {kind:#x}"
        raise ValueError(msg)
    number = 1
    if several:
        number = int.from_bytes(data[position : position + 4], "little")
        position += 4
    found.setdefault(name, int.from_bytes(data[position : position + size], "little"))
    return position + size * number


def _text_octets(value: bytes) -> bytes:
    """UTF-16 to UTF-8, so that every text property is octets in a charset that is recognised first."""
    return value.decode("utf-16-le", "replace").rstrip("\x00").encode("utf-8", "replace")


def _octets(properties: dict[int, int | bytes], name: int) -> bytes:
    value = properties.get(name, b"")
    return value if isinstance(value, bytes) else b""


def _text(properties: dict[int, int | bytes], name: int, codepage: str) -> str:
    return decode(_octets(properties, name).rstrip(b"\x00"), codepage).text


def _bodies(found: Unpacked, properties: dict[int, int | bytes], body: bytes, codepage: str) -> None:
    internet = properties.get(mapi.INTERNET_CODEPAGE)
    label = mapi.codepage_label(internet) if isinstance(internet, int) else codepage
    found.subject = _text(properties, mapi.SUBJECT, codepage) or found.subject
    found.text = _text(properties, mapi.BODY, codepage) or decode(body, codepage).text
    found.html = decode(_octets(properties, mapi.HTML).rstrip(b"\x00"), label, is_html=True).text
    if not found.html and (packed := _octets(properties, mapi.RTF)):
        text, found.html = unwrap_rtf(decompress_rtf(packed))
        found.text = found.text or text
    found.text = found.text.replace("\r\n", "\n").replace("\r", "\n")
    found.html = found.html.replace("\r\n", "\n").replace("\r", "\n")


def _add(found: Unpacked, part: _Part, codepage: str, work: Work, depth: int) -> None:
    properties = part.properties
    name = (
        _text(properties, mapi.ATTACH_LONG_NAME, codepage)
        or part.title
        or _text(properties, mapi.ATTACH_NAME, codepage)
        or _text(properties, mapi.DISPLAY_NAME, codepage)
    )
    data = part.data or _octets(properties, mapi.ATTACH_DATA)
    if properties.get(mapi.ATTACH_METHOD) == _EMBEDDED or data[16:20] == _SIGNATURE:
        inner = _octets(properties, mapi.ATTACH_DATA) or data
        inner = inner[16:] if inner[16:20] == _SIGNATURE else inner
        if is_tnef(inner):
            if depth < _DEPTH:
                found.messages.append((inner, read_tnef(inner, work, depth + 1)))
            else:
                work.defects.add("nested_too_deep")
            return
    kind = _text(properties, mapi.ATTACH_MIME, codepage).strip().lower() or "application/octet-stream"
    found.attachments.append((name, kind, data, _text(properties, mapi.ATTACH_CONTENT_ID, codepage)))
