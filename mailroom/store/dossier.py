"""Everything around one alert that other tables know: who was asked, who approved, in which cases it is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from mailroom.store.database import Database
from mailroom.store.schema import (
    actions,
    alert_campaigns,
    answers,
    approval_actions,
    approvals,
    case_alerts,
    cases,
    mail_rule_hits,
    playbook_runs,
    user_reports,
    waits,
)

Rows = list[dict[str, Any]]
_MOST = 200


class Dossiers:
    """Reads; never writes. No answer's text is among it."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def of(self, alert_id: int) -> dict[str, Rows]:
        """What is linked to an alert, each oldest first and at most 200 rows; empty lists where nothing is.

        Returns:
            `asked`, `answers`, `approvals`, `cases`, `mail_rules`, `playbooks`, `reports`, `campaign`.
        """
        asked = select(*waits.c[
            "id", "kind", "state", "created_at", "deadline", "sent_at", "resolved_at", "detail", "flow_run_id",
        ])  # fmt: skip
        answered = select(
            answers.c.wait_id, *answers.c["sender", "classification", "accepted", "late", "why", "received_at"]
        ).join(waits, waits.c.id == answers.c.wait_id)
        approved = (
            select(
                *approvals.c[
                    "id", "kind", "state", "proposer", "approver", "channel", "created_at", "decided_at", "used_at",
                    "reason", "digest",
                ],
                approval_actions.c.action_id,
            )
            .join(approval_actions, approval_actions.c.approval_id == approvals.c.id)
            .join(actions, actions.c.id == approval_actions.c.action_id)
        )  # fmt: skip
        linked = select(
            *cases.c["id", "title", "state", "assigned_to", "merged_into_id"],
            *case_alerts.c["added_at", "added_by", "why"],
        ).join(case_alerts, case_alerts.c.case_id == cases.c.id)
        wanted = playbook_runs.c["id", "playbook", "state", "requested_by", "flow_run_id", "detail", "created_at"]
        reported = user_reports.c["id", "alert_id", "original_alert_id", "state", "verdict", "case_id", "created_at"]
        hit = mail_rule_hits.c["id", "rule_id", "rule_version", "state", "detail", "created_at", "settled_at"]
        about = or_(user_reports.c.alert_id == alert_id, user_reports.c.original_alert_id == alert_id)
        return {
            "asked": self._rows(asked, waits.c.alert_id == alert_id, waits.c.id),
            "answers": self._rows(answered, waits.c.alert_id == alert_id, answers.c.id),
            "approvals": self._rows(approved, actions.c.alert_id == alert_id, approvals.c.id),
            "cases": self._rows(linked, case_alerts.c.alert_id == alert_id, cases.c.id),
            "mail_rules": self._rows(select(*hit), mail_rule_hits.c.alert_id == alert_id, mail_rule_hits.c.id),
            "playbooks": self._rows(select(*wanted), playbook_runs.c.alert_id == alert_id, playbook_runs.c.id),
            "reports": self._rows(select(*reported), about, user_reports.c.id),
            "campaign": self._rows(
                select(*alert_campaigns.c["key", "parts", "at"]),
                alert_campaigns.c.alert_id == alert_id,
                alert_campaigns.c.key,
            ),
        }

    def _rows(self, query: Select[Any], condition: ColumnElement[bool], order: Any) -> Rows:
        chosen = query.where(condition).order_by(order).limit(_MOST)
        return [dict(row._mapping) for row in self._db.rows(chosen)]
