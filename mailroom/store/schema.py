"""The tables, as SQLAlchemy Core sees them. Migrations create them; a test compares the two.

Times are aware UTC. Text and JSON are cleaned on the way in (see `columns`). Every table that a killed process could
leave half-way has a unique key that makes writing it a second time harmless.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    text,
)

from mailroom.store.columns import BIG_ID, JSON_VALUE, CleanText, UtcDateTime

LIVE_STATES = ("intended", "sending", "applied", "unknown")
"""States of an action that occupy its slot: at most one such row per (tenant, slot)."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[Any]:
    return Column("id", BIG_ID, primary_key=True, autoincrement=True)


def _text(name: str, **options: Any) -> Column[Any]:
    return Column(name, CleanText, nullable=False, server_default="", **options)


def _time(name: str, *, nullable: bool = False, **options: Any) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=nullable, **options)


def _count(name: str) -> Column[Any]:
    return Column(name, Integer, nullable=False, server_default="0")


def _json(name: str) -> Column[Any]:
    return Column(name, JSON_VALUE, nullable=True)


def _ref(name: str, target: str, *, nullable: bool = True, **options: Any) -> Column[Any]:
    return Column(name, BIG_ID, ForeignKey(target), nullable=nullable, **options)


def _where(condition: str) -> dict[str, Any]:
    """A partial index, which the migrations make on both databases; to name PostgreSQL here would load its dialect."""
    return {"sqlite_where": text(condition)}


# --- intake: where mail comes from and what became of each item --------------------------------------------------

sources = Table(
    "sources", metadata, _id(), _text("tenant"), _text("connector"), _text("name"), _text("generation"),
    _time("created_at"), UniqueConstraint("tenant", "connector", "name", "generation"),
)  # fmt: skip

cursors = Table(
    "cursors", metadata, Column("source_id", BIG_ID, ForeignKey("sources.id"), primary_key=True, autoincrement=False),
    _time("position"), Column("mark", BIG_ID, nullable=False, server_default="0"), _time("updated_at"),
)  # fmt: skip

leases = Table(
    "leases", metadata, Column("name", CleanText, primary_key=True), _text("owner"),
    Column("token", BIG_ID, nullable=False), _time("acquired_at"), _time("expires_at"),
)  # fmt: skip

runs = Table(
    "runs", metadata, _id(), _text("kind"), _ref("source_id", "sources.id"), _text("flow_run_id"), _text("state"),
    _json("parameters"), _time("started_at"), _time("finished_at", nullable=True), _text("message"),
    _count("fetched"), _count("alerted"), _count("duplicate"), _count("filtered"), _count("quarantined"),
    _count("gone"), _json("counts"), Index(None, "kind", "id"),
    Index("ix_runs_unfinished", "kind", "id", **_where("state IN ('running', 'failed')")),
)  # fmt: skip

blobs = Table(
    "blobs", metadata, Column("sha256", CleanText, primary_key=True), Column("size", BIG_ID, nullable=False),
    _time("created_at"),
)  # fmt: skip

alerts = Table(
    "alerts", metadata, _id(), _ref("source_id", "sources.id", nullable=False), _text("tenant"), _text("connector"),
    _text("external_key"), _text("title"), _text("sender"), _text("sender_domain"), _text("recipient"),
    _time("received_at"), Column("seed_priority", Integer, nullable=False), Column("priority", Integer, nullable=False),
    _text("environment"), _text("product"), _text("event_name"), _text("group_key"), _text("level"), _json("event"),
    _text("hold_id"), _text("tracking_id"), _text("message_id"), _text("handling"), _text("handling_reason"),
    _text("handled_by"), _time("handled_at", nullable=True), _time("created_at"), _time("updated_at"),
    UniqueConstraint("tenant", "connector", "external_key"),
    Index(None, "handling", "id"), Index(None, "group_key"), Index(None, "tenant", "sender", "received_at"),
    Index(None, "tenant", "sender_domain", "received_at"),
    Index(None, "hold_id", **_where("hold_id <> ''")), Index(None, "tracking_id", **_where("tracking_id <> ''")),
    Index(None, "message_id"),
)  # fmt: skip

