"""Mailboxes: questions by mail and their answers, UID cursors, alerts that are found by Message-ID."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision = "0004"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def _text(name: str) -> sa.Column[Any]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _time(name: str, *, nullable: bool = False) -> sa.Column[Any]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _json(name: str) -> sa.Column[Any]:
    return sa.Column(name, JSON_VALUE, nullable=True)


def _partial(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def upgrade() -> None:
    """Make the tables anew (nothing wrote to the old ones) and add the columns."""
    op.add_column("cursors", sa.Column("mark", BIG_ID, nullable=False, server_default="0"))
    op.add_column("alerts", _text("message_id"))
    op.create_index(op.f("ix_alerts_message_id"), "alerts", ["message_id"], unique=False)
    op.drop_table("answers")
    op.drop_table("waits")
    op.create_table(
        "waits",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        _text("key"),
        _text("kind"),
        sa.Column("version", sa.Integer(), nullable=False),
        _text("tenant"),
        _text("mailbox"),
        _text("token_hash"),
        sa.Column("alert_id", BIG_ID, nullable=True),
        sa.Column("send_action_id", BIG_ID, nullable=True),
        _text("flow_run_id"),
        _text("mode"),
        sa.Column("needed", sa.Integer(), nullable=False),
        _text("sender_policy"),
        _text("subject"),
        _json("recipients"),
        _json("exclusions"),
        _json("message_ids"),
        _json("folders"),
        _json("question"),
        _json("reminders"),
        sa.Column("reminded", sa.Integer(), server_default="0", nullable=False),
        _time("next_reminder_at", nullable=True),
        _time("scan_from", nullable=True),
        _text("state"),
        _json("outcome"),
        _text("detail"),
        _time("sent_at", nullable=True),
        _time("deadline"),
        _time("created_at"),
        _time("changed_at"),
        _time("resolved_at", nullable=True),
        _time("resumed_at", nullable=True),
        _text("resume_note"),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_waits_alert_id")),
        sa.ForeignKeyConstraint(["send_action_id"], ["actions.id"], name=op.f("fk_waits_send_action_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_waits")),
        sa.UniqueConstraint("key", name=op.f("uq_waits_key")),
    )
    _partial("ix_waits_token", "waits", ["token_hash"], "token_hash <> ''", unique=True)
    _partial("ix_waits_open", "waits", ["mailbox", "id"], "state = 'open'")
    _partial("ix_waits_deadline", "waits", ["deadline"], "state = 'open'")
    _partial(
        "ix_waits_to_resume", "waits", ["mailbox", "id"],
        "state <> 'open' AND flow_run_id <> '' AND resumed_at IS NULL",
    )  # fmt: skip
    op.create_index(op.f("ix_waits_changed_at"), "waits", ["changed_at"], unique=False)
    op.create_table(
        "answers",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("wait_id", BIG_ID, nullable=False),
        _text("external_key"),
        _text("sender"),
        _text("recipient"),
        _text("classification"),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        _text("why"),
        sa.Column("score", sa.Float(), nullable=False),
        _json("evidence"),
        _text("text"),
        _json("result"),
        _text("message_id"),
        _json("attachments"),
        _text("raw_sha256"),
        _time("received_at"),
        _time("created_at"),
        sa.ForeignKeyConstraint(["wait_id"], ["waits.id"], name=op.f("fk_answers_wait_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_answers")),
        sa.UniqueConstraint("wait_id", "external_key", name=op.f("uq_answers_wait_id_external_key")),
    )
