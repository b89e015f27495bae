"""`Content-Type` and `Content-Disposition`: the value, and parameters as RFC 2231 and as senders write them."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from mailroom.mail.parse.charsets import decode
from mailroom.mail.parse.header_text import decode_header

_PARAMETERS = 200
_MAIN = re.compile(r"[\s\"']*([^\s;,\"'()=/]*(?:\s*/\s*[^\s;,\"'()=/]*)?)")
_SLASH = re.compile(r"\s*/\s*")
_PARAMETER = re.compile(r';[\s;]*([^\s=;"]{1,200})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]*))')
_ESCAPE = re.compile(r'\\(["\\])')
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_SECTION = re.compile(r"([^*]+)\*(?:(\d{1,4})(\*)?)?")


@lru_cache(maxsize=1024)
def split_value(value: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The value in lower case without parameters, and the parameters: names in lower case, values as written.

    The first of two parameters with the same name counts.
    """
    main = _MAIN.match(value)
    if main is None:
        return "", ()
    rest = value[main.end() :]
    if "=" not in rest:
        return _SLASH.sub("/", main.group(1).lower()), ()
    found: dict[str, str] = {}
    stripped = rest.lstrip(" \t\"'")
    if not stripped.startswith(";"):
        rest = ";" + stripped
    for match in _PARAMETER.finditer(rest):
        name = match.group(1).lower()
        if name in found:
            continue
        if len(found) >= _PARAMETERS:
            break
        quoted = match.group(2)
        if quoted is not None:
            found[name] = _ESCAPE.sub(r"\1", quoted) if "\\" in quoted else quoted
        else:
            plain = match.group(3)
            found[name] = (_COMMENT.sub("", plain) if "(" in plain else plain).strip(" \t\r\n\"'")
    return _SLASH.sub("/", main.group(1).lower()), tuple(found.items())


def text_values(parameters: tuple[tuple[str, str], ...], name: str, hint: str = "") -> list[str]:
    """Every text a parameter was given, decoded, the most trustworthy first: `name*`, `name*0...`, `name`."""
    found: list[str] = []
    sections: dict[int, tuple[str, bool]] = {}
    plain = ""
    for key, value in parameters:
        if not key.startswith(name):
            continue
        if key == name:
            plain = value
            continue
        section = _SECTION.fullmatch(key)
        if section is None or section.group(1) != name:
            continue
        if section.group(2) is None:
            found.append(_extended([(value, True)]))
        else:
            sections[int(section.group(2))] = (value, section.group(3) is not None)
    if sections:
        found.append(_extended([sections[index] for index in sorted(sections)]))
    if plain:
        found.append(decode_header(plain, hint))
    return [value for value in dict.fromkeys(found) if value]


def _extended(sections: list[tuple[str, bool]]) -> str:
    """RFC 2231: `charset'language'percent-encoded`, perhaps in sections of which only some are encoded."""
    charset = ""
    octets = b""
    any_encoded = False
    for index, (value, encoded) in enumerate(sections):
        if encoded:
            any_encoded = True
            if index == 0 and value.count("'") >= 2:
                charset, _, value = value.split("'", 2)
            octets += unquote_to_bytes(value.encode("latin-1", "replace"))
        else:
            octets += value.encode("latin-1", "replace")
    if not any_encoded:
        return decode_header(octets.decode("latin-1"))
    text = decode(octets, charset).text
    return decode_header(text) if "=?" in text and text.isascii() else text
