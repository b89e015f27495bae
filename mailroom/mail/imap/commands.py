"""What a command looks like on the wire: atoms, quoted strings, literals."""

from __future__ import annotations

from collections.abc import Sequence

from mailroom.errors import InvalidInputError

_QUOTED_MOST = 2_000


class LiteralArgument(bytes):
    """An argument that always goes as a literal, whatever is in it: a whole mail."""


def encoded(name: str, args: Sequence[str | bytes], uid: bool = False) -> list[bytes]:
    """A command without its tag: text, literal, text, ..., text.

    Args:
        name: The command.
        args: `str` goes as it stands; `bytes` is quoted or becomes a literal; a parenthesis takes no space inside.
        uid: Put UID in front.

    Raises:
        InvalidInputError: An argument holds what may not go into a command.
    """
    text = bytearray((b"UID " if uid else b"") + name.encode("ascii"))
    pieces: list[bytes] = []
    glued = False
    for arg in args:
        if not glued and arg != ")":
            text += b" "
        glued = arg == "("
        if isinstance(arg, str):
            text += _atom(arg)
        elif not isinstance(arg, LiteralArgument) and (quoted := _quoted(arg)) is not None:
            text += quoted
        else:
            pieces += [bytes(text), arg]
            text.clear()
    return [*pieces, bytes(text)]


def _atom(text: str) -> bytes:
    if not text.isascii() or any(ord(character) < 0x20 or character == "\x7f" for character in text):
        raise InvalidInputError("a command for the IMAP server has control characters or non-ASCII text in it")
    return text.encode("ascii")


def _quoted(arg: bytes) -> bytes | None:
    """A quoted string, or None when it has to be a literal."""
    if b"\0" in arg or b"\r" in arg or b"\n" in arg:
        raise InvalidInputError("NUL, CR and LF are not allowed in names and texts for the IMAP server")
    if len(arg) > _QUOTED_MOST or not arg.isascii() or any(octet < 0x20 or octet == 0x7F for octet in arg):
        return None
    return b'"' + arg.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
