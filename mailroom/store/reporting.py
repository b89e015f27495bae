"""What a report is made of: narrow columns of the alerts of a period, page by page, as DataFrames.

A page is a range of alert ids; what belongs to its alerts (verdicts, actions, labels, ...) is read by that range. No
page holds an event or a body, so that a report over a hundred thousand alerts needs no more memory than one over ten
thousand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, Text, cast, func, select

from mailroom.chunks import chunks
from mailroom.store.database import CHUNK, Database
from mailroom.store.schema import (
    actions,
    alert_campaigns,
    alerts,
    approval_actions,
    approvals,
    cases,
    labels,
    user_reports,
    verdicts,
    waits,
)

if TYPE_CHECKING:
    import pandas as pd

PAGE = 10_000
_TIMES = frozenset({"received_at", "created_at", "settled_at", "at"})
_NUMBERS = frozenset({"id", "alert_id", "risk", "priority"})
_SLACK = timedelta(days=1)
"""Rows are stored in the order in which they come in; the clocks of two workers may differ."""


@dataclass(frozen=True)
class Page:
    """The alerts of one range of ids, and what belongs to them; every frame but `alerts` has a column `alert_id`.

    Attributes:
        alerts: id, connector, sender_domain, received_at, group_key, handling.
        verdicts: the current ones: verdict, risk, level, proposed_action, evidence, shadow.
        first_verdicts: when each alert was judged first: at.
        actions: kind, state, mode, requested_by, created_at, settled_at.
        labels: label, source, is_current, at.
        approvals: when somebody decided about an action: at.
        campaigns: key.
    """

    alerts: pd.DataFrame
    verdicts: pd.DataFrame
    first_verdicts: pd.DataFrame
    actions: pd.DataFrame
    labels: pd.DataFrame
    approvals: pd.DataFrame
    campaigns: pd.DataFrame


class Reporting:
    """Reads what reports count. Never writes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def pages(self, since: datetime, until: datetime, *, tenant: str = "", size: int = PAGE) -> Iterator[Page]:
        """The alerts that arrived in [since, until), by id.

        Args:
            since: First instant of arrival.
            until: The instant after the last.
            tenant: Only this one; all when empty.
            size: Alerts per page.
        """
        columns = alerts.c["id", "connector", "sender_domain", "received_at", "group_key", "handling"]
        query = select(*columns).where(alerts.c.received_at >= since, alerts.c.received_at < until)
        if tenant:
            query = query.where(alerts.c.tenant == tenant)
        after = self._before(since, size)
        while True:
            frame = self._frame(query.where(alerts.c.id > after).order_by(alerts.c.id).limit(size))
            if frame.empty:
                return
            first, after = int(frame["id"].iloc[0]), int(frame["id"].iloc[-1])
            yield self._page(frame, first, after)

    def _page(self, frame: pd.DataFrame, first: int, last: int) -> Page:
        def of(query: Select[Any], column: Any) -> pd.DataFrame:
            found = self._frame(query.where(column.between(first, last)))
            return found[found["alert_id"].isin(frame["id"])]

        decided = (
            select(actions.c.alert_id, approvals.c.decided_at.label("at"))
            .join(approval_actions, approval_actions.c.action_id == actions.c.id)
            .join(approvals, approvals.c.id == approval_actions.c.approval_id)
            .where(approvals.c.decided_at.is_not(None), approvals.c.approver != "")
        )
        judged = verdicts.c["id", "alert_id", "verdict", "risk", "level", "proposed_action", "created_at"]
        entries = (cast(verdicts.c.evidence, Text).label("evidence"), cast(verdicts.c.shadow, Text).label("shadow"))
        current = of(select(*judged, *entries).where(verdicts.c.is_current), verdicts.c.alert_id)
        return Page(
            alerts=frame,
            verdicts=current,
            first_verdicts=self._first_verdicts(current, first, last),
            actions=of(
                select(*actions.c["alert_id", "kind", "state", "mode", "requested_by", "created_at", "settled_at"]),
                actions.c.alert_id,
            ),
            labels=of(select(*labels.c["alert_id", "label", "source", "is_current", "at"]), labels.c.alert_id),
            approvals=of(decided, actions.c.alert_id),
            campaigns=of(select(*alert_campaigns.c["alert_id", "key"]), alert_campaigns.c.alert_id),
        )

    def _first_verdicts(self, current: pd.DataFrame, first: int, last: int) -> pd.DataFrame:
        """When each alert was judged first. Most were judged once: of the others only the ids are read for all."""
        import pandas as pd

        query = select(verdicts.c.alert_id, func.min(verdicts.c.id).label("id")).group_by(verdicts.c.alert_id)
        oldest = self._frame(query.where(verdicts.c.alert_id.between(first, last)))
        ids = oldest.loc[~oldest["id"].isin(current["id"]), "id"].tolist()
        parts = [current[["alert_id", "created_at"]]]
        for some in chunks(ids, CHUNK):
            chunk = verdicts.c.id.in_(some)
            parts.append(self._frame(select(*verdicts.c["alert_id", "created_at"]).where(chunk)))
        found = pd.concat([part for part in parts if not part.empty] or parts[:1])
        return found.set_axis(["alert_id", "at"], axis=1)

    def held_now(self, *, tenant: str = "", size: int = PAGE) -> Iterator[pd.DataFrame]:
        """Held messages that nobody has dealt with, by id: id, expires_at (text or None), verdict, priority."""
        judged = (verdicts.c.alert_id == alerts.c.id) & verdicts.c.is_current
        expires = alerts.c.event["expires_at"].as_string().label("expires_at")
        columns = (alerts.c.id, alerts.c.priority, alerts.c.sender_domain, expires, verdicts.c.verdict)
        query = select(*columns).outerjoin(verdicts, judged).where(alerts.c.handling == "open", alerts.c.hold_id != "")
        if tenant:
            query = query.where(alerts.c.tenant == tenant)
        after = 0
        while True:
            frame = self._frame(query.where(alerts.c.id > after).order_by(alerts.c.id).limit(size))
            if frame.empty:
                return
            after = int(frame["id"].iloc[-1])
            yield frame

    def people(self, since: datetime, until: datetime, *, tenant: str = "") -> dict[str, dict[str, int]]:
        """What people were asked and told us in the period: cases, approvals, questions, reports, each by state."""
        whats: dict[str, tuple[Any, Any, Any]] = {
            "cases": (cases.c.state, cases.c.opened_at, cases.c.tenant),
            "approvals": (approvals.c.state, approvals.c.created_at, approvals.c.tenant),
            "questions": (waits.c.state, waits.c.created_at, waits.c.tenant),
            "reports by users": (user_reports.c.state, user_reports.c.created_at, user_reports.c.tenant),
        }
        found = {}
        for name, (state, at, of) in whats.items():
            query = select(state, func.count()).where(at >= since, at < until).group_by(state).order_by(state)
            query = query.where(of == tenant) if tenant else query
            found[name] = {str(row[0]): int(row[1]) for row in self._db.rows(query)}
        return found

    def _before(self, since: datetime, near: int) -> int:
        """An id before every alert that came in since then, found by halving because ids grow with time.

        Args:
            since: Arrival; nothing comes in before it arrives.
            near: How many ids too early it may be.
        """
        ends = select(func.min(alerts.c.id), func.max(alerts.c.id))
        low, high = self._db.read(lambda tx: tx.execute(ends).one())
        if low is None:
            return 0
        low, moment = low - 1, since - _SLACK
        while low < high - near:
            middle = (low + high) // 2
            query = select(alerts.c.created_at).where(alerts.c.id >= middle).order_by(alerts.c.id).limit(1)
            at = self._db.value(query)
            low, high = (low, middle) if at >= moment else (middle, high)
        return int(low)

    def _frame(self, query: Select[Any]) -> pd.DataFrame:
        import pandas as pd  # a second that other commands need not wait

        names = [column.name for column in query.selected_columns]
        # The driver's own rows: making rows of SQLAlchemy's of them would take longer than reading them does.
        rows = self._db.read(lambda tx: tx.execute(query).cursor.fetchall())
        columns: Sequence[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * len(names)
        return pd.DataFrame({
            name: self._series(name, list(values)) for name, values in zip(names, columns, strict=True)
        })  # fmt: skip

    def _series(self, name: str, values: list[Any]) -> pd.Series[Any]:
        import pandas as pd

        if name in _TIMES:
            text = any(isinstance(one, str) for one in values[:1_000])
            return pd.Series(pd.to_datetime(values, utc=True, format="%Y-%m-%d %H:%M:%S.%f" if text else None))
        if name in _NUMBERS:
            return pd.Series(values, dtype="int64")
        return pd.Series([bool(one) for one in values] if name == "is_current" else values, dtype="object")