items = Table(
    "items", metadata, _id(), _ref("source_id", "sources.id", nullable=False), _text("external_key"),
    _text("content_key"), _time("received_at"), _text("state"), _text("reason"), _count("attempts"), _json("raw"),
    _ref("first_run_id", "runs.id"), _ref("settled_run_id", "runs.id"), _ref("alert_id", "alerts.id"),
    Column("quarantine_sha256", CleanText, ForeignKey("blobs.sha256"), nullable=True),
    _time("listed_at"), _time("settled_at", nullable=True),
    UniqueConstraint("source_id", "external_key"),
    Index("ix_items_pending", "source_id", "received_at", "id", **_where("state = 'listed'")),
    Index("ix_items_content_key", "content_key", **_where("content_key <> ''")),
    Index("ix_items_quarantined", "source_id", "id", **_where("state = 'quarantined'")),
)  # fmt: skip

# --- triage -------------------------------------------------------------------------------------------------------

indicators = Table(
    "indicators", metadata, _id(), _text("kind"), _text("value"), _time("first_seen_at"), _time("last_seen_at"),
    UniqueConstraint("kind", "value"),
)  # fmt: skip

alert_indicators = Table(
    "alert_indicators", metadata, _ref("alert_id", "alerts.id", nullable=False, primary_key=True),
    _ref("indicator_id", "indicators.id", nullable=False, primary_key=True), _text("role", primary_key=True),
    Index(None, "indicator_id"),
)  # fmt: skip

verdicts = Table(
    "verdicts", metadata, _id(), _ref("alert_id", "alerts.id", nullable=False), _ref("run_id", "runs.id"),
    _text("verdict"), Column("risk", Integer, nullable=False), Column("confidence", Float, nullable=False),
    Column("priority", Integer, nullable=False), _text("rule_digest"), _text("level"), _json("evidence"),
    _json("shadow"), _text("evidence_digest"), _text("proposed_action"), _text("proposed_reason"),
    Column("is_current", Boolean, nullable=False), _time("created_at"),
    Index("ix_verdicts_current", "alert_id", unique=True, **_where("is_current")),
    Index(None, "alert_id", "rule_digest"),
)  # fmt: skip

# --- effects ------------------------------------------------------------------------------------------------------

actions = Table(
    "actions", metadata, _id(), _text("tenant"), _ref("alert_id", "alerts.id"), _text("kind"), _text("target"),
    _text("slot"), _json("parameters"), _text("digest"), _text("mode"), _ref("verdict_id", "verdicts.id"),
    _text("rule_digest"), Column("approval_id", BIG_ID, nullable=True), _text("requested_by"),
    _text("state"), _count("attempt"), _text("owner"), Column("retryable", Boolean, nullable=False),
    _text("detail"), _text("code"), Column("reversible", Boolean, nullable=False), _text("undo"),
    _time("undo_expires_at", nullable=True), _time("created_at"), _time("updated_at"),
    _time("claimed_at", nullable=True), _time("settled_at", nullable=True),
    _json("result"), _time("expires_at", nullable=True), _ref("undoes_id", "actions.id"),
    Index("ix_actions_live_slot", "tenant", "slot", unique=True,
          **_where("state IN ('intended', 'sending', 'applied', 'unknown')")),
    Index(None, "tenant", "slot"), Index(None, "alert_id"), Index(None, "state", "id"), Index(None, "created_at"),
    Index(None, "tenant", "target"),
    Index("ix_actions_expiring", "expires_at", **_where("expires_at IS NOT NULL AND state = 'applied'")),
    Index("ix_actions_undoes", "undoes_id", **_where("undoes_id IS NOT NULL")),
)  # fmt: skip

approvals = Table(
    "approvals", metadata, _id(), _text("tenant"), _text("kind"), _text("summary"), _text("digest"), _json("plan"),
    _count("targets"), Column("wide", Boolean, nullable=False), _text("proposer"), _text("approver"), _text("channel"),
    _text("state"), _text("reason"), _ref("case_id", "cases.id"), _ref("wait_id", "waits.id"), _text("flow_run_id"),
    _time("created_at"), _time("expires_at"), _time("decided_at", nullable=True), _time("used_at", nullable=True),
    Index("ix_approvals_open", "tenant", "digest", unique=True, **_where("state IN ('open', 'granted')")),
    Index(None, "state", "id"), Index("ix_approvals_wait", "wait_id", **_where("wait_id IS NOT NULL")),
)  # fmt: skip

approval_actions = Table(
    "approval_actions", metadata, _ref("approval_id", "approvals.id", nullable=False, primary_key=True),
    _ref("action_id", "actions.id", nullable=False, primary_key=True), _text("digest"), Index(None, "action_id"),
)  # fmt: skip

