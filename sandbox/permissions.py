"""Which function exists in which generation, and what a role and an application need for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """What a path asks of the caller. `permission` "" means none; `product` is of API 2.0."""

    generations: frozenset[str]
    permission: str
    product: str
    method: str = "POST"


_BOTH = frozenset({"1.0", "2.0"})
_V1 = frozenset({"1.0"})
_V2 = frozenset({"2.0"})
_GATEWAY = "Email Security Cloud Gateway"
DASHBOARD_READ = "Account | Dashboard | Read"
HELD_EDIT = "Account | Monitoring | Held | Edit"
TRACKING_READ = "Gateway | Tracking | Read"
POLICIES_EDIT = "Gateway | Policies | Edit"
POLICIES_READ = "Gateway | Policies | Read"
_POLICIES = "Policy Management"
_RETENTION = "Data Retention"
_AUDIT = "Audit Events"
_EVENTS = "Security Events"
_THREATS = "Threat Management"
_GROUPS = "User and Group Management"
_DATA = "Threats, Security Events and Data"
_ARCHIVE_READ = "Archive | Read"
_SEARCH_READ = "Archive | Search | Read"
_SEARCH_LOGS = "Archive | Search Logs | Read"
_URL_EDIT = "Services | Targeted Threat Protection - URL Protect | Edit"
_REMEDIATION_READ = "Services | Threat Remediation | Read"
_REMEDIATION_EDIT = "Services | Threat Remediation | Edit"
_GROUPS_EDIT = "Directories | Groups | Edit"
_SIEM = "Security Events and Data Retrieval | Threat and Security Events (SIEM) | Read"
_STATISTICS = "Security Events and Data Retrieval | Threat and Security Statistics | Read"

RULES: dict[str, Rule] = {
    "/identity/whoami": Rule(_V2, "", "Account Management", method="GET"),
    "/api/account/get-account": Rule(_BOTH, DASHBOARD_READ, "Account Management"),
    "/api/message-finder/search": Rule(_BOTH, TRACKING_READ, _GATEWAY),
    "/api/message-finder/get-message-info": Rule(_BOTH, TRACKING_READ, _GATEWAY),
    "/api/message-finder/release-held-email-to-sandbox": Rule(_V1, HELD_EDIT, ""),
    "/api/message-finder/reject-held-email": Rule(_V1, HELD_EDIT, ""),
    "/api/message-finder/report-message": Rule(_V1, TRACKING_READ, ""),
    "/api/gateway/get-hold-message-list": Rule(_BOTH, DASHBOARD_READ, _GATEWAY),
    "/api/gateway/get-hold-summary-list": Rule(_BOTH, "Account | Monitoring | Held Summary | Read", _GATEWAY),
    "/api/gateway/hold-release": Rule(_BOTH, HELD_EDIT, _GATEWAY),
    "/api/gateway/hold-reject": Rule(_BOTH, HELD_EDIT, _GATEWAY),
    "/api/gateway/get-held-release-logs": Rule(_BOTH, "Monitoring | Held | Read", "Audit Events"),
    "/api/gateway/message/get-message-detail": Rule(_BOTH, TRACKING_READ, _GATEWAY),
    "/api/gateway/message/get-file": Rule(_BOTH, DASHBOARD_READ, _GATEWAY),
    "/api/managedsender/permit-or-block-sender": Rule(_BOTH, "Gateway | Managed Senders | Edit", _GATEWAY),
    "/api/policy/blockedsenders/create-policy": Rule(_BOTH, POLICIES_EDIT, _POLICIES),
    "/api/policy/blockedsenders/get-policy": Rule(_BOTH, POLICIES_READ, _POLICIES),
    "/api/policy/blockedsenders/update-policy": Rule(_BOTH, POLICIES_EDIT, _POLICIES),
    "/api/policy/blockedsenders/delete-policy": Rule(_BOTH, POLICIES_EDIT, _POLICIES),
    "/api/gateway/find-held-messages": Rule(_V1, "Account | Monitoring | Held | Read", ""),
    "/api/gateway/find-processing-messages": Rule(_BOTH, "Monitoring | Processing | Read", _GATEWAY),
    "/api/gateway/get-rejections": Rule(_BOTH, "Monitoring | Rejections | Read", _AUDIT),
    "/api/email/get-email-queues": Rule(_BOTH, DASHBOARD_READ, _GATEWAY),
    "/api/archive/search": Rule(_BOTH, _SEARCH_READ, _RETENTION),
    "/api/archive/get-message-list": Rule(_BOTH, _SEARCH_READ, _RETENTION),
    "/api/archive/get-message-detail": Rule(_BOTH, "Archive | Search Content View", _RETENTION),
    "/api/archive/get-message-part": Rule(_BOTH, _ARCHIVE_READ, _RETENTION),
    "/api/archive/get-file": Rule(_BOTH, _ARCHIVE_READ, _RETENTION),
    "/api/archive/get-archive-search-logs": Rule(_BOTH, _SEARCH_LOGS, _AUDIT),
    "/api/archive/get-search-logs": Rule(_BOTH, _SEARCH_LOGS, _AUDIT),
    "/api/archive/get-view-logs": Rule(_BOTH, "Archive | View Logs | Read", _AUDIT),
    "/api/ttp/url/get-logs": Rule(_BOTH, "Monitoring | URL Protection | Read", _EVENTS),
    "/api/ttp/attachment/get-logs": Rule(_BOTH, "Monitoring | Attachment Protection | Read", _EVENTS),
    "/api/ttp/impersonation/get-logs": Rule(_BOTH, "Monitoring | Impersonation Protection | Read", _EVENTS),
    "/api/ttp/url/decode-url": Rule(_BOTH, DASHBOARD_READ, _GATEWAY),
    "/api/ttp/url/create-managed-url": Rule(_BOTH, _URL_EDIT, _POLICIES),
    "/api/ttp/url/get-all-managed-urls": Rule(_BOTH, _URL_EDIT, _POLICIES),
    "/api/ttp/url/delete-managed-url": Rule(_BOTH, _URL_EDIT, _POLICIES),
    "/api/ttp/remediation/create": Rule(_BOTH, _REMEDIATION_EDIT, _THREATS),
    "/api/ttp/remediation/v2/create": Rule(_V2, _REMEDIATION_EDIT, _THREATS),
    "/api/ttp/remediation/get-incident": Rule(_BOTH, _REMEDIATION_READ, _THREATS),
    "/api/ttp/remediation/find-incidents": Rule(_BOTH, _REMEDIATION_READ, _THREATS),
    "/api/ttp/remediation/search-hash": Rule(_BOTH, _REMEDIATION_READ, _THREATS),
    "/api/directory/find-groups": Rule(_BOTH, _GROUPS_EDIT, _GROUPS),
    "/api/directory/add-group-member": Rule(_BOTH, _GROUPS_EDIT, _GROUPS),
    "/api/directory/get-group-members": Rule(_BOTH, "Services | Directory Sync | Read", _GROUPS),
    "/api/directory/remove-group-member": Rule(_BOTH, "Services | Directory Sync | Edit", _GROUPS),
    "/api/byo-threat-intelligence/create-batch": Rule(_BOTH, "BYO Threat Intelligence | Upload", _THREATS),
    "/api/audit/get-audit-events": Rule(_BOTH, "Account | Logs | Read", _AUDIT),
    "/api/audit/get-siem-logs": Rule(_V1, TRACKING_READ, ""),
}
_POLICY_LIST = "/policy-management/cloud-gateway/v1/blocked-senders/policies"
_POLICY = _POLICY_LIST + "/{policy_id}"
REST_RULES: dict[tuple[str, str], Rule] = {
    ("GET", _POLICY_LIST): Rule(_V2, POLICIES_READ, _POLICIES, "GET"),
    ("POST", _POLICY_LIST): Rule(_V2, POLICIES_EDIT, _POLICIES, "POST"),
    ("GET", _POLICY): Rule(_V2, POLICIES_READ, _POLICIES, "GET"),
    ("PATCH", _POLICY): Rule(_V2, POLICIES_EDIT, _POLICIES, "PATCH"),
    ("DELETE", _POLICY): Rule(_V2, POLICIES_EDIT, _POLICIES, "DELETE"),
    ("GET", "/siem/v1/events/cg"): Rule(_V2, _SIEM, _DATA, "GET"),
    ("GET", "/siem/v1/batch/events/cg"): Rule(_V2, _SIEM, _DATA, "GET"),
    ("GET", "/threat-reporting/v1/reported-emails"): Rule(_V2, _STATISTICS, _DATA, "GET"),
    ("GET", "/threat-reporting/v1/threat-reports"): Rule(_V2, _STATISTICS, _DATA, "GET"),
    ("GET", "/threat-reporting/v1/threat-analysis/{id}"): Rule(_V2, _STATISTICS, _DATA, "GET"),
}
"""(method, path) of the REST functions of API 2.0; `{name}` stands for one part of the path."""
_TEMPLATES = {
    path: re.compile(re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(path)) + r"\Z") for _, path in REST_RULES
}


def rest_path(path: str) -> tuple[str, dict[str, str]] | None:
    """(the path as `REST_RULES` has it, what stands in its variable places); None for other paths."""
    for template, pattern in _TEMPLATES.items():
        match = pattern.match(path)
        if match:
            return template, match.groupdict()
    return None


UNLISTED_ON_V2 = {
    "/api/gateway/message/get-message-detail": "message_detail_on_v2",
    "/api/policy/blockedsenders/update-policy": "policy_changes_on_v2",
    "/api/policy/blockedsenders/delete-policy": "policy_changes_on_v2",
}
"""Functions that API 2.0 does not list and some tenants answer; the switch says whether this one does."""

_EVERY = (*RULES.values(), *REST_RULES.values())
ALL_PRODUCTS = frozenset(rule.product for rule in _EVERY if rule.product)
ALL_PERMISSIONS = frozenset(rule.permission for rule in _EVERY if rule.permission)
SEED_PERMISSIONS = frozenset(
    {
        "Account | Dashboard | Read",
        "Account | Monitoring | Held | Edit",
        "Archive | Search Logs | Read",
        "Archive | View Logs | Read",
        "Gateway | Managed Senders | Edit",
        "Gateway | Policies | Edit",
        "Gateway | Policies | Read",
        "Gateway | Tracking | Read",
    }
)
"""What the vendor's integration guide tells people to grant; it lacks the release logs."""


