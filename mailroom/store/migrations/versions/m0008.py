"""Rules on mail, campaigns, evidence from people, labels, and what users reported."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "alert_campaigns",
        sa.Column("alert_id", BIG_ID, nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("parts", JSON_VALUE, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_campaigns_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert_campaigns")),
    )
    op.create_index(op.f("ix_alert_campaigns_key"), "alert_campaigns", ["key"], unique=False)
    op.create_table(
        "alert_evidence",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", BIG_ID, nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.Column("who", sa.Text(), server_default="", nullable=False),
        sa.Column("source", JSON_VALUE, nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_alert_evidence_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_alert_evidence")),
        sa.UniqueConstraint("alert_id", "key", name=op.f("uq_alert_evidence_alert_id_key")),
    )
    op.create_table(
        "labels",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", BIG_ID, nullable=False),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("source", sa.Text(), server_default="", nullable=False),
        sa.Column("who", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_labels_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_labels")),
    )
    op.create_index(op.f("ix_labels_alert_id"), "labels", ["alert_id"], unique=False)
    op.create_index(
        "ix_labels_current",
        "labels",
        ["alert_id"],
        unique=True,
        sqlite_where=sa.text("is_current"),
        postgresql_where=sa.text("is_current"),
    )
    op.create_table(
        "mail_rule_hits",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", BIG_ID, nullable=False),
        sa.Column("rule_id", sa.Text(), server_default="", nullable=False),
        sa.Column("rule_version", sa.Integer(), nullable=False),
        sa.Column("rule_digest", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("actions", JSON_VALUE, nullable=True),
        sa.Column("results", JSON_VALUE, nullable=True),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_mail_rule_hits_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail_rule_hits")),
        sa.UniqueConstraint("rule_id", "alert_id", name=op.f("uq_mail_rule_hits_rule_id_alert_id")),
    )
    op.create_index(op.f("ix_mail_rule_hits_alert_id"), "mail_rule_hits", ["alert_id"], unique=False)
    op.create_index(
        "ix_mail_rule_hits_open",
        "mail_rule_hits",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "mail_rule_passes",
        sa.Column("alert_id", BIG_ID, nullable=False),
        sa.Column("rule_digest", sa.Text(), server_default="", nullable=False),
        sa.Column("matched", sa.Integer(), server_default="0", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_mail_rule_passes_alert_id")),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_mail_rule_passes")),
    )
    op.create_table(
        "user_reports",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("alert_id", BIG_ID, nullable=False),
        sa.Column("tenant", sa.Text(), server_default="", nullable=False),
        sa.Column("reporter", sa.Text(), server_default="", nullable=False),
        sa.Column("message_id", sa.Text(), server_default="", nullable=False),
        sa.Column("sender", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("campaign_key", sa.Text(), server_default="", nullable=False),
        sa.Column("original_alert_id", BIG_ID, nullable=True),
        sa.Column("case_id", BIG_ID, nullable=True),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", JSON_VALUE, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_user_reports_alert_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_user_reports_case_id")),
        sa.ForeignKeyConstraint(["original_alert_id"], ["alerts.id"], name=op.f("fk_user_reports_original_alert_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_reports")),
        sa.UniqueConstraint("alert_id", name=op.f("uq_user_reports_alert_id")),
    )
    op.create_index(op.f("ix_user_reports_campaign_key"), "user_reports", ["campaign_key"], unique=False)
    op.create_index(op.f("ix_user_reports_message_id"), "user_reports", ["message_id"], unique=False)
    op.create_index(
        "ix_user_reports_open",
        "user_reports",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
