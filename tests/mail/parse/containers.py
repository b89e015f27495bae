"""Writers for the containers that the parser reads: OLE files with a mail in them, TNEF, signed envelopes."""

from __future__ import annotations

import struct
from typing import Any

_FREE, _END, _FAT, _NONE = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF
_SECTOR, _MINI, _CUTOFF = 512, 64, 4096


def ole(tree: dict[str, Any]) -> bytes:
    """A compound file: texts are names, octets are streams, dicts are storages."""
    entries: list[dict[str, Any]] = [{"name": "Root Entry", "type": 5, "child": _NONE, "right": _NONE, "data": b""}]

    def add(parent: int, items: dict[str, Any]) -> None:
        before = -1
        for name in sorted(items, key=lambda text: (len(text), text.upper())):
            value = items[name]
            entries.append({"name": name, "child": _NONE, "right": _NONE, "data": b"", "type": 1})
            index = len(entries) - 1
            if before == -1:
                entries[parent]["child"] = index
            else:
                entries[before]["right"] = index
            before = index
            if isinstance(value, dict):
                add(index, value)
            else:
                entries[index] |= {"type": 2, "data": value}

    add(0, tree)
    mini, mini_table = bytearray(), []
    for entry in entries[1:]:
        data = entry["data"]
        if entry["type"] == 2 and 0 < len(data) < _CUTOFF:
            entry["start"] = len(mini) // _MINI
            count = -(-len(data) // _MINI)
            mini += data.ljust(count * _MINI, b"\x00")
            mini_table += [entry["start"] + step + 1 for step in range(count - 1)] + [_END]
    sectors, table = bytearray(), []

    def store(data: bytes) -> int:
        start = len(table)
        count = -(-len(data) // _SECTOR)
        if not count:
            return _END
        sectors.extend(data.ljust(count * _SECTOR, b"\x00"))
        table.extend([start + step + 1 for step in range(count - 1)] + [_END])
        return start

    for entry in entries[1:]:
        if entry["type"] == 2 and len(entry["data"]) >= _CUTOFF:
            entry["start"] = store(entry["data"])
    root_start = store(bytes(mini))
    mini_start = store(b"".join(struct.pack("<I", number) for number in mini_table)) if mini_table else _END
    mini_sectors = -(-4 * len(mini_table) // _SECTOR)
    directory = b""
    for index, entry in enumerate(entries):
        name = entry["name"].encode("utf-16-le") + b"\x00\x00"
        start = root_start if index == 0 else entry.get("start", 0 if entry["type"] == 1 else _END)
        size = len(mini) if index == 0 else len(entry["data"])
        directory += name.ljust(64, b"\x00") + struct.pack(
            "<HBBIII16sIQQIQ",
            len(name),
            entry["type"],
            1,
            _NONE,
            entry["right"],
            entry["child"],
            b"",
            0,
            0,
            0,
            start,
            size,
        )
    directory_start = store(directory)
    fat_sectors = 1
    while fat_sectors * 128 < len(table) + fat_sectors:
        fat_sectors += 1
    fat_start = len(table)
    table += [_FAT] * fat_sectors
    table += [_FREE] * (fat_sectors * 128 - len(table))
    fat = b"".join(struct.pack("<I", number) for number in table)
    header = struct.pack(
        "<8s16sHHHHH6sIIIIIIIII", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"", 0x3E, 3, 0xFFFE, 9, 6, b"", 0, fat_sectors,
        directory_start, 0, _CUTOFF, mini_start, mini_sectors, _END, 0,
    )  # fmt: skip
    places = [fat_start + index for index in range(fat_sectors)]
    header += b"".join(struct.pack("<I", place) for place in places + [_FREE] * (109 - len(places)))
    return header + bytes(sectors) + fat


def properties(header: int, fixed: dict[int, tuple[int, int]]) -> bytes:
    """The stream of numbers and times: id -> (type, value), after `header` octets."""
    out = b"\x00" * header
    for name, (kind, value) in fixed.items():
        out += struct.pack("<HHIQ", kind, name, 6, value)
    return out


def message(
    texts: dict[int, str],
    *,
    fixed: dict[int, tuple[int, int]] | None = None,
    binary: dict[int, bytes] | None = None,
    recipients: list[tuple[str, str, int]] | None = None,
    attachments: list[dict[str, Any]] | None = None,
    header: int = 32,
) -> dict[str, Any]:
    """The storage of a message: text properties by id, (name, address, kind) of recipients, attachment storages."""
    tree: dict[str, Any] = {"__properties_version1.0": properties(header, fixed or {})}
    for name, text in texts.items():
        tree[f"__substg1.0_{name:04X}001F"] = text.encode("utf-16-le")
    for name, data in (binary or {}).items():
        tree[f"__substg1.0_{name:04X}0102"] = data
    for number, (name, address, kind) in enumerate(recipients or []):
        tree[f"__recip_version1.0_#{number:08X}"] = {
            "__properties_version1.0": properties(8, {0x0C15: (3, kind)}),
            "__substg1.0_3001001F": name.encode("utf-16-le"),
            "__substg1.0_39FE001F": address.encode("utf-16-le"),
        }
    for number, storage in enumerate(attachments or []):
        tree[f"__attach_version1.0_#{number:08X}"] = storage
    return tree


def attachment(name: str, content: bytes) -> dict[str, Any]:
    """The storage of a file in a message."""
    return {
        "__properties_version1.0": properties(8, {0x3705: (3, 1)}),
        "__substg1.0_37010102": content,
        "__substg1.0_3707001F": name.encode("utf-16-le"),
    }


def embedded(inner: dict[str, Any]) -> dict[str, Any]:
    """The storage of a message in a message; build `inner` with `header=24`."""
    return {"__properties_version1.0": properties(8, {0x3705: (3, 5)}), "__substg1.0_3701000D": inner}


def tnef(attributes: list[tuple[int, int, bytes]]) -> bytes:
    """(level, attribute with its type, data) as TNEF."""
    out = struct.pack("<IH", 0x223E9F78, 1)
    for level, name, data in attributes:
        out += struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)
    return out


def tnef_properties(values: list[tuple[int, int, bytes]]) -> bytes:
    """(type, id, data) as the property block of TNEF; data of a variable type is counted and padded here."""
    out = struct.pack("<I", len(values))
    for kind, name, data in values:
        out += struct.pack("<HH", kind, name)
        if kind in {0x1E, 0x1F, 0x102, 0x0D}:
            out += struct.pack("<II", 1, len(data)) + data + b"\x00" * (-len(data) % 4)
        else:
            out += data
    return out


def _der(tag: int, content: bytes) -> bytes:
    length = len(content)
    if length < 0x80:
        return bytes([tag, length]) + content
    octets = length.to_bytes((length.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def signed_envelope(content: bytes, *, chunked: bool = False) -> bytes:
    """A CMS envelope around `content` without any signer; `chunked` as mail programs stream it."""
    signed, data = bytes.fromhex("06092a864886f70d010702"), bytes.fromhex("06092a864886f70d010701")
    if chunked:
        pieces = b"".join(_der(0x04, content[at : at + 100]) for at in range(0, len(content), 100))
        inner = b"\x30\x80" + data + b"\xa0\x80\x24\x80" + pieces + b"\x00\x00" * 3
        return (
            b"\x30\x80"
            + signed
            + b"\xa0\x80\x30\x80\x02\x01\x01\x31\x80\x00\x00"
            + inner
            + b"\x31\x00"
            + b"\x00\x00" * 3
        )
    inner = _der(0x30, data + _der(0xA0, _der(0x04, content)))
    return _der(0x30, signed + _der(0xA0, _der(0x30, b"\x02\x01\x01" + b"\x31\x00" + inner + b"\x31\x00")))
