"""Base64 as mail carries it, in lines of equal length, undone by compiled decoders.

The quick decoder takes no line ends, so they are taken out first. Both are used where both are there.
"""

from __future__ import annotations

import io
import re
from functools import cache
from typing import Any, Protocol

from mailroom.mail.parse.compiled import fast

_ROWS = 8_192
"""Lines decoded at once: a big mail needs little memory beside its result."""
_LINE_END = re.compile(rb"[^\r\n]{4,1000}?(\r?\n)")


class _Decode(Protocol):
    def __call__(self, data: Any, /, *, validate: bool) -> bytes: ...


def decode_lines(raw: bytes, start: int, end: int) -> bytes | None:
    """The octets of the base64 text in `raw[start:end]`; None where it is not clean base64 in lines of equal length.

    Padding anywhere but at the end is not clean: there, two encodings were joined.
    """
    first = _LINE_END.match(raw, start, end)
    if first is None or fast is None:
        return None
    ending, length = len(first.group(1)), first.start(1) - start
    if length % 4:
        return None
    decode, step = _decoder(), _ROWS * (length + ending)
    octets = io.BytesIO()  # hands out what it holds without another copy
    try:
        for at in range(start, end, step):
            joined = fast.base64_lines(raw, at, min(at + step, end), length, ending)
            if joined is None or (joined.endswith(b"=") and at + step < end):
                return None
            found = decode(joined, validate=True)
            if end - start <= step:
                return found
            octets.write(found)
    except ValueError:  # a letter that is not of the alphabet, or a cut end
        return None
    return octets.getvalue()


@cache
def _decoder() -> _Decode:
    import pybase64

    return pybase64.b64decode
