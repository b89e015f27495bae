"""Words as they are compared with the lists of the languages, whatever case they are written in."""

from __future__ import annotations

_TURKISH = str.maketrans("İ", "i")


def folded(text: str) -> str:
    """The text case-folded, with one blank between words; Turkish `İ` is an `i`, not an `i` with a dot above."""
    return " ".join((text.translate(_TURKISH) if "İ" in text else text).casefold().split())
