"""Approvals are bound to one exact action and to the evidence it was approved on."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

BULK = 10
"""More targets than this in one approval need a second person."""


@dataclass(frozen=True, slots=True)
class Approval:
    """A named person's yes. `digest` is `approval_digest` of what they saw; `used_at` is set by the first use."""

    digest: str
    proposer: str
    approver: str
    granted_at: datetime
    expires_at: datetime
    used_at: datetime | None = None


def approval_digest(
    action: str,
    hold_id: str,
    recipients: Iterable[str],
    parameters: Mapping[str, Any],
    evidence_digest: str,
    rule_digest: str,
) -> str:
    """SHA-256 (hex) of what an approval is about. The order of recipients and of parameters does not matter."""
    content = [
        action,
        hold_id,
        sorted({recipient.strip().lower() for recipient in recipients}),
        dict(parameters),
        evidence_digest,
        rule_digest,
    ]
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def needs_second_person(action: str, parameters: Mapping[str, Any], targets: int) -> bool:
    """Whether proposer and approver must differ: bulk, domain or everyone policies, permits."""
    wide = parameters.get("scope") in ("domain", "everyone") or parameters.get("to") == "everyone"
    return targets > BULK or wide or action == "permit_sender"


def check_approval(
    approval: Approval | None,
    digest: str,
    now: datetime,
    *,
    action: str = "",
    parameters: Mapping[str, Any] | None = None,
    targets: int = 1,
) -> tuple[str, ...]:
    """Sentences why the approval does not cover the action that is about to happen; empty when it does."""
    if approval is None:
        return ("Nobody has approved this action.",)
    found = []
    if not hmac.compare_digest(approval.digest, digest):
        found.append("The approval is for another action, or the evidence or the rules changed since; ask again.")
    if approval.used_at is not None:
        found.append("The approval was already used.")
    if now >= approval.expires_at:
        found.append(f"The approval expired at {approval.expires_at:%Y-%m-%d %H:%M} UTC; ask again.")
    if now < approval.granted_at:
        found.append("The approval lies in the future; check the clocks.")
    same = approval.approver.strip().lower() == approval.proposer.strip().lower()
    if same and needs_second_person(action, parameters or {}, targets):
        found.append("Bulk actions, permits and domain-wide policies need an approver other than the proposer.")
    return tuple(found)
