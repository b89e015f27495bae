"""Actions of Email, one file per documented action. This list is the catalogue."""

from typing import TYPE_CHECKING

from tasks._catalogue_package import import_when_asked

if TYPE_CHECKING:
    from tasks.mail.analyze_eml_msg import analyze_eml_msg
    from tasks.mail.delete_email import delete_email
    from tasks.mail.download_email_attachments import download_email_attachments
    from tasks.mail.email_body_regex import email_body_regex
    from tasks.mail.email_header_regex import email_header_regex
    from tasks.mail.forward_email import forward_email
    from tasks.mail.get_mail_eml_file import get_mail_eml_file
    from tasks.mail.list_emails import list_emails
    from tasks.mail.mark_email import mark_email
    from tasks.mail.move_email_to_folder import move_email_to_folder
    from tasks.mail.ping import ping
    from tasks.mail.save_attachments_to_alert import save_attachments_to_alert
    from tasks.mail.search_email import search_email
    from tasks.mail.send_email import send_email
    from tasks.mail.send_email_and_wait import send_email_and_wait
    from tasks.mail.send_thread_reply import send_thread_reply
    from tasks.mail.wait_for_email_from_user import wait_for_email_from_user
    from tasks.mail.watch_replies import watch_replies

__all__ = [
    "analyze_eml_msg",
    "delete_email",
    "download_email_attachments",
    "email_body_regex",
    "email_header_regex",
    "forward_email",
    "get_mail_eml_file",
    "list_emails",
    "mark_email",
    "move_email_to_folder",
    "ping",
    "save_attachments_to_alert",
    "search_email",
    "send_email",
    "send_email_and_wait",
    "send_thread_reply",
    "wait_for_email_from_user",
    "watch_replies",
]

import_when_asked(__name__)
