"""Every function of the wing, called with little and with everything: what the contract tests look at."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from mailroom.mimecast import (
    account,
    archive,
    audit,
    content,
    group_members,
    groups,
    held,
    managed_senders,
    managed_urls,
    policies,
    queues,
    rejections,
    remediate,
    remediation,
    report,
    reported,
    threat_lists,
    tracking,
    ttp_logs,
    url_tools,
)
from mailroom.mimecast import capabilities as c
from mailroom.mimecast.archive_query import ArchiveQuery

START, END = datetime(2025, 1, 13, 9, 30, tzinfo=UTC), datetime(2025, 1, 14, 9, 30, 0, 999, tzinfo=UTC)
NOW = datetime.now(UTC)
SPAN = {"start": START, "end": END}
HASH = "ab" * 32

POLICY = policies.PolicyWish(
    description="case 42", sender="example.net", recipient_type="Internal Addresses", sender_type="Email Domain"
)
WHOLE_POLICY = policies.PolicyWish(
    description="case 42", comment="x", response="No Action", extracted_data="From Headers",
    sender="billing@example.net", sender_type="Email Address", recipient="Ann", recipient_type="Header Display Name",
    bidirectional=True, enforced=True, start=START, end=NOW, source_ips=("192.0.2.0/24",),
)  # fmt: skip

Work = Callable[[Any], Any]


def incident(by: str, *values: str, **more: Any) -> remediate.IncidentWish:
    """What shall be pulled back."""
    return remediate.IncidentWish(reason="case 42", search_by=by, values=values, **more)


def every(walk: Any) -> list[Any]:
    """All pages."""
    return [row for rows in walk for row in rows]


READS: dict[str, tuple[c.Function, Work]] = {
    "account": (c.GET_ACCOUNT, account.get_account),
    "tracking": (c.TRACKING_SEARCH, lambda t: every(tracking.search(t, start=NOW, end=NOW))),
    "tracking, everything": (
        c.TRACKING_SEARCH,
        lambda t: every(
            tracking.search(
                t,
                start=NOW,
                end=NOW,
                status=("held", "rejected"),
                route=("inbound",),
                options={"from": "a.example", "to": "b@c.example", "subject": "x", "senderIP": "192.0.2.1", "url": "u"},
            )
        ),
    ),
    "tracking by Message-ID": (
        c.TRACKING_SEARCH,
        lambda t: every(tracking.search(t, start=NOW, end=NOW, status=(), message_id="<m1@example.net>")),
    ),
    "message info": (c.GET_MESSAGE_INFO, lambda t: tracking.get_message_info(t, "eNtracking-1")),
    "hold list": (c.HOLD_LIST, lambda t: every(held.get_hold_message_list(t, **SPAN))),
    "hold list, everything": (
        c.HOLD_LIST,
        lambda t: every(held.get_hold_message_list(t, **SPAN, search_by=("subject", "x"), page_size=7)),
    ),
    "hold summary": (c.HOLD_SUMMARY, held.get_hold_summary_list),
    "release log": (c.RELEASE_LOGS, lambda t: every(held.get_held_release_logs(t, **SPAN))),
    "release log, everything": (
        c.RELEASE_LOGS,
        lambda t: every(held.get_held_release_logs(t, **SPAN, search_by=("heldReason", "x"), status="rejected")),
    ),
    "processing": (c.PROCESSING_MESSAGES, lambda t: every(queues.find_processing_messages(t, **SPAN))),
    "processing, everything": (
        c.PROCESSING_MESSAGES,
        lambda t: every(queues.find_processing_messages(t, **SPAN, search_by=("subject", "x"))),
    ),
    "rejections": (c.REJECTIONS, lambda t: every(rejections.get_rejections(t, **SPAN))),
    "queues": (c.EMAIL_QUEUES, lambda t: queues.get_email_queues(t, **SPAN)),
    "message detail": (c.MESSAGE_DETAIL, lambda t: content.get_message_detail(t, "eNhold-1")),
    "file": (c.GET_FILE, lambda t: content.get_file(t, "eNfile-1", BytesIO())),
    "archive search": (
        c.ARCHIVE_SEARCH,
        lambda t: every(archive.search(t, ArchiveQuery(sender=("a.example",), subject="a & b"))),
    ),
    "archive detail": (c.ARCHIVE_MESSAGE_DETAIL, lambda t: archive.get_message_detail(t, "eNarch-1")),
    "archive part": (
        c.ARCHIVE_MESSAGE_PART,
        lambda t: archive.get_message_part(t, "eNarch-1", BytesIO(), part="HTML", mailbox="ann@example.com"),
    ),
    "archive file": (c.ARCHIVE_FILE, lambda t: archive.get_file(t, "eNarch-1", BytesIO())),
    "archive search log": (c.ARCHIVE_SEARCH_LOGS, lambda t: every(archive.search_logs(t, **SPAN, query="x"))),
    "archive view log": (c.VIEW_LOGS, lambda t: every(archive.view_logs(t, **SPAN))),
    "url log": (c.URL_LOGS, lambda t: every(ttp_logs.url_logs(t, **SPAN))),
    "url log, everything": (
        c.URL_LOGS,
        lambda t: every(ttp_logs.url_logs(t, **SPAN, scan_result="malicious", route="inbound", oldest_first=True)),
    ),
    "attachment log": (c.ATTACHMENT_LOGS, lambda t: every(ttp_logs.attachment_logs(t, **SPAN, result="timeout"))),
    "impersonation log": (c.IMPERSONATION_LOGS, lambda t: every(ttp_logs.impersonation_logs(t, **SPAN))),
    "impersonation log, everything": (
        c.IMPERSONATION_LOGS,
        lambda t: every(
            ttp_logs.impersonation_logs(
                t,
                **SPAN,
                search_by=("policy", "x"),
                tagged_malicious=False,
                identifiers=["similar_internal_domain"],
                actions=["hold", "none"],
                oldest_first=True,
            )
        ),
    ),
    "decode": (c.DECODE_URL, lambda t: url_tools.decode_url(t, "https://protect-eu.mimecast.com/s/abc")),
    "policies": (c.GET_POLICY, policies.list_policies),
    "policy": (c.GET_POLICY, lambda t: policies.get_policy(t, "eNpolicy-1")),
    "managed urls": (c.LIST_MANAGED_URLS, lambda t: every(url_tools.list_managed_urls(t))),
    "incident": (c.GET_INCIDENT, lambda t: remediation.get_incident(t, "eNincident-1")),
    "incidents": (c.FIND_INCIDENTS, lambda t: every(remediation.find_incidents(t, search_by=("code", "TR-1")))),
    "incidents, everything": (
        c.FIND_INCIDENTS,
        lambda t: every(remediation.find_incidents(t, **SPAN, search_by=("all", "x"), kind="manual")),
    ),
    "hash": (c.SEARCH_HASH, lambda t: remediation.search_hash(t, [HASH])),
    "groups": (c.FIND_GROUPS, lambda t: every(groups.find_groups(t))),
    "groups, everything": (c.FIND_GROUPS, lambda t: every(groups.find_groups(t, "blocked", source="cloud"))),
    "members": (c.GROUP_MEMBERS, lambda t: every(groups.group_members(t, "eNgroup-1"))),
    "audit": (c.AUDIT_EVENTS, lambda t: every(audit.audit_events(t, start=NOW, end=NOW))),
    "audit, everything": (
        c.AUDIT_EVENTS,
        lambda t: every(audit.audit_events(t, start=NOW, end=NOW, query="x", categories=["policy_logs"])),
    ),
    "who am I": (c.WHOAMI, lambda t: t.rest(c.WHOAMI)),
    "reported": (c.REPORTED_EMAILS, lambda t: every(reported.reported_emails(t))),
}
"""What it is -> the function it calls, and the call."""

CHANGES: dict[str, tuple[c.Function, Work]] = {
    "release": (c.HOLD_RELEASE, lambda t: held.hold_release(t, ["eNhold-1", "eNhold-2"])),
    "reject": (
        c.HOLD_REJECT,
        lambda t: held.hold_reject(t, ["eNhold-1"], note="x", reason="Restricted Content", notify_sender=True),
    ),
    "release to sandbox": (c.RELEASE_TO_SANDBOX, lambda t: held.release_to_sandbox(t, "eNtracking-1")),
    "report": (
        c.REPORT_MESSAGE,
        lambda t: report.report_message(t, "eNtracking-1", report_as="Phishing", comment="x"),
    ),
    "block a sender": (
        c.PERMIT_OR_BLOCK_SENDER,
        lambda t: managed_senders.permit_or_block(t, "billing@example.net", "ann@example.com", "block"),
    ),
    "create a policy": (c.CREATE_POLICY, lambda t: policies.create_policy(t, POLICY)),
    "create a policy, everything": (c.CREATE_POLICY, lambda t: policies.create_policy(t, WHOLE_POLICY)),
    "managed url": (
        c.CREATE_MANAGED_URL,
        lambda t: managed_urls.create_managed_url(t, managed_urls.UrlWish(url="http://bad.example.net/", comment="x")),
    ),
    "delete managed url": (c.DELETE_MANAGED_URL, lambda t: managed_urls.delete_managed_url(t, "eNurl-1")),
    "incident by hash": (c.CREATE_INCIDENT, lambda t: remediate.create_incident(t, incident("hash", HASH))),
    "incident by Message-ID": (
        c.CREATE_INCIDENT,
        lambda t: remediate.create_incident(t, incident("messageId", "<m1@example.net>", **SPAN)),
    ),
    "incident by URL": (
        c.CREATE_INCIDENT,
        lambda t: remediate.create_incident(t, incident("url", "http://bad.example.net/")),
    ),
    "incident by several Message-IDs": (
        c.CREATE_INCIDENT_V2,
        lambda t: remediate.create_incident(t, incident("messageId", "<m1@example.net>", "<m2@example.net>")),
    ),
    "add a member": (
        c.ADD_GROUP_MEMBER,
        lambda t: group_members.add_group_member(t, "eNgroup-1", "bad@example.net", notes="x"),
    ),
    "remove a member": (
        c.REMOVE_GROUP_MEMBER,
        lambda t: group_members.remove_group_member(t, "eNgroup-1", "example.net"),
    ),
    "upload hashes": (
        c.CREATE_BATCH,
        lambda t: threat_lists.upload_hashes(t, [HASH], "BLOCK", description="x"),
    ),
}
BY_GENERATION: dict[str, tuple[dict[str, c.Function], Work]] = {
    "update a policy": (
        {"1.0": c.UPDATE_POLICY, "2.0": c.REST_UPDATE_POLICY},
        lambda t: policies.update_policy(t, "eNpolicy-1", WHOLE_POLICY),
    ),
    "delete a policy": (
        {"1.0": c.DELETE_POLICY, "2.0": c.REST_DELETE_POLICY},
        lambda t: policies.delete_policy(t, "eNpolicy-1"),
    ),
}
"""What is another function in each generation."""

NOT_CALLED = {
    c.LOGIN: "the authenticator calls it",
    c.FIND_HELD_MESSAGES: "get-hold-message-list does the same in both generations",
    c.SEARCH_LOGS: "get-archive-search-logs tells the same",
    c.ARCHIVE_MESSAGE_LIST: "a search of the archive lists the mails of a mailbox too",
    c.REJECT_HELD_EMAIL: "hold-reject does the same in both generations",
    c.SIEM_LOGS: "for SIEM systems; message tracking tells the same",
    c.SIEM_EVENTS: "for SIEM systems; message tracking tells the same",
    c.SIEM_BATCHES: "for SIEM systems; message tracking tells the same",
    c.THREAT_REPORTS: "statistics only",
    c.THREAT_ANALYSIS: "statistics only",
    c.REST_LIST_POLICIES: "get-policy lists them in both generations",
    c.REST_CREATE_POLICY: "create-policy makes them in both generations",
    c.REST_GET_POLICY: "get-policy reads them in both generations",
}
"""Functions of the table that nothing calls, and why."""
