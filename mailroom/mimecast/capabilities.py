"""Every Mimecast function this project calls: where it exists, what it needs, whether it changes anything.

The one table that `client.call`, `ping` and the documentation read. Permission and product texts are Mimecast's own
(API 2.0 operation catalogue); where the vendor publishes none, the text says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Generation = Literal["1.0", "2.0"]
Effect = Literal["reads", "changes"]

BOTH: tuple[Generation, ...] = ("1.0", "2.0")
ONLY_1: tuple[Generation, ...] = ("1.0",)

CLOUD_GATEWAY = "Email Security Cloud Gateway"
ACCOUNT_MANAGEMENT = "Account Management"
AUDIT_EVENTS = "Audit Events"


@dataclass(frozen=True, slots=True)
class Function:
    """One documented API function, always called with POST."""

    path: str
    """Path on the API host, e.g. `/api/gateway/hold-release`; also what API 1.0 signs."""
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


_HELD_EDIT = "Account | Monitoring | Held | Edit"
_DASHBOARD = "Account | Dashboard | Read"
_TRACKING = "Gateway | Tracking | Read"

GET_ACCOUNT = Function("/api/account/get-account", BOTH, _DASHBOARD, ACCOUNT_MANAGEMENT, "reads")
TRACKING_SEARCH = Function("/api/message-finder/search", BOTH, _TRACKING, CLOUD_GATEWAY, "reads")
GET_MESSAGE_INFO = Function("/api/message-finder/get-message-info", BOTH, _TRACKING, CLOUD_GATEWAY, "reads")
RELEASE_TO_SANDBOX = Function(
    "/api/message-finder/release-held-email-to-sandbox",
    ONLY_1,
    _HELD_EDIT,
    "",
    "changes",
    instead="release without the sandbox (hold-release), or keep an API 1.0 application for this action",
    listed_on_2=False,
)
REJECT_HELD_EMAIL = Function(
    "/api/message-finder/reject-held-email",
    ONLY_1,
    _HELD_EDIT,
    "",
    "changes",
    instead="hold-reject with the hold id of the message",
    listed_on_2=False,
)
HOLD_LIST = Function("/api/gateway/get-hold-message-list", BOTH, _DASHBOARD, CLOUD_GATEWAY, "reads")
HOLD_SUMMARY = Function(
    "/api/gateway/get-hold-summary-list",
    BOTH,
    "Account | Monitoring | Held Summary | Read",
    CLOUD_GATEWAY,
    "reads",
)
HOLD_RELEASE = Function("/api/gateway/hold-release", BOTH, _HELD_EDIT, CLOUD_GATEWAY, "changes")
HOLD_REJECT = Function("/api/gateway/hold-reject", BOTH, _HELD_EDIT, CLOUD_GATEWAY, "changes")
RELEASE_LOGS = Function("/api/gateway/get-held-release-logs", BOTH, "Monitoring | Held | Read", AUDIT_EVENTS, "reads")
MESSAGE_DETAIL = Function(
    "/api/gateway/message/get-message-detail",
    BOTH,
    _TRACKING,
    "",
    "reads",
    instead="the components of get-message-info (names, sizes and hashes, without contents)",
    listed_on_2=False,
)
GET_FILE = Function("/api/gateway/message/get-file", BOTH, _DASHBOARD, CLOUD_GATEWAY, "reads")
LOGIN = Function("/api/login/login", ONLY_1, "", "", "reads", listed_on_2=False)

REGISTRY: dict[str, Function] = {
    function.path: function
    for function in (
        GET_ACCOUNT,
        TRACKING_SEARCH,
        GET_MESSAGE_INFO,
        RELEASE_TO_SANDBOX,
        REJECT_HELD_EMAIL,
        HOLD_LIST,
        HOLD_SUMMARY,
        HOLD_RELEASE,
        HOLD_REJECT,
        RELEASE_LOGS,
        MESSAGE_DETAIL,
        GET_FILE,
        LOGIN,
    )
}
