"""`Content-Type` and `Content-Disposition`: the value, and parameters as RFC 2231 and as senders write them."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from mailroom.mail.parse.charsets import decode
from mailroom.mail.parse.header_text import decode_header
from mailroom.mail.parse.remembering import remembering

_PARAMETERS = 200
_SHORT = 300
"""Characters of a value that is remembered: nobody shall fill the memory with long ones."""
_FEW = 5
_MAIN = re.compile(r"[\s\"']*([^\s;,\"'()<>=/]*(?:\s*/\s*[^\s;,\"'()<>=/]*)?)")
_SLASH = re.compile(r"\s*/\s*")
_PARAMETER = re.compile(
    r'[;\s][\s;]{0,50}+([^\s=;"]{1,200}+)\s{0,50}+=\s{0,50}+'  # runs have bounds: no search takes a square of time
    r'(?:"((?:[^"\\]|\\.)*)"|([^;\s]*+(?>(?:\s(?!\s{0,20}[\w-]{1,40}(?:\*\d{0,4}\*?=|="))[^;\s]*+)*)))'
)
"""Behind a semicolon; or behind a blank, when it was forgotten and no more words of a name can be meant."""
_MORE = re.compile(r"[^;,=\s()][^;=]{0,200}+(?=;|\Z)")
"""What hangs on the closing quote: `"invoice.pdf".exe` is a program."""
_ESCAPE = re.compile(r'\\(["\\])')
_COMMENT = re.compile(r"(?:^|\s)\([^()]{0,500}\)")
"""Only behind a blank: `report(1).pdf` is a name."""
_CHARSET = re.compile(r"\s*([\w.:+-]{0,60})\s*'[\w-]{0,40}'|(utf-?8|iso-8859-\d{1,2}|windows-125\d)'", re.IGNORECASE)
"""What stands before the text of an extended value; some forget the second apostrophe."""
_SECTION = re.compile(r"([^*]+)\*(?:(\d{1,4})(\*)?)?")


@remembering(1024, longest=_SHORT)
def split_value(value: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The value in lower case without parameters, and the parameters: names in lower case, values as written.

    The first of two parameters with the same name counts.
    """
    main = _MAIN.match(value)
    if main is None:
        return "", ()
    kind, rest = main.group(1), value[main.end() :]
    if "=" not in rest:
        return _SLASH.sub("/", kind.lower()), ()
    found: dict[str, str] = {}
    stripped = rest.lstrip(" \t\"'")
    if stripped.startswith("="):  # no value, parameters only
        kind, rest = "", ";" + value
    elif not stripped.startswith(";"):
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
            if name.startswith(("filename", "name")) and (more := _MORE.match(rest, match.end())):
                found[name] += more.group().rstrip().replace('"', "")
        else:
            plain = match.group(3)
            found[name] = _unquoted((_COMMENT.sub("", plain) if "(" in plain else plain).strip())
    return _SLASH.sub("/", kind.lower()), tuple(found.items())


def _unquoted(value: str) -> str:
    """A value whose quotes do not belong together, without the odd one; quotes inside stay.

    Quotes around the value may have a backslash before them: some program quoted what was quoted already.
    """
    if value.startswith('\\"') and value.endswith('\\"') and len(value) > 3:
        return value[2:-2]
    if value.startswith("'") and value.endswith("'"):
        return value[1:-1]
    if value.count('"') % 2:
        return value[1:] if value.startswith('"') else value.removesuffix('"')
    return value


def shown(parameters: tuple[tuple[str, str], ...], hint: str) -> tuple[tuple[str, str], ...]:
    """The parameters as people should read them."""
    if not parameters:
        return ()
    short = len(parameters) <= _FEW and all(len(name) + len(value) <= _SHORT for name, value in parameters)
    return _remembered_shown(parameters, hint) if short else _shown(parameters, hint)


@lru_cache(maxsize=1024)
def _remembered_shown(parameters: tuple[tuple[str, str], ...], hint: str) -> tuple[tuple[str, str], ...]:
    return _shown(parameters, hint)


def _shown(parameters: tuple[tuple[str, str], ...], hint: str) -> tuple[tuple[str, str], ...]:
    return tuple([(decode_header(name), decode_header(value, hint)) for name, value in parameters])


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
            found.append(_extended([(value, True)], hint))
        else:
            sections[int(section.group(2))] = (value, section.group(3) is not None)
    if plain and sections and 0 not in sections:  # the beginning is lost
        found.append(decode_header(plain, hint))
    if sections:
        found.append(_extended([sections[index] for index in sorted(sections)], hint))
    if plain:
        found.append(decode_header(plain, hint))
    return [value for value in dict.fromkeys(found) if value]


def _extended(sections: list[tuple[str, bool]], hint: str) -> str:
    """RFC 2231: `charset'language'percent-encoded`, perhaps in sections of which only some are encoded."""
    charset = ""
    octets = b""
    escaped = ""  # encoded sections are one text: even `%C3` may be cut in two
    any_encoded = False
    for value, encoded in sections:
        if not encoded:
            octets += unquote_to_bytes(escaped.encode("latin-1", "replace")) + value.encode("latin-1", "replace")
            escaped = ""
            continue
        if not any_encoded or (charset and value.lower().startswith(f"{charset}'")):  # some repeat it in each section
            charset, value = _split_charset(value, charset)
        any_encoded = True
        escaped += value
    octets += unquote_to_bytes(escaped.encode("latin-1", "replace"))
    if not any_encoded:
        return decode_header(octets.decode("latin-1"), hint)
    text = decode(octets, charset, hint=hint).text
    return decode_header(text) if "=?" in text and text.isascii() else text


def _split_charset(value: str, known: str) -> tuple[str, str]:
    """Charset, in lower case, and text of an extended value; a name may hold apostrophes of its own."""
    prefix = _CHARSET.match(value)
    if prefix is None:
        return known, value
    return (prefix.group(1) or prefix.group(2) or "").lower(), value[prefix.end() :]
