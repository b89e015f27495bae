"""Is a message still held? Asked before and after effects, and when details are missing.

Effect: reads the tenant. Twice is harmless.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.held import get_hold_message_list
from mailroom.mimecast.paging import id_of

_AROUND = timedelta(seconds=1)  # the queue gives whole seconds
_MOST_PAGES = 4  # of 500: beyond that, asking message by message is cheaper


class HoldRef(Protocol):
    """What is needed to find one hold entry again."""

    @property
    def hold_id(self) -> str:
        """Its id in the hold list."""

    @property
    def recipient(self) -> str:
        """Address of the one recipient it is held for."""

    @property
    def received_at(self) -> datetime:
        """When it arrived, aware, as the hold list says."""


def still_held(client: MimecastClient, refs: Sequence[HoldRef]) -> set[str]:
    """The hold ids among `refs` that are in the hold queue at this moment.

    Raises:
        MailroomError: As `client.call`; then nothing is known about any of them.
    """
    if not refs:
        return set()
    if len(refs) == 1:
        return _one_held(client, refs[0])
    wanted = {ref.hold_id for ref in refs}
    found: set[str] = set()
    start = min(ref.received_at for ref in refs) - _AROUND
    end = max(ref.received_at for ref in refs) + _AROUND
    # An entry that cannot be read is held all the same.
    walk = get_hold_message_list(client, start=start, end=end, on_unreadable=lambda raw, _: found.add(id_of(raw)))
    for number, page in enumerate(walk, start=1):
        found |= {entry.id for entry in page}
        if wanted <= found:
            break
        if number == _MOST_PAGES:
            rest = [ref for ref in refs if ref.hold_id not in found]
            found = found.union(*(_one_held(client, ref) for ref in rest))
            break
    return found & wanted


def _one_held(client: MimecastClient, ref: HoldRef) -> set[str]:
    found: set[str] = set()
    pages = get_hold_message_list(
        client,
        start=ref.received_at - _AROUND,
        end=ref.received_at + _AROUND,
        search_by=("recipient", ref.recipient) if ref.recipient else None,
        on_unreadable=lambda raw, _: found.add(id_of(raw)),
    )
    for page in pages:
        found |= {entry.id for entry in page}
    return found & {ref.hold_id}
