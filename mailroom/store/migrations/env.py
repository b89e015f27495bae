"""Run by Alembic inside the transaction that `mailroom.store.migrate` has opened."""

from alembic import context

from mailroom.faults import faultpoint
from mailroom.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's DDL is transactional once the driver does not begin transactions by itself
    on_version_apply=lambda **_: faultpoint("migration.step"),
)
context.run_migrations()
