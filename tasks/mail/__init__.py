"""Actions of Email, one file per documented action. This list is the catalogue."""

from tasks.mail.send_email import send_email
from tasks.mail.send_email_and_wait import send_email_and_wait
from tasks.mail.wait_for_email_from_user import wait_for_email_from_user
from tasks.mail.watch_replies import watch_replies

__all__ = ["send_email", "send_email_and_wait", "wait_for_email_from_user", "watch_replies"]