waits = Table(
    "waits", metadata, _id(), _text("key"), _text("kind"), Column("version", Integer, nullable=False), _text("tenant"),
    _text("mailbox"), _text("token_hash"), _ref("alert_id", "alerts.id"), _ref("send_action_id", "actions.id"),
    _text("flow_run_id"), _text("mode"), Column("needed", Integer, nullable=False), _text("sender_policy"),
    _text("subject"), _json("recipients"), _json("exclusions"), _json("message_ids"), _json("folders"),
    _json("question"), _json("reminders"), _count("reminded"), _time("next_reminder_at", nullable=True),
    _time("scan_from", nullable=True), _text("state"), _json("outcome"), _text("detail"),
    _time("sent_at", nullable=True), _time("deadline"), _time("created_at"), _time("changed_at"),
    _time("resolved_at", nullable=True), _time("resumed_at", nullable=True), _text("resume_note"),
    _time("handled_at", nullable=True), _time("resume_tried_at", nullable=True),
    UniqueConstraint("key"),
    Index("ix_waits_token", "token_hash", unique=True, **_where("token_hash <> ''")),
    Index("ix_waits_open", "mailbox", "id", **_where("state = 'open'")),
    Index("ix_waits_deadline", "deadline", **_where("state = 'open'")),
    Index("ix_waits_to_resume", "mailbox", "id",
          **_where("state <> 'open' AND flow_run_id <> '' AND resumed_at IS NULL")),
    Index(None, "changed_at"), Index("ix_waits_alert", "alert_id", **_where("alert_id IS NOT NULL")),
    Index("ix_waits_to_handle", "kind", "id", **_where("state <> 'open' AND handled_at IS NULL")),
)  # fmt: skip

answers = Table(
    "answers", metadata, _id(), _ref("wait_id", "waits.id", nullable=False), _text("external_key"), _text("sender"),
    _text("recipient"), _text("classification"), Column("accepted", Boolean, nullable=False),
    Column("late", Boolean, nullable=False), _text("why"), Column("score", Float, nullable=False), _json("evidence"),
    _text("text"), _json("result"), _text("message_id"), _json("attachments"), _text("raw_sha256"),
    _time("received_at"), _time("created_at"), UniqueConstraint("wait_id", "external_key"),
)  # fmt: skip

# --- cases and the wall -------------------------------------------------------------------------------------------

cases = Table(
    "cases", metadata, _id(), _text("tenant"), _text("title"), _text("state"),
    Column("priority", Integer, nullable=False), _text("environment"), _text("assigned_to"), _time("opened_at"),
    _time("closed_at", nullable=True), _text("reason"), _text("key"), _text("template"), _text("description"),
    _text("created_by"), _text("state_before"), _time("due_at", nullable=True), _time("updated_at", nullable=True),
    _ref("merged_into_id", "cases.id"), _ref("root_id", "cases.id"),
    Index(None, "state", "id"), Index("ix_cases_key", "tenant", "key", unique=True, **_where("key <> ''")),
    Index("ix_cases_merged", "merged_into_id", **_where("merged_into_id IS NOT NULL")),
    Index("ix_cases_root", "root_id", **_where("root_id IS NOT NULL")),
)  # fmt: skip

case_alerts = Table(
    "case_alerts", metadata, _ref("case_id", "cases.id", nullable=False, primary_key=True),
    _ref("alert_id", "alerts.id", nullable=False, primary_key=True), _time("added_at"), _text("added_by"),
    _text("why"), Index(None, "alert_id"),
)  # fmt: skip

case_files = Table(
    "case_files", metadata, _id(), _ref("case_id", "cases.id", nullable=False), _ref("alert_id", "alerts.id"),
    Column("sha256", CleanText, ForeignKey("blobs.sha256"), nullable=False), _text("name"), _text("content_type"),
    Column("size", BIG_ID, nullable=False), _text("added_by"), _time("added_at"),
    UniqueConstraint("case_id", "sha256", "name"),
)  # fmt: skip

case_tasks = Table(
    "case_tasks", metadata, _id(), _ref("case_id", "cases.id", nullable=False), _text("key"), _text("title"),
    _text("description"), _text("state"), _text("assigned_to"), _time("due_at", nullable=True), _text("created_by"),
    _time("created_at"), _text("done_by"), _time("done_at", nullable=True), _text("note"),
    UniqueConstraint("case_id", "key"),
)  # fmt: skip

