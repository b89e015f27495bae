"""Cutting an address header into entries: quotes, comments, angles, groups, and the ends that senders forget."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_SPECIAL = re.compile(r'[\\"(,:;<]')
_IN_COMMENT = re.compile(r"[()\\]")
_NAME_THEN_ANGLE = re.compile(r"(?:[^\",:;<>@]{1,100}+,){0,3}[^\",:;<>@]{1,100}+<[^<>@]{1,100}@")
_HOST_OF_GROUP = re.compile(r"\s{0,10}@[\w.-]{1,253}+")
"""What some programs put behind an empty group: their own host."""
_NEAR = 200
"""Characters after a colon in which it shows whether a group begins there."""
QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


@dataclass(slots=True)
class Piece:
    """What stands between two separators."""

    start: int
    outside: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    in_name: set[int] = field(default_factory=set)
    """Which pieces of `outside` are comments."""
    angles: list[tuple[str, int]] = field(default_factory=list)
    """Content of `<...>` and how many pieces of `outside` came before it."""
    quoted: bool = False
    words: bool = False
    """Whether anything but blanks and comments stands outside the angles."""
    at_sign: bool = False
    """Whether there is an `@` among those words."""

    @property
    def blank(self) -> bool:
        """Whether nothing is in it but blanks and comments."""
        return not self.angles and not self.words

    def add(self, text: str) -> None:
        """Text outside of angles and comments."""
        self.outside.append(text)
        self.words = self.words or not text.isspace()
        self.at_sign = self.at_sign or "@" in text

    def comment(self, text: str) -> None:
        """A comment belongs to the name when the address comes after it."""
        self.comments.append(text)
        if self.angles or self.at_sign:
            self.outside.append(" ")
        else:
            gap = "" if not self.outside or self.outside[-1].endswith(" ") else " "
            self.in_name.add(len(self.outside))
            self.outside.append(f"{gap}({text})")


def pieces(value: str) -> list[tuple[Piece, int]]:
    """Entries with the position where each ends."""
    found: list[tuple[Piece, int]] = []
    piece = Piece(0)
    position = 0
    comments_end = True  # false once a parenthesis was found that nobody closes
    last_semicolon = value.rfind(";")
    in_group = False
    while special := _SPECIAL.search(value, position):
        at = special.start()
        if at > position:
            piece.add(value[position:at])
        character = value[at]
        position = at + 1
        if character == "\\":
            piece.add(value[at : at + 2])
            position = at + 2
        elif character == '"':
            quoted = QUOTED.match(value, at)
            if quoted:
                piece.quoted = True
                piece.add(quoted.group())
                position = quoted.end()
        elif character == "(":
            end = _comment_end(value, at) if comments_end else 0
            if end:
                piece.comment(value[at + 1 : end - 1])
                position = end
            else:
                comments_end = False
                piece.add("(")
        elif character == "<":
            end = _angle_end(value, at)
            piece.angles.append((value[at + 1 : end], len(piece.outside)))
            position = end + 1 if end < len(value) and value[end] == ">" else end
        elif character == ":" and (
            piece.angles or piece.at_sign or (last_semicolon < at and _no_group(value, piece, at))
        ):
            piece.add(":")
        else:  # a comma, a semicolon, or the name of a group, which stands for nobody
            if character != ":" and not piece.blank:
                found.append((piece, at))
            if character == ";" and in_group and piece.blank and (host := _HOST_OF_GROUP.match(value, position)):
                position = host.end()
            in_group = character == ":" or (in_group and character == ",")
            before, piece = piece, Piece(position)
            if character == "," and before.words and _half_a_name(before, value, at):
                found.pop()  # `Smith, John <j@x>`: the comma is part of the name, only the quotes are missing
                before.add(",")
                piece = before
    if position < len(value):
        piece.add(value[position:])
    if not piece.blank:
        found.append((piece, len(value)))
    return found


def _half_a_name(piece: Piece, value: str, comma: int) -> bool:
    """Whether a piece without an address is only the first half of the name that the next angle belongs to."""
    if piece.angles or piece.quoted or piece.at_sign:
        return False
    return _NAME_THEN_ANGLE.match(value, comma + 1) is not None


def _no_group(value: str, piece: Piece, colon: int) -> bool:
    """Whether a colon that no semicolon follows is part of a name, not the start of a group that nobody ended."""
    if not piece.words:
        return True
    first = value[colon + 1 : _next_separator(value, colon, min(len(value), colon + _NEAR))]
    if first.isspace() or not first:
        return False
    return "@" not in first or "<" in first or any("[" in text for text in piece.outside)


def _angle_end(value: str, at: int) -> int:
    """Where the content of the angle bracket at `at` ends, also when it was never closed."""
    quoted = QUOTED.match(value, at + 1)  # `<"a>b"@example.com>`
    start = quoted.end() if quoted else at + 1
    end = value.find(">", start)
    if end == -1:
        return _next_separator(value, at)
    opened = value.find("<", start, end)  # `<ann@example.com, Bob <bob@example.com>`
    if opened != -1 and "@" in value[start : (separator := _next_separator(value, start, opened))]:
        return separator if separator < opened else end
    return end


def _next_separator(value: str, at: int, limit: int | None = None) -> int:
    limit = len(value) if limit is None else limit
    ends = [end for end in (value.find(",", at, limit), value.find(";", at, limit)) if end != -1]
    return min(ends, default=limit)


def _comment_end(value: str, at: int) -> int:
    """Position after the closing parenthesis, 0 when there is none."""
    depth = 0
    position = at
    while token := _IN_COMMENT.search(value, position):
        position = token.end()
        if token.group() == "\\":
            position += 1
        elif token.group() == "(":
            depth += 1
        else:
            depth -= 1
            if not depth:
                return position
    return 0
