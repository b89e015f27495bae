"""Alerts, items, indicators, verdicts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "indicators",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("value", sa.Text(), server_default="", nullable=False),
        sa.Column("first_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicators")),
        sa.UniqueConstraint("kind", "value", name=op.f("uq_indicators_kind_value")),
    )
    op.create_table(
        "alerts",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("source_id", BIG_ID, nullable=False),
        sa.Column("tenant", sa.Text(), server_default="", nullable=False),
        sa.Column("connector", sa.Text(), server_default="", nullable=False),
        sa.Column("external_key", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("sender_domain", sa.Text(), server_default="", nullable=False),
        sa.Column("recipient", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seed_priority", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("environment", sa.Text(), server_default="", nullable=False),
        sa.Column("product", sa.Text(), server_default="", nullable=False),
        sa.Column("event_name", sa.Text(), server_default="", nullable=False),
        sa.Column("group_key", sa.Text(), server_default="", nullable=False),
        sa.Column("level", sa.Text(), server_default="", nullable=False),
        sa.Column("event", JSON_VALUE, nullable=True),
        sa.Column("hold_id", sa.Text(), server_default="", nullable=False),
        sa.Column("tracking_id", sa.Text(), server_default="", nullable=False),
        sa.Column("handling", sa.Text(), server_default="", nullable=False),
        sa.Column("handling_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("handled_by", sa.Text(), server_default="", nullable=False),
        sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_alerts_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alerts")),
        sa.UniqueConstraint(
            "tenant", "connector", "external_key", name=op.f("uq_alerts_tenant_connector_external_key")
        ),
    )
    op.create_index(op.f("ix_alerts_group_key"), "alerts", ["group_key"], unique=False)
    op.create_index(op.f("ix_alerts_handling_id"), "alerts", ["handling", "id"], unique=False)
    op.create_index(op.f("ix_alerts_hold_id"), "alerts", ["hold_id"], unique=False)
    op.create_index(
        op.f("ix_alerts_tenant_sender_domain_received_at"),
        "alerts",
        ["tenant", "sender_domain", "received_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_alerts_tenant_sender_received_at"),
        "alerts",
        ["tenant", "sender", "received_at"],
        unique=False,
    )
    op.create_index(op.f("ix_alerts_tracking_id"), "alerts", ["tracking_id"], unique=False)
    op.create_table(
        "alert_indicators",
        sa.Column("alert_id", BIG_ID, nullable=False),
        sa.Column("indicator_id", BIG_ID, nullable=False),
        sa.Column("role", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_indicators_alert_id")),
        sa.ForeignKeyConstraint(["indicator_id"], ["indicators.id"], name=op.f("fk_alert_indicators_indicator_id")),
        sa.PrimaryKeyConstraint("alert_id", "indicator_id", "role", name=op.f("pk_alert_indicators")),
    )
    op.create_index(op.f("ix_alert_indicators_indicator_id"), "alert_indicators", ["indicator_id"], unique=False)
    op.create_table(
        "items",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("source_id", BIG_ID, nullable=False),
        sa.Column("external_key", sa.Text(), server_default="", nullable=False),
        sa.Column("content_key", sa.Text(), server_default="", nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("raw", JSON_VALUE, nullable=True),
        sa.Column("first_run_id", BIG_ID, nullable=True),
        sa.Column("settled_run_id", BIG_ID, nullable=True),
        sa.Column("alert_id", BIG_ID, nullable=True),
        sa.Column("quarantine_sha256", sa.Text(), nullable=True),
        sa.Column("listed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_items_alert_id")),
        sa.ForeignKeyConstraint(["first_run_id"], ["runs.id"], name=op.f("fk_items_first_run_id")),
        sa.ForeignKeyConstraint(["quarantine_sha256"], ["blobs.sha256"], name=op.f("fk_items_quarantine_sha256")),
        sa.ForeignKeyConstraint(["settled_run_id"], ["runs.id"], name=op.f("fk_items_settled_run_id")),
        sa.ForeignKeyConstraint(["source_id"], ["sources.id"], name=op.f("fk_items_source_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_items")),
        sa.UniqueConstraint("source_id", "external_key", name=op.f("uq_items_source_id_external_key")),
    )
    op.create_index(
        "ix_items_content_key",
        "items",
        ["content_key"],
        unique=False,
        sqlite_where=sa.text("content_key <> ''"),
        postgresql_where=sa.text("content_key <> ''"),
    )
    op.create_index(
        "ix_items_pending",
        "items",
        ["source_id", "received_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'listed'"),
        postgresql_where=sa.text("state = 'listed'"),
    )
    op.create_index(
        "ix_items_quarantined",
        "items",
        ["source_id", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'quarantined'"),
        postgresql_where=sa.text("state = 'quarantined'"),
    )
    op.create_table(
        "verdicts",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", BIG_ID, nullable=False),
        sa.Column("run_id", BIG_ID, nullable=True),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.Column("risk", sa.Integer(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("rule_digest", sa.Text(), server_default="", nullable=False),
        sa.Column("level", sa.Text(), server_default="", nullable=False),
        sa.Column("evidence", JSON_VALUE, nullable=True),
        sa.Column("shadow", JSON_VALUE, nullable=True),
        sa.Column("evidence_digest", sa.Text(), server_default="", nullable=False),
        sa.Column("proposed_action", sa.Text(), server_default="", nullable=False),
        sa.Column("proposed_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_verdicts_alert_id")),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name=op.f("fk_verdicts_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verdicts")),
    )
    op.create_index(op.f("ix_verdicts_alert_id_rule_digest"), "verdicts", ["alert_id", "rule_digest"], unique=False)
    op.create_index(
        "ix_verdicts_current",
        "verdicts",
        ["alert_id"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
