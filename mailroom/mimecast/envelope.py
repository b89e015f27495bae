"""Reading an answer: the only place that knows what Mimecast's envelope may look like.

HTTP status describes transport only. `fail` comes as a list of `{key, errors[]}`, a list of flat `{code, message}`,
one object, or a string; bodies come empty, as HTML, with a byte order mark, cut, or far too deep.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson

from mailroom import redact
from mailroom.errors import ResponseError

_TEXT_LIMIT = 500
_MOST_LEVELS = 254  # what orjson writes at most
_TOO_DEEP = "the body nests JSON too deeply"


class Problem(NamedTuple):
    """One entry of `fail[].errors[]`."""

    field: str
    code: str
    message: str

    def __str__(self) -> str:
        where = f"field {self.field!r}: " if self.field else ""
        text = f"{self.code}: {self.message}" if self.code and self.message else self.code or self.message
        return where + (text or "no reason given")


class Failure(NamedTuple):
    """One entry of `fail`. `key` repeats the request item; None when the answer does not say which one."""

    key: Any
    errors: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Envelope:
    """One readable answer."""

    data: list[Any]
    failures: list[Failure] = field(default_factory=list)
    pagination: dict[str, Any] = field(default_factory=dict)
    meta_status: int | None = None
    request_id: str = ""
    http_status: int = 200
    has_data: bool = True
    """Whether the answer carried a `data` field at all; an absent one is not "nothing found"."""
    empty_body: bool = False

    @property
    def next_token(self) -> str:
        """The token of the next page, or an empty string."""
        token = self.pagination.get("next")
        return token if isinstance(token, str) else ""

    @property
    def status(self) -> int:
        """The worse of the HTTP status and `meta.status`: either alone may claim success."""
        if self.http_status >= 300 or self.meta_status is None or self.meta_status < 400:
            return self.http_status
        return self.meta_status

    @property
    def codes(self) -> tuple[str, ...]:
        """All error codes, in order."""
        return tuple(problem.code for failure in self.failures for problem in failure.errors if problem.code)


def read_envelope(http_status: int, body: bytes, *, request_id: str = "") -> Envelope:
    """Read one answer.

    Args:
        http_status: The HTTP status; other than 2xx, an empty or foreign body is accepted as "no details".
        body: The whole body, already decompressed and within the size cap.
        request_id: For support cases.

    Raises:
        ResponseError: A success without readable JSON object in it.
    """
    refused = not 200 <= http_status < 300
    if not body.strip():
        if refused:
            return Envelope([], [], {}, None, request_id, http_status, has_data=False, empty_body=True)
        raise ResponseError("the body is empty")
    try:
        value = parse_json(body)
        if not isinstance(value, dict):
            kind = type(value).__name__
            raise ResponseError(f"the body is a JSON {kind} instead of an object")  # noqa: TRY301
    except ResponseError as error:
        if not refused:
            raise
        # Gateways and proxies answer errors with their own pages; the status still says what to do.
        note = Failure(None, (Problem("", "", f"not an answer of the API itself: {error}"),))
        return Envelope([], [note], {}, None, request_id, http_status, has_data=False)
    return envelope_of(value, http_status, request_id)


def envelope_of(value: dict[str, Any], http_status: int, request_id: str) -> Envelope:
    """An answer that is already an object."""
    meta = value.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    pagination = meta.get("pagination")
    status = meta.get("status")
    data = value.get("data")
    if data is None:
        data = []
    elif not isinstance(data, list):
        data = [data]
    return Envelope(
        data,
        _failures(value.get("fail")),
        pagination if isinstance(pagination, dict) else {},
        status if isinstance(status, int) and not isinstance(status, bool) else None,
        request_id,
        http_status,
        has_data=value.get("data") is not None,
    )


def _failures(fail: object) -> list[Failure]:
    if not fail:
        return []
    entries = fail if isinstance(fail, list) else [fail]
    failures = []
    for entry in entries:
        if not isinstance(entry, dict):
            failures.append(Failure(None, (Problem("", "", _text(entry)),)))
            continue
        errors = entry.get("errors")
        if isinstance(errors, dict):
            errors = [errors]
        if not isinstance(errors, list) or not errors:
            errors = [entry]
        failures.append(Failure(entry.get("key"), tuple(_problem(error) for error in errors)))
    return failures


def _problem(error: object) -> Problem:
    if not isinstance(error, dict):
        return Problem("", "", _text(error))
    return Problem(_text(error.get("field")), _text(error.get("code")), _text(error.get("message")))


def _text(value: object) -> str:
    """Foreign text fit for an error message: one line, bounded, without registered secrets."""
    if value is None:
        return ""
    return redact.one_line(redact.scrub(str(value)[: 4 * _TEXT_LIMIT]), _TEXT_LIMIT)


def parse_json(body: bytes) -> Any:
    """`body` as JSON, refusing what two readers could read differently.

    Raises:
        ResponseError: Not UTF-8, not JSON, cut off, `NaN` or `Infinity`, a name twice in one object, too deep.
    """
    try:
        value = orjson.loads(body)
        if orjson.dumps(value) == body:  # the same bytes again: no name was lost, no number rounded
            return value
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass
    return _parse_strictly(body)


def _parse_strictly(body: bytes) -> Any:
    """As `parse_json`, for what is spaced or written in another way than ours, and to say what is wrong."""
    try:
        text = body.decode("utf-8-sig" if body.startswith(b"\xef\xbb\xbf") else "utf-8")
    except UnicodeDecodeError:
        raise ResponseError(f"the body ({len(body)} bytes) is not UTF-8") from None
    try:
        value = _DECODER.decode(text)
    except RecursionError:
        raise ResponseError(_TOO_DEEP) from None
    except _AmbiguousJsonError as error:
        raise ResponseError(f"the body is ambiguous JSON: {error}") from None
    except ValueError as error:
        kind = "HTML" if text.lstrip()[:1] == "<" else "something else"
        where = f" (at byte {error.pos} of {len(body)})" if isinstance(error, json.JSONDecodeError) else ""
        raise ResponseError(f"the body is not JSON but {kind}, or was cut off{where}") from None
    if _is_too_deep(value):
        raise ResponseError(_TOO_DEEP)
    return value


def _is_too_deep(value: Any) -> bool:
    """Nested deeper than any answer; how deep the decoder itself would go differs from one Python to the next."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(_MOST_LEVELS):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return bool(level)


class _AmbiguousJsonError(ValueError):
    """Valid for some readers, something else for others."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise _AmbiguousJsonError("a name appears twice in one object")
    return value


def _constant(name: str) -> None:
    raise _AmbiguousJsonError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)
