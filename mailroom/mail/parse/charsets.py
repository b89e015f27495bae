"""Octets to text, whatever the sender called them. Never raises; says which codec was used and what was lost."""

from __future__ import annotations

import codecs
import re
from functools import lru_cache
from typing import NamedTuple

from mailroom.mail.parse.guess import guess_charset

# Labels that Python does not know, or for which senders mean more than the name says. Tried in order, strictly.
_LABELS: dict[str, tuple[str, ...]] = {
    "iso-8859-8-i": ("iso8859-8", "cp1255"),
    "iso-8859-8-e": ("iso8859-8", "cp1255"),
    "x-gbk": ("gb18030",),
    "x-sjis": ("cp932",),
    "iso-2022-jp-ms": ("iso2022_jp_ext",),
    "cp-850": ("cp850",),
    "windows-874": ("cp874",),
    "windows-31j": ("cp932",),
    "x-mac-roman": ("mac_roman",),
    "macintosh": ("mac_roman",),
    "x-mac-cyrillic": ("mac_cyrillic",),
    "x-big5": ("cp950", "big5hkscs"),
    "x-euc-jp": ("euc_jp",),
    "x-windows-949": ("cp949",),
    "unicode-1-1-utf-7": ("utf-7",),
    "unicode-1-1-utf-8": ("utf-8",),
    "ks_c_5601-1987": ("cp949",),
    "ks_c_5601": ("cp949",),
    "gb_2312-80": ("gb18030",),
    "gb2312_charset": ("gb18030",),
    "chinesebig5": ("cp950", "big5hkscs"),
}
_SUPERSETS: dict[str, tuple[str, ...]] = {  # by Python's own name for the codec
    "gb2312": ("gb18030",),
    "gbk": ("gb18030",),
    "euc_kr": ("cp949",),
    "shift_jis": ("cp932", "shift_jis_2004"),
    "big5": ("cp950", "big5hkscs"),
    "iso8859-1": ("cp1252", "iso8859-1"),
    "iso8859-9": ("cp1254", "iso8859-9"),
    "iso8859-8": ("iso8859-8", "cp1255"),
    "tis-620": ("cp874",),
    "iso8859-11": ("cp874",),
    "iso2022_jp": ("iso2022_jp_ext",),
    "euc_jp": ("euc_jp", "euc_jis_2004"),
}
_GUESS = frozenset(
    {"utf8mb4", "utf-8lias", "unicode", "default_charset", "default", "unknown-8bit", "x-user-defined", "binary"}
    | {"x-unknown", "unknown", "none", "8bit", "iso-8859-", "ansi", "", "ascii", "us-ascii"}
)
_NOT_FOR_TEXT = frozenset({"undefined", "unicode_escape", "raw_unicode_escape", "idna", "punycode", "mbcs", "oem"})
# Valid UTF-8 or plain ASCII to look at, and yet something else: these are believed before anything is tried.
_SEVEN_BIT = ("iso2022", "hz", "utf-7", "utf-16", "utf-32", "cp037", "cp500", "cp273", "cp1140", "cp1026")
_UTF7_LIMIT = 64 * 1024
_META = re.compile(rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([A-Za-z0-9_:.+-]{2,40})""", re.IGNORECASE)
_BAD = re.compile("[\x00\ud800-\udfff]")
_UTF8 = ("utf-8",)
_MARKS = frozenset({b"\xef", b"\xff", b"\xfe"})
"""How a byte order mark begins."""
_LONE_CR = re.compile(rb"\r(?!\n)")
_ESCAPED = re.compile(rb"\x1b(\$[@B]|\$\(D|\([BJIH])")


class Decoded(NamedTuple):
    """Text and how it was won: `used` is Python's codec name, `replaced` counts characters that could not be read."""

    text: str
    used: str
    replaced: int = 0


@lru_cache(maxsize=512)
def codecs_for(label: str) -> tuple[str, ...]:
    """Codecs to try for a charset label as written; empty when the label says nothing usable."""
    name = label.strip(" \t\"'<>").partition(";")[0].partition("*")[0].partition("$")[0].strip(" \t\"'_").lower()
    if len(name) > 60:
        return ()
    for candidate in (name, name.removeprefix("x-"), name.replace("_", "-"), name.replace(" ", "")):
        if candidate in _GUESS:
            return ()
        if candidate in _LABELS:
            return _LABELS[candidate]
        try:
            info = codecs.lookup(candidate)
        except (LookupError, ValueError, UnicodeError):
            continue
        if info.name in _NOT_FOR_TEXT or not getattr(info, "_is_text_encoding", True):
            return ()
        if info.name == "ascii":
            return ()
        return _SUPERSETS.get(info.name, (info.name,))
    return ()


def decode(data: bytes, label: str = "", *, is_html: bool = False, hint: str = "") -> Decoded:
    """Text of `data`.

    Args:
        data: Octets after the transfer encoding was undone.
        label: The charset the mail declares, as written.
        is_html: Look for a `<meta charset>` when nothing usable is declared.
        hint: A label to try when `label` is unusable, for instance that of the body for a raw header.
    """
    wanted = codecs_for(label)
    if data.isascii() and not (wanted and wanted[0].startswith(_SEVEN_BIT)) and b"\x1b$" not in data:
        return _clean(str(data, "ascii"), "utf-8" if wanted == ("utf-8",) else (wanted[0] if wanted else "ascii"))
    if marked := _marked(data, wanted):
        return marked
    if wanted and wanted[0].startswith(_SEVEN_BIT) and (found := _seven_bit(data, wanted[0])):
        return found
    try:
        return _clean(str(data, "utf-8"), "utf-8")
    except UnicodeDecodeError:
        pass
    if not wanted and is_html and (meta := _META.search(data[:8192])):
        wanted = codecs_for(meta.group(1).decode("ascii"))
    for codec in wanted or codecs_for(hint):
        try:
            return _clean(data.decode(codec), codec)
        except (UnicodeError, ValueError):
            continue
    return _lossy(data, wanted)


def usual_text(data: bytes, label: str) -> Decoded | None:
    """What `decode` says of plain ASCII or UTF-8 under an honest label, with line ends made LF; None for the rest."""
    wanted = codecs_for(label)
    if (wanted and wanted != _UTF8) or data[:1] in _MARKS or 0x1B in data or 0 in data or _LONE_CR.search(data):
        return None
    plain = data.isascii()
    if 0x0D in data:  # removing an octet is eight times as fast as replacing two
        data = data.replace(b"\r", b"")
    try:
        return Decoded(str(data, "utf-8"), "utf-8" if wanted or not plain else "ascii")
    except UnicodeDecodeError:
        return None


def _marked(data: bytes, wanted: tuple[str, ...]) -> Decoded | None:
    if data.startswith(b"\xef\xbb\xbf"):
        text = data[3:].decode("utf-8", "replace")
        return _clean(text, "utf-8", text.count("\ufffd"))
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) and (b"\x00" in data or (wanted and wanted[0].startswith("utf-16"))):
        text = data.decode("utf-16", "replace")
        return _clean(text, "utf-16", text.count("\ufffd"))
    if not wanted and b"\x1b$" in data and (found := _seven_bit(data, "iso2022_jp_ext")):
        return found
    return None


