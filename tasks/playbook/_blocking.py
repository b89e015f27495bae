"""What the steps that block senders and pull mail back share: the desk, the plan with its ruling, the words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailroom.comma_list import comma_list
from mailroom.playbooks.act import Desk
from mailroom.playbooks.block_sender import BlockPlan, Ruled
from tasks import _open


@dataclass(frozen=True)
class PlannedBlock:
    """A plan, and what may happen with it now."""

    plan: BlockPlan
    ruled: Ruled
    approval_hours: float
    """How long an approval counts."""
    needs_somebody_else: bool = False
    """A person asked for it, and it is wide: another person approves it, by mail or by command."""

    @property
    def sentences(self) -> list[str]:
        """What would be done, one sentence per change; recipients are counted and not named."""
        subject, steps = self.plan.subject, self.plan.steps
        ends = {f"until {step.expires_at:%Y-%m-%d}" if step.expires_at else "without end" for step in steps}
        when = " or ".join(sorted(ends))
        if not steps:
            return []
        if self.plan.method == "managed sender":
            return [f"block {subject.shown} for {len(steps)} of our recipients, {when}"]
        return [f"block {subject.shown} for everybody, {when}"]


_BETWEEN_LINKS = re.compile(r"\s+|[,;]+(?=\s|$|[A-Za-z][A-Za-z0-9+.-]*://)")


def desk(mimecast: str, store: str, policy: str) -> Desk:
    """Tenant, store and policy behind blocks of these names."""
    return Desk(client=_open.client(mimecast), store=_open.store(store), policy=lambda: _open.policy(policy))


def split(text: str) -> tuple[str, ...]:
    """What was typed into one field, separated by commas, semicolons or lines."""
    for separator in (";", "\n"):
        text = text.replace(separator, ",")
    return tuple(comma_list(text))


def split_links(text: str) -> tuple[str, ...]:
    """Links as `split`, but a comma or semicolon within one stays: a link may have them, and its half is another link.

    It separates where a blank, the end or `http://` follows, or where the text before it is a domain alone.
    """
    found: list[str] = []
    for one in _BETWEEN_LINKS.split(text):
        found += [one] if "/" in one else split(one)
    return tuple(part for part in found if part)
