"""Where a person's text ends and the signature begins."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailroom.mail.replies.app_lines import is_app_line
from mailroom.mail.replies.footers import is_scanners
from mailroom.mail.replies.separators import is_row, is_underscores

SIGNATURE_BEGINS = "\ue002"
"""From a line holding this on, down to the next of the other, a mail program marked a signature in HTML."""
SIGNATURE_ENDS = "\ue003"
_MAX_LINES = 30
_MOST_CUTS = 40
_LONGEST_RULE = 60
_LIST_FOOTER = re.compile(
    r"[^\n]{0,80}(?:mailing list|mailinglist|unsubscribe|googlegroups|you received this message because)", re.IGNORECASE
)
_CAPITAL = "A-ZÀ-ÝА-ЯŁŚŻ"
_DASH_NAME = re.compile(
    rf"\s?-{{1,2}}\s?[{_CAPITAL}][\w.'’]{{0,20}}(?:\s(?:[{_CAPITAL}][\w.'’]{{0,20}}|de|del|van|von|der)){{0,4}}\s*$"
)
_ITEM = re.compile(r"\s{0,8}[-*•]\s\S")
_MARKERS = {"--", "__", "—", "---", "___", "–", "-- ", "――", "----", "____", "====", "++++"}


def cut_signature(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split into the person's text and the signature (either may be empty); blank lines at the seam are dropped.

    A signature is what a mail program marked as one, what follows a line of two dashes or underscores, a line some
    phone or a virus scanner added, a mailing list's footer or a last line that is a dash and
    a name. It is kept when cutting would leave nothing.
    """
    lines, marked = _without_marked(lines)
    cut = len(lines)
    for _ in range(_MOST_CUTS):
        shorter = _one_cut(lines, cut)
        if 0 < shorter < cut and _is_marker(lines[shorter - 1].strip()):
            shorter -= 1
        if shorter == cut or (cut < len(lines) and not any(line.strip() for line in lines[:shorter])):
            break
        cut = shorter
    body = list(lines[:cut])
    while body and not body[-1].strip():
        body.pop()
    if not any(line.strip() for line in body):
        return _stripped(lines), marked
    return body, _stripped([*marked, *lines[cut:]])


def _without_marked(lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The lines without marked signatures and the dashes above them, and the signatures."""
    if not any(SIGNATURE_BEGINS in line for line in lines):
        return list(lines), []
    body: list[str] = []
    signature: list[str] = []
    depth = 0
    for line in lines:
        if SIGNATURE_BEGINS in line:
            depth += 1
            if depth == 1:
                _drop_dashes(body)
        elif SIGNATURE_ENDS in line:
            depth = max(0, depth - 1)
        elif depth:
            signature.append(line)
        elif line.strip() or not (signature and body and not body[-1].strip()):
            body.append(line)
    if not any(line.strip() for line in body):
        return signature, []
    return body, _stripped(signature)


def _drop_dashes(body: list[str]) -> None:
    last = next((at for at in range(len(body) - 1, -1, -1) if body[at].strip()), -1)
    if last >= 0 and body[last].strip() in _MARKERS:
        del body[last:]


def _one_cut(lines: Sequence[str], end: int) -> int:
    """Where the signature of `lines[:end]` begins; `end` when there is none."""
    while end and not lines[end - 1].strip():
        end -= 1
    if not end:
        return end
    lowest = max(0, end - _MAX_LINES)
    for index in range(end - 1, lowest - 1, -1):
        line = lines[index]
        bare = line.strip()
        if not bare:
            continue
        if line.rstrip("\r") == "-- " or (_is_marker(bare) and _is_tail(lines, index, end)):
            return index
        if is_app_line(line) and (index == end - 1 or not lines[index - 1].strip() or index == 0 or end - index <= 4):
            return index
        if is_underscores(line) and index + 1 < end and end - index <= 12 and lines[index + 1].strip():
            return index
        if is_row(line) and index == end - 1 and index > 0 and not lines[index - 1].strip():
            return index
        if index > 0 and is_scanners(lines, index, end):
            return index
        if _LIST_FOOTER.match(line) and index > 0 and is_row(lines[index - 1]):
            return index - 1
    return end - 1 if _is_dash_name(lines, end) else end


def _is_marker(bare: str) -> bool:
    return bare in _MARKERS or (len(bare) <= _LONGEST_RULE and set(bare) == {"—"})


def _is_dash_name(lines: Sequence[str], end: int) -> bool:
    """Whether the last line is a dash and a name, and not an item of a list."""
    if end < 2 or not _DASH_NAME.match(lines[end - 1]) or lines[end - 2].strip():
        return False
    above = next((line.rstrip() for line in reversed(lines[: end - 2]) if line.strip()), "")
    return not above.endswith((":", "：")) and not _ITEM.match(above)


def _is_tail(lines: Sequence[str], index: int, end: int) -> bool:
    """Whether what follows a marker reads like a signature: short, and not a heading's underline in running text."""
    following = [line for line in lines[index + 1 : end] if line.strip()]
    if not following:
        return index > 0 and not lines[index - 1].strip()
    if len(lines[index].strip()) > 2 and (
        len(following) > 8
        or (index > 0 and lines[index - 1].strip())
        or any((len(line) > 45 and line.rstrip().endswith(".")) or line.rstrip().endswith("。") for line in following)
    ):
        return False
    return (
        len(following) <= 20
        and sum(map(len, following)) <= 1_500
        and not any(line.strip() in {"----", "====", "---"} for line in following)
    )


def _stripped(lines: Sequence[str]) -> list[str]:
    first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
    last = next((at for at in range(len(lines), first, -1) if lines[at - 1].strip()), first)
    return list(lines[first:last])
