"""Actions of Mimecast, one file per documented action. This list is the catalogue."""

from typing import TYPE_CHECKING

from tasks._catalogue_package import import_when_asked

if TYPE_CHECKING:
    from tasks.mimecast.add_group_member import add_group_member
    from tasks.mimecast.advanced_archive_search import advanced_archive_search
    from tasks.mimecast.block_file_hash import block_file_hash
    from tasks.mimecast.block_sender import block_sender
    from tasks.mimecast.create_block_sender_policy import create_block_sender_policy
    from tasks.mimecast.create_managed_url import create_managed_url
    from tasks.mimecast.create_remediation_incident import create_remediation_incident
    from tasks.mimecast.decode_url import decode_url
    from tasks.mimecast.delete_block_sender_policy import delete_block_sender_policy
    from tasks.mimecast.delete_managed_url import delete_managed_url
    from tasks.mimecast.download_archive_eml import download_archive_eml
    from tasks.mimecast.expire_changes import expire_changes
    from tasks.mimecast.find_groups import find_groups
    from tasks.mimecast.find_processing_messages import find_processing_messages
    from tasks.mimecast.find_remediation_incidents import find_remediation_incidents
    from tasks.mimecast.follow_remediation_incident import follow_remediation_incident
    from tasks.mimecast.get_archive_message import get_archive_message
    from tasks.mimecast.get_archive_message_part import get_archive_message_part
    from tasks.mimecast.get_archive_search_logs import get_archive_search_logs
    from tasks.mimecast.get_archive_view_logs import get_archive_view_logs
    from tasks.mimecast.get_audit_events import get_audit_events
    from tasks.mimecast.get_block_sender_policy import get_block_sender_policy
    from tasks.mimecast.get_email_queues import get_email_queues
    from tasks.mimecast.get_group_members import get_group_members
    from tasks.mimecast.get_held_release_logs import get_held_release_logs
    from tasks.mimecast.get_hold_summary import get_hold_summary
    from tasks.mimecast.get_message_info import get_message_info
    from tasks.mimecast.get_rejections import get_rejections
    from tasks.mimecast.get_remediation_incident import get_remediation_incident
    from tasks.mimecast.get_reported_emails import get_reported_emails
    from tasks.mimecast.get_ttp_attachment_logs import get_ttp_attachment_logs
    from tasks.mimecast.get_ttp_impersonation_logs import get_ttp_impersonation_logs
    from tasks.mimecast.get_ttp_url_logs import get_ttp_url_logs
    from tasks.mimecast.list_block_sender_policies import list_block_sender_policies
    from tasks.mimecast.list_held_messages import list_held_messages
    from tasks.mimecast.list_managed_urls import list_managed_urls
    from tasks.mimecast.permit_sender import permit_sender
    from tasks.mimecast.ping import ping
    from tasks.mimecast.reject_message import reject_message
    from tasks.mimecast.release_message import release_message
    from tasks.mimecast.remove_group_member import remove_group_member
    from tasks.mimecast.report_message import report_message
    from tasks.mimecast.search_file_hash import search_file_hash
    from tasks.mimecast.search_messages import search_messages
    from tasks.mimecast.simple_archive_search import simple_archive_search
    from tasks.mimecast.undo_action import undo_action
    from tasks.mimecast.update_block_sender_policy import update_block_sender_policy

__all__ = [
    "add_group_member",
    "advanced_archive_search",
    "block_file_hash",
    "block_sender",
    "create_block_sender_policy",
    "create_managed_url",
    "create_remediation_incident",
    "decode_url",
    "delete_block_sender_policy",
    "delete_managed_url",
    "download_archive_eml",
    "expire_changes",
    "find_groups",
    "find_processing_messages",
    "find_remediation_incidents",
    "follow_remediation_incident",
    "get_archive_message",
    "get_archive_message_part",
    "get_archive_search_logs",
    "get_archive_view_logs",
    "get_audit_events",
    "get_block_sender_policy",
    "get_email_queues",
    "get_group_members",
    "get_held_release_logs",
    "get_hold_summary",
    "get_message_info",
    "get_rejections",
    "get_remediation_incident",
    "get_reported_emails",
    "get_ttp_attachment_logs",
    "get_ttp_impersonation_logs",
    "get_ttp_url_logs",
    "list_block_sender_policies",
    "list_held_messages",
    "list_managed_urls",
    "permit_sender",
    "ping",
    "reject_message",
    "release_message",
    "remove_group_member",
    "report_message",
    "search_file_hash",
    "search_messages",
    "simple_archive_search",
    "undo_action",
    "update_block_sender_policy",
]

import_when_asked(__name__)
