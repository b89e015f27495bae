"""Separator lines: `-----Original Message-----`, `---------- Forwarded message ---------`, rows of underscores."""

from __future__ import annotations

import re

from mailroom.mail.replies.folding import folded
from mailroom.mail.replies.labels import label_of
from mailroom.mail.replies.languages import LANGUAGES, ORIGINAL_ELSEWHERE

_DASHES = "-_=\u2010\u2011\u2012\u2013\u2014\u2015\u2212"
_FRAME = re.compile(rf"[\s>|*]{{0,40}}[{_DASHES}*]{{0,80}}\s{{0,4}}")
_GLUED = re.compile(rf"[\s>|*]{{0,40}}[{_DASHES}]{{2,80}}[^{_DASHES}\n:]{{4,60}}[{_DASHES}]{{2,80}}(?=[^\W\d_])")
"""`---- Original message ----From: ...`: markup without line breaks became one line."""
_ROW = re.compile(rf"[\s>]{{0,20}}(?:[{_DASHES}*~.]\s?){{5,400}}\s{{0,20}}$")
_UNDERSCORES = re.compile(r"[\s>]{0,20}_{5,200}\s{0,20}$")
_ABOVE = re.compile(
    r"[#\-=*]{0,12}\s{0,4}(?:please )?(?:reply|write|type|respond)[^\n]{0,30} above this line|"
    r"bitte antworten sie oberhalb dieser linie|veuillez répondre au-dessus de cette ligne|"
    r"por favor,? responda? (?:por )?(?:encima|acima) d[ea] esta (?:línea|linha)"
)

_BETWEEN_DASHES = re.compile(r"\S ?---\d{1,4}[./-]\d{1,2}[./-]\d{2,4},? \d{1,2}[:.]\d\d(?:[:.]\d\d)?(?: [AP]M)?---")
"""`Ann Lee---03/04/2024 10:12:00 AM---How it begins`: the mail that is answered, in one line."""
_SUMMARY_IMAGE = "[image: inactive hide details for "
"""What is left of Notes' triangle beside that line."""
_BEFORE_DASHES = re.compile(r"\S --- \S[^\n]{0,300} ---\s{0,4}$")
"""`Ann Lee --- Held mail ---`: Verse, above a header block."""
_TIME_AT_END = re.compile(r"\d[:.]\d\d(?:\s?[ap]\.?m\.?)?\s?$", re.IGNORECASE)
_FORWARDED = {text for language in LANGUAGES for text in language.forwarded}
_FORWARDED_BY = tuple(f"{text} " for text in _FORWARDED)
_ORIGINAL = {text for language in LANGUAGES for text in language.original} | set(ORIGINAL_ELSEWHERE)
_LONGEST = 70
_LONGEST_LINE = 1_000
_LONGEST_GLUED = 300
_FRAME_MARKS = f">|*{_DASHES}"


def _inner(line: str) -> tuple[str, bool] | None:
    """What stands between the dashes of a separator line, case-folded, and whether there are dashes."""
    bare = line.strip()
    glued = _GLUED.match(bare[:_LONGEST_GLUED]) if bare[:1] in _DASHES else None
    if glued is not None and label_of(bare[glued.end() :][:_LONGEST_LINE]) is not None:
        bare = glued[0]
    if not 4 <= len(bare) <= 200:
        return None
    if bare[0] not in _FRAME_MARKS:
        return (folded(bare), False) if len(bare) <= _LONGEST else None
    frame = _FRAME.match(bare)
    head = frame[0] if frame else ""
    inner = bare[len(head) :].rstrip(f"{_DASHES}* \t")
    dashed = sum(head.count(mark) for mark in _DASHES) >= 2
    return (folded(inner), dashed) if 0 < len(inner) <= _LONGEST else None


def is_original(line: str) -> bool:
    """Whether the line announces the mail that is answered."""
    if "---" in line and _BETWEEN_DASHES.search(line[:_LONGEST_LINE]):
        return True
    if line.lstrip()[: len(_SUMMARY_IMAGE)].casefold() == _SUMMARY_IMAGE:
        return True
    found = _inner(line)
    if found is None:
        return False
    inner, dashed = found
    return (
        (dashed and inner.rstrip(":： ") in _ORIGINAL)
        or inner.lstrip("[").startswith("original message processed by david")
        or bool(_ABOVE.match(inner))
    )


def names_what_follows(line: str, subject: str) -> bool:
    """Whether the line announces the header block below it, in words that prove nothing elsewhere.

    Args:
        line: The line above the block.
        subject: What the block gives as subject.
    """
    found = _inner(line)
    if found is not None and found[0].rstrip(":： ") in _ORIGINAL:
        return True
    return bool(subject) and len(line) <= 400 and subject in line and _BEFORE_DASHES.search(line) is not None


def between_angles(line: str) -> bool:
    """Whether the line names a sender and a time between `>>>` and `>>>`; what it announces has no marks of its own."""
    if len(line) > 460 or not line.rstrip().endswith(">>"):
        return False
    named = line.strip()
    return named.startswith(">>") and _TIME_AT_END.search(named.rstrip("> ")[-16:]) is not None


def is_forward(line: str) -> bool:
    """Whether the line announces a forwarded mail."""
    bare = line.strip()
    if bare[:1] not in _FRAME_MARKS and bare[-1:] not in {":", "："}:
        return False  # nearly every line, at a tenth of the cost
    found = _inner(line)
    if found is None:
        return False
    inner, dashed = found
    colon = inner.endswith((":", "："))
    plain = inner.rstrip(":： ")
    if plain in _FORWARDED:
        return dashed or colon
    return dashed and plain.startswith(_FORWARDED_BY)


def is_row(line: str) -> bool:
    """Whether the line is nothing but a row of at least five dashes, underscores or the like."""
    return len(line) <= 600 and len(line) >= 5 and _ROW.match(line) is not None


def is_underscores(line: str) -> bool:
    """Whether the line is a row of underscores: Outlook's separator and the top of mailing lists' footers."""
    return 5 <= len(line) <= 260 and _UNDERSCORES.match(line) is not None


def framed_text(line: str) -> bool:
    """Whether the line is some text between four or more dashes on both sides."""
    bare = line.strip(" \t>")
    return len(bare) <= 90 and bare.startswith("----") and bare.endswith("----") and not is_row(line)