def _seven_bit(data: bytes, codec: str) -> Decoded | None:
    if codec.startswith("utf-7") and len(data) > _UTF7_LIMIT:
        return None
    if codec.startswith(("utf-16", "utf-32")) and data.isascii() and b"\x00" not in data:
        return None  # plain text under a wrong label
    if codec in {"utf-16", "utf-32"} and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        if b"\x00" not in data:
            return None  # whatever it is, it is not that
        codec += "-be" if data[0] == 0 else "-le"
    try:
        return _clean(data.decode(codec), codec)
    except (UnicodeError, ValueError):
        pass
    if codec.startswith("iso2022_jp"):
        text = _wide_japanese(data)
        return _clean(text, codec, text.count("\ufffd"))
    if codec.startswith("utf-7"):
        return None
    text = data.decode(codec, "replace")
    return _clean(text, codec, text.count("\ufffd"))


def _wide_japanese(data: bytes) -> str:
    """ISO-2022-JP with the vendors' extra characters (circled digits and so on), which Python's codec refuses."""
    pieces: list[str] = []
    mode = b"(B"
    position = 0
    for match in [*_ESCAPED.finditer(data), None]:
        run = data[position : match.start() if match else len(data)]
        if mode in {b"$B", b"$@"}:
            pieces.append(
                bytes(octet | 0x80 if octet > 0x20 else octet for octet in run).decode("euc_jis_2004", "replace")
            )
        elif mode == b"(I":
            pieces.append(bytes(octet | 0x80 if octet > 0x20 else octet for octet in run).decode("cp932", "replace"))
        else:
            pieces.append(run.decode("cp932", "replace"))
        if match:
            mode, position = match.group(1), match.end()
    return "".join(pieces)


def _lossy(data: bytes, wanted: tuple[str, ...]) -> Decoded:
    """The declared charset with a few holes, else the likeliest one, else Western European."""
    for codec in dict.fromkeys((*wanted[:1], "utf-8")):
        text = data.decode(codec, "replace")
        lost = text.count("\ufffd")
        others = len(text) - len(text.encode("ascii", "ignore")) - lost
        if lost * 4 <= others:
            return _clean(text, codec, lost)
    if guessed := guess_charset(data):
        try:
            return _clean(data.decode(guessed), guessed)
        except (UnicodeError, LookupError):
            pass
    text = data.decode("cp1252", "replace")
    return _clean(text, "cp1252", text.count("\ufffd"))


def _clean(text: str, used: str, replaced: int = 0) -> Decoded:
    if ("\x00" in text) or used not in {"utf-8", "ascii"}:
        text, number = _BAD.subn("\ufffd", text)
        replaced += number
    return Decoded(text, used, replaced)
