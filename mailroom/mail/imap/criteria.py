"""Everything a search is written with; nothing in it can break out of its place in the command.

    Or(From("alerts@example.com"), Subject("quarantine")), Not(Seen()), Since(yesterday)

The server's answer is a superset: dates are widened, text it cannot be asked is left out. `MailFilters` decides.
"""

from __future__ import annotations

from mailroom.mail.imap.criterion import And, Criterion, Not, Or
from mailroom.mail.imap.filters import MailFilters, parse_list
from mailroom.mail.imap.search_keys import (
    Bcc,
    Before,
    Body,
    Cc,
    Everything,
    From,
    GmailRaw,
    Header,
    Keyword,
    Larger,
    MessageId,
    Seen,
    Since,
    Smaller,
    Subject,
    Text,
    To,
    Uid,
    Unseen,
)

__all__ = [
    "And", "Bcc", "Before", "Body", "Cc", "Criterion", "Everything", "From", "GmailRaw", "Header", "Keyword", "Larger",
    "MailFilters", "MessageId", "Not", "Or", "Seen", "Since", "Smaller", "Subject", "Text", "To", "Uid", "Unseen",
    "parse_list",
]  # fmt: skip
