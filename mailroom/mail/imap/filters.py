"""Which mails are wanted: OR inside a field, AND across fields, any hit of a NOT field excludes.

The server is asked for a superset (`server_part`); `matches` decides, on decoded text, alike on every server.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import partial

import idna

from mailroom.errors import InvalidInputError
from mailroom.mail.imap.criterion import And, Criterion, Or
from mailroom.mail.imap.search_keys import Body, From, Header, Subject, To, checked_text
from mailroom.mail.model import Mail, MailAddress

HeaderFilter = tuple[str, tuple[str, ...]]
_ESCAPED = re.compile(r"\\([,\\])")
_SPLIT = re.compile(r"(?:[^,\\]|\\.|\\\Z)+")
_ASCII_WORD = re.compile(r"[!-~]{2,}|(?<![^ ])[!-~](?![^ ])")
_SPACES = re.compile(r"\s+")
_MOST_ASKED = 50
"""Values of one field the server is asked about; with more the field is left to `matches`."""


def parse_list(text: str) -> tuple[str, ...]:
    r"""`a, b\, c` as `("a", "b, c")`: commas separate, a backslash keeps one; outer blanks and empty values go."""
    values = (_ESCAPED.sub(r"\1", part.group()).strip() for part in _SPLIT.finditer(text))
    return tuple(value for value in values if value)


def folded(text: str) -> str:
    """Text for comparing: compatible forms and case made one, runs of white space one blank."""
    return _SPACES.sub(" ", unicodedata.normalize("NFKC", text).casefold()).strip()


@dataclass(frozen=True)
class MailFilters:
    """The pre-filters of a mailbox; empty ones let everything pass.

    An address value is an address (`a@example.com`), a whole domain (`example.com` or `@example.com`, no sub-domains
    and no look-alikes), or else part of a name or address (`alice`). A header filter is a name and values; without
    values the header only has to be there.
    """

    from_: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    subject: tuple[str, ...] = ()
    body: tuple[str, ...] = ()
    """Text of the mail or the name of an attachment."""
    header: HeaderFilter | None = None
    not_from: tuple[str, ...] = ()
    not_to: tuple[str, ...] = ()
    not_subject: tuple[str, ...] = ()
    not_body: tuple[str, ...] = ()
    not_header: HeaderFilter | None = None

    def __post_init__(self) -> None:
        for each in fields(self):
            value = getattr(self, each.name)
            if each.name.endswith("header"):
                if value is not None:
                    Header(value[0])
                    self._check(value[1], each.name)
            else:
                self._check(value, each.name)

    @staticmethod
    def _check(values: object, what: str) -> None:
        if isinstance(values, str) or not isinstance(values, Iterable):
            raise InvalidInputError(f"filter {what}: expected a tuple of texts, for example from parse_list('a, b')")
        for value in values:
            checked_text(value, f"filter {what}")

    def server_part(self, *, ask_text: bool = True, ask_body: bool = False) -> Criterion | None:
        """What the server can be asked so that nothing wanted is missing; None is everything.

        NOT fields stay out: the server matches parts of words, so it would exclude look-alikes that are wanted.

        Args:
            ask_text: False for servers that search whole words only (Gmail) or US-ASCII only (Exchange).
            ask_body: True only for servers known to find decoded text and attachment names alike.
        """
        if not ask_text:
            return None
        parts: list[Criterion] = []
        for values, key in ((self.from_, From), (self.to, To), (self.subject, Subject)):
            if values and (part := _any_of(values, key)) is not None:
                parts.append(part)
        if self.body and ask_body and len(self.body) <= _MOST_ASKED:
            parts.append(_any(Body(value) for value in self.body))
        if self.header is not None:
            name, values = self.header
            asked = [_asked(partial(Header, name), value) for value in values]
            told = [one for one in asked if one is not None]
            fits = values and len(told) == len(values) <= _MOST_ASKED
            parts.append(_any(told) if fits else Header(name))
        return And(*parts) if parts else None

    def matches(self, mail: Mail) -> bool:
        """Whether this mail is wanted."""
        body = _lazy(lambda: _body_texts(mail))
        subject = _lazy(lambda: (folded(mail.subject),))
        wanted = (
            (self.from_, lambda value: _address_hit(value, (*mail.from_, *mail.sender[: 0 if mail.from_ else None]))),
            (self.to, lambda value: _address_hit(value, mail.to)),
            (self.subject, lambda value: _text_hit(value, subject())),
            (self.body, lambda value: _text_hit(value, body())),
        )
        unwanted = (
            (self.not_from, lambda value: _address_hit(value, (*mail.from_, *mail.sender))),
            (self.not_to, lambda value: _address_hit(value, mail.to)),
            (self.not_subject, lambda value: _text_hit(value, subject())),
            (self.not_body, lambda value: _text_hit(value, body())),
        )
        return (
            all(not values or any(map(hit, values)) for values, hit in wanted)
            and (self.header is None or _header_hit(self.header, mail))
            and not any(any(map(hit, values)) for values, hit in unwanted)
            and not (self.not_header is not None and _header_hit(self.not_header, mail))
        )


def _any(criteria: Iterable[Criterion]) -> Criterion:
    found = tuple(criteria)
    return found[0] if len(found) == 1 else Or(*found)


def _any_of(values: tuple[str, ...], key: type[From] | type[To] | type[Subject]) -> Criterion | None:
    """The server's part of one field; None when one of the values cannot be put to a server."""
    asked = [_asked(key, value if key is Subject else _server_words(value)) for value in values]
    told = [one for one in asked if one is not None]
    return None if len(told) < len(asked) or len(told) > _MOST_ASKED else _any(told)


