"""What one triage run decided, as plain data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Wanted:
    """One action that the ledger wants done."""

    action_id: int
    alert_id: int
    kind: str
    hold_id: str
    parameters: dict[str, Any]


@dataclass
class TriageReport:
    """What one triage run decided."""

    run_id: int = 0
    """The run's row in the store; 0 when nothing was written."""
    triaged: int = 0
    verdicts: dict[str, int] = field(default_factory=dict)
    planned: dict[str, int] = field(default_factory=dict)
    """Rulings on proposed effects, such as "release: act"."""
    alert_ids: list[int] = field(default_factory=list)
    to_do: list[Wanted] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    preview: list[dict[str, str]] = field(default_factory=list)
    """The first rows, for a dry run that stores nothing."""
    seconds: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)
