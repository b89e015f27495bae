"""Base64 as mail carries it, in lines of equal length, undone by a compiled decoder.

The decoder takes no line ends. Cutting them out by the byte would take ten times as long as decoding, so the text is
seen as a table of which the last columns are left out. Both packages are imported when first needed.
"""

from __future__ import annotations

import io
import re
from functools import cache
from typing import Any, Protocol

_ROWS = 8_192
"""Lines decoded at once: a big mail needs little memory beside its result."""
_LINE_END = re.compile(rb"[^\r\n]{4,1000}?(\r?\n)")


class _Decode(Protocol):
    def __call__(self, data: Any, /, *, validate: bool) -> bytes: ...


def decode_lines(raw: bytes, start: int, end: int) -> bytes | None:
    """The octets of the base64 text in `raw[start:end]`; None where it is not clean base64 in lines of equal length."""
    first = _LINE_END.match(raw, start, end)
    if first is None:
        return None
    width, length = first.end() - start, first.start(1) - start
    if length % 4:
        return None
    decode, numpy = _compiled()
    rows = (end - start) // width
    table = numpy.frombuffer(raw, numpy.uint8, rows * width, start).reshape(rows, width)
    for column, octet in enumerate(first.group(1), length):
        if not (table[:, column] == octet).all():
            return None
    octets = io.BytesIO()  # hands out what it holds without another copy
    try:
        for at in range(0, rows, _ROWS):
            octets.write(decode(numpy.ascontiguousarray(table[at : at + _ROWS, :length]), validate=True))
        octets.write(decode(raw[start + rows * width : end], validate=True))
    except ValueError:  # a letter that is not of the alphabet, or a cut end
        return None
    return octets.getvalue()


@cache
def _compiled() -> tuple[_Decode, Any]:
    import numpy
    import pybase64

    return pybase64.b64decode, numpy