def _asked(key: Callable[[str], Criterion], value: str) -> Criterion | None:
    """The ASCII words of a value, all of them wanted; None when there is none to ask for.

    Servers need not fold the case of other letters, and they take white space and composed letters as they stand.
    """
    words = _ASCII_WORD.findall(unicodedata.normalize("NFKC", value))
    return And(*map(key, words)) if len(words) > 1 else key(words[0]) if words else None


def _server_words(value: str) -> str:
    """A substring of every header that `matches` an address value; empty when there is none to rely on."""
    local, at, domain = value.strip().strip("<>").rpartition("@")
    # A local part may be quoted in the header, and a domain may be written in either form of IDNA.
    return "" if (at or _is_domain(domain)) and (not domain.isascii() or "xn--" in domain.lower()) else domain or local


def _lazy(make: Callable[[], tuple[str, ...]]) -> Callable[[], tuple[str, ...]]:
    made: list[tuple[str, ...]] = []

    def get() -> tuple[str, ...]:
        if not made:
            made.append(make())
        return made[0]

    return get


def _body_texts(mail: Mail) -> tuple[str, ...]:
    names = [name for part in mail.attachments for name in (part.name, *part.original_names)]
    return tuple(folded(text) for text in (mail.text, _shown(mail.html), *names) if text)


def _shown(html: str) -> str:
    if not html:
        return ""
    from mailroom.mail.html_text import html_to_text  # late: most filters never look at HTML

    return html_to_text(html)


def _text_hit(value: str, texts: Iterable[str]) -> bool:
    wanted = folded(value)
    return any(wanted in text for text in texts)


def _header_hit(wanted: HeaderFilter, mail: Mail) -> bool:
    name, values = wanted
    there = mail.header_all(name)
    return bool(there) and (not values or any(_text_hit(value, map(folded, there)) for value in values))


def _address_hit(value: str, addresses: Iterable[MailAddress]) -> bool:
    wanted = folded(value).strip("<>")
    local, at, domain = wanted.rpartition("@")
    if at and local:
        full = f"{local}@{_ascii_domain(domain)}"
        return any(address.address == full for address in addresses)
    if at or _is_domain(wanted):
        ascii_domain = _ascii_domain(domain)
        return any(address.domain == ascii_domain for address in addresses)
    return any(wanted in folded(text) for each in addresses for text in (each.name, each.address, each.raw))


def _is_domain(text: str) -> bool:
    return "." in text.strip(".") and " " not in text


def _ascii_domain(domain: str) -> str:
    try:
        return idna.encode(domain.rstrip("."), uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError):
        return domain.rstrip(".")