def normal(permission: str) -> str:
    """One spelling for a permission: parts trimmed, a leading "Account" before "Monitoring" dropped."""
    parts = [part.strip() for part in permission.replace("/", "|").split("|")]
    if len(parts) > 2 and parts[0] == "Account" and parts[1] == "Monitoring":
        parts = parts[1:]
    return " | ".join(parts)


class Role:
    """The permissions of the service account. All that the sandbox knows are granted at first.

    Attributes:
        edit_implies_read: Whether "Edit" also grants "Read" of the same object (not documented).
    """

    def __init__(self, granted: frozenset[str] = ALL_PERMISSIONS) -> None:
        self._granted = {normal(name) for name in granted}
        self.edit_implies_read = True

    def grant(self, permission: str) -> None:
        """Add a permission, e.g. `Account | Monitoring | Held | Edit`."""
        self._granted.add(normal(permission))

    def revoke(self, permission: str) -> None:
        """Take a permission away; unknown names are fine."""
        self._granted.discard(normal(permission))

    def allows(self, permission: str) -> bool:
        """Whether a call that needs `permission` ("" = nothing) may run."""
        name = normal(permission)
        if not permission or name in self._granted:
            return True
        return self.edit_implies_read and name.endswith("| Read") and name[:-4] + "Edit" in self._granted

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._granted))
