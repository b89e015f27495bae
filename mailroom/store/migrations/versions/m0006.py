"""Changes of the tenant: what an action made, when it ends by itself, and which action it takes back."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0006"
down_revision = "0005"

JSON_VALUE = sa.JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the columns and the ways to find them."""
    op.add_column("actions", sa.Column("result", JSON_VALUE, nullable=True))
    op.add_column("actions", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    # In SQL, because SQLite adds a reference only together with its column.
    op.execute(
        f"ALTER TABLE actions ADD COLUMN undoes_id {number} "
        f"CONSTRAINT {op.f('fk_actions_undoes_id')} REFERENCES actions (id)"
    )
    _partial("ix_actions_expiring", ["expires_at"], "expires_at IS NOT NULL AND state = 'applied'")
    _partial("ix_actions_undoes", ["undoes_id"], "undoes_id IS NOT NULL")
    op.create_index(op.f("ix_actions_tenant_target"), "actions", ["tenant", "target"], unique=False)


def _partial(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "actions", columns, unique=False, sqlite_where=where, postgresql_where=where)
