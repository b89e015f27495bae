"""Names of tenants and mailboxes as people type them: a report about a mistyped name would be one of nothing."""

from __future__ import annotations

from collections.abc import Iterable

from mailroom.connectors.mailbox.settings import CONNECTOR
from mailroom.errors import InvalidInputError
from mailroom.store import Store


def need_tenants(store: Store, names: Iterable[str]) -> None:
    """Effect: reads the store. Names are taken as they are while nothing has come in.

    Raises:
        InvalidInputError: the store knows no tenant of one of these names; the message says which there are.
    """
    _need(names, store.sources.tenants(), "tenant")


def need_mailboxes(store: Store, names: Iterable[str]) -> None:
    """The same for mailboxes that mail was taken from."""
    _need(names, {one.partition("/")[0] for one in store.sources.names(CONNECTOR)}, "mailbox")


def _need(names: Iterable[str], known: set[str], what: str) -> None:
    unknown = next((one for one in names if one and known and one not in known), None)
    if unknown is not None:
        there = ", ".join(sorted(known))
        raise InvalidInputError(f"the store knows no {what} {unknown[:60]!r}; it knows {there[:300]}")