playbook_runs = Table(
    "playbook_runs", metadata, _id(), _text("key"), _text("tenant"), _ref("case_id", "cases.id"),
    _ref("alert_id", "alerts.id"), _text("playbook"), _json("parameters"), _text("state"), _text("requested_by"),
    _text("flow_run_id"), _text("detail"), _json("result"), _count("attempts"), _time("created_at"),
    _time("started_at", nullable=True), _time("finished_at", nullable=True), UniqueConstraint("key"),
    Index(None, "case_id"), Index("ix_playbook_runs_open", "id", **_where("state IN ('wanted', 'started')")),
)  # fmt: skip

case_events = Table(
    "case_events", metadata, Column("id", BIG_ID, primary_key=True, autoincrement=False), _time("at"),
    _ref("alert_id", "alerts.id"), _ref("case_id", "cases.id"), _ref("action_id", "actions.id"), _text("kind"),
    _text("who"), _text("what"), _json("before"), _json("after"), _text("why"), _text("prev_hash"), _text("hash"),
    Index(None, "alert_id"), Index(None, "action_id"), Index(None, "case_id"),
)  # fmt: skip

chain_heads = Table(
    "chain_heads", metadata, Column("name", CleanText, primary_key=True), Column("last_id", BIG_ID, nullable=False),
    _text("hash"),
)  # fmt: skip

custom_fields = Table(
    "custom_fields", metadata, _text("scope", primary_key=True),
    Column("subject_id", BIG_ID, primary_key=True, autoincrement=False), _text("name", primary_key=True),
    _json("value"), _time("updated_at"),
)  # fmt: skip

# --- rules on mail, campaigns, what people say ----------------------------------------------------------------------

mail_rule_passes = Table(
    "mail_rule_passes", metadata, _ref("alert_id", "alerts.id", nullable=False, primary_key=True),
    _text("rule_digest"), _count("matched"), _time("at"),
)  # fmt: skip

mail_rule_hits = Table(
    "mail_rule_hits", metadata, _id(), _ref("alert_id", "alerts.id", nullable=False), _text("rule_id"),
    Column("rule_version", Integer, nullable=False), _text("rule_digest"), _text("state"), _json("actions"),
    _json("results"), _text("detail"), _count("attempts"), _time("created_at"), _time("settled_at", nullable=True),
    UniqueConstraint("rule_id", "alert_id"), Index(None, "alert_id"),
    Index("ix_mail_rule_hits_open", "id", **_where("state = 'open'")),
)  # fmt: skip

alert_campaigns = Table(
    "alert_campaigns", metadata, _ref("alert_id", "alerts.id", nullable=False, primary_key=True), _text("key"),
    _json("parts"), _time("at"), Index(None, "key"),
)  # fmt: skip

alert_evidence = Table(
    "alert_evidence", metadata, _id(), _ref("alert_id", "alerts.id", nullable=False), _text("key"), _text("kind"),
    Column("points", Integer, nullable=False), _text("text"), _text("who"), _json("source"), _time("at"),
    UniqueConstraint("alert_id", "key"),
)  # fmt: skip

labels = Table(
    "labels", metadata, _id(), _ref("alert_id", "alerts.id", nullable=False), _text("label"), _text("source"),
    _text("who"), _text("why"), Column("is_current", Boolean, nullable=False), _time("at"),
    Index("ix_labels_current", "alert_id", unique=True, **_where("is_current")), Index(None, "alert_id"),
)  # fmt: skip

user_reports = Table(
    "user_reports", metadata, _id(), _ref("alert_id", "alerts.id", nullable=False), _text("tenant"), _text("reporter"),
    _text("message_id"), _text("sender"), _text("subject"), _text("campaign_key"),
    _ref("original_alert_id", "alerts.id"), _ref("case_id", "cases.id"), _text("state"), _text("verdict"),
    _json("detail"), _time("created_at"), _time("settled_at", nullable=True), UniqueConstraint("alert_id"),
    Index(None, "campaign_key"), Index(None, "message_id"),
    Index("ix_user_reports_open", "id", **_where("state = 'open'")),
)  # fmt: skip

# --- house-keeping ------------------------------------------------------------------------------------------------

commit_keys = Table(
    "commit_keys", metadata, Column("key", CleanText, primary_key=True), _time("at"), Index(None, "at"),
)  # fmt: skip
