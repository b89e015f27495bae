"""The folders of an account, and how a name as people write it becomes the server's name."""

from __future__ import annotations

import difflib
import logging
import unicodedata
from collections.abc import Sequence

from imapclient import imap_utf7

from mailroom.errors import InvalidInputError, NotFoundError, ResponseError
from mailroom.mail.imap.answers import Reply, Untagged
from mailroom.mail.imap.folder_names import ALIASES, SPECIAL, XLIST_USE
from mailroom.mail.imap.results import Folder
from mailroom.mail.imap.tokens import tokens
from mailroom.mail.imap.wire import Wire

log = logging.getLogger(__name__)

_USES = {use.lower(): use for use in (*SPECIAL, "\\Flagged", "\\Important")}
_LONGEST = 1_000


def encode_name(name: str) -> bytes:
    """A folder name as it goes over the wire (modified UTF-7).

    Raises:
        InvalidInputError: Empty, too long, or with control characters.
    """
    if not isinstance(name, str) or not name:
        raise InvalidInputError("the folder name is empty; write one, such as INBOX")
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name) or len(name) > _LONGEST:
        raise InvalidInputError("the folder name has control characters in it or is too long")
    return bytes(imap_utf7.encode(name))


def decode_name(raw: bytes) -> str:
    """A folder name as people read it; names that follow no rule come out readable all the same."""
    if not raw.isascii():
        return raw.decode("utf-8", "replace")
    try:
        name = str(imap_utf7.decode(raw))
    except (ValueError, LookupError):
        return raw.decode("ascii")
    return name if not any("\ud800" <= character <= "\udfff" for character in name) else raw.decode("ascii")


class FolderList:
    """What LIST and NAMESPACE said, for one session."""

    def __init__(self, folders: Sequence[Folder], raw_names: dict[str, bytes], prefix: str) -> None:
        self.folders = list(folders)
        self.raw_names = raw_names
        """Wire names that our own encoding would not give back."""
        self.prefix = prefix
        """Of the personal namespace, such as `INBOX.`."""

    @classmethod
    def ask(cls, wire: Wire) -> FolderList:
        """LIST everything, with special use where the server tells it.

        Raises:
            MailroomError: The server refused.
        """
        offered = wire.capabilities
        extended = "SPECIAL-USE" in offered and "LIST-EXTENDED" in offered
        kind = "XLIST" if "XLIST" in offered and "SPECIAL-USE" not in offered else "LIST"
        reply = wire.attempt(kind, b"", b"*", *(["RETURN", "(", "SPECIAL-USE", ")"] if extended else []))
        if reply.status.kind != "OK":
            kind, reply = "LIST", wire.command("LIST", b"", b"*")
        folders: dict[str, Folder] = {}
        raw_names: dict[str, bytes] = {}
        for answer in reply.of(kind):
            try:
                folder, raw = _folder(answer)
            except ResponseError as error:
                log.warning("%s: a folder is left out: %s", wire.where, error)
                continue
            folders.setdefault(folder.name, folder)
            if raw != imap_utf7.encode(folder.name):
                raw_names.setdefault(folder.name, raw)
        prefix = _personal_prefix(wire.attempt("NAMESPACE")) if "NAMESPACE" in offered else ""
        return cls(list(folders.values()), raw_names, prefix)

    def wire_name(self, name: str) -> bytes:
        """The bytes to send for a folder of this list, or for a new one."""
        return self.raw_names.get(name) or encode_name(name)

    def special(self, use: str) -> Folder | None:
        """The folder with a special use: as the server says, else by its name."""
        for folder in self.folders:
            if folder.special_use == use and folder.selectable:
                return folder
        by_name = {self._bare(folder).casefold(): folder for folder in reversed(self.folders) if folder.selectable}
        return next((by_name[n.casefold()] for n in SPECIAL.get(use, ()) if n.casefold() in by_name), None)

    def resolve(self, name: str) -> str:
        """The server's name for what somebody wrote.

        In this order: INBOX in any case; the exact name; the name below the personal namespace, levels written with
        `/`; the same ignoring case, if only one fits; a special folder by one of its usual names.

        Raises:
            InvalidInputError: The name cannot be one.
            NotFoundError: Nothing fits; the message lists near names.
        """
        encode_name(name)
        wanted = unicodedata.normalize("NFC", name.strip()) or name
        if wanted.upper() == "INBOX":
            return "INBOX"
        there = {folder.name: folder for folder in self.folders if folder.selectable}
        for candidate in self._candidates(wanted):
            if candidate in there:
                return candidate
            alike = [n for n in there if _fold(n) == _fold(candidate)]
            if len(alike) == 1:
                return alike[0]
            if len(alike) > 1:
                raise NotFoundError(f"folder {name!r} is ambiguous: write exactly one of {', '.join(sorted(alike))}")
        use = ALIASES.get(wanted.casefold()) or _USES.get(wanted.lower())
        if use and (folder := self.special(use)):
            return folder.name
        near = difflib.get_close_matches(wanted, list(there), n=5, cutoff=0.5) or sorted(there)[:10]
        raise NotFoundError(f"there is no folder {name!r}; near or possible: {', '.join(near) or 'none at all'}")

    def _candidates(self, wanted: str) -> list[str]:
        found = [wanted]
        delimiter = next((folder.delimiter for folder in self.folders if folder.delimiter), "/")
        found += [wanted.replace(w, delimiter) for w in ("/", ".") if delimiter and w != delimiter and w in wanted]
        if self.prefix:
            found += [self.prefix + each for each in list(found) if not each.startswith(self.prefix)]
        return list(dict.fromkeys(found))

    def _bare(self, folder: Folder) -> str:
        """A name without namespace prefix or the levels above."""
        name = folder.name.removeprefix(self.prefix) if self.prefix else folder.name
        if folder.delimiter and name.startswith(("[Gmail]", "[Google Mail]", "INBOX" + folder.delimiter)):
            return name.partition(folder.delimiter)[2]
        return name


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold()


def _folder(answer: Untagged) -> tuple[Folder, bytes]:
    found = tokens(answer.pieces)
    if len(found) < 3 or not isinstance(found[0], list):
        raise ResponseError("the server's list of folders has a line that is none")
    attributes = tuple(a.decode("ascii", "replace") for a in found[0] if isinstance(a, bytes))
    delimiter = found[1].decode("utf-8", "replace") if isinstance(found[1], bytes) else ""
    raw = found[2] if isinstance(found[2], bytes) else b"NIL"
    lower = [XLIST_USE.get(attribute.lower(), attribute).lower() for attribute in attributes]
    use = next((_USES[attribute] for attribute in lower if attribute in _USES), "")
    name = "INBOX" if raw.upper() == b"INBOX" else decode_name(raw)
    return Folder(name, attributes, delimiter, use), b"INBOX" if name == "INBOX" else raw


def _personal_prefix(reply: Reply) -> str:
    for answer in reply.of("NAMESPACE"):
        try:
            found = tokens(answer.pieces)
        except ResponseError:
            return ""
        personal = found[0] if found else None
        first = personal[0] if isinstance(personal, list) and personal else None
        prefix = first[0] if isinstance(first, list) and first else None
        return decode_name(prefix) if isinstance(prefix, bytes) else ""
    return ""
