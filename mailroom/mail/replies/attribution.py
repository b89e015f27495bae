"""The line a mail program writes above a quote: `On Monday, Ann <ann@example.com> wrote:` in any language of the table.

Such a line is often wrapped over up to four lines, may stand behind the reply's own text, and in some languages has no
verb at all. Everything here looks at a bounded window, so the cost grows with the number of lines only.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailroom.mail.replies.languages import LANGUAGES, QUOTING
from mailroom.mail.replies.moment_words import WEEKDAYS, is_name_and_moment

_WINDOW = 4
_MAX_JOINED = 420
_DOTTED = (" p.m.", " a.m.", "г.")
"""What ends with a dot within a date."""
_LONGEST_NAME = 90
_AUTHOR = re.compile(r"[^<>.!?]{1,60}<[^\s<>@]{1,64}@[^\s<>]{1,90}>[\s,][^<>]{1,30}$")
"""`Ann Lee <ann@example.com> hat am`, and the rest on the next line."""
_WRAPPED_AT = 60
"""A line of so many characters may go on in the next one."""

_MONTHS = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|january|february|march|april|june|july|august|september|october|"
    "november|december"
)
_WEEKDAYS = "mon|tue|wed|thu|fri|sat|sun|monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_ADDRESS = re.compile(r"[^\s<>@\[\](),;:\"]{1,100}@[^\s<>@\[\](),;:\"]{1,190}")
_CLOCK = re.compile(r"(?<!\d)\d{1,2}[:.hH時시点]\s?\d{2}(?!\d)")
_DATE = re.compile(
    r"(?<!\d)(?:\d{4}\s?[-/.年]\s?\d{1,2}\s?[-/.月]\s?\d{1,2}|\d{1,2}[-/. ]{1,2}\d{1,2}[-/. ]{1,2}\d{2,4}|"
    r"\d{4}\s?년)(?!\d)"
)
_YEAR = re.compile(r"(?<!\d)(?:19|20|[^\D\x00-\x7f]{2})\d\d(?!\d)")
"""In digits of other scripts too, and of another era."""
_DAY_MONTH = re.compile(
    r"(?<!\d)\d{1,2}(?:st|nd|rd|th|\.|\s?de)?[\s\-/]{1,2}[^\W\d]{3,12}|[^\W\d]{3,12}\.?[\s\-]\d{1,2}(?!\d)"
)
_DATE_START = re.compile(r"\d{1,2}:\d{2}[, ]|\d{1,4}\s?[-/.年]\s?\d|\d{1,2}\.?(?:st|nd|rd|th)?\s[^\W\d]{3,}|\d{4}\s?년")
_STRICT_ON = re.compile(
    rf"\bon (?:(?:{_WEEKDAYS})[a-z]*,? )?(?:(?:{_MONTHS})[a-z]*\.? \d|\d{{1,4}}[-/. ](?:\d|(?:{_MONTHS})))",
    re.IGNORECASE,
)
_MONTH_FIRST = re.compile(rf"(?:{_MONTHS})\.? \d{{1,2}},? \d{{4}}")
_BY_ADDRESS = re.compile(r"[:.]\d{2} (?:[ap]m )?\w{2,5} [^\s<>@]{1,64}@[^\s<>@]{1,190}$")
"""`4. März 2024, 10:12 von ann@example.com`."""
_AUTHOR_LAST = re.compile(
    r"(?:[<\[(]\s?[^\s<>\[\]()]{1,100}@[^\s<>\[\]()]{1,190}\s?[>\])]+|"
    r"[:.]\d{2} (?:[ap]m )?\w{2,5} [^\s<>@]{1,64}@[^\s<>@]{1,190}?)"
    r"[\"']?\s?[:：]?\s{0,4}$"
)
"""`Ann <ann@example.com>:`, with nothing behind the address, or `10:12 von ann@example.com:`."""
_GMAIL_OLD = re.compile(r"20\d\d-\d\d-\d\d \d{1,2}:\d\d gmt[+-]\d\d:\d\d [^\n]{1,80}$")
_POSTED = re.compile(r"posted by [^\n]{1,80} on \d{2}/\d{2}/\d{4}$")
_DASHES = re.compile(r"[\s\-_–—*>|~•]{0,60}")
_TAIL = " \t\xa0-–—*_\u200b\u200e\u200f\u202a\u202c\u2068\u2069"

_VERBS = sorted({verb for language in LANGUAGES for verb in language.verbs}, key=len, reverse=True)
_CJK = "\u1100-\u11ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uff00-\uffef"
_VERB = {
    verb: re.compile(
        re.escape(verb) if re.match(f"[{_CJK}]", verb) else rf"(?:(?<![\w@.\-/])|(?<=>)){re.escape(verb)}(?![\w@\-/])"
    )
    for verb in _VERBS
}
_VERB_LANGUAGE = {verb: language.code for language in reversed(LANGUAGES) for verb in language.verbs}
_OPENERS = {opener for language in LANGUAGES for opener in language.openers}
_OPENER_WORDS = {opener.split()[0] for opener in _OPENERS}
_TWO_WORD_OPENERS = tuple(opener for opener in _OPENERS if " " in opener)


@dataclass(frozen=True, slots=True)
class Attribution:
    """An attribution line: lines `start` up to `end` (exclusive)."""

    start: int
    end: int
    before: str
    """What the person wrote in front of it on its first line; usually empty."""
    language: str
    certain: bool
    """False when only a quote right below proves it."""
    doubtful: bool = False
    """A person may have written the same: it counts when a quote follows or nothing surer stands further down."""


def bare(line: str) -> str:
    """The line without quote marks, list dashes, emphasis and blanks around it."""
    found = _DASHES.match(line)
    return line[found.end() if found else 0 :].strip(_TAIL)


def find_attribution(lines: Sequence[str], last: int) -> Attribution | None:
    """The attribution line that *ends* at `lines[last]`, or None.

    Args:
        lines: The body's lines.
        last: Index of the line that carries the colon (or the verb).
    """
    if not may_end_attribution(lines[last]):
        return None
    tail = lines[last].rstrip(_TAIL)
    colon = tail[-1] in ":："
    pieces: list[str] = []
    blanks = 0
    known = ""
    found: Attribution | None = None
    for index in range(last, max(last - _WINDOW, -1), -1):
        piece = lines[index].strip()
        if not piece:
            blanks += 1
            if blanks > 1 or index == last:
                break
            continue
        if (blanks and _is_complete(known)) or (blanks and _is_whole(" ".join(pieces))):
            break
        if pieces and piece[-1:] in ".!?" and not piece.endswith(_DOTTED) and (blanks or _is_whole(" ".join(pieces))):
            break  # a sentence, and the attribution begins below it
        pieces.insert(0, bare(piece) if index < last else bare(tail))
        joined = " ".join(pieces)
        if len(joined) > _MAX_JOINED:
            break
        judged = _judge(joined, colon=colon)
        if judged is not None and not (blanks and not judged[2]):
            before, language, opened, certain = judged
            if found is None or before or _adds_to(known, joined):
                doubtful = _may_be_a_sentence(joined, lines[last])
                found, known = Attribution(index, last + 1, before, language, certain, doubtful), joined
            if opened and certain:
                break
        if index < last and piece[-1:] in ".!?:：" and not piece.endswith(_DOTTED):
            # A sentence that ended is the person's own text, unless the part so far already began like a date.
            if found is None and len(pieces) > 1 and piece[-1:] in "!?:：":
                break
            continue
    if found is not None:
        return _with_name(lines, found, known)
    return _in_any_language(lines, last) if colon else None


def _with_name(lines: Sequence[str], found: Attribution, known: str) -> Attribution:
    """Take in the line above when the author's name was wrapped away from the address, or both from the date."""
    above = lines[found.start - 1].strip() if found.start else ""
    if not above or found.before or len(above) > _LONGEST_NAME or above[-1] in ".!?:":
        return found
    wrapped = above.endswith("<") or lines[found.start].lstrip().startswith("<")
    if not wrapped and _AUTHOR.match(above) and not _opens(known.casefold()):
        wrapped = not any("@" in line for line in lines[found.start : found.end])
    return replace(found, start=found.start - 1) if wrapped else found


