"""Stored settings and secrets; each block hands out a client of the core library."""

from blocks.mailbox import MailboxCredentials
from blocks.mimecast import MimecastCredentials
from blocks.policy import TriagePolicy
from blocks.store import AlertStore

__all__ = ["AlertStore", "MailboxCredentials", "MimecastCredentials", "TriagePolicy"]
