"""IMAP: one typed session per account, searches that cannot be injected, mails one by one, IDLE, a staged check."""

from mailroom.mail.imap.criteria import MailFilters, parse_list
from mailroom.mail.imap.criterion import Criterion
from mailroom.mail.imap.results import (
    UNKNOWN_TIME,
    DeleteResult,
    FetchedMail,
    Folder,
    FolderStatus,
    FoundUids,
    IdleEvent,
    LightMail,
    MoveResult,
)
from mailroom.mail.imap.session import ImapSession
from mailroom.mail.imap.settings import ImapSettings

__all__ = [
    "UNKNOWN_TIME",
    "Criterion",
    "DeleteResult",
    "FetchedMail",
    "Folder",
    "FolderStatus",
    "FoundUids",
    "IdleEvent",
    "ImapSession",
    "ImapSettings",
    "LightMail",
    "MailFilters",
    "MoveResult",
    "parse_list",
]