def _adds_to(known: str, joined: str) -> bool:
    """Whether the line above belongs to the part known so far: it holds its author, begins it, or has what it lacks."""
    low = known.casefold()
    if is_dated(low) and _is_complete(known):
        return False
    if _lacks_author(low) or (_begins(joined.casefold()) and not _begins(low)):
        return True
    return _is_whole(joined) and not _ADDRESS.search(known)


def _is_complete(known: str) -> bool:
    """Whether an author, a verb, and a date or an address are there, in front of which a line is somebody's own."""
    low = known.casefold()
    return bool(known) and not _lacks_author(low) and (is_dated(low) or bool(_ADDRESS.search(low)))


def _lacks_author(low: str) -> bool:
    verb = _last_verb(low)
    return verb is not None and verb[1] == len(verb[0]) and not _ADDRESS.search(low)


def _begins(low: str) -> bool:
    if low[0].isdigit():
        return is_dated(low)
    return _has_digit(low) and (_opens(low) or _weekday_first(low))


def _is_whole(joined: str) -> bool:
    return bool(_ADDRESS.search(joined)) and is_dated(joined.casefold())


def _in_any_language(lines: Sequence[str], last: int) -> Attribution | None:
    """An address, a date and a colon. Only a quote right below proves such a line, whatever its words are."""
    joined = ""
    for index in range(last, max(last - _WINDOW, -1), -1):
        piece = lines[index].strip()
        if not piece or len(joined) + len(piece) > _MAX_JOINED:
            return None
        joined = f"{piece} {joined}"
        whole = joined.count("<") >= joined.count(">")
        wrapped = index > 0 and len(lines[index - 1].strip()) >= _WRAPPED_AT
        if whole and not wrapped and _is_whole(joined):
            return Attribution(index, last + 1, "", "en", certain=False)
    return None


