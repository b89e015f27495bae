"""The effects on held messages: their names in the ledger, in the documentation and in the release log."""

from __future__ import annotations

from dataclasses import dataclass

DISPOSITION = "disposition"
"""Release and reject of one hold entry share this slot: only one of them can ever be live."""


@dataclass(frozen=True)
class EffectKind:
    """One way of changing the tenant.

    Attributes:
        name: As in the ledger and in the triage proposals.
        action: The documented name of the action.
        past: How a report says that it happened.
        log_status: Status of the release log entry that proves it.
        handling: What the alert says afterwards.
    """

    name: str
    action: str
    past: str
    log_status: str
    handling: str


RELEASE = EffectKind("release", "Release Message", "released", "released", "released")
RELEASE_TO_SANDBOX = EffectKind(
    "release_to_sandbox", "Release Message", "released to the sandbox", "released", "released_to_sandbox"
)
REJECT = EffectKind("reject", "Reject Message", "rejected", "rejected", "rejected")

KINDS = {kind.name: kind for kind in (RELEASE, RELEASE_TO_SANDBOX, REJECT)}


def slot(hold_id: str) -> str:
    """The ledger slot that all dispositions of one hold entry compete for."""
    return f"{DISPOSITION}:{hold_id}"
