r"""Patterns that users write: RE2 where it can, otherwise an engine with a time limit; never one that can hang.

RE2 takes time in proportion to the text, but has no look-around and no back-references. Patterns that need those run
on `regex` with a timeout. That engine checks its clock seldom and overruns by up to three times, so it is given a
third of the budget. `\w`, `\b` and their like know ASCII only in RE2: on other text such patterns run on `regex` first,
and on RE2 if that takes too long, so that no sender can switch them off.
"""

from __future__ import annotations

import re
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import re2
import regex

from mailroom.errors import InvalidInputError

MAX_PATTERN = 4_096
"""Characters of a pattern."""
MAX_TEXT = 1 << 20
"""Characters of a text that a pattern sees."""
MAX_MATCHES = 2_000
BUDGET = 0.25
"""Seconds one pattern may take for one text."""
OVERRUN = 3
STRIKES = 3
"""Timeouts after which a pattern is switched off."""

_PYTHON_END = re.compile(r"(?<!\\)((?:\\\\)*)\\Z")
_ASCII_ONLY = re.compile(r"\\[wWbBdDsS]|\(\?[a-zA-Z]*i")
"""What means less in RE2 than people expect on text beyond ASCII."""
_RULE = re.compile(r"\s*([^:\n]{1,200}?)\s*:\s*(\S.*)\Z", re.DOTALL)


class UserPattern:
    """A compiled user pattern. Safe to share between threads."""

    def __init__(self, source: str, compiled: Any, *, linear: bool, beyond_ascii: Any = None) -> None:
        self.source = source
        self.linear = linear
        """Whether it runs on the linear-time engine."""
        self.timeouts = 0
        self._compiled = compiled
        self._beyond_ascii = beyond_ascii
        self._lock = threading.Lock()

    @property
    def disabled(self) -> bool:
        """Whether it took too long three times and finds nothing any more. Say so in the health of the source."""
        return self.timeouts >= STRIKES

    def findall(self, text: str, *, budget: float = BUDGET, limit: int = MAX_MATCHES) -> list[str]:
        """Everything the pattern matches.

        Args:
            text: Text; only the first `MAX_TEXT` characters are looked at.
            budget: Seconds it may take.
            limit: Most matches returned.

        Returns:
            For each match the first group that took part, or the whole match when the pattern has no groups; empty
            ones are left out. Nothing when the pattern is disabled or ran out of time.
        """
        if self.disabled:
            return []
        text = text[:MAX_TEXT]
        if self._beyond_ascii is not None and not text.isascii():
            try:
                return self._collected(self._timed(self._beyond_ascii, text, budget), limit, budget)
            except TimeoutError:
                pass
        try:
            return self._collected(self._matches(text, budget), limit, budget)
        except TimeoutError:
            self._strike()
            return []

    def _collected(self, matches: Any, limit: int, budget: float) -> list[str]:
        found: list[str] = []
        end = time.monotonic() + budget
        for match in matches:
            value = _value(match)
            if value:
                found.append(value)
            if len(found) >= limit or time.monotonic() > end:
                break
        return found

    def search(self, text: str, *, budget: float = BUDGET) -> bool:
        """Whether the pattern matches anywhere; False when disabled or out of time."""
        if self.disabled:
            return False
        text = text[:MAX_TEXT]
        if self._beyond_ascii is not None and not text.isascii():
            try:
                return next(self._timed(self._beyond_ascii, text, budget), None) is not None
            except TimeoutError:
                pass
        try:
            return next(iter(self._matches(text, budget)), None) is not None
        except TimeoutError:
            self._strike()
            return False

    def _matches(self, text: str, budget: float) -> Any:
        return self._compiled.finditer(text) if self.linear else self._timed(self._compiled, text, budget)

    @staticmethod
    def _timed(compiled: Any, text: str, budget: float) -> Any:
        return compiled.finditer(text, timeout=budget / OVERRUN)

    def _strike(self) -> None:
        with self._lock:
            self.timeouts += 1


def _value(match: Any) -> str:
    groups = match.groups()
    chosen = next((group for group in groups if group), None) if groups else match.group()
    return str(chosen) if chosen is not None else ""


def compile_user(pattern: str, *, ignore_case: bool = False) -> UserPattern:
    """Compile a pattern a user wrote.

    Args:
        pattern: In Python's or RE2's syntax; look-around and back-references are possible but slower.
        ignore_case: Whether upper and lower case are the same.

    Returns:
        The pattern, ready to use on any text.

    Raises:
        InvalidInputError: It is empty, too long, or not a regular expression; the message says why.
    """
    if not pattern:
        raise InvalidInputError("the regular expression is empty; write what is to be found")
    if len(pattern) > MAX_PATTERN:
        raise InvalidInputError(
            f"the regular expression has {len(pattern)} characters, at most {MAX_PATTERN} are allowed; split it"
        )
    other, complaint = _timed_engine(pattern, ignore_case=ignore_case)
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not ignore_case
    options.max_mem = 8 << 20
    try:
        linear = re2.compile(_PYTHON_END.sub(r"\1\\z", pattern), options)
    except (re2.error, UnicodeError):
        if other is None:
            raise InvalidInputError(f"not a regular expression: {complaint}; correct {_shortened(pattern)}") from None
        return UserPattern(pattern, other, linear=False)
    return UserPattern(pattern, linear, linear=True, beyond_ascii=other if _ASCII_ONLY.search(pattern) else None)


def _timed_engine(pattern: str, *, ignore_case: bool) -> tuple[Any, str]:
    """The pattern for `regex`, or None and why not."""
    try:
        flags = regex.VERSION0 | (regex.IGNORECASE if ignore_case else 0)
        return regex.compile(pattern, flags, cache_pattern=False), ""
    except (regex.error, ValueError, OverflowError, RecursionError, MemoryError) as error:
        return None, str(error)


def _shortened(pattern: str) -> str:
    return repr(pattern if len(pattern) <= 60 else pattern[:57] + "...")


@dataclass(frozen=True, slots=True)
class NamedRegex:
    """One rule of a dynamic list: what is found goes into the event under `name`."""

    name: str
    pattern: UserPattern = field(repr=False)

    def findall(self, text: str) -> list[str]:
        """Values in the order of the text, each once."""
        return list(dict.fromkeys(self.pattern.findall(text)))


def parse_rules(rules: str | list[str]) -> list[NamedRegex]:
    """Read the rules of a dynamic list: one per line, `display name: regular expression`.

    Args:
        rules: The text of the list, or its lines. Empty lines and lines beginning with `#` are skipped.

    Returns:
        The rules in order.

    Raises:
        InvalidInputError: A line without a colon, a name twice, or a pattern that cannot be compiled; the message
            names the line.
    """
    found: dict[str, NamedRegex] = {}
    for number, line in enumerate(rules.splitlines() if isinstance(rules, str) else rules, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _RULE.match(line.rstrip("\r\n"))
        if match is None:
            raise InvalidInputError(f"rule {number} is not `display name: regular expression`: {_shortened(line)}")
        name, pattern = match[1], match[2]
        if name in found:
            raise InvalidInputError(f"rule {number} has the name {name!r} a second time; give it another")
        try:
            found[name] = NamedRegex(name, compile_user(pattern))
        except InvalidInputError as error:
            raise InvalidInputError(f"rule {number} ({name}): {error}") from error
    return list(found.values())
