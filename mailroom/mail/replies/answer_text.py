"""The person's own words in the lines of a reply: quotes, header blocks and attribution lines taken away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailroom.mail.replies.attribution import find_attribution, is_dated, may_end_attribution
from mailroom.mail.replies.footers import gateways_footer
from mailroom.mail.replies.labels import LabelBlock, find_block, label_of
from mailroom.mail.replies.pasted_headers import pasted_lines
from mailroom.mail.replies.separators import (
    between_angles,
    framed_text,
    is_forward,
    is_original,
    is_row,
    is_underscores,
    names_what_follows,
)
from mailroom.mail.replies.signature import SIGNATURE_BEGINS

QUOTE_MARK = "\ue000"
"""A line holding this stands for a quote that was taken out of HTML."""
CUT_MARK = "\ue001"
"""A line holding this says: everything from here on is the mail that was answered."""

_QUOTED = re.compile(r"\s{0,8}(?:>|\|\s(?![^|]*\|)|\ue000)")
_FALSE_QUOTE = re.compile(r"\s*>[>\s]*>\s+\S{1,200}\s+<+\s*$")
_IN_MESSAGE = re.compile(
    r"\s{0,4}>>> [^<>]{1,160}\b(?:message|nachricht|mensaje|messaggio|bericht|mensagem) <[^\s<>]{1,200}>,?\s*$",
    re.IGNORECASE,
)
"""GroupWise begins its attribution with the marks of a quote, and the author stands in the next line."""
_LINK_ONLY = re.compile(r"\s*[(<\[]?https?://[^\s)>\]]{1,500}[)>\]]?\s*>?\s*$")
_UNCLOSED = re.compile(r"[(<\[]https?://[^\s)>\]]{1,500}$")
_MOST_BLOCKS = 200
_MOST_ATTRIBUTIONS = 500
"""So many places are looked at closely; a person's mail has a handful."""
_MOST_LABELS = 6
_MOST_BELOW_A_SENDER = 8
_WHOLE_BLOCK = {"from", "to", "subject"}
_TEXT, _EMPTY, _QUOTE, _ATTRIBUTION = range(4)


@dataclass(frozen=True, slots=True)
class TextCut:
    """What became of the lines. `own` still holds the signature."""

    own: tuple[str, ...]
    quoted: tuple[str, ...]
    found: bool
    """Whether anything was recognised as quoted."""
    inline: bool
    """Whether the person wrote below or between quotes."""
    language: str | None


def cut_text(lines: Sequence[str]) -> TextCut:
    """Take the quoted mail out of a body. Time grows with the number of lines only."""
    lines = list(lines)
    marks = [
        _EMPTY if not line.strip() else _QUOTE if _QUOTED.match(line) and not _FALSE_QUOTE.match(line) else _TEXT
        for line in lines
    ]
    for at in range(len(lines) - 1):
        if marks[at] == _QUOTE and marks[at + 1] == _TEXT and _IN_MESSAGE.match(lines[at]):
            marks[at] = _TEXT
    end, language = _mark_splitters(lines, marks)
    return _assemble(lines, marks, end, language)


def _mark_splitters(lines: list[str], marks: list[int]) -> tuple[int, str | None]:
    """Mark attribution lines; return where everything after is quoted, and the language that gave it away."""
    language: str | None = None
    seen_text = False
    index = 0
    blocks, attributions = _MOST_BLOCKS, _MOST_ATTRIBUTIONS
    surest: int | None = None  # counted from the end, because lines are put in above
    below_quote = False
    pasted = pasted_lines(lines)
    while index < len(lines):
        mark, line = marks[index], lines[index]
        if mark in {_QUOTE, _EMPTY}:
            if mark == _QUOTE and between_angles(line) and not _quote_follows(marks, index + 1):
                return index, language
            below_quote = below_quote or mark == _QUOTE
            index += 1
            continue
        if CUT_MARK in line:
            return index, language
        if is_forward(line):
            return (index if _ATTRIBUTION in marks[:index] else len(lines)), language
        if is_original(line) or (framed_text(line) and _label_follows(lines, index)):
            return index, language
        block = None
        if blocks and label_of(line) is not None:
            blocks -= 1
            if len(lines) - index not in pasted:
                block = find_block(lines, index) or _lone_sender(lines, marks, index)
        if block is not None and _may_be_an_answer(block) and not _marked_quote_follows(lines, marks, block.end):
            surest = surest or len(lines) - _last_sure_place(lines, marks, pasted)
            if below_quote or len(lines) - surest >= block.end:
                seen_text, index = True, block.end
                continue
        if block is not None and (seen_text or not _text_follows_quote(marks, block.end)):
            if seen_text:
                return index, block.language
            if block.start == 0 and _quote_follows(marks, block.end):
                marks[index : block.end] = [_ATTRIBUTION] * (block.end - index)
                index, language = block.end, block.language
                continue
            return index, block.language
        found = None
        if attributions and may_end_attribution(line):
            attributions -= 1
            found = find_attribution(lines, index)
        if found is not None and all(marks[at] != _QUOTE for at in range(found.start, found.end)):
            quote_below = _quote_follows(marks, found.end)
            if found.doubtful and not quote_below:
                surest = surest or len(lines) - _last_sure_place(lines, marks, pasted)
                if below_quote or len(lines) - surest >= found.end:
                    seen_text = True
                    index += 1
                    continue
            if quote_below or found.certain:
                found = replace(found, start=_with_labels_above(lines, found.start))
                marks[found.start : found.end] = [_ATTRIBUTION] * (found.end - found.start)
                language = language or found.language
                if found.before:
                    lines.insert(found.start, found.before)
                    marks.insert(found.start, _TEXT)
                    index += 1
                if not quote_below:
                    return found.start + bool(found.before), language
                index += 1
                seen_text = True
                continue
        seen_text = True
        index += 1
    return len(lines), language


