"""Reading a query that a person wrote in XML: nothing is expanded or fetched, and what Mimecast would ignore is said.

Mimecast ignores tags and attributes it does not know without a word. A condition that is ignored makes the search
find more, so a query with a mistake looks like one that found a lot.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from mailroom.errors import InvalidInputError
from mailroom.mimecast.archive_terms import ATTRIBUTES, CHILDREN, REPEATED, RETURN_FIELDS, ROOT, WITH_TEXT
from mailroom.redact import one_line

MOST_BYTES = 64 << 10
"""Largest query taken."""
_MOST_DEPTH, _MOST_ELEMENTS, _MOST_WARNINGS = 32, 2_000, 50
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_LARGEST_PAGE = 500


@dataclass(frozen=True, slots=True)
class QueryWarning:
    """Something in a query that does not do what it seems to do."""

    line: int
    """From 1."""
    column: int
    """From 1."""
    text: str

    def __str__(self) -> str:
        return f"line {self.line}, column {self.column}: {self.text}"


@dataclass(frozen=True, slots=True)
class ReadQuery:
    """A query that may be sent."""

    text: str
    """As given, without white space around it."""
    warnings: list[QueryWarning]
    page_size: int | None
    """Rows per page it asks for; None when it does not say."""


def check_xml(text: str) -> list[QueryWarning]:
    """What Mimecast would ignore or misunderstand in a query; empty when it is as documented.

    Raises:
        InvalidInputError: As `read_query`.
    """
    return read_query(text).warnings


def read_query(text: str) -> ReadQuery:
    """Read a query without expanding or fetching anything.

    Raises:
        InvalidInputError: Empty, too large, too deep, not well-formed (with line and column), with a DOCTYPE, an entity
            or a processing instruction, or another root element than `xmlquery`.
    """
    sent = text.strip().lstrip("\ufeff").lstrip()
    if not sent:
        raise InvalidInputError("the XML query is empty: give a whole <xmlquery> element")
    try:
        encoded = sent.encode()
    except UnicodeEncodeError:
        raise InvalidInputError("the XML query contains half a character (a lone surrogate): remove it") from None
    if len(encoded) > MOST_BYTES:
        raise InvalidInputError(f"the XML query has {len(encoded)} bytes; at most {MOST_BYTES} are taken")
    skipped = text[: text.index(sent)].count("\n")
    reader = _Reader(skipped)
    reader.read(encoded)
    return ReadQuery(sent, reader.warnings, reader.page_size)


@dataclass(slots=True)
class _Element:
    tag: str
    line: int
    column: int
    known: bool
    children: dict[str, int] = field(default_factory=dict)
    text: list[str] = field(default_factory=list)


class _Reader:
    """One pass over a query: refuses what is dangerous, collects what is odd."""

    def __init__(self, lines_before: int) -> None:
        self.warnings: list[QueryWarning] = []
        self.page_size: int | None = None
        self._lines_before = lines_before
        self._open: list[_Element] = []
        self._count = 0
        self._fields: set[str] = set()
        # The encoding is fixed: a declaration inside the text cannot make two readers see two things.
        parser = self._parser = expat.ParserCreate("utf-8")
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = lambda *_: self._refuse("a DOCTYPE")
        parser.EntityDeclHandler = lambda *_: self._refuse("an entity declaration")
        parser.UnparsedEntityDeclHandler = lambda *_: self._refuse("an entity declaration")
        parser.NotationDeclHandler = lambda *_: self._refuse("a notation")
        parser.ExternalEntityRefHandler = lambda *_: self._refuse("an external entity")
        parser.ProcessingInstructionHandler = lambda *_: self._refuse("a processing instruction")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text

    def read(self, encoded: bytes) -> None:
        """Read it all."""
        try:
            self._parser.Parse(encoded, True)
        except expat.ExpatError as error:
            where = f"line {error.lineno + self._lines_before}, column {error.offset + 1}"
            reason = expat.ErrorString(error.code) or "not well-formed"
            raise InvalidInputError(f"the XML query is not well-formed at {where}: {reason}") from None

    def _refuse(self, what: str) -> NoReturn:
        line, column = self._here()
        raise InvalidInputError(
            f"the XML query contains {what} at line {line}, column {column}; these are never read: write the values out"
        )

    def _here(self) -> tuple[int, int]:
        return self._parser.CurrentLineNumber + self._lines_before, self._parser.CurrentColumnNumber + 1

    def _warn(self, text: str, at: _Element | None = None) -> None:
        line, column = (at.line, at.column) if at else self._here()
        if len(self.warnings) < _MOST_WARNINGS:
            self.warnings.append(QueryWarning(line, column, text))

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        line, column = self._here()
        self._count += 1
        if len(self._open) >= _MOST_DEPTH or self._count > _MOST_ELEMENTS:
            raise InvalidInputError(f"the XML query nests too deeply or has too many elements (line {line})")
        if not self._open and tag != ROOT:
            raise InvalidInputError(f"the XML query begins with <{_shown(tag)}>; an archive query begins with <{ROOT}>")
        parent = self._open[-1] if self._open else None
        element = _Element(tag, line, column, known=parent is None or (parent.known and tag in CHILDREN[parent.tag]))
        self._open.append(element)
        if parent is not None and not element.known:
            if parent.known:
                self._unknown(tag, parent)
            return
        if parent is not None:
            parent.children[tag] = parent.children.get(tag, 0) + 1
            if parent.children[tag] == 2 and tag not in REPEATED:
                self._warn(f"a second <{tag}>: which one counts is not documented; write it once")
        self._attributes(element, attributes)

    def _unknown(self, tag: str, parent: _Element) -> None:
        homes = [home for home, children in CHILDREN.items() if tag in children]
        hint = f"it belongs into <{homes[0]}>" if homes else _nearest(tag, CHILDREN[parent.tag])
        self._warn(f"<{_shown(tag)}> is not known inside <{parent.tag}>: Mimecast ignores it and finds more ({hint})")

    def _attributes(self, element: _Element, attributes: dict[str, str]) -> None:
        known = ATTRIBUTES.get(element.tag, {})
        for name, value in attributes.items():
            if name not in known:
                hint = _nearest(name, known)
                self._warn(f"the attribute {_shown(name)} of <{element.tag}> is not known and is ignored ({hint})")
            elif known[name] and value not in known[name]:
                choice = ", ".join(known[name])
                self._warn(f"{name}={_shown(value)!r} of <{element.tag}> is not known; choose from {choice}")
        rule = {"metadata": self._metadata, "date": self._date, "sent": self._sent}.get(element.tag)
        if rule is not None:
            rule(attributes)

    def _metadata(self, given: dict[str, str]) -> None:
        size = given.get("page-size", "")
        if size.isascii() and size.isdigit() and 1 <= int(size[:9]) <= _LARGEST_PAGE:
            self.page_size = int(size)
        elif size:
            self._warn(f"page-size={_shown(size)!r}: give a number from 1 to {_LARGEST_PAGE}")
        if given.get("startrow", "0") != "0":
            self._warn("startrow is not 0: the newest rows are left out; later pages are fetched by themselves")
        if "query-type" not in given:
            self._warn('<metadata> has no query-type="emailarchive"')
        if given.get("archive") != "true":
            self._warn('<metadata> has no archive="true": the archive is not searched')

    def _date(self, given: dict[str, str]) -> None:
        select = given.get("select", "")
        times = {name: given[name] for name in ("from", "to") if name in given}
        if not select:
            self._warn("<date> has no select: every time is searched")
        elif select == "between" and not any(times.values()):
            self._warn("<date> between without from and to: every time is searched")
        elif select != "between" and times:
            self._warn(f"from and to of <date> count only with select='between', not with {_shown(select)!r}")
        for name, value in times.items():
            if not _DATE.fullmatch(value):
                self._warn(f"{name}={_shown(value)!r} of <date> is not like 2025-01-14T09:30:00Z")
        if len(times) == 2 and all(_DATE.fullmatch(value) for value in times.values()) and times["from"] > times["to"]:
            self._warn("<date> ends before it starts: nothing will be found")

    def _sent(self, given: dict[str, str]) -> None:
        if "select" not in given:
            self._warn('<sent> has no select="from" or "to": the address is ignored')

    def _text(self, data: str) -> None:
        element = self._open[-1]
        if element.known:
            element.text.append(data)

    def _end(self, _tag: str) -> None:
        element = self._open.pop()
        if not element.known:
            return
        text = "".join(element.text).strip()
        if text and element.tag not in WITH_TEXT:
            self._warn(f"text directly inside <{element.tag}> is ignored: {_shown(text)!r}", element)
        if element.tag in {"mailbox", "text", "sent"} and not text:
            self._warn(f"<{element.tag}> is empty: it narrows nothing", element)
        if element.tag == "return-field":
            self._fields.add(text)
            if text not in RETURN_FIELDS:
                self._warn(f"the field {_shown(text)!r} is not known ({_nearest(text, RETURN_FIELDS)})", element)
        if element.tag == "muse" and not element.children.keys() & {"text", "date", "sent"}:
            self._warn("<muse> has no text, date or sent: the whole archive is searched", element)
        if element.tag == ROOT:
            self._whole(element)

    def _whole(self, root: _Element) -> None:
        if "metadata" not in root.children:
            self._warn("there is no <metadata>: no fields are asked for", root)
        elif "id" not in self._fields:
            self._warn("the field id is not asked for: rows cannot be opened, and repeated rows are not noticed", root)
        if "muse" not in root.children:
            self._warn("there is no <muse>, so there is no condition: the whole archive is searched", root)


def _shown(text: str) -> str:
    return one_line(text, 60)


def _nearest(word: str, known: Iterable[str]) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(word.lower()[:60], names, n=1)
    if close:
        return f"did you mean {close[0]}?"
    return f"known: {', '.join(names)}" if names else "nothing may stand there"
