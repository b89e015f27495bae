"""Mails inside mails: what somebody forwarded, attached or as text."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from mailroom.errors import InvalidInputError
from mailroom.mail.model import Mail, MailAddress
from mailroom.mail.moments import anywhere
from mailroom.mail.replies.answer import clean
from mailroom.mail.replies.answer_html import html_lines
from mailroom.mail.replies.attribution import Attribution, find_attribution, is_dated, may_end_attribution
from mailroom.mail.replies.dates import parse_moment
from mailroom.mail.replies.labels import GLUED_LABEL, LabelBlock, find_block, label_of
from mailroom.mail.replies.matching import says_answer, says_forward, without_prefix
from mailroom.mail.replies.people import parse_people, person_said
from mailroom.mail.replies.separators import is_forward, is_original

_MAX_DEPTH = 20
_MAX_TEXT = 1_000_000
_MOST_CHECKS = 400
_GLUED = re.compile(r"\s{0,10}(-{2,12}\s?[^-\n]{4,50}-{2,12})\s{1,10}(\S.{0,3900})$")
_QUOTE = re.compile(r"\s{0,4}>\s?")


@dataclass(frozen=True, slots=True)
class ForwardRegexes:
    """The operator's own regular expressions; each finds one value (its first group, or the whole match)."""

    subject: str = ""
    from_: str = ""
    to: str = ""

    @classmethod
    def from_json(cls, text: str) -> ForwardRegexes | None:
        """Read `{"subject": "...", "from": "...", "to": "..."}`; None when the text is empty.

        Raises:
            InvalidInputError: not such an object, or an expression no linear-time engine accepts.
        """
        if not text.strip():
            return None
        try:
            data = json.loads(text)
        except ValueError as error:
            msg = f"the regular expressions for forwarded mails are not JSON ({error}): write one object on one line"
            raise InvalidInputError(msg) from error
        if not isinstance(data, dict):
            msg = (
                'the regular expressions for forwarded mails must be one JSON object: {"subject": "...", "from": "..."}'
            )
            raise InvalidInputError(msg)
        values: dict[str, str] = {}
        for key, value in data.items():
            name = str(key).strip().lower()
            chosen = value[0] if isinstance(value, list) and value else value
            if name not in {"subject", "from", "to"} or not isinstance(chosen, str):
                msg = f"the regular expressions for forwarded mails know the keys subject, from and to, not {name!r}"
                raise InvalidInputError(msg)
            values[name] = chosen
        regexes = cls(values.get("subject", ""), values.get("from", ""), values.get("to", ""))
        for pattern in (regexes.subject, regexes.from_, regexes.to):
            _finder(pattern)
        return regexes