def _last_sure_place(lines: Sequence[str], marks: Sequence[int], pasted: frozenset[int]) -> int:
    """The last line that no person writes: of a quote, a separator, a whole header block, an attribution; else -1."""
    looks = _MOST_BLOCKS
    for at in range(len(lines) - 1, -1, -1):
        if marks[at] == _EMPTY:
            continue
        if marks[at] == _QUOTE or CUT_MARK in lines[at] or is_original(lines[at]):
            return at
        labelled = label_of(lines[at]) is not None and len(lines) - at not in pasted
        if not looks or not (labelled or may_end_attribution(lines[at])):
            continue
        looks -= 1
        block = find_block(lines, at) if labelled else None
        if block is not None and not _may_be_an_answer(block):
            return at
        found = find_attribution(lines, at)
        if found is not None and found.certain and not found.doubtful:
            return at
    return -1


def _may_be_an_answer(block: LabelBlock) -> bool:
    """Whether a person may have written these lines: `Subject: yes`, `Sender: known`."""
    roles = {role for role, _ in block.fields}
    return len(block.fields) > 1 and not is_dated(block.value("date").casefold()) and not roles >= _WHOLE_BLOCK


def _lone_sender(lines: Sequence[str], marks: Sequence[int], index: int) -> LabelBlock | None:
    """`From: ann@example.com` and nothing else, when marked lines soon follow that nothing else introduces."""
    if not index or (lines[index - 1].strip() and not is_row(lines[index - 1])):
        return None
    block = find_block(lines, index, lone_from=True)
    if block is None:
        return None
    for at in range(block.end, min(block.end + _MOST_BELOW_A_SENDER, len(lines))):
        if marks[at] == _QUOTE:
            return block if QUOTE_MARK not in lines[at] else None
        if is_original(lines[at]) or label_of(lines[at]) is not None or may_end_attribution(lines[at]):
            return None
    return None


def _with_labels_above(lines: Sequence[str], start: int) -> int:
    """Where an attribution begins whose program puts a row, `To: ...` and `Subject: ...` on lines above it."""
    top, roles = start, set[str]()
    while top > max(0, start - _MOST_LABELS) and (found := label_of(lines[top - 1])) is not None:
        top -= 1
        roles |= {role for _, role in found[0]}
    if not roles >= {"to", "subject"} or not top or not is_row(lines[top - 1]):
        return start
    return top - 1


def _label_follows(lines: Sequence[str], index: int) -> bool:
    following = next((at for at in range(index + 1, min(index + 4, len(lines))) if lines[at].strip()), None)
    return following is not None and label_of(lines[following]) is not None


def _quote_follows(marks: Sequence[int], start: int) -> bool:
    for index in range(start, min(start + 6, len(marks))):
        if marks[index] != _EMPTY:
            return marks[index] == _QUOTE
    return False


def _marked_quote_follows(lines: Sequence[str], marks: Sequence[int], start: int) -> bool:
    """Whether the next line is quoted by a mark of its own: its header may stand above, as it does not in HTML."""
    following = next((at for at in range(start, min(start + 6, len(marks))) if marks[at] != _EMPTY), None)
    return following is not None and marks[following] == _QUOTE and QUOTE_MARK not in lines[following]


def _text_follows_quote(marks: Sequence[int], start: int) -> bool:
    """Whether quoted lines come next and own text after them (so a header block on top is no cut)."""
    return _quote_follows(marks, start) and _TEXT in marks[start:]


