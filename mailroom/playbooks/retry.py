"""Taking up what was not finished."""

from __future__ import annotations

from mailroom.store import Store


def reopen_quarantined(store: Store) -> int:
    """Put every quarantined entry back among those waiting; the next ingest reads them again.

    Effect: writes the store. Twice is harmless.

    Returns:
        How many were reopened.
    """
    reopened, after = 0, 0
    while rows := store.items.quarantined(after_id=after):
        reopened += sum(store.items.reopen(row.id) for row in rows)
        after = rows[-1].id
    return reopened
