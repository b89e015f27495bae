"""Column types that take whatever a mail can carry and give back the same on every database.

Mails carry NUL characters, lone surrogates, NaN and nesting without end. SQLite stores some of these and PostgreSQL
refuses them, so all text and JSON is cleaned here, on its way in, for both.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, DateTime, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
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
    if depth >= MAX_JSON_DEPTH:
        return "…"
    if isinstance(value, dict):
        return {clean_text(str(key)): clean_json(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        items = sorted(value, key=repr) if isinstance(value, set | frozenset) else value
        return [clean_json(item, depth + 1) for item in items]
    return clean_text(str(value))


def dump_json(value: Any) -> str:
    """JSON text of `value`, cleaned. The usual harmless value costs one pass only."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), check_circular=False)
        if "\\u0000" not in text and len(text) < 1_000_000 and (text.isascii() or text.encode("utf-8")):
            return text
    except (TypeError, ValueError, RecursionError):
        pass
    return json.dumps(clean_json(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))


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


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC instant, to the microsecond. Naive values are a programming error and refused."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """`timestamp with time zone` on PostgreSQL, sortable text on SQLite."""
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware -> what the driver takes."""
        if value is None:
            return None
        if value.tzinfo is None:
            msg = f"{value!r} has no time zone; the store takes aware times only"
            raise ValueError(msg)
        utc = value.astimezone(UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """What the driver gives -> aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class CleanText(TypeDecorator[str]):
    """Text of any length, cleaned on the way in (also when it is compared with)."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Clean."""
        return None if value is None else clean_text(value)


JSON_VALUE = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
"""JSON; the engine is made with `dump_json` as serializer, which does the cleaning."""

BIG_ID = BigInteger().with_variant(Integer, "sqlite")
"""Row ids: 64 bits on both (SQLite's INTEGER PRIMARY KEY is 64 bits, and only INTEGER counts up by itself)."""
