"""Address headers in one pass: quotes, comments, angles, groups, and everything senders do instead of them.

Encoded words are decoded after splitting, so that a comma inside a name splits nothing. Where a header can be read in
more than one way, every address in it is kept and the disagreement is flagged.
"""

from __future__ import annotations

import re
from functools import lru_cache

import idna

from mailroom.mail.model import MailAddress
from mailroom.mail.parse.address_pieces import QUOTED, Piece, pieces
from mailroom.mail.parse.header_text import decode_header, raw_text
from mailroom.mail.parse.remembering import remembering

_USUAL = re.compile(r'(?:"([^"\\<>]*)"\s*|([^"\\<>(),;:@\[\]]*))<([A-Za-z0-9._+=/-]{1,64}@[A-Za-z0-9.-]{1,253})>\s*')
_BARE = re.compile(r"\s*([A-Za-z0-9._+=/-]{1,64}@[A-Za-z0-9.-]{1,253})\s*")
_NOT_SIMPLE = re.compile(r'["\\(:;\x00-\x1f]')
_COMMENT = re.compile(r"\([^()]{0,500}\)")
_NESTED = 3
"""Levels of comments that are looked for inside angle brackets."""
_UNESCAPE = re.compile(r"\\(.)", re.DOTALL)
_ESCAPED = re.compile(r'\\(["()])')
_QUOTED_LOCAL = re.compile(r'\s*("(?:[^"\\]|\\.)*"@[^\s<>"]+)\s*', re.DOTALL)
_SPACED = re.compile(r" ?([.@]) ?")
_ADDRESS_LIKE = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_EMPTY_GROUP = re.compile(r"[^@:]{0,100}:\s*;[\s;]*")
"""`Undisclosed recipients:;` in angle brackets."""
_BLANKS = re.compile(r"[ \t]{2,}|\t")
_GAP = re.compile(r"\s[.@]|@\s")


_SHORT = 200
"""Characters of a header that is remembered: most mails of a mailbox go to the same few people."""


def read_addresses(value: str, *, limit: int = 2_000, author: bool = False, hint: str = "") -> tuple[MailAddress, ...]:
    """Every address of a header.

    Args:
        value: The raw value, unfolded, one character per octet.
        limit: Addresses after this number are dropped.
        author: A From, Sender or Reply-To: when one entry holds several addresses, the one that mail programs
            show (the last in angle brackets) comes first.
        hint: Charset of raw octets that are not UTF-8.
    """
    if len(value) <= _SHORT <= limit:  # so it holds fewer addresses than the limit
        return remembered_addresses(value, author, hint)
    return _read(value, limit, author=author, hint=hint)


@lru_cache(maxsize=4096)
def remembered_addresses(value: str, author: bool, hint: str) -> tuple[MailAddress, ...]:
    """As `read_addresses`, for a header of at most 200 characters."""
    return _read(value, _SHORT, author=author, hint=hint)


def _read(value: str, limit: int, *, author: bool, hint: str) -> tuple[MailAddress, ...]:
    if usual := _USUAL.fullmatch(value):
        quoted, plain, address = usual.groups()
        if value.isascii() and value.isprintable() and "=?" not in value:
            return (_plain(address, quoted if quoted is not None else plain, value.strip()),)
    elif bare := _BARE.fullmatch(value):
        return (_plain(bare.group(1), "", value.strip()),)
    elif "," in value and (simple := _simple_list(value)) is not None:
        return tuple(simple[:limit])
    found: list[MailAddress] = []
    for piece, end in pieces(value):
        if len(found) >= limit:
            break
        found += _read_piece(piece, value[piece.start : end].strip(" \t,;"), author=author, hint=hint)
    if not any(entry.address for entry in found) and "=?" in value:
        decoded = decode_header(value, hint)
        if "=?" not in decoded and _ADDRESS_LIKE.search(decoded):
            hidden = read_addresses(decoded.encode("utf-8").decode("latin-1"), limit=limit, author=author, hint=hint)
            return tuple(_flagged(entry, "address_in_encoded_word") for entry in hidden)
    return tuple(found[:limit])


