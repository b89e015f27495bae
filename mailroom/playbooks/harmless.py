"""Hostile text made fit for a page that renders Markdown and HTML.

Artifacts are shown by a browser that parses Markdown, allows images and draws diagrams; a tracking pixel in a subject
line would tell the sender that an analyst is looking. So every character that could start markup is replaced by a
plain one that looks alike and that every font has, links and domains are defanged, and control and direction
characters disappear. The original stays in the store.
"""

from __future__ import annotations

import re
import unicodedata

LIMIT = 120

_PLAIN = str.maketrans("<>[]{}`|*~\\", "‹›()()'¦·-/")
_EDGE_UNDERSCORE = re.compile(r"(?<![^\W_])_+|_+(?![^\W_])")  # inside a word it starts no markup
_ENTITY = re.compile(r"&(?=[#\w])")
_SCHEME = re.compile(r"(?i)\bhtt(ps?)(?=\s*:)|\b(data|javascript|vbscript|file|ftp|mailto|cid|blob)(?=\s*:)")
_DOT = re.compile(r"(?<=[\w\-])\.(?=[\w\-])")


def harmless(value: object, limit: int = LIMIT) -> str:
    """One short line of text that renders as exactly itself."""
    text = str(value)[: limit * 4]
    text = "".join(" " if _is_gap(char) else char for char in text if not _is_hidden(char))
    text = _EDGE_UNDERSCORE.sub("-", text.translate(_PLAIN))
    text = _SCHEME.sub(_defang_scheme, _ENTITY.sub("& ", text))
    text = _DOT.sub("[.]", " ".join(text.split()))
    return text if len(text) <= limit else text[: limit - 1].rstrip("[.") + "…"


def _is_gap(char: str) -> bool:
    return char in "\t\r\n\v\f\u2028\u2029\x85" or (char != " " and unicodedata.category(char) == "Zs")


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in {"Cc", "Cf", "Cs", "Co", "Cn"} and not _is_gap(char)


def _defang_scheme(match: re.Match[str]) -> str:
    return f"hxx{match[1]}" if match[1] else f"{match[2]}-"
