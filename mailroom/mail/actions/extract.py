"""Email Body Regex and Email Header Regex: values by the user's own expression, or by a name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.indicators import NAMED, UserPattern, compile_user, from_html, named, parse_rules
from mailroom.mail.html_text import html_to_text
from mailroom.mail.model import Mail

_MOST = 2_000
"""Values per expression."""
_FILENAMES = "Email Attachments Filename"


@dataclass(frozen=True, slots=True)
class Extracted:
    """What was found: name of the expression -> values, each once, in the order of the mail."""

    matches: dict[str, list[str]]
    timed_out: tuple[str, ...] = ()
    """Expressions that took too long on this mail; they may have missed something."""

    @property
    def is_found(self) -> bool:
        """Anything was found."""
        return any(self.matches.values())

    def as_json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {"is_found": self.is_found, "matches": self.matches, "timed_out": list(self.timed_out)}


@dataclass(frozen=True, slots=True)
class Expressions:
    """Compiled expressions: those of the user by display name, and names of the catalogue."""

    own: tuple[tuple[str, UserPattern], ...] = ()
    names: tuple[str, ...] = ()


def expressions(
    regex: str = "", *, names: Iterable[str] = (), rules: str = "", ignore_case: bool = False
) -> Expressions:
    """Compile what a form holds.

    Args:
        regex: One regular expression.
        names: Named expressions such as `URL` or `Visa Card`, however written.
        rules: Lines `display name: regular expression`.
        ignore_case: Upper and lower case are the same in `regex`.

    Raises:
        InvalidInputError: nothing is given, a name is unknown, or an expression cannot be compiled.
    """
    own = [("regex", compile_user(regex, ignore_case=ignore_case))] if regex else []
    own += [(rule.name, rule.pattern) for rule in parse_rules(rules)] if rules.strip() else []
    known: list[str] = []
    for name in names:
        pattern = named(name)
        if pattern is None:
            raise InvalidInputError(f"there is no expression named {name[:60]!r}; known are {', '.join(NAMED)}")
        known.append(pattern.name)
    if not own and not known:
        raise InvalidInputError("write a regular expression, or choose a named one such as URL")
    return Expressions(tuple(own), tuple(dict.fromkeys(known)))


def body_regex(mail: Mail, wanted: Expressions) -> Extracted:
    """Values in the body: its text, what the HTML shows, and for named expressions where links lead to."""
    shown = html_to_text(mail.html) if mail.html else ""
    texts = [text for text in dict.fromkeys((mail.text, shown)) if text]
    links = "\n".join(one.value for one in from_html(mail.html) if one.kind == "url") if mail.html else ""
    return _extract(wanted, texts, [*texts, links] if links else texts)


def header_regex(mail: Mail, wanted: Expressions, header: str = "") -> Extracted:
    """Values in the header: of every field of that name, or of all fields, one `Name: value` per line.

    Names of attachments stand in the headers of the mail's parts, so `Email Attachments Filename` looks there as well.
    """
    if header.strip():
        lines = list(mail.header_all(header.strip().rstrip(":")))
    else:
        lines = [f"{name}: {value}" for name, value in mail.headers]
    text = "\n".join(" ".join(line.split()) for line in lines)
    parts = "" if header.strip() else "\n".join(f'filename="{_unquoted(one.name)}"' for one in mail.attachments)
    return _extract(wanted, [text] if text else [], [text] if text else [], parts=parts)


def _unquoted(name: str) -> str:
    return name.replace('"', "'")


def _extract(wanted: Expressions, own_texts: list[str], named_texts: list[str], *, parts: str = "") -> Extracted:
    matches: dict[str, list[str]] = {}
    timed_out: list[str] = []
    for name, pattern in wanted.own:
        before = pattern.timeouts
        found = [value for text in own_texts for value in pattern.findall(text)]
        matches[name] = list(dict.fromkeys(found))[:_MOST]
        if pattern.timeouts > before:
            timed_out.append(name)
    for name in wanted.names:
        texts = [*named_texts, parts] if name == _FILENAMES and parts else named_texts
        found = [value for text in texts for value in NAMED[name].findall(text)]
        matches.setdefault(name, []).extend(list(dict.fromkeys(found))[:_MOST])
    return Extracted(matches, tuple(timed_out))
