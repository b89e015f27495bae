"""The REST resources of API 2.0: filling in paths and queries, and reading their answers like any other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode

from mailroom.errors import InvalidInputError, ResponseError
from mailroom.mimecast.capabilities import Function, Method
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.envelope import Envelope, envelope_of, parse_json, read_envelope
from mailroom.mimecast.reading import dict_of, text_of
from mailroom.mimecast.transport import Reply, Transport

_PART = re.compile(r"\{(\w+)\}")
_LONGEST_PART = 4_096


@dataclass(frozen=True, slots=True)
class RestAnswer:
    """A success."""

    status: int
    data: dict[str, Any]
    """The JSON object as sent; empty when the answer has no body (HTTP 204)."""
    request_id: str = ""

    @property
    def next_token(self) -> str:
        """Where the list goes on, under any of its names; empty at the end."""
        page = dict_of(dict_of(self.data.get("meta")).get("pagination"))
        places = (page.get("nextPage"), page.get("next"), self.data.get("@nextPage"), self.data.get("nextPage"))
        return next((token for token in places if isinstance(token, str) and token), "")


@dataclass(frozen=True, slots=True)
class RestExchange:
    """One request to a resource."""

    transport: Transport
    method: Method
    url: str
    body: bytes | None

    def send(self, headers: dict[str, str], seconds: float) -> Reply:
        """Send it once."""
        if self.body is None:
            headers = {name: value for name, value in headers.items() if name != "Content-Type"}
        return self.transport.send(self.method, self.url, headers, self.body, seconds=seconds)

    def read(self, status: int, body: bytes, request_id: str) -> Envelope:
        """The whole object as the one entry of `data`; a refusal with the problems it names."""
        if not 200 <= status < 300:
            return _refusal(status, body, request_id)
        if not body.strip():
            return Envelope([{}], request_id=request_id, http_status=status)
        value = parse_json(body)
        if not isinstance(value, dict):
            raise ResponseError(f"the body is a JSON {type(value).__name__} instead of an object")
        return replace(envelope_of(value, status, request_id), data=[value], has_data=True)


def filled(function: Function, path: Mapping[str, str], query: Mapping[str, Any]) -> str:
    """Path and query of one request.

    Args:
        function: A REST resource.
        path: One text for each `{part}` of its path.
        query: Texts, numbers, booleans, aware times, or lists of them; None is left out.

    Raises:
        InvalidInputError: A part is missing, unknown, empty, or no id.
    """
    names = set(_PART.findall(function.path))
    if names != set(path):
        raise InvalidInputError(f"{function.name}: fill in exactly {sorted(names)}, not {sorted(path)}")
    for name, value in path.items():
        if not isinstance(value, str) or not value.strip(".") or len(value) > _LONGEST_PART:
            raise InvalidInputError(f"{function.name}: {name} must be an id, passed on exactly as Mimecast gave it")
    target = _PART.sub(lambda part: quote(path[part[1]], safe=""), function.path)
    pairs = [
        (name, _text(entry))
        for name, value in query.items()
        for entry in (value if isinstance(value, (list, tuple)) else [value])
        if entry is not None
    ]
    return f"{target}?{urlencode(pairs)}" if pairs else target


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return format_date(value) if isinstance(value, datetime) else str(value)


def _refusal(status: int, body: bytes, request_id: str) -> Envelope:
    """REST errors come as `fail`, `errors`, `error`, or as flat `{code, message}`."""
    try:
        value = dict_of(parse_json(body)) if body.strip() else {}
    except ResponseError:
        value = {}
    if not value or value.get("fail"):
        return read_envelope(status, body, request_id=request_id)
    said = value.get("errors") or value.get("error")
    if not said and (text_of(value.get("code")) or text_of(value.get("message"))):
        said = {"code": value.get("code"), "message": value.get("message")}
    return envelope_of({"fail": said}, status, request_id)
