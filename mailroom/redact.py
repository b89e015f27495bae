"""Keep live secrets out of logs, exceptions and rows.

Whoever holds a secret registers its value (and its derived forms: a bearer token, a signature, the base64
of `user:password`) with `register`. `scrub` replaces every registered value in a text; `SecretFilter` does
it for log records. Values are kept in memory only, for the life of the process; of tokens, which are renewed every
hour, only the latest.
"""

from __future__ import annotations

import base64
import logging
import re
import threading
import traceback
from pathlib import Path
from urllib.parse import quote, quote_plus

MASK = "[secret]"
_SHORTEST = 6  # shorter values would blank out ordinary words

_lock = threading.Lock()
_values: set[str] = set()
_passing: dict[str, None] = {}
_MOST_PASSING = 400
_longest_first: tuple[str, ...] = ()
"""All of them; of two that begin alike the longer one is masked."""


def register(*secrets: str | None, passing: bool = False) -> None:
    """Remember secret values and the forms in which they travel.

    Args:
        secrets: The values.
        passing: They are good for an hour or so (tokens, signatures); the oldest are forgotten in the end.
    """
    global _longest_first  # one registry per process is the point
    forms: set[str] = set()
    for secret in secrets:
        if secret and len(secret) >= _SHORTEST:
            encoded = base64.b64encode(secret.encode()).decode()
            forms |= {secret, quote(secret, safe=""), quote_plus(secret), encoded, encoded.rstrip("=")}
    with _lock:
        if forms <= _values or (passing and forms <= _passing.keys()):
            return
        if passing:
            _passing.update(dict.fromkeys(forms - _values))
            for oldest in list(_passing)[: max(0, len(_passing) - _MOST_PASSING)]:
                del _passing[oldest]
        else:
            _values.update(forms)
        _longest_first = tuple(sorted(_values.union(_passing), key=len, reverse=True))


def scrub(text: str) -> str:
    """`text` with every registered secret replaced by `[secret]`."""
    # Nearly every text holds none, and a pattern of all of them takes longer to compile than to look for each.
    present = [value for value in _longest_first if value in text]
    return re.sub("|".join(map(re.escape, present)), MASK, text) if present else text


def without_mailboxes(text: str) -> str:
    """A text with nothing but the domain of each address in it."""
    return " ".join("…" + word[word.rindex("@") :] if "@" in word else word for word in text.split(" "))


def place_of(error: Exception) -> str:
    """Kind and place of a fault of ours. Its text may quote a mail, and logs go to Prefect."""
    steps = [f"{Path(one.filename).name}:{one.lineno}" for one in traceback.extract_tb(error.__traceback__)[-5:]]
    return f"{type(error).__name__} at {' > '.join(steps)}"


_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_HALF = re.compile("[\ud800-\udfff]")


def one_line(text: str, limit: int = 2_000) -> str:
    """`text` fit for one log line, cut at `limit`.

    Control, escape and direction characters become visible, half characters (lone surrogates) are replaced.
    """
    safe = _CONTROL.sub(lambda match: f"\\x{ord(match.group()):02x}", text[: limit + 1])
    safe = _HALF.sub("\ufffd", safe)
    return safe if len(safe) <= limit else safe[:limit] + "…"


class SecretFilter(logging.Filter):
    """Render the record, drop registered secrets and make forged line breaks visible."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record pass; changes its text."""
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            text = str(record.msg)
        record.msg, record.args = one_line(scrub(text), 8_000), None
        if record.exc_info and record.exc_info[1] is not None:
            text = logging.Formatter().formatException(record.exc_info)
            record.exc_text, record.exc_info = _HALF.sub("\ufffd", scrub(text)), None
        return True


def guard_logging(*loggers: str) -> None:
    """Put a `SecretFilter` on every handler of the root logger and of the named loggers."""
    for name in ("", *loggers):
        for handler in logging.getLogger(name).handlers:
            if not any(isinstance(present, SecretFilter) for present in handler.filters):
                handler.addFilter(SecretFilter())
