"""Blocks of mail headers inside a body (`From: ... / Sent: ... / To: ... / Subject: ...`) in any known language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mailroom.mail.replies.folding import folded
from mailroom.mail.replies.languages import LANGUAGES

_MAX_LINE = 2_000
_MAX_CONTINUATION = 3
_MAX_BLANK = 2
_MAX_BLOCK = 40

_PREFIX = re.compile(r"[\s>|]*[*_]{0,3}\s*")
_LABEL = re.compile(r"([^\W\d_][^:：<>@\n\t]{0,38}?)\s{0,4}[*_]{0,3}\s{0,4}[:：][*_]{0,3}\s{0,8}")
_ROW = re.compile(r"[\s>]{0,8}\|\s{0,4}([^|:：]{1,38}?)\s{0,4}\|([^|]{0,1000})\|\s{0,4}$")
"""`| From | Ann Lee |`: a table with a label and its value in a row."""
_ADDRESS = re.compile(r"[\w.+=\-']{1,64}@[\w.\-]{1,190}\.\w{2,24}")
_TIME_OF_DAY = re.compile(
    r"\d[\s\u200e\u200f]{0,3}:[\s\u200e\u200f]{0,3}\d\d|(?<![\d.])\d{1,2}\.\d\d(?![\d.])|"
    r"\d\s?h\s?\d\d|\d\s?[時时시点點]|\d\s?[ap]\.?m\b",
    re.IGNORECASE,
)
"""Windows Mail writes marks of direction around the colon."""
_SINGLE_FROM = re.compile(
    r"^(?:.{0,120}[<\[(](?:mailto:)?\s{0,3}[^\s<>@\[\]]{1,64}@[^\s<>@\[\]]{1,190}[>\])]|"
    r"[^\s<>@]{1,64}@[^\s<>@]{1,190})\s{0,5}\**$"
)

_OTHER = {
    "reply-to",
    "reply to",
    "organization",
    "organisation",
    "attachments",
    "attachment",
    "importance",
    "priority",
    "anlagen",
    "wichtigkeit",
    "antwort an",
    "pièces jointes",
    "importance :",
    "sensitivity",
    "bijlagen",
    "bcc",
    "cci",
    "répondre à",
    "responder a",
    "rispondi a",
    "vedhæftet",
    "message-id",
    "return-path",
    "x-mailer",
    "newsgroups",
    "resent-from",
    "priorität",
    "categories",
    "on behalf of",
    "когда",
    "gesendet von",
    "sent by",
    "flag status",
    "follow up flag",
    "adjuntos",
}

_ROLES: dict[str, list[tuple[str, str]]] = {}
for _language in LANGUAGES:
    for _role, _words in (
        ("from", _language.from_),
        ("date", _language.date),
        ("to", _language.to),
        ("cc", _language.cc),
        ("subject", _language.subject),
    ):
        for _word in _words:
            _ROLES.setdefault(_word, []).append((_language.code, _role))
for _word in _OTHER:
    _ROLES.setdefault(_word, []).append(("*", "other"))
for _word in ("message du", "message de"):
    _ROLES.setdefault(_word, []).append(("fr", "date"))
_IN_PARENTHESES = re.compile(r"\s{0,4}\([^()]{1,10}\)$")
"""`Kopie (CC)`: the label says it twice."""
_SHORT = 3
"""Labels of so many letters may be written in capitals: `CC`, `DW`."""


def _glued() -> str:
    written = {form for word in _ROLES if len(word) > 1 for form in (word.title(), word.capitalize())}
    written |= {word.upper() for word in _ROLES if 1 < len(word) <= _SHORT}
    longest_first = "|".join(re.escape(word) for word in sorted(written, key=len, reverse=True))
    single = "".join(sorted(word.upper() for word in _ROLES if len(word) == 1))
    return rf"(?=(?:{longest_first})\s?[:：]\s)|(?<=>)(?=[{single}]\s?:\s)"


GLUED_LABEL = re.compile(_glued())
"""The place in front of a label, wherever on a line it stands."""


@dataclass(frozen=True, slots=True)
class LabelBlock:
    """A header block found in a body. `end` is the index of the first line after it."""

    start: int
    end: int
    language: str
    fields: tuple[tuple[str, str], ...]
    """Role (`from`, `date`, `to`, `cc`, `subject`, `other`) and value, in order."""

    def value(self, role: str) -> str:
        """The first value of that role, or an empty text."""
        return next((value for found, value in self.fields if found == role), "")


def label_of(line: str) -> tuple[list[tuple[str, str]], str] | None:
    """The meanings (language, role) of the label a line begins with, and what follows it; None for other lines."""
    if len(line) > _MAX_LINE or not (":" in line or "：" in line or "|" in line):
        return None
    prefix = _PREFIX.match(line)
    start = prefix.end() if prefix else 0
    row = _ROW.match(line) if "|" in line[:start] else None
    found = row or _LABEL.match(line, start)
    if found is None:
        return None
    label = folded(found[1]).rstrip("* ")
    meanings = _ROLES.get(_IN_PARENTHESES.sub("", label) if label.endswith(")") else label)
    if meanings is None:
        return None
    value = row[2] if row else line[found.end() :]
    return meanings, value.strip().strip("*").strip()


def find_block(lines: Sequence[str], start: int, *, lone_from: bool = False) -> LabelBlock | None:
    """The header block that begins at `lines[start]`, or None.

    Two different labels of one language make a block, one of them the sender or the date. With `lone_from`, a single
    sender's label with an address is enough.
    """
    first = label_of(lines[start])
    if first is None:
        return None
    entries: list[tuple[list[tuple[str, str]], str]] = [first]
    roles = {role for _, role in first[0]}
    if roles == {"date"} and first[1] and not any(character.isdigit() for character in first[1]):
        return None  # `Date: tomorrow is fine` is an answer
    index, end, loose, blank = start + 1, start + 1, 0, 0
    gaps: list[bool] = []
    while index < len(lines) and index - start < _MAX_BLOCK:
        line = lines[index]
        bare = line.strip(" \t>*|\xa0")
        if not bare:
            blank += 1
            if blank > _MAX_BLANK or loose:
                break
            index += 1
            continue
        found = label_of(line)
        if found is not None:
            said = {role for _, role in found[0]}
            if blank and said <= roles:
                break  # below an empty line, the same again: the header of a further mail
            gaps.append(blank > 0)
            roles |= said
            entries.append(found)
            end, loose, blank = index + 1, 0, 0
        elif blank:
            break
        else:
            loose += 1
            if loose > _MAX_CONTINUATION:
                break
        index += 1
    block = _judge(lines, start, end, entries, lone_from=lone_from)
    apart = gaps[:1] == [True] and gaps[1:] != [True] * max(1, len(gaps) - 1)
    if block is not None and apart and block.fields[0][0] not in {"from", "date"}:
        return None  # `A: yes` is an answer, and the block stands below the empty line
    return block


def _judge(
    lines: Sequence[str], start: int, end: int, entries: list[tuple[list[tuple[str, str]], str]], *, lone_from: bool
) -> LabelBlock | None:
    """Decide whether the labels make a block, in which language, and where exactly it ends."""
    votes: dict[str, set[str]] = {}
    for meanings, _ in entries:
        for language, role in meanings:
            votes.setdefault(language, set()).add(role)
    best, best_roles = "", set[str]()
    for language, roles in votes.items():
        useful = roles - {"other"}
        if len(useful) > len(best_roles):
            best, best_roles = language, useful
    if not best:
        return None
    strong = len(best_roles) >= 2 and bool(best_roles & {"from", "date"}) and best_roles != {"from", "date"} - {"from"}
    fields = tuple((_role_in(meanings, best), value) for meanings, value in entries)
    if strong:
        if "from" not in best_roles and _ROW.match(lines[start]):
            return None  # a table of something else
        if best_roles == {"from", "to"} and not any(_ADDRESS.search(value) for _, value in fields):
            return None
        if not best_roles >= {"from", "subject"} and not any(_of_a_mail(line) for line in lines[start:end]):
            return None
        end = _wrapped_end(lines, end)
        return LabelBlock(start, end, best, _with_continuations(lines, start, end, best))
    if "from" in best_roles and _second_label(entries[0][1], best):
        return LabelBlock(start, start + 1, best, fields[:1])
    if lone_from and "from" in best_roles and _SINGLE_FROM.match(entries[0][1]):
        return LabelBlock(start, start + 1, best, fields[:1])
    return None


def _of_a_mail(line: str) -> bool:
    """Whether the line has an address or a time: `From: Munich / To: Berlin / Date: 4 March` is a booking."""
    if label_of(line) is None:
        label = _LABEL.match(line[:_MAX_LINE].strip())
        if label is not None and not any(character.isdigit() for character in label[1]):
            return False  # `Departure: 10:12`; a date that was wrapped has digits in front of the colon
    return _ADDRESS.search(line, 0, _MAX_LINE) is not None or _TIME_OF_DAY.search(line, 0, _MAX_LINE) is not None


_INNER = re.compile(r"[\s*]([^\W\d_]{2,12})\s?\*?:[\s*]")


def _second_label(value: str, language: str) -> bool:
    """Whether the sender's line carries a further label: markup without line breaks becomes one line."""
    labels = [found[1].casefold() for found in _INNER.finditer(value[:400])]
    labels += [re.split("[:：]", value[at.end() :], maxsplit=1)[0].strip().casefold() for at in _glued_in(value)]
    return any((language, role) in _ROLES.get(label, ()) for label in labels for role in ("date", "to", "subject"))


def _glued_in(value: str) -> Iterator[re.Match[str]]:
    return GLUED_LABEL.finditer(value, 0, 400)


def _role_in(meanings: list[tuple[str, str]], language: str) -> str:
    """The label's role in that language, else in any: Gmail mixes English with the reader's language."""
    return next((role for code, role in meanings if code in {language, "*"}), meanings[0][1])


def _wrapped_end(lines: Sequence[str], end: int) -> int:
    """One continuation of the last label (a wrapped subject or address list) belongs to the block."""
    if end < len(lines) and lines[end][:1] in " \t" and lines[end].strip(" \t>*") and label_of(lines[end]) is None:
        return end + 1
    return end


def _with_continuations(lines: Sequence[str], start: int, end: int, language: str) -> tuple[tuple[str, str], ...]:
    fields: list[tuple[str, str]] = []
    for line in lines[start:end]:
        found = label_of(line)
        if found is not None:
            fields.append((_role_in(found[0], language), found[1]))
        elif fields and line.strip(" \t>*|\xa0"):
            role, value = fields[-1]
            fields[-1] = (role, f"{value} {line.strip(' >*|' + chr(9) + chr(160))}".strip())
    return tuple(fields)