def may_end_attribution(line: str) -> bool:
    """Whether a line could be the end of an attribution line at all; cheap, to be asked of every line."""
    if len(line) > 2 * _MAX_JOINED:
        return False
    tail = line.rstrip(_TAIL)
    if tail in {":", "："}:
        return True  # wrapped away from its word
    if line.count("(") > line.count(")"):
        return False  # wrapped within brackets
    if len(tail) < 3 or len(tail) > _MAX_JOINED:
        return False
    return tail[-1] in ":：" or _may_end_without_colon(line, tail)


def _may_end_without_colon(line: str, tail: str) -> bool:
    low = tail.casefold()
    if line.lstrip().startswith(("--", "__")) and low.endswith(("wrote", "schrieb", "écrit", "scritto", "escribió")):
        return True
    if "@" in line and line.lstrip().startswith("---") and line.rstrip().endswith("--"):
        return True
    if low.endswith((" wrote", "a écrit", "ha scritto", "escribió", "escreveu")):
        return bool(_STRICT_ON.search(low) or (_YEAR.search(low) and _CLOCK.search(low)))
    if _GMAIL_OLD.match(low) or _POSTED.match(low):
        return True
    return tail.endswith(">") and low[:1].isdigit() and bool(_DATE.match(low)) and bool(_ADDRESS.search(low))


def _judge(joined: str, *, colon: bool) -> tuple[str, str, bool, bool] | None:
    """Text before, language, whether it began with an opener or a date, certainty; None when it is other text."""
    low = joined.casefold()
    has_address = bool(_ADDRESS.search(low))
    dated = is_dated(low)
    if not colon and (_GMAIL_OLD.match(low) or _POSTED.match(low)):
        return "", "en", True, True
    if colon and has_address and low.startswith(QUOTING):
        return "", "en", True, False
    verb = _last_verb(low)
    if verb is None:
        return _without_verb(low, has_address=has_address, dated=dated)
    language = _VERB_LANGUAGE.get(verb[0], "en")
    rest = low[verb[1] :]
    if len(rest) > 160 or (not colon and len(rest) > 2):
        return None
    inner = _STRICT_ON.search(low)
    opened = _begins_as_programs_do(low)
    if inner is not None and inner.start() > 0 and verb[1] > inner.end() and not _opens(low):
        before = joined[: inner.start()].rstrip(" -–—")
        if _looks_like_author(before):
            return "", language, True, True
        if joined[inner.start()] == "O":
            return before, language, True, True
    if opened and (dated or (has_address and _has_digit(low))):
        return "", language, True, True
    if opened and has_address and len(joined) < 200:
        return "", language, True, True
    if has_address and len(joined) < 260:
        return "", language, dated, True
    if dated and len(joined) < 200:
        return "", language, False, True
    if " via " in low and verb[1] >= len(low) - 3 and len(joined) < 120:
        return "", language, False, True
    if len(joined) < 120 and (opened or verb[1] >= len(low) - 3):
        return "", language, opened, False
    return None


