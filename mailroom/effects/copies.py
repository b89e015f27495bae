"""Copies of one message that are held for other recipients: a release to the sandbox frees them all."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from mailroom.effects.kinds import RELEASE_TO_SANDBOX
from mailroom.effects.look import HeldRef
from mailroom.errors import NotFoundError
from mailroom.mimecast import MimecastClient, held
from mailroom.mimecast.models import HeldMessage
from mailroom.mimecast.reading import pass_over
from mailroom.store import Store
from mailroom.store.actions import CLAIMABLE

_AROUND = timedelta(seconds=1)  # the queue gives whole seconds


def unwanted_copies(
    client: MimecastClient, store: Store, tracking_id: str, ref: HeldRef, wanted: Collection[str]
) -> int:
    """How many copies of a message are held whose release to the sandbox nobody wants. Effect: reads.

    Args:
        client: Which tenant.
        store: Whose alerts and ledger.
        tracking_id: The message.
        ref: One of its copies.
        wanted: Hold ids that are about to be released.

    Raises:
        MailroomError: The hold queue cannot be read.
    """
    pages = held.get_hold_message_list(
        client, start=ref.received_at - _AROUND, end=ref.received_at + _AROUND, on_unreadable=pass_over
    )
    entries = {entry.id: entry for page in pages for entry in page}
    alike = [entry for entry in entries.values() if entry.id not in wanted and _alike(entry, ref)]
    return sum(_is_unwanted_copy(store, entry.id, tracking_id) for entry in alike)


def _alike(entry: HeldMessage, ref: HeldRef) -> bool:
    senders = {entry.from_envelope.address.lower(), entry.from_header.address.lower()}
    return ref.sender.lower() in senders and entry.subject.split() == ref.subject.split()


def _is_unwanted_copy(store: Store, hold_id: str, tracking_id: str) -> bool:
    """An entry that is not taken in yet counts: it may be a copy."""
    try:
        alert = store.alerts.find(hold_id)
    except NotFoundError:
        return True
    if alert.tracking_id and alert.tracking_id != tracking_id:
        return False
    return not any(
        action.kind == RELEASE_TO_SANDBOX.name and (action.is_live or action.state in CLAIMABLE)
        for action in store.ledger.for_alert(alert.id)
    )
