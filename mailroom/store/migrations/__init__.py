"""Numbered, append-only migrations (Alembic). A released one is never edited."""

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009", "0010", "0011")
"""Every revision in order; the last is the schema this version of the code works with. A test compares it with the
files, and it spares an ordinary start the loading of Alembic."""
