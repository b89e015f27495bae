"""The words of an archive query: what Mimecast knows. Anything else it ignores without a word."""

from __future__ import annotations

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
"""Every field a result row can have, in the documented order."""

DATE_SELECTS = ("between", "today", "yesterday", "last_week", "last_month", "last_year")
SENT_SELECTS = ("from", "to")
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
"""Which attachments a message must have."""

ROOT = "xmlquery"
CHILDREN: dict[str, frozenset[str]] = {
    "xmlquery": frozenset({"metadata", "muse"}),
    "metadata": frozenset({"mailboxes", "smartfolders", "return-fields"}),
    "mailboxes": frozenset({"mailbox"}),
    "smartfolders": frozenset(),
    "return-fields": frozenset({"return-field"}),
    "muse": frozenset({"text", "date", "sent", "docs", "route"}),
    "mailbox": frozenset(),
    "return-field": frozenset(),
    "text": frozenset(),
    "date": frozenset(),
    "sent": frozenset(),
    "docs": frozenset(),
    "route": frozenset(),
}
"""Tag -> what may stand in it."""

_FLAG = ("true", "false")
ATTRIBUTES: dict[str, dict[str, tuple[str, ...]]] = {
    "xmlquery": {"trace": ()},
    "metadata": {"query-type": ("emailarchive",), "archive": _FLAG, "active": _FLAG, "page-size": (), "startrow": ()},
    "mailbox": {"include-aliases": _FLAG},
    "date": {"select": DATE_SELECTS, "from": (), "to": ()},
    "sent": {"select": SENT_SELECTS},
    "docs": {"select": DOCUMENTS},
}
"""Tag -> attribute -> its values; no values named: anything, or checked by a rule of its own."""

WITH_TEXT = frozenset({"mailbox", "return-field", "text", "sent", "docs", "route"})
"""Tags whose text means something."""
REPEATED = frozenset({"mailbox", "return-field", "text"})
"""Tags that may stand several times: several `text` must all fit."""
