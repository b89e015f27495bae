"""What triage says about one message, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from mailroom.triage.playbook import Proposal

_COMPACT = json.JSONEncoder(ensure_ascii=True, separators=(",", ":"))
VERDICTS = ("malicious", "suspicious", "spam", "graymail", "benign", "simulation", "undetermined")


class Contribution(NamedTuple):
    """One rule's part in a decision. `text` is one line of evidence, safe to log, not yet safe for HTML."""

    rule_id: str
    version: int
    title: str
    points: int
    group: str
    level: str
    text: str
    status: str
    severity: str = "info"
    suggests: str = ""
    auto_actions: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data for the store."""
        return {**self._asdict(), "auto_actions": list(self.auto_actions)}


@dataclass(frozen=True, slots=True)
class Decision:
    """Verdict, score and everything that led to it.

    `risk` 0..100, `confidence` 0..1. `groups` are the groups of evidence that point to harm; `unknown` the rules that
    could not be answered; `shadow` what rules in shadow would have said. `digest` names the rule set,
    `evidence_digest` the evidence an approval is bound to.
    """

    verdict: str
    risk: int
    confidence: float
    evidence: tuple[Contribution, ...]
    insights: tuple[Contribution, ...]
    shadow: tuple[Contribution, ...]
    unknown: tuple[str, ...]
    absolute: str | None
    groups: tuple[str, ...]
    priority: int
    seed_priority: int
    priority_reasons: tuple[str, ...]
    digest: str
    evidence_digest: str
    proposal: Proposal

    def to_dict(self) -> dict[str, Any]:
        """Plain data (JSON types only)."""
        plain = {name: getattr(self, name) for name in ("verdict", "risk", "confidence", "absolute", "priority")}
        return {
            **plain,
            "seed_priority": self.seed_priority,
            "priority_reasons": list(self.priority_reasons),
            "groups": list(self.groups),
            "unknown": list(self.unknown),
            "evidence": [entry.to_dict() for entry in self.evidence],
            "insights": [entry.to_dict() for entry in self.insights],
            "shadow": [entry.to_dict() for entry in self.shadow],
            "digest": self.digest,
            "evidence_digest": self.evidence_digest,
            "proposal": {
                "action": self.proposal.action,
                "reason": self.proposal.reason,
                "parameters": dict(self.proposal.parameters),
                "absolute_denials": list(self.proposal.absolute_denials),
                "also": list(self.proposal.also),
                "row": self.proposal.row,
            },
        }


def evidence_digest(verdict: str, risk: int, evidence: Iterable[Contribution]) -> str:
    """SHA-256 (hex) over the verdict and its counted evidence."""
    rows = sorted([entry.rule_id, entry.version, entry.points, entry.text] for entry in evidence)
    return hashlib.sha256(_COMPACT.encode([verdict, risk, rows]).encode()).hexdigest()
