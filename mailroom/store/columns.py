"""Column types that take whatever a mail can carry and give back the same on every database.

Mails carry NUL characters, lone surrogates, NaN and nesting without end. SQLite stores some of these and PostgreSQL
refuses them, so all text and JSON is cleaned here, on its way in, for both.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson
import re2
from sqlalchemy import JSON, BigInteger, DateTime, Integer, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.operators import OperatorType
from sqlalchemy.types import TypeDecorator, TypeEngine

MAX_JSON_DEPTH = 60
_LONGEST_INTEGER = 10**300  # longer ones would raise in Python's own int-to-text limit on the way back
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """`text` without NUL, with every lone surrogate replaced by U+FFFD."""
    if "\x00" not in text:
        if text.isascii():
            return text
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            pass
        else:
            return text
    return _UNSTORABLE.sub(lambda match: "" if match.group() == "\x00" else "\ufffd", text)


def clean_json(value: Any, depth: int = 0) -> Any:
    """`value` reduced to what JSON on both databases can hold; too deep parts become `"…"`."""
    if isinstance(value, str):
        return clean_text(value)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if abs(value) < _LONGEST_INTEGER else None
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, WrittenJson):
        return load_json(value.text)
    if depth >= MAX_JSON_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        return [clean_json(item, depth + 1) for item in items]
    return clean_text(str(value))


class WrittenJson:
    """A value for a JSON column, or a part of one, written now: what it was made of need not be kept until the insert.

    Of a batch of mails that is much: what stays in the processor's cache is worked on twice as fast.
    """

    __slots__ = ("text",)

    def __init__(self, value: Any) -> None:
        self.text = dump_json(value)


def _plain(value: Any) -> Any:
    if isinstance(value, WrittenJson):
        return orjson.Fragment(value.text)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    raise TypeError


_ENCODER = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)


_FAST = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_SUBCLASS
_LONG_NUMBER = re2.compile(rb"[0-9]{19}")


def dump_json(value: Any) -> str:
    """JSON text of `value`, cleaned. The usual harmless value costs one quick pass only."""
    if isinstance(value, WrittenJson):
        return value.text
    try:
        data = orjson.dumps(value, default=_plain, option=_FAST)
        if b"\\u0000" not in data:
            return data.decode()
    except TypeError:  # a lone surrogate, a long integer, a set, ...
        pass
    return _ENCODER.encode(clean_json(value))


def load_json(text: str | bytes) -> Any:
    """What `dump_json` wrote. Python's own reader where a number may be longer than 64 bits."""
    data = text.encode() if isinstance(text, str) else text
    return json.loads(data) if _LONG_NUMBER.search(data) else orjson.loads(data)


def canonical_json(value: Any) -> str:
    """The one text form of `value` that digests are made of: sorted keys, ASCII, cleaned, 1.0 written as 1.

    Reading a value back from either database and writing it again gives the same text.
    """
    return json.dumps(_whole(clean_json(value)), sort_keys=True, allow_nan=False, separators=(",", ":"))


def _whole(value: Any) -> Any:
    """Whole floats as integers: PostgreSQL keeps 1e20 as a number without a point."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _whole(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_whole(item) for item in value]
    return value


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        msg = f"{value!r} has no time zone; the store takes aware times only"
        raise ValueError(msg)
    return value if value.tzinfo is UTC else value.astimezone(UTC)


def _bind_instant(value: datetime | None) -> datetime | None:
    return None if value is None else _utc(value)


def _bind_instant_as_text(value: datetime | None) -> str | None:
    # Made UTC before it is looked up: the two 02:30 of the night in which summer time ends are equal to Python.
    return None if value is None else _text_of_utc(_utc(value))


@lru_cache(maxsize=4096)  # the rows of a batch share most of their times
def _text_of_utc(value: datetime) -> str:
    return value.isoformat(" ", "microseconds")[:26]


def _instant(value: datetime | None) -> datetime | None:
    return None if value is None else value.astimezone(UTC)


def _instant_from_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(value).replace(tzinfo=UTC)


def _bind_text(value: str | None) -> str | None:
    return None if value is None else clean_text(value)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant, to the microsecond. Naive values are a programming error and refused.

    `timestamp with time zone` on PostgreSQL; on SQLite text of fixed width, which sorts as time does. The processors
    are handed to SQLAlchemy directly: these two types carry most of the values of a bulk insert.
    """

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """See the class."""
        return dialect.type_descriptor(DateTime(timezone=True))

    def bind_processor(self, dialect: Dialect) -> Any:
        """Aware -> what the driver takes."""
        return _bind_instant_as_text if dialect.name == "sqlite" else _bind_instant

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        """What the driver gives -> aware UTC."""
        return _instant_from_text if dialect.name == "sqlite" else _instant


class CleanText(TypeDecorator[str]):
    """Text of any length, cleaned on the way in (also when it is compared with)."""

    impl = Text
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Any:
        """Clean."""
        return _bind_text


class StoredJson(TypeDecorator[Any]):
    """JSON, as `jsonb` on PostgreSQL; its dialect is loaded where it is used only, for it takes a while."""

    impl = JSON
    cache_ok = True

    def __init__(self) -> None:
        super().__init__(none_as_null=True)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """See the class."""
        if dialect.name != "postgresql":
            return dialect.type_descriptor(JSON(none_as_null=True))
        from sqlalchemy.dialects.postgresql import JSONB

        return dialect.type_descriptor(JSONB(none_as_null=True))

    def coerce_compared_value(self, op: OperatorType | None, value: Any) -> TypeEngine[Any]:
        """A path such as `event["sender"]` takes a name or a number, not JSON."""
        return self.impl_instance.coerce_compared_value(op, value)


JSON_VALUE = StoredJson()
"""JSON; the engine is made with `dump_json` as serializer, which does the cleaning."""

BIG_ID = BigInteger().with_variant(Integer, "sqlite")
"""Row ids: 64 bits on both (SQLite's INTEGER PRIMARY KEY is 64 bits, and only INTEGER counts up by itself)."""
