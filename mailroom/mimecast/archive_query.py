"""An archive query: from a person's wishes to XML, written by a library and never by hand.

Mimecast matches loosely: words anywhere, subdomains included, and whatever it does not know is ignored, which finds
more and not less. So wishes are checked here, before anything is asked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from xml.etree import ElementTree
from xml.etree.ElementTree import SubElement

from mailroom.errors import InvalidInputError
from mailroom.mimecast.archive_terms import DOCUMENTS, RETURN_FIELDS
from mailroom.mimecast.archive_xml import QueryWarning, check_xml, read_query

__all__ = ["ArchiveQuery", "QueryWarning", "check_xml", "read_query"]

DECLARATION = '<?xml version="1.0"?>'
PAGE_SIZE = 100

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML document may contain, in whatever form."""
_OPERATORS = re.compile(r"(?i)(?:^|\s)(?:or|and|not)(?=\s|$)|\b(?:subject|body|from|to)\s*:")
_LONGEST_TEXT, _LONGEST_ADDRESS, _MOST_ADDRESSES, _MOST_QUERIES = 1_000, 320, 100, 100


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveQuery:
    """What to look for in the archive. Everything given must fit; of several senders or recipients any one.

    Raises:
        InvalidInputError: A field that no row can have, an unusable address, a text too long, start after end.
    """

    fields: tuple[str, ...] = RETURN_FIELDS
    """Fields of a result row. `id` is always asked for as well: without it no row could be told from another."""
    mailboxes: tuple[str, ...] = ()
    """Addresses whose mailboxes are searched; none: the whole archive."""
    include_aliases: bool = True
    sender: tuple[str, ...] = ()
    """Addresses or domains, in envelope or header; a domain includes its subdomains."""
    recipient: tuple[str, ...] = ()
    subject: str = ""
    """Words of the subject; matched loosely, and `or` between words means alternatives."""
    text: str = ""
    """Words anywhere, or with the prefixes `subject:`, `body:`, `from:`, `to:`."""
    start: datetime | None = None
    """Earliest time, aware."""
    end: datetime | None = None
    """Latest time, aware."""
    documents: str = "optional"
    """Which attachments there must be: one of `DOCUMENTS`."""
    document_text: str = ""
    """Words inside attachments."""
    not_yet_indexed: bool = False
    """Also mail that was accepted and is not indexed yet."""

    def __post_init__(self) -> None:
        if wrong := [name for name in self.fields if name not in RETURN_FIELDS]:
            raise InvalidInputError(
                f'"Fields To Return": {", ".join(repr(name[:40]) for name in wrong[:10])} is not known; choose from '
                f"{', '.join(RETURN_FIELDS)}"
            )
        for name, addresses in (("Mailboxes", self.mailboxes), ("From", self.sender), ("To", self.recipient)):
            _check_addresses(name, addresses, domains=name != "Mailboxes")
        pairs = max(1, len(set(self.sender))) * max(1, len(set(self.recipient)))
        if pairs > _MOST_QUERIES:
            msg = f'"From" and "To" make {pairs} searches, one per pair; at most {_MOST_QUERIES} are done at once'
            raise InvalidInputError(msg)
        for name, text in (("Subject", self.subject), ("Text", self.text), ("Text", self.document_text)):
            if len(text) > _LONGEST_TEXT:
                raise InvalidInputError(f'"{name}" has {len(text)} characters; at most {_LONGEST_TEXT} can be used')
        if self.documents not in DOCUMENTS:
            raise InvalidInputError(f"documents {self.documents[:40]!r}: choose one of {', '.join(DOCUMENTS)}")
        for moment in (self.start, self.end):
            if moment is not None and moment.tzinfo is None:
                raise InvalidInputError(f"the time {moment.isoformat()} has no time zone: pass an aware datetime")
        if self.start is not None and self.end is not None and self.start > self.end:
            raise InvalidInputError("the search ends before it starts: put the earlier time first")

    def each(self) -> list[ArchiveQuery]:
        """This query for each sender and recipient alone: how several `sent` are combined is not documented."""
        senders: list[tuple[str, ...]] = [(one,) for one in dict.fromkeys(self.sender)] or [()]
        recipients: list[tuple[str, ...]] = [(one,) for one in dict.fromkeys(self.recipient)] or [()]
        return [replace(self, sender=one, recipient=other) for one in senders for other in recipients]

    def xml(self, *, page_size: int = PAGE_SIZE) -> str:
        """The query as Mimecast takes it; every value escaped.

        Args:
            page_size: Rows per page.

        Raises:
            InvalidInputError: Several senders or recipients: these are several queries, see `each`.
        """
        if len(self.sender) > 1 or len(self.recipient) > 1:
            raise InvalidInputError("several senders or recipients are several queries: take each() of them")
        root = ElementTree.Element("xmlquery", {"trace": "iql,muse"})
        metadata = SubElement(root, "metadata", {
            "query-type": "emailarchive", "archive": "true", "active": "true" if self.not_yet_indexed else "false",
            "page-size": str(page_size), "startrow": "0",
        })  # fmt: skip
        mailboxes = SubElement(metadata, "mailboxes")
        aliases = {"include-aliases": "true" if self.include_aliases else "false"}
        for address in self.mailboxes:
            SubElement(mailboxes, "mailbox", aliases).text = address
        SubElement(metadata, "smartfolders")
        wanted = SubElement(metadata, "return-fields")
        for name in dict.fromkeys((*self.fields, "id")):
            SubElement(wanted, "return-field").text = name
        self._conditions(SubElement(root, "muse"))
        return DECLARATION + ElementTree.tostring(root, encoding="unicode")

    def warnings(self) -> list[str]:
        """What may find something else than was meant; empty when nothing looks odd."""
        found = []
        for name, text in (("Subject", self.subject), ("Text", self.text), ("Text", self.document_text)):
            if _NO_XML.search(text):
                found.append(f'"{name}" has characters that cannot be searched for; each was replaced by a space')
        if _OPERATORS.search(self.subject):
            found.append(
                '"Subject" contains a word that Mimecast reads as an operator (or, and, not, from:, to:, body:, '
                "subject:): the search may find other mail than meant; leave the word out"
            )
        return found

    def _conditions(self, muse: ElementTree.Element) -> None:
        if self.text.strip():
            SubElement(muse, "text").text = _speakable(self.text)
        if self.subject.strip():
            SubElement(muse, "text").text = f"subject: {_speakable(self.subject)}"
        if self.start is not None or self.end is not None:
            date = SubElement(muse, "date", {"select": "between"})
            for name, moment in (("from", self.start), ("to", self.end)):
                if moment is not None:
                    date.set(name, _query_date(moment))
        for select, addresses in (("from", self.sender), ("to", self.recipient)):
            for address in addresses:
                SubElement(muse, "sent", {"select": select}).text = address
        docs = SubElement(muse, "docs", {"select": self.documents})
        if self.document_text.strip():
            docs.text = _speakable(self.document_text)
        SubElement(muse, "route")


