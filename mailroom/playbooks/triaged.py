"""What one triage run decided, as plain data."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mailroom.store.runs import Run


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


def concerns(run: Run, tenants: Collection[str] | None) -> bool:
    """Whether a triage run was about these tenants (None: all), or about all."""
    return tenants is None or bool(set(run.parameters.get("tenants") or tenants) & set(tenants))


def covers(run: Run, tenants: Collection[str] | None) -> bool:
    """Whether a triage run was about all that these tenants (None: all) have."""
    known = run.parameters.get("tenants")
    return known is None or (tenants is not None and set(tenants) <= set(known))
