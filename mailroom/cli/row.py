"""Numbers of rows, as commands take them."""

from __future__ import annotations

LARGEST = 2**63 - 1
"""The largest number that a row of the store can have; a larger one is named before the database is asked."""
