"""The functions of the tenant, by path, and what the fields of their items are."""

from collections.abc import Callable, Mapping

from sandbox.endpoints import (
    account,
    actions,
    archive,
    archive_content,
    archive_logs,
    audit,
    content,
    directory,
    finder,
    gateway_reads,
    hold,
    logs,
    policies,
    policies_rest,
    remediation,
    reported,
    siem,
    threat_intelligence,
    tracking,
    ttp_logs,
    ttp_urls,
)
from sandbox.endpoints.context import Context
from sandbox.endpoints.rest import RestCall
from sandbox.envelope import Outcome
from sandbox.validate import Field
from sandbox.wire import Reply

Fields = Mapping[str, Field]
Function = Callable[[Context], Outcome | Reply]

_TABLE: dict[str, tuple[Function, Fields]] = {
    "account/get-account": (account.get_account, {}),
    "message-finder/search": (tracking.search, tracking.SEARCH),
    "message-finder/get-message-info": (finder.get_message_info, finder.MESSAGE_INFO),
    "message-finder/release-held-email-to-sandbox": (actions.release_to_sandbox, actions.RELEASE),
    "message-finder/reject-held-email": (actions.reject_held_email, actions.FINDER_REJECT),
    "message-finder/report-message": (actions.report_message, actions.REPORT),
    "gateway/get-hold-message-list": (hold.get_hold_message_list, hold.HOLD_LIST),
    "gateway/find-held-messages": (hold.get_hold_message_list, hold.HOLD_LIST),
    "gateway/get-hold-summary-list": (hold.get_hold_summary_list, {}),
    "gateway/hold-release": (actions.hold_release, actions.RELEASE),
    "gateway/hold-reject": (actions.hold_reject, actions.REJECT),
    "gateway/get-held-release-logs": (logs.get_held_release_logs, logs.RELEASE_LOGS),
    "gateway/find-processing-messages": (gateway_reads.find_processing_messages, gateway_reads.PROCESSING),
    "gateway/get-rejections": (gateway_reads.get_rejections, gateway_reads.REJECTIONS),
    "gateway/message/get-message-detail": (content.get_message_detail, content.DETAIL),
    "gateway/message/get-file": (content.get_file, content.FILE),
    "email/get-email-queues": (gateway_reads.get_email_queues, gateway_reads.QUEUES),
    "managedsender/permit-or-block-sender": (policies.permit_or_block_sender, policies.MANAGE),
    "policy/blockedsenders/create-policy": (policies.create_policy, policies.CREATE),
    "policy/blockedsenders/get-policy": (policies.get_policy, policies.BY_ID),
    "policy/blockedsenders/update-policy": (policies.update_policy, policies.UPDATE),
    "policy/blockedsenders/delete-policy": (policies.delete_policy, policies.BY_ID),
    "archive/search": (archive.search, archive.SEARCH),
    "archive/get-message-list": (archive.get_message_list, archive.LIST),
    "archive/get-message-detail": (archive_content.get_message_detail, archive_content.DETAIL),
    "archive/get-message-part": (archive_content.get_message_part, archive_content.PART),
    "archive/get-file": (archive_content.get_file, archive_content.FILE),
    "archive/get-archive-search-logs": (archive_logs.get_archive_search_logs, archive_logs.LOGS),
    "archive/get-search-logs": (archive_logs.get_search_logs, archive_logs.LOGS),
    "archive/get-view-logs": (archive_logs.get_view_logs, archive_logs.LOGS),
    "ttp/url/get-logs": (ttp_logs.url_logs, ttp_logs.URL_LOGS),
    "ttp/attachment/get-logs": (ttp_logs.attachment_logs, ttp_logs.ATTACHMENT_LOGS),
    "ttp/impersonation/get-logs": (ttp_logs.impersonation_logs, ttp_logs.IMPERSONATION_LOGS),
    "ttp/url/decode-url": (ttp_urls.decode_url, ttp_urls.DECODE),
    "ttp/url/create-managed-url": (ttp_urls.create_managed_url, ttp_urls.CREATE),
    "ttp/url/get-all-managed-urls": (ttp_urls.get_all_managed_urls, {}),
    "ttp/url/delete-managed-url": (ttp_urls.delete_managed_url, ttp_urls.DELETE),
    "ttp/remediation/create": (remediation.create, remediation.CREATE),
    "ttp/remediation/v2/create": (remediation.create_v2, remediation.CREATE_V2),
    "ttp/remediation/get-incident": (remediation.get_incident, remediation.BY_ID),
    "ttp/remediation/find-incidents": (remediation.find_incidents, remediation.FIND),
    "ttp/remediation/search-hash": (remediation.search_hash, remediation.HASHES),
    "directory/find-groups": (directory.find_groups, directory.FIND),
    "directory/get-group-members": (directory.get_group_members, directory.BY_ID),
    "directory/add-group-member": (directory.add_group_member, directory.MEMBER),
    "directory/remove-group-member": (directory.remove_group_member, directory.MEMBER),
    "byo-threat-intelligence/create-batch": (threat_intelligence.create_batch, threat_intelligence.CREATE),
    "audit/get-audit-events": (audit.get_audit_events, audit.EVENTS),
    "audit/get-siem-logs": (audit.get_siem_logs, audit.SIEM_LOGS),
}
FUNCTIONS: dict[str, Function] = {f"/api/{name}": function for name, (function, _) in _TABLE.items()}
FIELDS: dict[str, Fields] = {f"/api/{name}": fields for name, (_, fields) in _TABLE.items()}
"""Path -> fields of an item."""
_ONE_POLICY = policies_rest.PATH + "/{policy_id}"
REST_FUNCTIONS: dict[tuple[str, str], Callable[[RestCall], Reply]] = {
    ("GET", policies_rest.PATH): policies_rest.list_policies,
    ("POST", policies_rest.PATH): policies_rest.create_policy,
    ("GET", _ONE_POLICY): policies_rest.get_policy,
    ("PATCH", _ONE_POLICY): policies_rest.update_policy,
    ("DELETE", _ONE_POLICY): policies_rest.delete_policy,
    ("GET", "/siem/v1/events/cg"): siem.events,
    ("GET", "/siem/v1/batch/events/cg"): siem.batch,
    ("GET", "/threat-reporting/v1/reported-emails"): reported.reported_emails,
    ("GET", "/threat-reporting/v1/threat-reports"): reported.threat_reports,
    ("GET", "/threat-reporting/v1/threat-analysis/{id}"): reported.threat_analysis,
}
REST_BODIES: dict[tuple[str, str], Fields] = {
    ("POST", policies_rest.PATH): policies_rest.CREATE,
    ("PATCH", _ONE_POLICY): {name: field.optional() for name, field in policies_rest.CREATE.items()},
}

__all__ = ["FIELDS", "FUNCTIONS", "REST_BODIES", "REST_FUNCTIONS", "Context", "RestCall"]
