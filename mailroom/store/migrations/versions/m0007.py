"""Cases that merge and have files, tasks and playbooks; approvals of many actions; questions dealt with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON_VALUE = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Complete the cases, and make the approvals anew: no version before this one wrote any."""
    _complete_cases()
    op.add_column("case_alerts", sa.Column("added_by", sa.Text(), server_default="", nullable=False))
    op.add_column("case_alerts", sa.Column("why", sa.Text(), server_default="", nullable=False))
    op.add_column("waits", sa.Column("handled_at", sa.DateTime(timezone=True), nullable=True))
    _partial("ix_waits_alert", "waits", ["alert_id"], "alert_id IS NOT NULL")
    _partial("ix_waits_to_handle", "waits", ["kind", "id"], "state <> 'open' AND handled_at IS NULL")
    op.drop_table("approvals")
    _new_tables()


def _complete_cases() -> None:
    for name in ("key", "template", "description", "created_by", "state_before"):
        op.add_column("cases", sa.Column(name, sa.Text(), server_default="", nullable=False))
    for name in ("due_at", "updated_at"):
        op.add_column("cases", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    for name in ("merged_into_id", "root_id"):
        # In SQL, because SQLite adds a reference only together with its column.
        op.execute(
            f"ALTER TABLE cases ADD COLUMN {name} {number} CONSTRAINT {op.f(f'fk_cases_{name}')} REFERENCES cases (id)"
        )
    _partial("ix_cases_key", "cases", ["tenant", "key"], "key <> ''", unique=True)
    _partial("ix_cases_merged", "cases", ["merged_into_id"], "merged_into_id IS NOT NULL")
    _partial("ix_cases_root", "cases", ["root_id"], "root_id IS NOT NULL")


def _partial(name: str, table: str, columns: list[str], condition: str, *, unique: bool = False) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=unique, sqlite_where=where, postgresql_where=where)


def _new_tables() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("tenant", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("plan", JSON_VALUE, nullable=True),
        sa.Column("targets", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wide", sa.Boolean(), nullable=False),
        sa.Column("proposer", sa.Text(), server_default="", nullable=False),
        sa.Column("approver", sa.Text(), server_default="", nullable=False),
        sa.Column("channel", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("case_id", BIG_ID, nullable=True),
        sa.Column("wait_id", BIG_ID, nullable=True),
        sa.Column("flow_run_id", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_approvals_case_id")),
        sa.ForeignKeyConstraint(["wait_id"], ["waits.id"], name=op.f("fk_approvals_wait_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
    )
    op.create_index(
        "ix_approvals_open",
        "approvals",
        ["tenant", "digest"],
        unique=True,
        sqlite_where=sa.text("state IN ('open', 'granted')"),
        postgresql_where=sa.text("state IN ('open', 'granted')"),
    )
    op.create_index(op.f("ix_approvals_state_id"), "approvals", ["state", "id"], unique=False)
    op.create_index(
        "ix_approvals_wait",
        "approvals",
        ["wait_id"],
        unique=False,
        sqlite_where=sa.text("wait_id IS NOT NULL"),
        postgresql_where=sa.text("wait_id IS NOT NULL"),
    )
    op.create_table(
        "approval_actions",
        sa.Column("approval_id", BIG_ID, nullable=False),
        sa.Column("action_id", BIG_ID, nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["action_id"], ["actions.id"], name=op.f("fk_approval_actions_action_id")),
        sa.ForeignKeyConstraint(["approval_id"], ["approvals.id"], name=op.f("fk_approval_actions_approval_id")),
        sa.PrimaryKeyConstraint("approval_id", "action_id", name=op.f("pk_approval_actions")),
    )
    op.create_index(op.f("ix_approval_actions_action_id"), "approval_actions", ["action_id"], unique=False)
    op.create_table(
        "case_files",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("alert_id", BIG_ID, nullable=True),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("content_type", sa.Text(), server_default="", nullable=False),
        sa.Column("size", BIG_ID, nullable=False),
        sa.Column("added_by", sa.Text(), server_default="", nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_case_files_alert_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_files_case_id")),
        sa.ForeignKeyConstraint(["sha256"], ["blobs.sha256"], name=op.f("fk_case_files_sha256")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_files")),
        sa.UniqueConstraint("case_id", "sha256", "name", name=op.f("uq_case_files_case_id_sha256_name")),
    )
    op.create_table(
        "case_tasks",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("case_id", BIG_ID, nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("title", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("assigned_to", sa.Text(), server_default="", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_by", sa.Text(), server_default="", nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_case_tasks_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_tasks")),
        sa.UniqueConstraint("case_id", "key", name=op.f("uq_case_tasks_case_id_key")),
    )
    op.create_table(
        "playbook_runs",
        sa.Column("id", BIG_ID, autoincrement=True, nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("tenant", sa.Text(), server_default="", nullable=False),
        sa.Column("case_id", BIG_ID, nullable=True),
        sa.Column("alert_id", BIG_ID, nullable=True),
        sa.Column("playbook", sa.Text(), server_default="", nullable=False),
        sa.Column("parameters", JSON_VALUE, nullable=True),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("requested_by", sa.Text(), server_default="", nullable=False),
        sa.Column("flow_run_id", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), server_default="", nullable=False),
        sa.Column("result", JSON_VALUE, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["alert_id"], ["alerts.id"], name=op.f("fk_playbook_runs_alert_id")),
        sa.ForeignKeyConstraint(["case_id"], ["cases.id"], name=op.f("fk_playbook_runs_case_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_playbook_runs")),
        sa.UniqueConstraint("key", name=op.f("uq_playbook_runs_key")),
    )
    op.create_index(op.f("ix_playbook_runs_case_id"), "playbook_runs", ["case_id"], unique=False)
    op.create_index(
        "ix_playbook_runs_open",
        "playbook_runs",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('wanted', 'started')"),
        postgresql_where=sa.text("state IN ('wanted', 'started')"),
    )
