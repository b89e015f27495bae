"""Sending mail: one call, one result per recipient, and never a mail sent twice for want of an answer."""

from mailroom.mail.smtp.guards import SendGuards
from mailroom.mail.smtp.ping import ping
from mailroom.mail.smtp.report import RecipientResult, SendReport
from mailroom.mail.smtp.send import send
from mailroom.mail.smtp.settings import SmtpSettings

__all__ = ["RecipientResult", "SendGuards", "SendReport", "SmtpSettings", "ping", "send"]