@dataclass(frozen=True, slots=True)
class Forwarded:
    """One mail inside another."""

    how: Literal["attached", "inline"]
    sender: MailAddress
    sent_at: datetime | None
    """Aware; a time written without an offset is taken as UTC."""
    to: tuple[MailAddress, ...] = ()
    cc: tuple[MailAddress, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    mail: Mail | None = None
    """The whole mail when it was attached."""


def forwarded(mail: Mail, *, regexes: ForwardRegexes | None = None) -> list[Forwarded]:
    """Every mail that was forwarded in this one, from the outermost to the innermost.

    Attached mails are better evidence and come first, each followed by what it holds itself; text is looked at when
    nothing is attached. The operator's expressions, where they find something, replace what was detected.
    """
    found = _attached(mail, 0)
    if not found:
        found = _inline(mail)
    return _override(mail, found, regexes) if regexes is not None else found


def _attached(mail: Mail, depth: int) -> list[Forwarded]:
    if depth >= _MAX_DEPTH or mail.report_type:
        return []
    found: list[Forwarded] = []
    for nested in mail.nested:
        found.append(
            Forwarded(
                "attached",
                nested.author,
                nested.date,
                nested.to,
                nested.cc,
                nested.subject,
                nested.text,
                nested.html,
                nested,
            )
        )
        found += _attached(nested, depth + 1) or _inline(nested)
    return found


def _inline(mail: Mail) -> list[Forwarded]:
    text = (
        mail.text
        if mail.text.strip()
        else "\n".join(html_lines(mail.html[:_MAX_TEXT], structure=False, keep_hidden=True)[0])
    )
    lines = [piece for line in clean(text[:_MAX_TEXT]).split("\n") for piece in _unglued(line)]
    announced, answer = says_forward(mail.subject), says_answer(mail.subject)
    found: list[Forwarded] = []
    surer = True  # whether anything surer than what a person may have written can follow
    for _ in range(_MAX_DEPTH):
        head = _find_head(lines, announced=announced or bool(found), answer=answer, surer=surer)
        if head is None:
            break
        item, lines, surer = head
        item = _replaced(item, text=item.text or "\n".join(lines).strip())
        if not item.subject and announced and not found:
            item = _replaced(item, subject=_original_subject(mail.subject))
        found.append(item)
    return found


def _unglued(line: str) -> list[str]:
    """Yahoo's text part puts separator and header block on one line without blanks between; take them apart."""
    if not line.lstrip().startswith("--") or len(line) > 4_000:
        return [line]
    found = _GLUED.match(line)
    if found is None or not is_forward(found[1]):
        return [line]
    return [found[1], *(piece for piece in GLUED_LABEL.sub("\n", found[2]).split("\n") if piece.strip()), ""]


def _original_subject(subject: str) -> str:
    while says_forward(subject):
        subject = without_prefix(subject)
    return subject


def _find_head(
    lines: Sequence[str], *, announced: bool, answer: bool, surer: bool
) -> tuple[Forwarded, list[str], bool] | None:
    """The first forwarded mail's header in the lines, the lines of its body, and whether it is a sure one.

    Below a person's words a header block is the mail that is answered or the one that is forwarded: the subject tells.
    Lines that a person may have written, without an address or a date, count when nothing surer follows.
    """
    separator: int | None = None
    vague: tuple[Forwarded, int, int] | None = None
    wrote = False
    budget = _MOST_CHECKS
    below = 0
    for index, line in enumerate(lines):
        if vague is not None and not budget:
            break
        if index < below or not line.strip(" \t>"):
            continue
        if separator is None and (is_forward(line) or (announced and is_original(line))):
            separator = index
            continue
        block = None
        if budget and label_of(line) is not None:
            budget -= 1
            block = find_block(lines, index, lone_from=separator is not None)
        if block is not None and (
            separator is not None or announced or not wrote or (not answer and _names_a_mail(block))
        ):
            if block.value("from") or separator is not None or announced:
                item = _from_block(block)
                sure = bool(separator is not None or item.sender.address or is_dated(block.value("date").casefold()))
                if sure or not surer:
                    return item, _body(lines, block.start, block.end), surer
                vague, below = vague or (item, block.start, block.end), block.end
        elif budget and (separator is not None or announced) and may_end_attribution(line):
            budget -= 1
            said = find_attribution(lines, index)
            if said is not None and said.certain and not said.before:
                item = _from_attribution(lines, said)
                sure = bool(separator is not None or item.sender.address or not said.doubtful)
                if sure or not surer:
                    return item, _body(lines, said.start, said.end), surer
                vague = vague or (item, said.start, said.end)
        wrote = True
        if separator is not None and index - separator > 25:
            break
    if separator is not None:
        rest = _body(lines, separator, separator + 1)
        return Forwarded("inline", MailAddress("", valid=False), None, text="\n".join(rest).strip()), [], surer
    return None if vague is None else (vague[0], _body(lines, vague[1], vague[2]), False)


def _names_a_mail(block: LabelBlock) -> bool:
    """Whether this is a mail's header, and not a timetable's `From: Berlin / To: Paris`."""
    return bool(block.value("subject") or "@" in block.value("from"))


def _body(lines: Sequence[str], start: int, end: int) -> list[str]:
    """The lines after the header, without the level of quoting that header or body has.

    A quoted mail ends with its last quoted line; what follows was written by who forwards it.
    """
    rest = list(lines[end:])
    quoted = [at for at, line in enumerate(rest) if _QUOTE.match(line)]
    if quoted and (_QUOTE.match(lines[start]) or all(_QUOTE.match(line) for line in rest if line.strip())):
        rest = [_QUOTE.sub("", line, count=1) for line in rest[: quoted[-1] + 1]]
    return rest[next((at for at, line in enumerate(rest) if line.strip()), len(rest)) :]


def _from_block(block: LabelBlock) -> Forwarded:
    senders = parse_people(block.value("from"))
    return Forwarded(
        "inline",
        senders[0] if senders else MailAddress("", valid=False),
        read_moment(block.value("date")),
        parse_people(block.value("to")),
        parse_people(block.value("cc")),
        block.value("subject"),
    )


def _from_attribution(lines: Sequence[str], said: Attribution) -> Forwarded:
    joined = " ".join(line.strip() for line in lines[said.start : said.end])
    return Forwarded("inline", person_said(joined), parse_moment(joined))


def read_moment(value: str) -> datetime | None:
    """The date of a header block: RFC 5322 first, then as people write it."""
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return parse_moment(value)
    return anywhere(moment) if moment.tzinfo is not None else parse_moment(value)


def _replaced(
    item: Forwarded,
    *,
    sender: MailAddress | None = None,
    to: tuple[MailAddress, ...] | None = None,
    subject: str | None = None,
    text: str | None = None,
) -> Forwarded:
    return Forwarded(
        item.how,
        sender or item.sender,
        item.sent_at,
        item.to if to is None else to,
        item.cc,
        item.subject if subject is None else subject,
        item.text if text is None else text,
        item.html,
        item.mail,
    )


def _override(mail: Mail, found: list[Forwarded], regexes: ForwardRegexes) -> list[Forwarded]:
    text = clean(
        (mail.text or "\n".join(html_lines(mail.html[:_MAX_TEXT], structure=False, keep_hidden=True)[0]))[:_MAX_TEXT]
    )
    subject = _finder(regexes.subject)(text)
    sender = _finder(regexes.from_)(text)
    to = _finder(regexes.to)(text)
    if subject is None and sender is None and to is None:
        return found
    if not found:
        found = [Forwarded("inline", MailAddress("", valid=False), None)]
    people = parse_people(sender) if sender else ()
    last = _replaced(
        found[-1],
        sender=people[0] if people else None,
        to=parse_people(to) if to else None,
        subject=subject.strip() if subject is not None else None,
    )
    return [*found[:-1], last]


def _finder(pattern: str) -> Callable[[str], str | None]:
    """A search for the pattern's first value in linear time."""
    if not pattern:
        return lambda _: None
    from mailroom.mail.replies.user_regex import first_value

    return first_value(pattern)
