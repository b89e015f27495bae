"""File names of attachments as headers give them."""

from __future__ import annotations

import re

from mailroom.indicators.engine import Pattern
from mailroom.indicators.flat import flat
from mailroom.indicators.model import Limits

_PARAMETER = Pattern(
    rb"(?i)\b(?:file)?name(?:\*\d*)?\*?[ \t]*=[ \t\r\n]*(?:\"[^\"\r\n]{1,512}\"|[^\s\";,]{1,512})"
    rb"|\bfilename:[ \t]*[^\r\n,]{1,512}"
)
_PLAIN = re.compile(r"(?s)[^=:]*[=:]\s*\"?(.*?)\"?\s*\Z")


def attachment_names(text: str, limits: Limits) -> list[str]:
    """Names after `filename=`, `name=` or `filename:`, in order, each once.

    Args:
        text: Headers.
        limits: How much is looked at and returned.

    Returns:
        The names as written, without quotes.
    """
    text = text[: limits.text]
    found: dict[str, None] = {}
    for start, end in _PARAMETER.spans(flat(text)):
        match = _PLAIN.match(text[start:end])
        if match and match[1].strip():
            found.setdefault(match[1].strip())
    return list(found)[: limits.indicators]
