"""One change of the tenant with one item, answered by one entry: anything else is not known to have happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mailroom.faults import faultpoint
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.outcomes import EffectUnknownError


def change(client: MimecastClient, function: Function, item: Mapping[str, Any], target: str) -> dict[str, Any]:
    """Run an effect once and return what it answers about the item.

    Args:
        client: Which tenant.
        function: An envelope function that changes something.
        item: The request item.
        target: What it acts on, for messages.

    Raises:
        EffectUnknownError: The answer was not seen, is silent about the item, or says two things at once.
        TransientError: Certainly not sent.
        MailroomError: As `client.call`: refused.
    """
    faultpoint("mimecast.before_send")
    envelope = client.call(function, [item], targets=(target,))
    faultpoint("mimecast.after_send")
    entry = envelope.data[0] if envelope.data else None
    if not isinstance(entry, dict) or envelope.failures:
        raise unclear(function, target)
    return entry


def unclear(function: Function, target: str) -> EffectUnknownError:
    """The error for an answer that does not say what happened."""
    return EffectUnknownError(
        f"{function.name}: the answer does not say what became of it. It may or may not have been applied: look at "
        "the tenant before anything else is tried",
        {},
        (target,),
    )
