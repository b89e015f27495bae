"""Header values to text: encoded words (RFC 2047) as senders really write them, and raw 8-bit.

A raw header value travels as a `str` in which every character stands for one octet (Latin-1); for nearly all headers
that is plain ASCII and costs nothing.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from typing import NamedTuple

from mailroom.mail.parse.charsets import decode
from mailroom.mail.parse.transfer import unquote

_LIMIT = 32 * 1024
_WORDS = 1_000
# The payload may hold `?` (senders forget to encode it) but not the start of the next encoded word.
_WORD = re.compile(r"=\?([^?\s]{0,60})\?([BbQq])\?((?:[^?=]|\?(?!=)|=(?!\?[^=]))*)\?=")
_PADDED = re.compile(r"[^=]+=*")
_CONTROLS = re.compile(r"[\r\n]+[ \t]*")


class _Word(NamedTuple):
    """One encoded word; `base64` is its payload when it came so."""

    charset: str
    octets: bytes
    base64: str


def decode_header(value: str, hint: str = "") -> str:
    """The value of one header, unfolded before, as people should read it.

    Args:
        value: One character per octet.
        hint: Charset label of the mail's body, for raw octets that are not UTF-8.
    """
    if len(value) > _LIMIT:
        value = value[:_LIMIT]
    if "=?" in value:
        value = _decode_words(value, hint)
    elif not value.isascii() or "\x1b$" in value:
        value = raw_text(value, hint)
    if not value.isascii():
        value = unicodedata.normalize("NFC", value)
    if "\x00" in value:
        value = value.replace("\x00", "")
    if "\n" in value or "\r" in value:
        value = _CONTROLS.sub(" ", value)
    return value


def raw_text(value: str, hint: str = "") -> str:
    """Octets that were put into a header as they are: UTF-8, else the body's charset, else Western European."""
    if "\x00" in value:
        value = value.replace("\x00", "")
    if value.isascii() and "\x1b$" not in value:
        return value
    return decode(value.encode("latin-1", "replace"), hint=hint).text


def _decode_words(value: str, hint: str) -> str:
    pieces: list[str] = []
    run: list[_Word] = []
    position = 0
    for number, match in enumerate(_WORD.finditer(value)):
        if number >= _WORDS:
            break
        between = value[position : match.start()]
        if between.strip(" \t\r\n") or (between and not run):
            pieces.append(_words_text(run))
            run = []
            pieces.append(raw_text(between, hint))
        charset = match.group(1).partition("*")[0].lower()
        payload = match.group(3)
        if match.group(2) in "Bb":
            run.append(_Word(charset, unbase64_word(payload), payload))
        else:
            run.append(_Word(charset, unquote_word(payload), ""))
        position = match.end()
    pieces.append(_words_text(run))
    pieces.append(raw_text(value[position:], hint))
    return "".join(pieces)


def _words_text(run: list[_Word]) -> str:
    """Neighbouring words of one charset are joined as octets first: characters may be split between them."""
    pieces: list[str] = []
    index = 0
    while index < len(run):
        start = index
        while index < len(run) and run[index].charset == run[start].charset:
            index += 1
        words = run[start:index]
        octets = b"".join(word.octets for word in words)
        if len(words) > 1 and all(word.base64 for word in words) and not _is_text(octets):
            joined = unbase64_word("".join(word.base64 for word in words))  # cut inside a group of four
            octets = joined if _is_text(joined) else octets
        if b"\x00" in octets and not words[0].charset.startswith(("utf-16", "utf-32")):
            octets = octets.replace(b"\x00", b"")
        pieces.append(decode(octets, words[0].charset).text)
    return "".join(pieces)


def _is_text(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def unquote_word(payload: str) -> bytes:
    """Octets of a Q-encoded payload."""
    return unquote(payload.encode("latin-1", "replace"), header=True)


def unbase64_word(payload: str) -> bytes:
    """Octets of a B-encoded payload, as far as it can be read; missing padding is added."""
    padding = payload.find("=")
    if -1 < padding < len(payload.rstrip(" ")) - 2:  # several encodings put one after the other
        return b"".join(_one_encoding(piece) for piece in _PADDED.findall(payload)[:_WORDS])
    return _one_encoding(payload)


def _one_encoding(payload: str) -> bytes:
    octets = payload.encode("latin-1", "replace")
    for fill in (b"", b"=", b"=="):
        try:
            return binascii.a2b_base64(octets + fill)
        except binascii.Error:
            continue
    try:
        return binascii.a2b_base64(octets.rstrip(b"= \t")[:-1] + b"==")
    except binascii.Error:
        return octets