def _speakable(text: str) -> str:
    """The words of a text on one line, without what XML cannot carry."""
    return " ".join(_NO_XML.sub(" ", text).split())


def _query_date(moment: datetime) -> str:
    """Archive queries take `Z`, unlike everything else at Mimecast."""
    utc = moment.astimezone(UTC)
    return f"{utc.year:04d}-{utc.month:02d}-{utc.day:02d}T{utc.hour:02d}:{utc.minute:02d}:{utc.second:02d}Z"


def _check_addresses(name: str, addresses: tuple[str, ...], *, domains: bool) -> None:
    if len(addresses) > _MOST_ADDRESSES:
        raise InvalidInputError(f'"{name}" has {len(addresses)} entries; at most {_MOST_ADDRESSES} can be searched for')
    for address in addresses:
        if "*" in address:
            raise InvalidInputError(f'"{name}" {address[:80]!r}: leave the * out; a domain includes its subdomains')
        usable = 0 < len(address) <= _LONGEST_ADDRESS and not re.search(r"\s", address) and not _NO_XML.search(address)
        if not usable or "," in address or (not domains and "@" not in address):
            kind = "an address or a domain" if domains else "an address"
            raise InvalidInputError(f'"{name}" {address[:80]!r} is not {kind}; write several with commas between them')