def _plain(address: str, name: str, raw: str) -> MailAddress:
    address = address.lower()
    name = name.strip(" \t")
    if name[:1] == "'":
        name = _unquoted(name)
    if "  " in name or "\t" in name:
        name = _BLANKS.sub(" ", name)
    if "@" in name or "xn--" in address or address.endswith("."):
        return _make(address, name, raw)
    return MailAddress(address, name, raw)


def _simple_list(value: str) -> list[MailAddress] | None:
    """Addresses of a list in which a comma can only be a separator; None when it is not that simple."""
    if not value.isascii() or "=?" in value or _NOT_SIMPLE.search(value):
        return None
    found: list[MailAddress] = []
    for entry in value.split(","):
        one = _simple(entry) if len(entry) <= _SHORT else None
        if one is not None:
            found.append(one)
        elif entry.strip():
            return None
    return found


@lru_cache(maxsize=4096)
def _simple(entry: str) -> MailAddress | None:
    if bare := _BARE.fullmatch(entry):
        return _plain(bare.group(1), "", entry.strip())
    if usual := _USUAL.fullmatch(entry):
        return _plain(usual.group(3), usual.group(2), entry.strip())
    return None


def _read_piece(piece: Piece, raw: str, *, author: bool, hint: str) -> list[MailAddress]:
    raw = raw_text(raw, hint)
    if not piece.angles:
        return _without_angle(piece, raw, author=author, hint=hint)
    entries: list[MailAddress] = []
    done = 0
    for content, before in piece.angles:
        name = _name("".join(piece.outside[done:before]) if piece.words else "", hint)
        if not name and len(piece.angles) == 1:
            name = _name("".join(piece.comments) or "".join(piece.outside[before:]), hint)
        done = before
        if _EMPTY_GROUP.fullmatch(content):
            if author and name:
                entries.append(MailAddress("", name, raw, valid=False))
            continue
        entries.append(_make(_angle_content(content), name, raw))
    return entries if len(entries) == 1 else _several(entries, raw, author=author)


def _several(entries: list[MailAddress], raw: str, *, author: bool) -> list[MailAddress]:
    """Addresses between two separators, where one should stand. Of an author, the last one is shown: it comes first."""
    entries = [_flagged(entry, "several_addresses") for entry in entries if entry.address]
    if author and entries:
        last = entries.pop()
        if not last.name and entries:
            last = _flagged(_make(last.address, entries[0].name, raw), "several_addresses")
        entries.insert(0, last)
    return entries


def _angle_content(content: str) -> str:
    if "<" in content and not content.startswith('"'):
        content = content.rpartition("<")[2]
    for _ in range(_NESTED):
        if "(" not in content or content[:3].lower() == "/o=":  # a name of Exchange holds parentheses of its own
            break
        content = _COMMENT.sub("", content)
    content = content.strip()
    if " " in content and not content.startswith('"'):
        content = _closed_up(content)
    if content[:7].lower() == "mailto:":
        content = content[7:]
    if content.startswith(("@", ",")) and ":" in content:  # a source route
        content = content.rpartition(":")[2]
    return content


def _without_angle(piece: Piece, raw: str, *, author: bool, hint: str) -> list[MailAddress]:
    stripped = "".join(" " if at in piece.in_name else text for at, text in enumerate(piece.outside)).strip()
    if stripped.startswith("[") and stripped.endswith("]"):
        stripped = stripped[1:-1]
    if stripped[:7].lower() == "mailto:":
        stripped = stripped[7:]
    if _GAP.search(stripped):
        stripped = _closed_up(stripped)
    comment_name = _name(" ".join(piece.comments), hint)
    tokens = stripped.split() if "@" in stripped else []
    if len(tokens) > 1 and len(set(tokens)) > 1 and all(map(_ADDRESS_LIKE.fullmatch, tokens)):
        return _several([_make(token, "", raw) for token in dict.fromkeys(tokens)], raw, author=author)
    return [_only(stripped, tokens, piece, comment_name, raw, hint)]