def _may_be_a_sentence(joined: str, line: str) -> bool:
    """`Here is what Bob wrote on 4 March:`; a program begins with a date, or names an address in front of the verb."""
    low = joined.casefold()
    verb = _last_verb(low)
    if line.lstrip().startswith("---"):
        return False
    if verb is None:
        return _AUTHOR_LAST.search(low) is None and not low.startswith(QUOTING)
    address = _ADDRESS.search(low)
    if _begins_as_programs_do(low):
        if address is None:
            return not _said_by_somebody(joined, verb)
        return is_dated(low[verb[1] : address.start()])
    if (
        is_dated(low)
        and _CLOCK.search(low)
        and is_name_and_moment(f"{joined[: verb[1] - len(verb[0])]} {joined[verb[1] :]}")
    ):
        return False
    return address is None or address.start() > verb[1] or not is_dated(low)


def _said_by_somebody(joined: str, verb: tuple[str, int]) -> bool:
    """Whether a name stands beside the verb: `schrieb Ann Lee`, `Ann Lee wrote`, but not `schrieb ich dem Kunden`."""
    before, after = joined[: verb[1] - len(verb[0])].split(), joined[verb[1] :].strip(" :：").split()
    return not any(word[:1].islower() for word in after[:5] or before[-1:])


def is_dated(low: str) -> bool:
    """Whether case-folded text holds a date: a day with a year, or with a time of day."""
    return bool(
        _DATE.search(low)
        or (_YEAR.search(low) and (_CLOCK.search(low) or _DAY_MONTH.search(low)))
        or (_CLOCK.search(low) and _DAY_MONTH.search(low))
    )


def _last_verb(low: str) -> tuple[str, int] | None:
    """The verb that ends last, the longest of those, and where it ends."""
    found: tuple[str, int] | None = None
    for verb in _VERBS:
        if verb not in low:
            continue
        for match in _VERB[verb].finditer(low):
            if found is None or match.end() > found[1]:
                found = (verb, match.end())
    return found


def _without_verb(low: str, *, has_address: bool, dated: bool) -> tuple[str, str, bool, bool] | None:
    """Gmail in Russian and Japanese, Mail.ru, Yandex: a date, a name and an address, no verb."""
    if not (has_address and dated) or len(low) > 240:
        return None
    trimmed = low.rstrip(":： ")
    if not trimmed.endswith((">", "]", ")", '"')) and " from " not in low and not _BY_ADDRESS.search(trimmed):
        return None
    if not (low[:1].isdigit() or _weekday_first(low) or _opens(low) or _MONTH_FIRST.match(low)):
        return None
    code = "ru" if re.search("[а-я]", low) else "ja" if "年" in low else "ko" if "년" in low else "en"
    return "", code, True, True


def _begins_as_programs_do(low: str) -> bool:
    """Whether it begins with an opener, a date or a weekday."""
    return _opens(low) or (low[:1].isdigit() and _DATE_START.match(low) is not None) or _weekday_first(low)


def _opens(low: str) -> bool:
    head = low.lstrip("\"'«“”¶[( ")
    first = head.split(" ", 1)[0].rstrip(",:")
    if first in _OPENER_WORDS:
        return first in _OPENERS or head.startswith(_TWO_WORD_OPENERS)
    return head.startswith(("在 ", "在2", "於 ", "بتاريخ", "בתאריך", "ב-"))


def _weekday_first(low: str) -> bool:
    """`пн, 4 мар.`: a short word with a number right after it or one word later; `yes, I know him` is a sentence."""
    word = low.split(" ", 1)[0]
    first = word.rstrip(".,")
    if first in WEEKDAYS:
        return True
    return 2 <= len(first) <= 12 and word != first and first.isalpha() and _has_digit(" ".join(low.split(" ", 3)[:3]))


def _has_digit(low: str) -> bool:
    return any(character.isdigit() for character in low)


def _looks_like_author(before: str) -> bool:
    """`Ann Lee <ann@example.com> on 1 May wrote:` names its author first; anything else is the person's text."""
    trimmed = before.strip(' ,"')
    return trimmed.endswith(">") and len(trimmed) < 120