def _assemble(lines: list[str], marks: list[int], end: int, language: str | None) -> TextCut:
    kept_marks = _judge_runs(lines, marks, end)
    footer = _footer(lines, kept_marks) if end == len(lines) else end
    own: list[str] = []
    removed = False
    for at, (line, mark) in enumerate(zip(lines[:end], kept_marks, strict=True)):
        if at == footer:
            own.append(SIGNATURE_BEGINS)
        if mark in {_QUOTE, _ATTRIBUTION}:
            removed = True
        elif not (mark == _EMPTY and removed and (not own or not own[-1].strip())):
            own.append(line)
            removed = removed and mark == _EMPTY
    quoted = [line for line, mark in zip(lines[:end], kept_marks, strict=True) if mark in {_QUOTE, _ATTRIBUTION}]
    found = end < len(lines) or bool(quoted)
    if end < len(lines):
        subject = _subject_below(lines, end)
        while own and (not own[-1].strip() or is_row(own[-1]) or _is_short_row(own[-1])):
            own.pop()
        if len(own) > 1 and subject is not None and names_what_follows(own[-1], subject):
            own.pop()
    first_quote = next((at for at, mark in enumerate(kept_marks) if mark in {_QUOTE, _ATTRIBUTION}), end)
    inline = any(
        mark == _TEXT and not is_underscores(lines[at])
        for at, mark in enumerate(kept_marks[:footer])
        if at > first_quote
    )
    quoted += lines[end:]
    marked = tuple(line for line in quoted if QUOTE_MARK not in line and CUT_MARK not in line)
    return TextCut(tuple(_trimmed(own)), marked, found, inline, language)


def _subject_below(lines: Sequence[str], start: int) -> str | None:
    """The subject that the header block at `start` names; None when there is no block."""
    block = find_block(lines, start) if label_of(lines[start]) is not None else None
    return None if block is None else block.value("subject")


def _footer(lines: Sequence[str], marks: Sequence[int]) -> int:
    """Where a gateway's footer begins below the last quote; `len(lines)` when there is none."""
    below = next((at + 1 for at in range(len(marks) - 1, -1, -1) if marks[at] == _QUOTE), len(lines))
    return below + gateways_footer(lines[below:])


def _is_short_row(line: str) -> bool:
    bare = line.strip()
    return len(bare) in {2, 3, 4} and len(set(bare)) == 1 and bare[0] in "-_=*~"


def _judge_runs(lines: Sequence[str], marks: Sequence[int], end: int) -> list[int]:
    """The marks up to `end`, with lone `>` lines in running text taken back and wrapped quotes completed."""
    result = list(marks[:end])
    last_text = max((at for at, mark in enumerate(result) if mark == _TEXT), default=-1)
    first_text = next((at for at, mark in enumerate(result) if mark == _TEXT), end)
    has_attribution = _ATTRIBUTION in result
    index = 0
    while index < end:
        if result[index] != _QUOTE:
            index += 1
            continue
        stop = index
        while stop < end and result[stop] == _QUOTE:
            stop += 1
        stop = _with_wrapped(lines, result, index, stop, end)
        if index and is_underscores(lines[index - 1]) and label_of(lines[index]) is not None:
            result[index - 1] = _ATTRIBUTION  # a separator, because a header block begins below
        introduced = has_attribution or index < first_text or index > last_text or QUOTE_MARK in lines[index]
        if not introduced and stop - index < 2:
            result[index:stop] = [_TEXT] * (stop - index)
        index = stop
    return result


def _with_wrapped(lines: Sequence[str], result: list[int], start: int, stop: int, end: int) -> int:
    """Take lines that a mail program wrapped out of the quote back into it; return the run's new end."""
    while stop + 1 < end and result[stop] == _TEXT and result[stop + 1] == _QUOTE:
        before, line = lines[stop - 1], lines[stop]
        ended = before.rstrip()[-1:] in ".!?:>"
        wrapped = len(before) >= 60 and not ended and (len(line) <= 40 or line[:1].islower())
        if not (wrapped or _LINK_ONLY.match(line) or _UNCLOSED.search(before)):
            break
        while stop < end and (result[stop] == _QUOTE or stop < start):
            stop += 1
        result[stop] = _QUOTE
        while stop < end and result[stop] == _QUOTE:
            stop += 1
    return stop


def _trimmed(own: Sequence[str]) -> list[str]:
    """Without blank lines at both ends."""
    first = next((at for at, line in enumerate(own) if line.strip()), len(own))
    last = next((at for at in range(len(own), first, -1) if own[at - 1].strip()), first)
    return list(own[first:last])
