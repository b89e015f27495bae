"""One IMAP answer, cut into its tokens.

An answer arrives as pieces: text, literal, text, literal, ..., text. Tokens are `bytes` (an atom, a number, a quoted
string or a literal), `None` (NIL) or a list (in parentheses). `BODY[HEADER.FIELDS (A B)]<0>` is one atom. A literal is
announced as `{5}`, or as `~{5}` where it may hold NUL (RFC 3516).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from mailroom.errors import ResponseError

_PIECE = re.compile(
    rb"""(?P<space>\s+)
    | (?P<open>\() | (?P<close>\))
    | "(?P<quoted>(?:[^"\\]|\\.)*)"
    | (?P<literal>~?\{\d+\+?\}\Z)
    | (?P<atom>(?:BODY|BINARY|BINARY\.SIZE)\[[^\]]*\](?:<\d+>)? | [^\s()"]+ )
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_DEEPEST = 64


def tokens(pieces: Sequence[bytes]) -> list[object]:
    """Cut an answer into tokens.

    Args:
        pieces: Text and literals in turn, starting and ending with text; without the line end.

    Raises:
        ResponseError: The answer does not follow the grammar.
    """
    top: list[object] = []
    stack = [top]
    for index in range(0, len(pieces), 2):
        text, position = pieces[index], 0
        announced = False
        while position < len(text):
            match = _PIECE.match(text, position)
            if match is None:
                odd = text[position : position + 40]
                raise ResponseError(f"an answer of the IMAP server cannot be read at {odd!r}")
            position = match.end()
            kind = match.lastgroup
            if kind == "open":
                inner: list[object] = []
                stack[-1].append(inner)
                stack.append(inner)
                if len(stack) > _DEEPEST:
                    raise ResponseError(f"an answer of the IMAP server nests more than {_DEEPEST} lists")
            elif kind == "close":
                if len(stack) == 1:
                    raise ResponseError("an answer of the IMAP server closes a list that was never opened")
                stack.pop()
            elif kind == "quoted":
                stack[-1].append(_ESCAPED.sub(rb"\1", match["quoted"]))
            elif kind == "literal":
                if index + 1 >= len(pieces):
                    raise ResponseError("an answer of the IMAP server announces a literal that did not come")
                stack[-1].append(pieces[index + 1])
                announced = True
            elif kind == "atom":
                atom = match["atom"]
                stack[-1].append(None if atom.upper() == b"NIL" else atom)
        if not announced and index + 1 < len(pieces):
            raise ResponseError(f"an answer of the IMAP server announces a literal oddly: {text[-40:]!r}")
    if len(stack) != 1:
        raise ResponseError("an answer of the IMAP server ends inside a list")
    return top


def pairs(items: Sequence[object]) -> dict[bytes, object]:
    """`[name, value, name, value]` as a dictionary with upper-case names; the last of a name wins.

    Raises:
        ResponseError: A name is not an atom, or a value is missing.
    """
    if len(items) % 2:
        raise ResponseError("an answer of the IMAP server has a name without a value")
    found: dict[bytes, object] = {}
    for index in range(0, len(items), 2):
        name = items[index]
        if not isinstance(name, bytes):
            raise ResponseError(f"an answer of the IMAP server has {name!r} where a name should be")
        found[name.upper()] = items[index + 1]
    return found


def number(token: object) -> int:
    """A token as a whole number.

    Raises:
        ResponseError: It is none, or is absurdly long.
    """
    if isinstance(token, bytes) and token.isdigit() and len(token) <= 20:
        return int(token)
    raise ResponseError(f"an answer of the IMAP server has {str(token)[:40]} where a number should be")