def _only(stripped: str, tokens: list[str], piece: Piece, comment_name: str, raw: str, hint: str) -> MailAddress:
    """The one entry in a piece without angle brackets."""
    if quoted_local := _QUOTED_LOCAL.fullmatch(stripped):
        return _make(quoted_local.group(1), comment_name, raw)
    if tokens:
        address = next((token for token in reversed(tokens) if "@" in token[1:-1]), "")
        if not address:
            return _make(stripped, comment_name, raw)
        rest = " ".join(token for token in tokens if token is not address)
        return _make(_bare(address), _name(rest, hint) or comment_name, raw)
    if not any(character.isalnum() for character in stripped):
        return MailAddress("", comment_name, raw, valid=False)
    if hidden := _ADDRESS_LIKE.search(" ".join(piece.comments)):  # `"John Doe" (john@example.com)`
        return _make(hidden.group(), _name(stripped, hint), raw)
    if " " not in stripped and not piece.quoted and "=?" not in stripped:
        return _make(stripped, comment_name, raw)
    return MailAddress("", _name(stripped, hint) or comment_name, raw, valid=False)


def _closed_up(text: str) -> str:
    """`ann @ example . com` without its blanks. They are made single first: long runs of them cost no more."""
    return _SPACED.sub(r"\1", " ".join(text.split()))


def _bare(token: str) -> str:
    """An address without the brackets and quotes around it; a domain in brackets stays."""
    token = token.strip("\"'<>")
    for opening, closing in ("[]", "()"):
        if token.startswith(opening):
            token = token[1:].removesuffix(closing)
    return token[7:] if token[:7].lower() == "mailto:" else token


@remembering(4096, longest=_SHORT)
def _name(text: str, hint: str) -> str:
    """A display name: quotes undone, encoded words decoded."""
    text = text.strip(" \t\r\n>")
    if not text:
        return ""
    if '"' in text:
        text = QUOTED.sub(lambda match: _UNESCAPE.sub(r"\1", match.group(1)), text)
    if "\\" in text:
        text = _ESCAPED.sub(r"\1", text)
    if "  " in text or "\t" in text:
        text = _BLANKS.sub(" ", text)
    name = decode_header(text, hint).lstrip(", \t").rstrip()  # some programs encode even the comma between addresses
    return _unquoted(name)


def _unquoted(name: str) -> str:
    """A name without the quotes around it; `'A' or 'B'` has none around it, `"Ann "Mr" Lee"` has."""
    while name and name[0] in "\"'" and name[0] == name[-1]:
        inner = name[1:-1]
        between, another, _ = inner.partition(name[0])
        if another and not inner[0] == inner[-1] == name[0] and not between.endswith(" "):
            break
        name = inner.strip()
    return name


def _make(written: str, name: str, raw: str) -> MailAddress:
    written = raw_text(written)
    if "=?" in written:
        written = decode_header(written)
    written = written.strip().strip("'") if not written.startswith('"') else written.strip()
    if not written:
        return MailAddress("", name, raw, valid=False)
    local, at, domain = written.rpartition("@")
    if not at:
        return MailAddress(written.lower(), name, raw, valid=False)
    domain = ascii_domain(domain.strip())
    local = local.strip()
    address = f"{local.lower()}@{domain}"
    quoted = local.startswith('"') and local.endswith('"') and len(local) > 1
    valid = bool(local and domain) and not any(c in domain for c in " \t,;<>\"'()/")
    valid = valid and (quoted or not any(c in local for c in ' \t@<>",;()'))
    flags = ["display_contains_other_address"] if "@" in name and _names_other(name, address) else []
    if not address.isascii():
        flags.append("non_ascii")
    if "xn--" in domain:
        flags.append("idn")
    return MailAddress(address, name, raw, valid=valid, flags=tuple(flags))


def _names_other(name: str, address: str) -> bool:
    return any(found.lower() != address for found in _ADDRESS_LIKE.findall(name))


def _flagged(entry: MailAddress, flag: str) -> MailAddress:
    if flag in entry.flags:
        return entry
    return MailAddress(entry.address, entry.name, entry.raw, entry.valid, (*entry.flags, flag))


@remembering(4096, longest=_SHORT)
def ascii_domain(domain: str) -> str:
    """The domain as DNS knows it: lower case, IDNA, no dot at the end; as written when that is impossible."""
    domain = domain.lower().rstrip(".")
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii")
    except (idna.IDNAError, UnicodeError, ValueError):
        return domain
