"""What people reported: one row per reporting mail, whoever handles it and however often.

A row says which mail was meant, which alert stands for it, which case, what came of it, and whether the reporter knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from mailroom.chunks import chunks
from mailroom.errors import NotFoundError
from mailroom.faults import faultpoint
from mailroom.store.alerts import Alert, NewAlert, alert_row
from mailroom.store.database import CHUNK, Database
from mailroom.store.events import Events, NewEvent
from mailroom.store.schema import alerts, user_reports
from mailroom.store.sources import Sources

CONNECTOR = "reported"
"""What alerts of reported mails are filed under when nothing else knows the mail."""
OPEN, WAITING, SETTLED, REFUSED, NO_REPORT = "open", "waiting", "settled", "refused", "no report"
"""`open`: being handled. `waiting`: handled, a person decides. `settled`: the reporter knows the result, or need not.
`refused`: it does not count (a machine, a stranger, a forgery). `no report`: nothing was forwarded in it."""
_MAILBOX = "mailbox"


@dataclass(frozen=True, slots=True)
class UserReport:
    """One report. `detail` holds plain data of the playbook; never a text of a mail."""

    id: int
    alert_id: int
    tenant: str
    reporter: str
    message_id: str
    sender: str
    subject: str
    campaign_key: str
    original_alert_id: int | None
    case_id: int | None
    state: str
    verdict: str
    detail: dict[str, Any]
    created_at: datetime
    settled_at: datetime | None

    @property
    def mails(self) -> tuple[int, ...]:
        """Alerts of the mails in it; those that stand for none, such as our own questions, are left out."""
        found = [row.get("alert") for row in self.detail.get("mails", ())] or [self.original_alert_id]
        return tuple(dict.fromkeys(one for one in found if one is not None))


Reports = list[UserReport]


def _report(row: Row[Any]) -> UserReport:
    return UserReport(**row._asdict() | {"detail": row.detail or {}})


class UserReports:
    """Records and reads reports."""

    def __init__(self, db: Database, events: Events, sources: Sources) -> None:
        self._db, self._events, self._sources = db, events, sources

    def begin(
        self, alert_id: int, *, tenant: str, reporter: str, message_id: str = "", sender: str = "", subject: str = "",
        state: str = OPEN, why: str = "", detail: dict[str, Any] | None = None,
    ) -> UserReport:  # fmt: skip
        """Write a report down, or return the one of this alert.

        Effect: writes the store, with an event; harmless twice.

        Args:
            alert_id: The alert of the reporting mail.
            tenant: Whose.
            reporter: Address of whoever reported.
            message_id: Of the reported mail; with `sender` and `subject` as that mail shows them.
            sender: See `message_id`.
            subject: See `message_id`.
            state: `open`, or `refused` or `no report` with the reason in `why`.
            why: For the wall.
            detail: Plain data.
        """

        def write(tx: Connection) -> UserReport:
            now = self._db.now(tx)
            row = {
                "alert_id": alert_id, "tenant": tenant, "reporter": reporter, "message_id": message_id[:1_000],
                "sender": sender[:320], "subject": subject[:500], "state": state, "detail": detail or {},
                "created_at": now, "settled_at": None if state == OPEN else now,
            }  # fmt: skip
            made = self._db.insert_rows(tx, user_reports, [row], user_reports.c.id)
            if made and state != NO_REPORT:
                self._events.add(
                    tx, kind="report", who=reporter or "unknown", what=f"report: {state}", alert_id=alert_id, why=why
                )
            return self._one(tx, user_reports.c.alert_id == alert_id)

        found = self._db.run(write)
        faultpoint("user_reports.begun")
        return found

    def change(
        self, report_id: int, *, who: str, why: str = "", only_if: Sequence[str] = (), **columns: Any
    ) -> UserReport:
        """Change columns of a report; a new state gets an event. Effect: writes the store. Harmless twice.

        Args:
            report_id: Which.
            who: For the wall.
            why: For the wall.
            only_if: Leave it alone unless it is in one of these states.
            **columns: `message_id`, `sender`, `subject`, `campaign_key`, `original_alert_id`, `case_id`, `state`,
                `verdict`, `detail` (laid over what is there).

        Raises:
            NotFoundError: no such report.
        """

        def write(tx: Connection) -> UserReport:
            locked = select(user_reports).where(user_reports.c.id == report_id).with_for_update()
            row = tx.execute(locked).first()
            if row is None:
                raise NotFoundError(f"there is no report {report_id}; `mailroom handle-report --list` shows them")
            old = _report(row)
            if only_if and old.state not in only_if:
                return old
            wanted = dict(columns)
            if "detail" in wanted:
                wanted["detail"] = old.detail | wanted["detail"]
            fresh = {name: value for name, value in wanted.items() if getattr(old, name) != value}
            if not fresh:
                return old
            state = fresh.get("state")
            if state is not None:
                fresh["settled_at"] = None if state == OPEN else self._db.now(tx)
            tx.execute(update(user_reports).where(user_reports.c.id == report_id).values(**fresh))
            if state is not None:
                self._events.add_many(tx, [
                    NewEvent("report", who, f"report: {state}", old.alert_id, fresh.get("case_id", old.case_id),
                             before=old.state, after=state, why=why)
                ])  # fmt: skip
            return self._one(tx, user_reports.c.id == report_id)

        return self._db.run(write)

    def original(self, new: NewAlert, mailbox: str) -> Alert:
        """The alert of a reported mail that no other source has; the same key is the same alert.

        Effect: writes the store. Harmless twice.
        """
        source = self._sources.ensure(new.tenant, CONNECTOR, mailbox, "")

        def write(tx: Connection) -> Alert:
            row = alert_row(new, source_id=source.id, connector=CONNECTOR, now=self._db.clock.now())
            self._db.insert_rows(tx, alerts, [row], alerts.c.id)
            key = (alerts.c.tenant == new.tenant) & (alerts.c.connector == CONNECTOR)
            found = tx.execute(select(alerts).where(key, alerts.c.external_key == new.external_key)).one()
            return Alert(**found._asdict())

        found = self._db.run(write)
        faultpoint("user_reports.original_stored")
        return found

    def get(self, report_id: int) -> UserReport:
        """The report. Raises NotFoundError."""
        return self._db.read(lambda tx: self._one(tx, user_reports.c.id == report_id))

    def of_alert(self, alert_id: int) -> UserReport | None:
        """The report that the alert of a reporting mail is."""
        query = select(user_reports).where(user_reports.c.alert_id == alert_id)
        row = self._db.first(query)
        return _report(row) if row else None

    def of_alerts(self, alert_ids: Iterable[int]) -> dict[int, UserReport]:
        """The reports that alerts of reporting mails are, by alert; the other alerts are left out."""
        ids, found = sorted(set(alert_ids)), dict[int, UserReport]()
        for some in chunks(ids, CHUNK):
            query = select(user_reports).where(user_reports.c.alert_id.in_(some))
            found |= {row.alert_id: _report(row) for row in self._db.rows(query)}
        return found

    def list(self, *, state: str = "", limit: int = 100, after_id: int = 0) -> Reports:
        """Reports by number, from `after_id` on; without a state all but those that are none."""
        query = select(user_reports).where(user_reports.c.id > after_id)
        query = query.where(user_reports.c.state == state if state else user_reports.c.state != NO_REPORT)
        query = query.order_by(user_reports.c.id).limit(limit)
        return [_report(row) for row in self._db.rows(query)]

    def unseen(self, mailbox: str, *, after_id: int = 0, limit: int = 200) -> Sequence[Alert]:
        """Open alerts of a mailbox's mails that nobody has looked at as a report, by id."""
        known = select(user_reports.c.id).where(user_reports.c.alert_id == alerts.c.id).exists()
        query = select(alerts).where(
            alerts.c.connector == _MAILBOX, alerts.c.handling == "open", alerts.c.id > after_id, ~known,
            alerts.c.external_key.startswith(f"{mailbox}/", autoescape=True),
        )  # fmt: skip
        rows = self._db.rows(query.order_by(alerts.c.id).limit(limit))
        return [Alert(**row._asdict()) for row in rows]

    def reporters(self, original_alert_id: int, tx: Connection | None = None) -> int:
        """How many different people, proven to be who they say, reported the mail; refused reports do not count."""
        counted = func.count(user_reports.c.reporter.distinct())
        query = select(counted).where(
            user_reports.c.original_alert_id == original_alert_id, user_reports.c.state.not_in((REFUSED, NO_REPORT)),
            user_reports.c.detail["proven"].as_boolean(),
        )  # fmt: skip
        return int(self._db.value(query, tx=tx))

    def lately(self, reporter: str, since: datetime) -> int:
        """How many reports came from one address since an instant, refused ones included."""
        query = select(func.count()).select_from(user_reports)
        query = query.where(user_reports.c.reporter == reporter, user_reports.c.created_at >= since)
        return int(self._db.value(query))

    def same_message(self, tenant: str, message_id: str) -> Sequence[Alert]:
        """Alerts of one Message-ID that came in by other ways than a mailbox, oldest first."""
        if not message_id:
            return []
        query = select(alerts).where(
            alerts.c.message_id == message_id, alerts.c.tenant == tenant, alerts.c.connector != _MAILBOX
        ).order_by(alerts.c.id).limit(100)  # fmt: skip
        return [Alert(**row._asdict()) for row in self._db.rows(query)]

    def counts(self) -> dict[str, int]:
        """Reports by state."""
        query = select(user_reports.c.state, func.count()).group_by(user_reports.c.state).order_by(user_reports.c.state)
        return {row[0]: int(row[1]) for row in self._db.rows(query)}

    def _one(self, tx: Connection, condition: Any) -> UserReport:
        row = tx.execute(select(user_reports).where(condition)).first()
        if row is None:
            raise NotFoundError("there is no such report; `mailroom handle-report --list` shows them")
        return _report(row)
