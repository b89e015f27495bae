"""What a block would be: its steps, what stands against it, and what is blocked already."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mailroom.mimecast.field_checks import checked_address, checked_domain
from mailroom.store.columns import canonical_json
from mailroom.triage.approvals import approval_digest

MANAGED, POLICY = "block_sender", "create_block_sender_policy"
"""Kinds of the ledger."""
Method = Literal["managed sender", "policy"]


@dataclass(frozen=True, slots=True)
class Subject:
    """What shall be blocked: one address, or everything from a domain."""

    value: str
    """In lower case, the domain in ASCII."""
    whole_domain: bool

    @property
    def domain(self) -> str:
        """The domain, of an address too."""
        return self.value.rpartition("@")[2]

    @property
    def shown(self) -> str:
        """For people."""
        return f"everything from {self.value}" if self.whole_domain else self.value

    @classmethod
    def of(cls, text: str, *, whole_domain: bool) -> Subject:
        """From what was typed; of an address and `whole_domain` its domain counts.

        Raises:
            InvalidInputError: It is empty, a pattern, or no address or domain.
        """
        clean = text.strip().strip("<>")
        if whole_domain:
            return cls(checked_domain(clean.rpartition("@")[2], "Sender"), True)
        return cls(checked_address(clean, "Sender"), False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why something is not blocked, and what to do instead."""

    code: str
    why: str
    instead: str

    @property
    def text(self) -> str:
        """Both, as sentences."""
        return f"{self.why} {self.instead}".strip()


@dataclass(frozen=True, slots=True)
class BlockStep:
    """One change of the tenant."""

    kind: str
    parameters: dict[str, Any]
    slot: str
    """Its place in the ledger: at most one live block of the same thing."""
    expires_at: datetime | None
    sentence: str
    action_id: int | None = None
    """The action of the ledger that stands for it already."""
    state: str = ""
    """Of that action."""
    ends_first: int | None = None
    """An older action of ours that is taken back before: its policy has run out."""
    supersedes: int | None = None
    """An action that was not made and wants another thing in the same place, such as another end."""
    gone: int | None = None
    """An older action of ours whose policy somebody has deleted."""


@dataclass(frozen=True, slots=True)
class BlockPlan:
    """What a block would change. Made by looking only."""

    subject: Subject
    method: Method
    tenant: str
    alert_id: int | None
    steps: tuple[BlockStep, ...]
    refusals: tuple[Refusal, ...]
    already: tuple[str, ...]
    """What is blocked already, and by what."""
    notes: tuple[str, ...]
    requested_by: str
    facts: dict[str, Any]
    """Of the alert's mail, for the rails."""
    set_aside: tuple[Refusal, ...] = ()
    """What stands against it, and the person who asked for it allowed all the same."""

    @property
    def digest(self) -> str:
        """Identity of exactly what would be done: an approval is bound to it."""
        wanted = [[step.kind, step.parameters, step.slot, step.expires_at] for step in self.steps]
        scope = "domain" if self.subject.whole_domain else "address"
        people = [str(step.parameters.get("recipient") or "everyone") for step in self.steps]
        details = {"steps": wanted, "scope": scope}
        return approval_digest("block_sender", self.subject.value, people, details, str(self.alert_id or ""), "")

    def counts(self) -> dict[str, Any]:
        """For logs and results: nobody's address."""
        return {
            "domain": self.subject.domain, "whole_domain": self.subject.whole_domain, "method": self.method,
            "alert": self.alert_id, "changes": len(self.steps), "already_blocked": len(self.already),
            "refused_because": [refusal.code for refusal in self.refusals],
            "set_aside": [refusal.code for refusal in self.set_aside], "digest": self.digest,
        }  # fmt: skip


def slot_of(*parts: object) -> str:
    """A place in the ledger that is named by what is blocked, not by who wants it or until when."""
    return f"{POLICY}:{hashlib.sha256(canonical_json([str(part) for part in parts]).encode()).hexdigest()[:40]}"
