"""Which function exists in which generation, and what a role and an application need for it."""

from __future__ import annotations

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
_POLICIES = "Policy Management"

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
    "/api/policy/blockedsenders/get-policy": Rule(_BOTH, "Gateway | Policies | Read", _POLICIES),
    "/api/policy/blockedsenders/update-policy": Rule(_BOTH, POLICIES_EDIT, _POLICIES),
    "/api/policy/blockedsenders/delete-policy": Rule(_BOTH, POLICIES_EDIT, _POLICIES),
}
UNLISTED_ON_V2 = {
    "/api/gateway/message/get-message-detail": "message_detail_on_v2",
    "/api/policy/blockedsenders/update-policy": "policy_changes_on_v2",
    "/api/policy/blockedsenders/delete-policy": "policy_changes_on_v2",
}
"""Functions that API 2.0 does not list and some tenants answer; the switch says whether this one does."""

ALL_PRODUCTS = frozenset(rule.product for rule in RULES.values() if rule.product)
ALL_PERMISSIONS = frozenset(rule.permission for rule in RULES.values() if rule.permission)
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
