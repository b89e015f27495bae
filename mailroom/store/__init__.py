"""The store wing: SQL on SQLite or PostgreSQL. Knows nothing of mail products, rules or Prefect."""

from mailroom.store.actions import Action, ActionResult, NewAction
from mailroom.store.alerts import Alert, NewAlert
from mailroom.store.events import Event, NewEvent
from mailroom.store.health import CheckReport
from mailroom.store.history import History
from mailroom.store.items import Item, Staged, StagedItem
from mailroom.store.leases import Lease
from mailroom.store.owners import owner_is_dead, process_owner
from mailroom.store.runs import Run
from mailroom.store.settling import Settled
from mailroom.store.sources import Source
from mailroom.store.store import Store
from mailroom.store.verdicts import NewVerdict, Verdict

__all__ = [
    "Action",
    "ActionResult",
    "Alert",
    "CheckReport",
    "Event",
    "History",
    "Item",
    "Lease",
    "NewAction",
    "NewAlert",
    "NewEvent",
    "NewVerdict",
    "Run",
    "Settled",
    "Source",
    "Staged",
    "StagedItem",
    "Store",
    "Verdict",
    "owner_is_dead",
    "process_owner",
]
