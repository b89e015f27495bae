"""When the run behind a settled question was last tried: those that were tried lately stand behind the others."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Add the column; a run that was tried before counts as not tried."""
    op.add_column("waits", sa.Column("resume_tried_at", sa.DateTime(timezone=True), nullable=True))
