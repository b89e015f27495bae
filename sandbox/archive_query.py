"""The archive's query language: what an XML query means, with everything it silently ignores."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.etree import ElementTree

RETURN_FIELDS = (
    "attachmentcount",
    "status",
    "subject",
    "size",
    "receiveddate",
    "displayfrom",
    "displayfromaddress",
    "id",
    "displayto",
    "displaytoaddresslist",
    "smash",
)
DOCUMENTS = (
    "optional",
    "any",
    "documents",
    "spreadsheets",
    "presentations",
    "text",
    "images",
    "media",
    "zips",
    "none",
)
ROUTES = ("inbound", "outbound", "internal")
KNOWN = {
    "xmlquery": {"metadata", "muse"},
    "metadata": {"mailboxes", "smartfolders", "return-fields"},
    "mailboxes": {"mailbox"},
    "return-fields": {"return-field"},
    "muse": {"text", "date", "sent", "docs", "route"},
}
"""Which tags mean something below which; every other tag is ignored without a word."""
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z", re.ASCII)
_DECLARATION = re.compile(r"<!(?:doctype|entity)", re.IGNORECASE)
_DAY = 86_400.0
MAX_PAGE = 500


class QueryError(ValueError):
    """The query is not accepted: `err_invalid_search_xml`."""


@dataclass(slots=True)
class ArchiveQuery:
    """What was asked for. Times in seconds since 1970; None is open."""

    page_size: int = 25
    start_row: int = 0
    active: bool = False
    mailboxes: list[tuple[str, bool]] = field(default_factory=list)
    """(address in lower case, aliases too)"""
    return_fields: list[str] = field(default_factory=list)
    text: str = ""
    start: float | None = None
    end: float | None = None
    sent_from: list[str] = field(default_factory=list)
    sent_to: list[str] = field(default_factory=list)
    documents: str = "optional"
    document_words: str = ""
    route: str = ""
    ignored: list[str] = field(default_factory=list)
    """Tags and values that meant nothing."""


def parse_query(xml: str, now: float) -> ArchiveQuery:
    """Read a query as the archive does.

    Args:
        xml: The text of the query.
        now: Tenant time, seconds since 1970; `today` and the like count from it.

    Raises:
        QueryError: Malformed, or a part with a value that cannot be.
    """
    if _DECLARATION.search(xml):  # no document types and no entities, so nothing can grow
        raise QueryError("declarations are not accepted")
    try:
        root = ElementTree.fromstring(xml.strip())  # noqa: S314  # declarations were refused above
    except (ElementTree.ParseError, ValueError) as error:
        raise QueryError(str(error)) from error
    metadata, muse = root.find("metadata"), root.find("muse")
    if root.tag != "xmlquery" or metadata is None or muse is None:
        raise QueryError("xmlquery with metadata and muse is needed")
    if metadata.get("query-type", "emailarchive") != "emailarchive":
        raise QueryError("query-type")
    query = ArchiveQuery(
        page_size=_number(metadata, "page-size", 25, least=1, most=MAX_PAGE),
        start_row=_number(metadata, "startrow", 0, least=0, most=10**7),
        active=metadata.get("active") == "true",
    )
    _ignored(root, query)
    for box in metadata.iterfind("mailboxes/mailbox"):
        if _text(box):
            query.mailboxes.append((_text(box).lower(), box.get("include-aliases") == "true"))
    for entry in metadata.iterfind("return-fields/return-field"):
        name = _text(entry)
        (query.return_fields if name in RETURN_FIELDS else query.ignored).append(name)
    _muse(muse, query, now)
    return query


def _muse(muse: ElementTree.Element, query: ArchiveQuery, now: float) -> None:
    query.text = " ".join(_text(entry) for entry in muse.iterfind("text")).strip()
    for entry in muse.iterfind("date"):
        query.start, query.end = _dates(entry, now)
    for entry in muse.iterfind("sent"):
        side = entry.get("select")
        if side not in ("from", "to"):
            raise QueryError("sent select")
        if _text(entry):
            (query.sent_from if side == "from" else query.sent_to).append(_text(entry).lower())
    for entry in muse.iterfind("docs"):
        query.documents = entry.get("select", "optional")
        query.document_words = _text(entry).lower()
        if query.documents not in DOCUMENTS:
            raise QueryError("docs select")
    for entry in muse.iterfind("route"):
        query.route = (entry.get("select") or _text(entry)).lower()
        if query.route and query.route not in ROUTES:
            raise QueryError("route")


def _text(entry: ElementTree.Element) -> str:
    return (entry.text or "").strip()


def _number(entry: ElementTree.Element, name: str, default: int, *, least: int, most: int) -> int:
    written = entry.get(name, str(default))
    if not written.isdigit() or not least <= int(written) <= most:
        raise QueryError(name)
    return int(written)


def _ignored(root: ElementTree.Element, query: ArchiveQuery) -> None:
    for entry in root.iter():
        known = KNOWN.get(entry.tag, set())
        query.ignored += [child.tag for child in entry if child.tag not in known]


def _dates(entry: ElementTree.Element, now: float) -> tuple[float | None, float | None]:
    select = entry.get("select", "")
    midnight = now // _DAY * _DAY
    match select:
        case "today":
            return midnight, None
        case "yesterday":
            return midnight - _DAY, midnight - 1
        case "last_week":
            return now - 7 * _DAY, None
        case "last_month":
            return now - 30 * _DAY, None
        case "last_year":
            return now - 365 * _DAY, None
        case "between":
            start, end = _bound(entry.get("from")), _bound(entry.get("to"))
            if start is None and end is None:
                raise QueryError("between needs a bound")
            return start, end
    raise QueryError("date select")


def _bound(written: str | None) -> float | None:
    if not written:
        return None
    if not _DATE.match(written):
        raise QueryError("dates end in Z")
    try:
        return datetime.strptime(written, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()
    except ValueError as error:
        raise QueryError(written) from error
