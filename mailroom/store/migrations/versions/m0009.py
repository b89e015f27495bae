"""Indexes on hold and tracking ids leave out the alerts that have none: most mail of a mailbox."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Make both indexes anew."""
    for name in ("hold_id", "tracking_id"):
        op.drop_index(op.f(f"ix_alerts_{name}"), table_name="alerts")
        has_one = sa.text(f"{name} <> ''")
        op.create_index(op.f(f"ix_alerts_{name}"), "alerts", [name], sqlite_where=has_one, postgresql_where=has_one)
