"""The tree of MIME entities: only positions in the original octets, found by searching for boundaries."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from mailroom.mail.parse.blocks import Block, read_block
from mailroom.mail.parse.limits import Work
from mailroom.mail.parse.lost_delimiter import lost_part
from mailroom.mail.parse.parameters import split_value, text_values
from mailroom.mail.parse.transfer import unbase64, undo

_GUESSED = re.compile(rb"\n--([!-~][ -~]{0,200}?)[ \t]*\r?\n(?=[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-)")
_PADDED_END = re.compile(rb"[ \t]{1,70}--")
"""The end of a multipart whose boundary was declared with blanks behind it."""
_REST_OF_LINE = re.compile(rb"[ \t]*(?:\r?\n|\r|\Z)")
_MAJOR = frozenset(
    {"text", "image", "audio", "video", "application", "multipart", "message", "font", "model", "chemical"}
)


_LONG = 16 * 1024
_DASHES = 40
"""Enough to get past the headers of a part."""
_MANY_PARTS = 300
_DEEP = 20
_UNPRINTABLE = re.compile(r"[^!-~]")
_JOINERS = str.maketrans("", "", " -_.")
_USUAL_ENCODINGS = frozenset({"7bit", "8bit", "base64", "quoted-printable"})
_DECISIVE = ("boundary", "charset", "format", "delsp", "report-type", "method", "smime-type")
"""Parameters of Content-Type that the reader asks for by name; file names have their own way."""
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_AFTER_END = 256
"""Octets of blanks that may follow the end of a multipart that hangs on its last line."""
_SPELLINGS = {"quotedprintable": "quoted-printable", "qp": "quoted-printable", "base64": "base64", "xbase64": "base64"}


@dataclass(slots=True)
class Entity:
    """One part: its headers, its type, and `raw[body:end]`."""

    raw: bytes
    start: int
    body: int
    end: int
    block: Block
    first: dict[str, str]
    """First value of each header, by name in lower case."""
    type: str
    parameters: tuple[tuple[str, str], ...]
    encoding: str
    children: list[Entity] = field(default_factory=list)
    cut: bool = False
    """Not taken apart although it is a multipart: a limit was reached."""

    def parameter(self, name: str) -> str:
        """The first parameter of that name of Content-Type, as written."""
        for key, value in self.parameters:
            if key == name:
                return value
        return ""

    @property
    def content(self) -> bytes:
        """The body as it stands in the mail."""
        return self.raw[self.body : self.end]

    def decoded(self, work: Work) -> bytes:
        """The body with its transfer encoding undone."""
        if self.encoding == "base64":
            return unbase64(self.raw, self.body, self.end, work.defects, fast=work.compiled)
        return undo(self.content, self.encoding, work.defects)


def read_entity(
    raw: bytes,
    start: int,
    end: int,
    work: Work,
    *,
    depth: int = 0,
    default: str = "text/plain",
    multiparts: bool = True,
) -> Entity:
    """The entity in `raw[start:end]` with everything below it, mails in mails excepted."""
    block = read_block(raw, start, end, work)
    first = block.first
    kind, parameters = type_of(first, default, work)
    encoding = _encoding(first.get("content-transfer-encoding", ""))
    entity = Entity(raw, start, block.body, end, block, first, kind, parameters, encoding)
    if kind.startswith("multipart/") and multiparts:
        _take_apart(entity, work, depth)
    return entity


def type_of(first: dict[str, str], default: str, work: Work) -> tuple[str, tuple[tuple[str, str], ...]]:
    """What the Content-Type among these headers says, in lower case, and its parameters; `default` without one."""
    written = first.get("content-type")
    if not written:
        return default, ()
    if len(written) > work.limits.header_structured:
        written = written[: work.limits.header_structured]
        work.defects.add("header_value_cut")
    kind, parameters = split_value(written)
    if "*" in written:
        parameters = _with_whole(parameters)
    if not (kind.isascii() and kind.isprintable()):
        kind = _UNPRINTABLE.sub("", kind)
    major, slash, minor = kind.partition("/")
    if slash and major and minor:
        return kind, parameters
    work.defects.add("content_type_unreadable")
    if major == "multipart" or any(name == "boundary" for name, _ in parameters):
        return "multipart/mixed", parameters
    if (major in _MAJOR or any(name.startswith("name") for name, _ in parameters)) and major != "text":
        return "application/octet-stream", parameters
    return "text/plain", parameters


def _with_whole(parameters: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    """The parameters, and those that decide how a part is read once more when they came in sections or encoded."""
    given = {name for name, _ in parameters}
    cut = [name for name in _DECISIVE if name not in given]
    whole = [(name, values[0]) for name in cut if (values := text_values(parameters, name))]
    return (*parameters, *whole)


def _encoding(written: str) -> str:
    if not written:
        return ""
    if written in _USUAL_ENCODINGS:
        return written
    name = _COMMENT.sub("", written.partition(";")[0]).partition("(")[0].strip(" \t\"'").lower()
    return _SPELLINGS.get(name.translate(_JOINERS), name)


def _take_apart(entity: Entity, work: Work, depth: int) -> None:
    if depth == _DEEP:
        work.heavy("nested very deeply")
    if depth >= work.limits.depth:
        work.defects.add("too_deep")
        entity.cut = True
        return
    if entity.encoding in {"base64", "quoted-printable"}:
        _undo_container(entity, work)
    raw, body, end = entity.raw, entity.body, entity.end
    boundary = entity.parameter("boundary").rstrip(" \t").encode("latin-1", "replace")
    spans = split_parts(raw, body, end, boundary, work) if boundary else []
    if not spans:
        work.defects.add("boundary_not_found" if boundary else "boundary_missing")
        guessed = _GUESSED.search(raw, max(0, body - 1), min(end, body + 64 * 1024))
        if guessed:
            spans = split_parts(raw, body, end, guessed.group(1).rstrip(), work)
    elif (lost := _lost_span(entity, b"--" + boundary, spans[0][0], nested=depth > 0)) is not None:
        work.defects.add("first_boundary_missing")
        spans.insert(0, lost)
    default = "message/rfc822" if entity.type == "multipart/digest" else "text/plain"
    for start, stop in spans:
        if work.parts >= work.limits.parts:
            work.defects.add("too_many_parts")
            break
        work.parts += 1
        if work.parts == _MANY_PARTS:
            work.heavy("very many parts")
        entity.children.append(read_entity(raw, start, stop, work, depth=depth + 1, default=default))


def _lost_span(entity: Entity, delimiter: bytes, opened: int, *, nested: bool) -> tuple[int, int] | None:
    """The part above the first delimiter, whose line ends at `opened`; None when there is none."""
    at = entity.raw.rfind(delimiter, entity.body, opened)
    if at <= entity.body:
        return None
    twice = nested and any(name == "content-type" for name, _ in entity.block.repeated)
    lost = lost_part(entity.raw, entity.start, entity.body, at, typed_twice=twice)
    return None if lost is None else (lost, _before_newline(entity.raw, at, entity.body))


def _undo_container(entity: Entity, work: Work) -> None:
    """A multipart must not be encoded, and yet some are."""
    boundary = entity.parameter("boundary").encode("latin-1", "replace")
    if boundary and b"--" + boundary in entity.content:
        return
    decoded = entity.decoded(work)
    work.defects.add("encoded_multipart")
    entity.raw, entity.start, entity.body, entity.end = decoded, 0, 0, len(decoded)
    entity.encoding = ""


def split_parts(raw: bytes, body: int, end: int, boundary: bytes, work: Work) -> list[tuple[int, int]]:
    """Where the parts between the boundary lines are, at most as many as the limits allow."""
    delimiter = b"--" + boundary
    length = len(delimiter)
    spans: list[tuple[int, int]] = []
    opened = -1
    closed = False
    at = body if raw.startswith(delimiter, body, end) else _next(raw, delimiter, body, end)
    room = work.limits.parts - work.parts + 1
    while at != -1:
        after = at + length
        final = raw.startswith(b"--", after, end)
        line = _line_end(raw, after + 2 if final else after, end)
        if line == -1 and final:  # `--` may belong to a longer boundary, or to this one in an odd form
            final = False
            line = _line_end(raw, after, end)
        if line == -1:
            final = (padded := _PADDED_END.match(raw, after, end)) is not None
            line = _line_end(raw, padded.end(), end) if padded else -1
            if line == -1:
                at = _next(raw, delimiter, after, end)
                continue
        if opened != -1:
            spans.append((opened, max(opened, _before_newline(raw, at, body))))
        elif closed and not final:
            work.defects.add("parts_after_end")
        if len(spans) > room:
            return spans
        opened = -1 if final else line
        closed = closed or final
        at = _next(raw, delimiter, line, end)
    if opened != -1:
        if not closed:
            work.defects.add("end_boundary_missing")
            end = _hanging_end(raw, delimiter + b"--", opened, end)
        if opened < end or not spans:
            spans.append((opened, end))
    return spans


def _hanging_end(raw: bytes, closing: bytes, start: int, end: int) -> int:
    """Where the last part ends when the closing delimiter hangs on its last line; else `end`."""
    found = raw.rfind(closing, max(start, end - len(closing) - _AFTER_END), end)
    return end if found == -1 or raw[found + len(closing) : end].strip() else found


def _next(raw: bytes, delimiter: bytes, position: int, end: int) -> int:
    """Where the delimiter next starts a line, or -1."""
    if end - position > _LONG:  # one octet is found ten times as fast, and base64 holds no dash: look from dash to dash
        for _ in range(_DASHES):
            dash = raw.find(b"-", position, end)
            if dash == -1:
                return -1
            if raw[dash - 1] == 10 and raw.startswith(delimiter, dash, end):
                return dash
            position = dash + 1
    found = raw.find(b"\n" + delimiter, max(0, position - 1), end)
    return found + 1 if found != -1 else -1


def _line_end(raw: bytes, position: int, end: int) -> int:
    """Start of the next line when only blanks are left on this one, else -1."""
    rest = _REST_OF_LINE.match(raw, position, end)
    return rest.end() if rest else -1


def _before_newline(raw: bytes, at: int, floor: int) -> int:
    if at > floor and raw[at - 1] == 10:
        return at - 2 if at - 2 >= floor and raw[at - 2] == 13 else at - 1
    return at
