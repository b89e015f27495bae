"""Runs that did not come to their end are found by an index."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Make the index."""
    unfinished = sa.text("state IN ('running', 'failed')")
    op.create_index("ix_runs_unfinished", "runs", ["kind", "id"], sqlite_where=unfinished, postgresql_where=unfinished)
