"""What every part of the tenant's memory has in common: a change is journaled, then applied, then counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sandbox.clock import TenantClock
from sandbox.ids import IdMint
from sandbox.journal import Journal
from sandbox.records import Effect

Content = dict[str, Any]


class Book:
    """Things of one kind, kept in the journal. Callers hold the tenant's lock.

    Args:
        mint: Writes the ids.
        clock: Tenant time.
        journal: Remembers every change.
        effects: Gets an entry for every change.
    """

    event = ""
    """Name of this book's records in the journal."""

    def __init__(self, mint: IdMint, clock: TenantClock, journal: Journal, effects: list[Effect]) -> None:
        self.mint = mint
        self.clock = clock
        self._journal = journal
        self._effects = effects

    def change(self, kind: str, operator: str, params: Content, **more: Any) -> Content:
        """Journal a change and apply it. Returns the record."""
        record = {
            "event": self.event,
            "kind": kind,
            "operator": operator,
            "params": params,
            "at": self.clock.epoch(),
            **more,
        }
        self._journal.append(record)
        self.replay(record)
        return record

    def replay(self, record: Content) -> None:
        """Apply one journaled change; also used when a tenant is loaded again."""
        raise NotImplementedError

    def note(self, record: Content, target: str, *keys: str) -> None:
        """Remember an effect for those who count; `keys` are other names it can be counted by."""
        moment = datetime.fromtimestamp(record["at"], UTC)
        effect = Effect(record["kind"], target, moment, record["operator"], record["params"], keys)
        self._effects.append(effect)
