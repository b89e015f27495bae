"""Which tenant a client is for, as the ledger names it: one store may serve several."""

from __future__ import annotations

from collections.abc import Callable
from weakref import WeakKeyDictionary

from mailroom.mimecast import MimecastClient, account
from mailroom.store import Store

_names: WeakKeyDictionary[MimecastClient, str] = WeakKeyDictionary()


def tenant_of(client: MimecastClient) -> str:
    """The account code behind a client; asked for once. Effect: reads."""
    if client not in _names:
        _names[client] = account.get_account(client).code
    return _names[client]


def names_of(client: MimecastClient, store: Store) -> frozenset[str]:
    """Every name that this tenant may have in the ledger: its account code, and the names it was given."""
    code = tenant_of(client)
    return frozenset({code, *store.sources.tenants_of(code)})


def own_names(client: Callable[[], MimecastClient], store: Store) -> frozenset[str] | None:
    """`names_of` where the store serves several tenants; None where it knows of one at most, and nobody is asked."""
    return names_of(client(), store) if len(store.sources.accounts()) > 1 else None


def is_another(client: MimecastClient, store: Store, tenant: str) -> bool:
    """Whether the store knows this name as that of another tenant than the client's. Effect: reads."""
    accounts = store.sources.accounts_of(tenant)
    return bool(accounts) and tenant_of(client) not in accounts
