"""Outlook's compressed RTF, and the HTML or text that it wraps."""

from __future__ import annotations

import re

_PREFIX = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_LIMIT = 4 * 1024 * 1024


def decompress_rtf(data: bytes) -> bytes:
    """RTF out of PidTagRtfCompressed; empty when it is no such thing, cut at 4 MiB."""
    if len(data) < 16:
        return b""
    size = min(int.from_bytes(data[4:8], "little"), _LIMIT)
    if data[8:12] == b"MELA":
        return data[16 : 16 + size]
    if data[8:12] != b"LZFu":
        return b""
    out = bytearray(_PREFIX)
    start = len(out)
    target = start + size
    position = 16
    end = len(data)
    while position < end and len(out) < target:
        control = data[position]
        position += 1
        for bit in range(8):
            if position >= end or len(out) >= target:
                break
            if not control >> bit & 1:
                out.append(data[position])
                position += 1
                continue
            if position + 1 >= end:
                position = end
                break
            word = data[position] << 8 | data[position + 1]
            position += 2
            offset, length = word >> 4, (word & 0xF) + 2
            write = len(out) % 4096
            if offset == write:
                return bytes(out[start:target])
            back = (write - offset) % 4096
            at = len(out) - back
            for _ in range(length):
                out.append(out[at] if 0 <= at < len(out) else 0x20)
                at += 1
    return bytes(out[start:target])


_TOKEN = re.compile(
    rb"(?P<open>\{)|(?P<close>\})|\\(?P<word>[a-zA-Z]{1,32})(?P<number>-?\d{1,10})? ?|\\'(?P<hex>[0-9a-fA-F]{2})|"
    rb"\\(?P<symbol>[^a-zA-Z])|(?P<newline>[\r\n]+)|(?P<text>[^{}\\\r\n]+)",
    re.DOTALL,
)
_SKIPPED = frozenset(
    {b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer", b"listtable",
     b"listoverridetable", b"rsidtbl", b"generator", b"themedata", b"datastore", b"latentstyles", b"mhtmltag"}
)  # fmt: skip
_CHARACTERS = {
    b"par": "\n", b"line": "\n", b"tab": "\t", b"lquote": "\u2018", b"rquote": "\u2019", b"ldblquote": "\u201c",
    b"rdblquote": "\u201d", b"bullet": "\u2022", b"endash": "\u2013", b"emdash": "\u2014", b"cell": "\t", b"row": "\n",
}  # fmt: skip
_FONT_CODEPAGES = {
    0: "cp1252", 77: "mac_roman", 128: "cp932", 129: "cp949", 134: "gb18030", 136: "cp950", 161: "cp1253",
    162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251", 222: "cp874",
    238: "cp1250",
}  # fmt: skip
_FONT = re.compile(rb"\\f(\d{1,5})(?:\\[a-z]+-?\d*|\s|\{\\\*[^{}]{0,200}\})*?\\fcharset(\d{1,3})")
_CODEPAGE = re.compile(rb"\\ansicpg(\d{3,5})")


class _Reader:
    """Walks over the tokens once; `state` is what a closing brace puts back."""

    def __init__(self, rtf: bytes) -> None:
        head = rtf[:65536]
        codepage = _CODEPAGE.search(head)
        self._default = _known(f"cp{int(codepage.group(1))}" if codepage else "cp1252")
        self._fonts = {
            int(font): _FONT_CODEPAGES.get(int(number), self._default) for font, number in _FONT.findall(head)
        }
        self.is_html = b"\\fromhtml" in head[:4096]
        self._out: list[str] = []
        self._octets = bytearray()
        self._encoding = self._default
        # (skipping, inside an HTML tag, RTF-only text, octets to pass over after \u, encoding)
        self._skip, self._tag, self._rtf_only, self._after_unicode = False, False, False, 1
        self._stack: list[tuple[bool, bool, bool, int, str]] = []
        self._pass_over = 0

    def read(self, rtf: bytes) -> str:
        starred = False
        for token in _TOKEN.finditer(rtf):
            kind = token.lastgroup
            if kind == "number":
                kind = "word"
            if kind == "open":
                self._stack.append((self._skip, self._tag, self._rtf_only, self._after_unicode, self._encoding))
                starred = False
            elif kind == "close":
                self._flush()
                if self._stack:
                    self._skip, self._tag, self._rtf_only, self._after_unicode, self._encoding = self._stack.pop()
            elif kind == "word":
                self._word(token.group("word"), token.group("number"), starred=starred)
                starred = False
            elif kind == "symbol":
                starred = token.group("symbol") == b"*"
                self._symbol(token.group("symbol"))
            elif kind == "hex":
                if self._pass_over:
                    self._pass_over -= 1
                elif self._shown:
                    self._octets.append(int(token.group("hex"), 16))
            elif kind == "text" and self._shown:
                self._text(token.group("text"))
        self._flush()
        return "".join(self._out)

    @property
    def _shown(self) -> bool:
        return not self._skip and (self._tag or not self._rtf_only)

    def _text(self, text: bytes) -> None:
        if self._pass_over:
            text, self._pass_over = text[self._pass_over :], max(0, self._pass_over - len(text))
        if self._octets or not text.isascii():
            self._octets += text
        else:
            self._out.append(text.decode("ascii"))

    def _word(self, word: bytes, number: bytes | None, *, starred: bool) -> None:
        value = int(number) if number is not None else None
        if word == b"u" and value is not None:
            if self._shown:
                self._flush()
                self._out.append(chr(value & 0xFFFF))
            self._pass_over = self._after_unicode
            return
        self._pass_over = 0
        if word == b"uc":
            self._after_unicode = min(value or 0, 8)
        elif word == b"htmlrtf":
            self._flush()
            self._rtf_only = value != 0
        elif word == b"htmltag":
            self._tag, self._skip = True, False
        elif word == b"f" and value is not None:
            self._flush()
            self._encoding = self._fonts.get(value, self._default)
        elif word in _SKIPPED or starred:
            self._skip = True
        elif word in _CHARACTERS and self._shown:
            self._flush()
            self._out.append("\n" if self._tag and word == b"par" else _CHARACTERS[word])

    def _symbol(self, symbol: bytes) -> None:
        if not self._shown:
            return
        if symbol in b"\\{}":
            if self._pass_over:
                self._pass_over -= 1
            else:
                self._text(symbol)
        elif symbol == b"~":
            self._flush()
            self._out.append("&nbsp;" if self.is_html else "\u00a0")
        elif symbol == b"_":
            self._text(b"-")

    def _flush(self) -> None:
        if self._octets:
            self._out.append(self._octets.decode(self._encoding, "replace"))
            self._octets.clear()


def _known(codec: str) -> str:
    try:
        b"".decode(codec)
    except LookupError:
        return "cp1252"
    return "utf-8" if codec == "cp65001" else codec


def unwrap_rtf(rtf: bytes) -> tuple[str, str]:
    """(text, HTML): the HTML that the RTF was made from if there was one, else its plain text."""
    if not rtf.startswith(b"{\\rtf"):
        return "", ""
    reader = _Reader(rtf)
    content = reader.read(rtf)
    content = content.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\x00", "")
    return ("", content) if reader.is_html else (content.strip("\n"), "")
