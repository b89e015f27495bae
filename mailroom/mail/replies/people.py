"""People as mail programs write them into a body: in a header block's fields and in attribution lines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailroom.mail.model import MailAddress
from mailroom.mail.replies.languages import LANGUAGES

_MOST = 500
_LONGEST = 20_000
_ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~\-]{1,64}@[\w.\-]{1,190}")
_NOISE = re.compile(r"<mailto:[^>\s]{0,300}>|\[mailto:|mailto:", re.IGNORECASE)
_QUOTED_NAME = re.compile(r'["„«“]([^"„«“”»]{1,80})["”»]{1,2}$')
_ALONE = re.compile(r"\s{0,20}<?[^\s<>@,]{1,64}@")
_AROUND = " \t\xa0*,'\"<>[](\u202a\u200e\u2068"
_BEFORE_A_NAME = frozenset(
    {
        "heeft",
        "користувач",
        "odesílatel",
        "používateľ",
        "usuario",
        "uživatel",
        "użytkownik",
        "utilisateur",
        "пользователь",
        "by",
        "from",
        "von",
        "wiadomość",
        "missatge",
        "napisana",
        "przez",
        "de",
    }
) | {word for language in LANGUAGES for word in (*language.openers, *language.verbs)}

_BY = frozenset({"by", "from", "von", "de", "od", "da", "van", "от", "від"})
"""All that stands before an address without a name."""


def parse_people(value: str) -> tuple[MailAddress, ...]:
    """Addresses as written in bodies: `Name <a@b>`, `Name [mailto:a@b]`, `'a@b' <a@b>`, or names alone."""
    found: list[MailAddress] = []
    for piece in _pieces(_NOISE.sub("", value[:_LONGEST])):
        text = piece.strip(" \t,")
        if not text:
            continue
        # What stands in the last angle brackets is the address, however much the name looks like one.
        address = _ADDRESS.search(text, text.rfind("<") + 1) or _ADDRESS.search(text)
        if address is None:
            found.append(MailAddress("", text.strip("'\"<>[] "), text, valid=False))
        else:
            name = text[: address.start()].strip(_AROUND)
            found.append(MailAddress(address[0].lower().strip(".'"), name, text))
        if len(found) == _MOST:
            break
    return tuple(found)


def _pieces(value: str) -> Iterator[str]:
    """One piece per person: semicolons part them, and commas unless they stand in a name (`Lee, Kim <kim@b>`)."""
    for part in value.split(";"):
        start = 0
        address = part.find("@")
        for comma in re.finditer(",", part):
            if -1 < address < comma.start() or _ALONE.match(part, comma.end()):
                yield part[start : comma.start()]
                start = comma.end()
                address = part.find("@", start)
        yield part[start:]


def person_said(line: str) -> MailAddress:
    """Whom an attribution line names."""
    found = _ADDRESS.search(_NOISE.sub("", line))
    if found is None:
        return MailAddress("", valid=False)
    before = line[: line.find(found[0])].rstrip(' <("[”»\xa0')
    quoted = _QUOTED_NAME.search(before + '"')
    name = quoted[1] if quoted else re.split(r"[,;、，]|\d(?!\w)", before)[-1]
    words = name.strip(_AROUND).split()
    while words and words[0].casefold() in (_BEFORE_A_NAME if len(words) > 1 else _BY):
        del words[0]
    return MailAddress(found[0].lower(), " ".join(words), found[0])
