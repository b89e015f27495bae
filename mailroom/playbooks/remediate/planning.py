"""From what somebody wants to pull back to one item per incident, with everything that was found. Changes nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from mailroom.effects.changes import change_of
from mailroom.errors import InvalidInputError, RefusedError
from mailroom.mimecast.field_checks import checked_message_id
from mailroom.playbooks.act import Desk
from mailroom.playbooks.remediate.find import find_everywhere
from mailroom.playbooks.remediate.form import RemediateForm
from mailroom.playbooks.remediate.model import Item, RemediationPlan
from mailroom.playbooks.standing import meant_alike, standing
from mailroom.playbooks.tenants import tenant_of
from mailroom.store.actions import Action
from mailroom.store.columns import canonical_json

KIND = "create_remediation_incident"
_SEARCH_BY = {"message id": "messageId", "file hash": "hash", "url": "url", "alert": "messageId"}

OnItem = Callable[[str, int, int | None], None]


def plan_remediation(
    desk: Desk, form: RemediateForm, *, tenant: str = "", on_item: OnItem = lambda _what, _done, _of: None
) -> RemediationPlan:
    """Look for everything and say what would be pulled back.

    Effect: reads the tenant and the store. Twice is harmless; what was begun before is named with its action.

    Args:
        desk: Tenant and store.
        form: What somebody wants.
        tenant: Name of the tenant in the store; the account code when empty.
        on_item: Told how far the search is.

    Raises:
        InvalidInputError: An alert's mail has no Message-ID.
        NotFoundError: There is no such alert.
        MailroomError: The tenant cannot be read.
    """
    name = tenant or tenant_of(desk.client)
    now = desk.client.now().replace(microsecond=0)
    start = now - timedelta(days=form.days_back)
    search_by = _SEARCH_BY[form.look_for]
    items = []
    for number, value in enumerate(form.values, 1):
        wanted, alert_id = _of_alert(desk, value) if form.look_for == "alert" else (value, None)
        slot = slot_of(search_by, wanted, form.again)
        fresh = {
            "reason": _reason(form, alert_id), "search_by": search_by, "values": [wanted],
            "start_time": start.isoformat(), "end_time": "",
        }  # fmt: skip
        there = standing(desk.store, name, slot, now, partial(_same, desk, fresh, start))
        known = there.action
        parameters = known.parameters if known else change_of(KIND).checked(fresh)
        found = find_everywhere(desk.client, search_by, wanted, start=start)
        items.append(
            Item(search_by, wanted, parameters, slot, alert_id, found, known.id if known else None,
                 known.state if known else "", there.superseded)
        )  # fmt: skip
        on_item("searched", number, len(form.values))
    notes = tuple(dict.fromkeys(note for item in items for note in item.findings.notes))
    return RemediationPlan(name, tuple(items), form.most_messages, form.allow_many, form.requested_by, notes)


def raise_if_too_many(plan: RemediationPlan) -> None:
    """Raises RefusedError: more copies would be pulled back than was allowed. What was begun before does not count.

    Copies that cannot be counted may be too many.
    """
    unknown = [one for one in plan.items if not one.begun and one.findings.anything and one.findings.uncounted]
    if unknown and not plan.allow_many:
        raise RefusedError(
            f"the delivered copies of {len(unknown)} of {len(plan.items)} items cannot be counted "
            f"({unknown[0].findings.uncounted}): nothing was pulled back. Make them countable, or allow many."
        )
    if plan.copies > plan.most_messages and not plan.allow_many:
        raise RefusedError(
            f"{plan.copies} delivered copies were found, more than the limit of {plan.most_messages}: nothing was "
            "pulled back. Look at the preview, then allow many or raise the limit."
        )


def _same(desk: Desk, fresh: dict[str, Any], start: datetime, known: Action) -> bool:
    """Whether an incident that was not begun would be the same, but for the time that passed."""
    then = str(known.parameters["start_time"])
    wanted = change_of(KIND).checked(fresh | {"start_time": then})
    return known.parameters == wanted and meant_alike(desk.store, known, datetime.fromisoformat(then), start)


def slot_of(search_by: str, value: str, again: str) -> str:
    """Where in the ledger this wish is: the same thing is pulled back once, whoever asks, until `again` says more."""
    digest = hashlib.sha256(canonical_json([search_by, value, again]).encode("ascii")).hexdigest()
    return f"{KIND}:{digest[:40]}"


def _of_alert(desk: Desk, text: str) -> tuple[str, int]:
    alert = desk.store.alerts.find(text)
    known = str(alert.message_id or alert.event.get("message_id") or "")
    if not known:
        raise InvalidInputError(f"the mail of alert {alert.id} has no Message-ID: look for a file hash or a URL of it")
    return checked_message_id(known, f"The Message-ID of alert {alert.id}"), alert.id


def _reason(form: RemediateForm, alert_id: int | None) -> str:
    parts = [
        "Mailroom remediation",
        f"alert {alert_id}" if alert_id else "",
        f"case {form.case}" if form.case else "",
        f"by {form.requested_by}" if form.requested_by else "",
        form.again,
    ]
    return ", ".join(part for part in parts if part)
