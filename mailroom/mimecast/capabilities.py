"""Every Mimecast function this project knows: where it exists, what it needs, whether it changes anything.

The one table that `client.call`, `client.rest`, `ping` and the documentation read. Permission and product texts are
Mimecast's own (API 2.0 operation catalogue); where the vendor publishes none, the text says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Generation = Literal["1.0", "2.0"]
Effect = Literal["reads", "changes"]
Method = Literal["POST", "GET", "PATCH", "DELETE"]

BOTH: tuple[Generation, ...] = ("1.0", "2.0")
ONLY_1: tuple[Generation, ...] = ("1.0",)
ONLY_2: tuple[Generation, ...] = ("2.0",)


@dataclass(frozen=True, slots=True)
class Function:
    """One documented API function: called with POST and an envelope, or a REST resource of API 2.0."""

    path: str
    """Path on the API host, e.g. `/api/gateway/hold-release`; also what API 1.0 signs. REST resources may have
    parts to fill in: `/policies/{policy_id}`."""
    generations: tuple[Generation, ...]
    """Where it may be called."""
    permission: str
    """What the role must contain, as the administration console spells it; empty when none is needed."""
    product: str
    """What an API 2.0 application must be registered for; empty when the catalogue does not list the function."""
    effect: Effect
    """`reads` may be repeated freely; `changes` is repeated only when it certainly was not executed."""
    instead: str = ""
    """What to use in the generation that lacks it."""
    listed_on_2: bool = True
    """False for functions that the 2.0 catalogue does not list but that may answer nevertheless."""
    method: Method = "POST"
    """How it is called; anything but POST is REST."""

    @property
    def is_rest(self) -> bool:
        """Whether it is a REST resource (`client.rest`) instead of an envelope function (`client.call`)."""
        return not self.path.startswith("/api/")

    @property
    def name(self) -> str:
        """What tells it apart in messages and quotas: the path, with the method in front when it is REST."""
        return f"{self.method} {self.path}" if self.is_rest else self.path


# Products of an API 2.0 application.
_ACCOUNT = "Account Management"
_GATEWAY = "Email Security Cloud Gateway"
_AUDIT = "Audit Events"
_POLICIES = "Policy Management"
_ARCHIVE = "Data Retention"
_EVENTS = "Security Events"
_THREATS = "Threat Management"
_GROUPS = "User and Group Management"
_SIEM = "Threats, Security Events and Data"

# Permissions of a role.
_DASHBOARD = "Account | Dashboard | Read"
_HELD_EDIT = "Account | Monitoring | Held | Edit"
_TRACKING = "Gateway | Tracking | Read"
_POLICIES_READ = "Gateway | Policies | Read"
_POLICIES_EDIT = "Gateway | Policies | Edit"
_ARCHIVE_SEARCH = "Archive | Search | Read"
_ARCHIVE_CONTENT = "Archive | Search Content View"
_ARCHIVE_READ = "Archive | Read"
_SEARCH_LOGS = "Archive | Search Logs | Read"
_URL_PROTECT = "Services | Targeted Threat Protection - URL Protect | Edit"
_REMEDIATION_READ = "Services | Threat Remediation | Read"
_REMEDIATION_EDIT = "Services | Threat Remediation | Edit"
_GROUPS_EDIT = "Directories | Groups | Edit"
_SYNC_READ = "Services | Directory Sync | Read"
_SYNC_EDIT = "Services | Directory Sync | Edit"
_SIEM_READ = "Security Events and Data Retrieval | Threat and Security Events (SIEM) | Read"
_STATISTICS = "Security Events and Data Retrieval | Threat and Security Statistics | Read"

GET_ACCOUNT = Function("/api/account/get-account", BOTH, _DASHBOARD, _ACCOUNT, "reads")
WHOAMI = Function("/identity/whoami", ONLY_2, "", _ACCOUNT, "reads", "get-account", method="GET")
LOGIN = Function("/api/login/login", ONLY_1, "", "", "reads", listed_on_2=False)

# Message tracking, and what API 1.0 can do with a tracked message.
TRACKING_SEARCH = Function("/api/message-finder/search", BOTH, _TRACKING, _GATEWAY, "reads")
GET_MESSAGE_INFO = Function("/api/message-finder/get-message-info", BOTH, _TRACKING, _GATEWAY, "reads")
RELEASE_TO_SANDBOX = Function(
    "/api/message-finder/release-held-email-to-sandbox", ONLY_1, _HELD_EDIT, "", "changes",
    "release without the sandbox (hold-release), or keep an API 1.0 application for this action", listed_on_2=False,
)  # fmt: skip
REJECT_HELD_EMAIL = Function(
    "/api/message-finder/reject-held-email", ONLY_1, _HELD_EDIT, "", "changes",
    "hold-reject with the hold id of the message", listed_on_2=False,
)  # fmt: skip
REPORT_MESSAGE = Function(
    "/api/message-finder/report-message", ONLY_1, _TRACKING, "", "changes",
    "report it in the administration console (message center), or keep an API 1.0 application for this action; "
    "`threat-reporting/v1/reported-emails` only lists what users reported", listed_on_2=False,
)  # fmt: skip

# Held mail and other queues.
HOLD_LIST = Function("/api/gateway/get-hold-message-list", BOTH, _DASHBOARD, _GATEWAY, "reads")
FIND_HELD_MESSAGES = Function(
    "/api/gateway/find-held-messages", ONLY_1, "Account | Monitoring | Held | Read", "", "reads",
    "get-hold-message-list", listed_on_2=False,
)  # fmt: skip
HOLD_SUMMARY = Function(
    "/api/gateway/get-hold-summary-list", BOTH, "Account | Monitoring | Held Summary | Read", _GATEWAY, "reads"
)
HOLD_RELEASE = Function("/api/gateway/hold-release", BOTH, _HELD_EDIT, _GATEWAY, "changes")
HOLD_REJECT = Function("/api/gateway/hold-reject", BOTH, _HELD_EDIT, _GATEWAY, "changes")
RELEASE_LOGS = Function("/api/gateway/get-held-release-logs", BOTH, "Monitoring | Held | Read", _AUDIT, "reads")
PROCESSING_MESSAGES = Function(
    "/api/gateway/find-processing-messages", BOTH, "Monitoring | Processing | Read", _GATEWAY, "reads"
)
REJECTIONS = Function("/api/gateway/get-rejections", BOTH, "Monitoring | Rejections | Read", _AUDIT, "reads")
EMAIL_QUEUES = Function("/api/email/get-email-queues", BOTH, _DASHBOARD, _GATEWAY, "reads")
MESSAGE_DETAIL = Function(
    "/api/gateway/message/get-message-detail", BOTH, _TRACKING, "", "reads",
    "the components of get-message-info (names, sizes and hashes, without contents)", listed_on_2=False,
)  # fmt: skip
GET_FILE = Function("/api/gateway/message/get-file", BOTH, _DASHBOARD, _GATEWAY, "reads")

# Senders and blocked-sender policies.
PERMIT_OR_BLOCK_SENDER = Function(
    "/api/managedsender/permit-or-block-sender", BOTH, "Gateway | Managed Senders | Edit", _GATEWAY, "changes"
)
CREATE_POLICY = Function("/api/policy/blockedsenders/create-policy", BOTH, _POLICIES_EDIT, _POLICIES, "changes")
GET_POLICY = Function("/api/policy/blockedsenders/get-policy", BOTH, _POLICIES_READ, _POLICIES, "reads")
UPDATE_POLICY = Function(
    "/api/policy/blockedsenders/update-policy", BOTH, _POLICIES_EDIT, "", "changes",
    "PATCH of the policy-management resource", listed_on_2=False,
)  # fmt: skip
DELETE_POLICY = Function(
    "/api/policy/blockedsenders/delete-policy", BOTH, _POLICIES_EDIT, "", "changes",
    "DELETE of the policy-management resource", listed_on_2=False,
)  # fmt: skip
_REST_POLICIES = "/policy-management/cloud-gateway/v1/blocked-senders/policies"
_REST_POLICY = _REST_POLICIES + "/{policy_id}"
REST_LIST_POLICIES = Function(
    _REST_POLICIES, ONLY_2, _POLICIES_READ, _POLICIES, "reads", "blockedsenders/get-policy without an id", method="GET"
)
REST_CREATE_POLICY = Function(
    _REST_POLICIES, ONLY_2, _POLICIES_EDIT, _POLICIES, "changes", "blockedsenders/create-policy"
)
REST_GET_POLICY = Function(
    _REST_POLICY, ONLY_2, _POLICIES_READ, _POLICIES, "reads", "blockedsenders/get-policy", method="GET"
)
REST_UPDATE_POLICY = Function(
    _REST_POLICY, ONLY_2, _POLICIES_EDIT, _POLICIES, "changes", "blockedsenders/update-policy", method="PATCH"
)
REST_DELETE_POLICY = Function(
    _REST_POLICY, ONLY_2, _POLICIES_EDIT, _POLICIES, "changes", "blockedsenders/delete-policy", method="DELETE"
)

# Archive.
ARCHIVE_SEARCH = Function("/api/archive/search", BOTH, _ARCHIVE_SEARCH, _ARCHIVE, "reads")
ARCHIVE_MESSAGE_LIST = Function("/api/archive/get-message-list", BOTH, _ARCHIVE_SEARCH, _ARCHIVE, "reads")
ARCHIVE_MESSAGE_DETAIL = Function("/api/archive/get-message-detail", BOTH, _ARCHIVE_CONTENT, _ARCHIVE, "reads")
ARCHIVE_MESSAGE_PART = Function("/api/archive/get-message-part", BOTH, _ARCHIVE_READ, _ARCHIVE, "reads")
ARCHIVE_FILE = Function("/api/archive/get-file", BOTH, _ARCHIVE_READ, _ARCHIVE, "reads")
ARCHIVE_SEARCH_LOGS = Function("/api/archive/get-archive-search-logs", BOTH, _SEARCH_LOGS, _AUDIT, "reads")
SEARCH_LOGS = Function("/api/archive/get-search-logs", BOTH, _SEARCH_LOGS, _AUDIT, "reads")
VIEW_LOGS = Function("/api/archive/get-view-logs", BOTH, "Archive | View Logs | Read", _AUDIT, "reads")

# Targeted threat protection.
URL_LOGS = Function("/api/ttp/url/get-logs", BOTH, "Monitoring | URL Protection | Read", _EVENTS, "reads")
ATTACHMENT_LOGS = Function(
    "/api/ttp/attachment/get-logs", BOTH, "Monitoring | Attachment Protection | Read", _EVENTS, "reads"
)
IMPERSONATION_LOGS = Function(
    "/api/ttp/impersonation/get-logs", BOTH, "Monitoring | Impersonation Protection | Read", _EVENTS, "reads"
)
DECODE_URL = Function("/api/ttp/url/decode-url", BOTH, _DASHBOARD, _GATEWAY, "reads")
CREATE_MANAGED_URL = Function("/api/ttp/url/create-managed-url", BOTH, _URL_PROTECT, _POLICIES, "changes")
LIST_MANAGED_URLS = Function("/api/ttp/url/get-all-managed-urls", BOTH, _URL_PROTECT, _POLICIES, "reads")
DELETE_MANAGED_URL = Function("/api/ttp/url/delete-managed-url", BOTH, _URL_PROTECT, _POLICIES, "changes")

# Pulling mail back out of mailboxes.
CREATE_INCIDENT = Function("/api/ttp/remediation/create", BOTH, _REMEDIATION_EDIT, _THREATS, "changes")
CREATE_INCIDENT_V2 = Function(
    "/api/ttp/remediation/v2/create", ONLY_2, _REMEDIATION_EDIT, _THREATS, "changes", "remediation/create"
)
GET_INCIDENT = Function("/api/ttp/remediation/get-incident", BOTH, _REMEDIATION_READ, _THREATS, "reads")
FIND_INCIDENTS = Function("/api/ttp/remediation/find-incidents", BOTH, _REMEDIATION_READ, _THREATS, "reads")
SEARCH_HASH = Function("/api/ttp/remediation/search-hash", BOTH, _REMEDIATION_READ, _THREATS, "reads")

# Groups, and own threat intelligence.
FIND_GROUPS = Function("/api/directory/find-groups", BOTH, _GROUPS_EDIT, _GROUPS, "reads")
ADD_GROUP_MEMBER = Function("/api/directory/add-group-member", BOTH, _GROUPS_EDIT, _GROUPS, "changes")
GROUP_MEMBERS = Function("/api/directory/get-group-members", BOTH, _SYNC_READ, _GROUPS, "reads")
REMOVE_GROUP_MEMBER = Function("/api/directory/remove-group-member", BOTH, _SYNC_EDIT, _GROUPS, "changes")
CREATE_BATCH = Function(
    "/api/byo-threat-intelligence/create-batch", BOTH, "BYO Threat Intelligence | Upload", _THREATS, "changes"
)

# Logs of the tenant.
AUDIT_EVENTS = Function("/api/audit/get-audit-events", BOTH, "Account | Logs | Read", _AUDIT, "reads")
SIEM_LOGS = Function(
    "/api/audit/get-siem-logs", ONLY_1, _TRACKING, "", "reads", "GET /siem/v1/batch/events/cg", listed_on_2=False
)
SIEM_EVENTS = Function(
    "/siem/v1/events/cg", ONLY_2, _SIEM_READ, _SIEM, "reads", "audit/get-siem-logs", method="GET"
)  # fmt: skip
SIEM_BATCHES = Function(
    "/siem/v1/batch/events/cg", ONLY_2, _SIEM_READ, _SIEM, "reads", "audit/get-siem-logs", method="GET"
)
REPORTED_EMAILS = Function(
    "/threat-reporting/v1/reported-emails", ONLY_2, _STATISTICS, _SIEM, "reads",
    "nothing: API 1.0 does not tell what users reported", method="GET",
)  # fmt: skip
THREAT_REPORTS = Function(
    "/threat-reporting/v1/threat-reports", ONLY_2, _STATISTICS, _SIEM, "reads", "the logs of ttp/...", method="GET"
)
THREAT_ANALYSIS = Function(
    "/threat-reporting/v1/threat-analysis/{id}", ONLY_2, _STATISTICS, _SIEM, "reads", "the logs of ttp/...",
    method="GET",
)  # fmt: skip

REGISTRY: dict[str, Function] = {made.name: made for made in tuple(globals().values()) if isinstance(made, Function)}
"""Every function by its `name`."""
