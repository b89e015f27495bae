"""Which held messages wait for a question to their recipient, and which run waits for an answer."""

from __future__ import annotations

import builtins
from collections.abc import Collection

from sqlalchemy import Connection, select, true

from mailroom.store.database import Database
from mailroom.store.schema import alerts, verdicts, waits


class Recipients:
    """Looks for messages whose recipient is to be asked; ties a run to a question."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def attach(self, wait_id: int, flow_run_id: str) -> bool:
        """Resume this run when the question is settled, unless another one waits for it (then False). Twice is fine."""

        def write(tx: Connection) -> bool:
            free = waits.c.id == wait_id, waits.c.flow_run_id.in_(("", flow_run_id)), waits.c.resumed_at.is_(None)
            change = waits.update().where(*free).values(flow_run_id=flow_run_id, changed_at=self._db.now(tx))
            return int(tx.execute(change).rowcount) == 1

        return self._db.run(write)

    def to_ask(
        self, proposal: str, kind: str, *, after_id: int = 0, limit: int = 250, tenants: Collection[str] | None = None
    ) -> builtins.list[int]:
        """Open held alerts whose current verdict proposes this and about which no such question went out, by id.

        A question that was stored and never sent does not count as one. `tenants` leaves out the others' alerts.
        """
        asked = select(waits.c.id).where(
            waits.c.alert_id == alerts.c.id, waits.c.kind == kind,
            (waits.c.state != "open") | waits.c.sent_at.is_not(None) | waits.c.send_action_id.is_not(None),
        )  # fmt: skip
        query = (
            select(alerts.c.id)
            .join(verdicts, (verdicts.c.alert_id == alerts.c.id) & verdicts.c.is_current)
            .where(
                alerts.c.handling == "open", alerts.c.hold_id != "", alerts.c.id > after_id,
                verdicts.c.proposed_action == proposal, ~asked.exists(),
                true() if tenants is None else alerts.c.tenant.in_(tuple(tenants)),
            )
            .order_by(alerts.c.id)
            .limit(limit)
        )  # fmt: skip
        return [int(row[0]) for row in self._db.rows(query)]
