"""Header values to text: encoded words (RFC 2047) as senders really write them, and raw 8-bit.

A raw header value travels as a `str` in which every character stands for one octet (Latin-1); for nearly all headers
that is plain ASCII and costs nothing.
"""

from __future__ import annotations

import binascii
import re
import unicodedata

from mailroom.mail.parse.charsets import decode

_LIMIT = 32 * 1024
_WORDS = 1_000
# The payload may hold `?` (senders forget to encode it) but not the start of the next encoded word.
_WORD = re.compile(r"=\?([^?\s]{0,60})\?([BbQq])\?((?:[^?=]|\?(?!=)|=(?!\?[^=]))*)\?=")
_CONTROLS = re.compile(r"[\r\n]+[ \t]*")


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
    if value.isascii() and "\x1b$" not in value:
        return value
    return decode(value.encode("latin-1", "replace"), hint=hint).text


def _decode_words(value: str, hint: str) -> str:
    pieces: list[str] = []
    run: list[tuple[str, bytes]] = []  # neighbouring words: (charset, octets)
    half = ""  # base64 that ended inside a group of four: the next word goes on with it
    position = 0
    for number, match in enumerate(_WORD.finditer(value)):
        if number >= _WORDS:
            break
        between = value[position : match.start()]
        if between.strip(" \t\r\n") or (between and not run):
            pieces.append(_words_text(run))
            run, half = [], ""
            pieces.append(raw_text(between, hint))
        charset = match.group(1).partition("*")[0].lower()
        payload = match.group(3)
        if match.group(2) in "Bb":
            if half and run and run[-1][0] == charset:
                payload = half + payload
                run.pop()
            clean = payload.rstrip("=")
            half = payload if clean == payload and len(clean) % 4 else ""
            octets = unbase64_word(payload)
        else:
            half = ""
            octets = unquote_word(payload)
        run.append((charset, octets))
        position = match.end()
    pieces.append(_words_text(run))
    pieces.append(raw_text(value[position:], hint))
    return "".join(pieces)


def _words_text(run: list[tuple[str, bytes]]) -> str:
    """Neighbouring words of one charset are joined as octets first: characters may be split between them."""
    pieces: list[str] = []
    index = 0
    while index < len(run):
        charset, octets = run[index]
        index += 1
        while index < len(run) and run[index][0] == charset:
            octets += run[index][1]
            index += 1
        pieces.append(decode(octets, charset).text)
    return "".join(pieces)


def unquote_word(payload: str) -> bytes:
    """Octets of a Q-encoded payload."""
    return binascii.a2b_qp(payload.encode("latin-1", "replace"), header=True)


def unbase64_word(payload: str) -> bytes:
    """Octets of a B-encoded payload, as far as it can be read; missing padding is added."""
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
