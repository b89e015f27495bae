"""What the steps of approvals share: the view of an approval that a run goes by. Nobody's address is in it."""

from __future__ import annotations

from dataclasses import dataclass

from mailroom.playbooks.approvals.requesting import SEVERAL
from mailroom.playbooks.approvals.showing import description, rows_of
from mailroom.store import Store
from mailroom.store.approval_rows import StoredApproval
from tasks._show import show

_COLUMNS = ("alert", "action", "verdict", "domain", "subject", "why", "state")


@dataclass(frozen=True)
class ApprovalView:
    """One approval as it stands. Kept nowhere."""

    id: int
    state: str
    digest: str
    kind: str
    targets: int
    reason: str
    seconds_left: float
    sentences: list[str]

    @property
    def is_open(self) -> bool:
        """Nobody has decided."""
        return self.state == "open"

    @property
    def is_approved(self) -> bool:
        """Somebody has said yes, and it counts still or has been made use of."""
        return self.state in ("granted", "used")


def view_of(store: Store, known: StoredApproval, *, shown: bool = False) -> ApprovalView:
    """The view; with `shown` its table beside the run. Effect: reads the store."""
    rows = rows_of(store, known)
    if shown:
        kind = "several actions" if known.kind == SEVERAL else known.kind
        # The table makes everything harmless itself: twice would turn every [.] into (.).
        table = [{name: str(row[name]).replace("[.]", ".") for name in _COLUMNS} for row in rows]
        show(f"approval-{known.id}", table, f"Approval {known.id} ({known.state}): {kind}, {known.targets} in all.")
    left = (known.expires_at - store.approvals.now()).total_seconds()
    return ApprovalView(
        known.id, known.state, known.digest, known.kind, known.targets, known.reason, left,
        description(store, known, rows),
    )  # fmt: skip
