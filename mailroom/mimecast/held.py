"""The hold queue: list, count, release, reject, and the log of what was released or rejected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from mailroom.errors import InvalidInputError
from mailroom.faults import faultpoint
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.item_outcomes import outcomes_of
from mailroom.mimecast.models import HeldMessage, HoldSummary, ReleaseLogEntry, parse_summary
from mailroom.mimecast.outcomes import EffectUnknownError, Outcome
from mailroom.mimecast.paging import entries_in, listed
from mailroom.mimecast.reading import OnUnreadable

SEARCH_FIELDS = frozenset({"all", "subject", "sender", "recipient", "reason_code"})
LOG_SEARCH_FIELDS = frozenset({"all", "operator", "from", "to", "subject", "info", "heldReason"})

REJECT_REASONS: dict[str, str] = {
    "Select One": "",
    "Inappropriate Communication": "INAPPROPRIATE COMMUNICATION",
    "Confidential Information": "MESSAGE CONTAINS CONFIDENTIAL INFORMATION",
    "Against Email Policy": "MESSAGE GOES AGAINST EMAIL POLICIES",
    "Restricted Content": "REVIEWER DISAPPROVES OF CONTENT",
}
"""The names of the drop-down, and the value for `hold-reject`."""


def get_hold_message_list(
    client: MimecastClient,
    *,
    start: datetime,
    end: datetime,
    search_by: tuple[str, str] | None = None,
    page_size: int = 500,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[HeldMessage]]:
    """Held messages of all recipients, newest first, one list per page. Effect: reads.

    Entries that a later page repeats are left out. Take all pages before anything is released or rejected:
    pages are offsets into the queue as it is at that moment.

    Args:
        client: Which tenant.
        start: Earliest time of arrival, aware.
        end: Latest time of arrival, aware; both ends are included.
        search_by: A field (`all`, `subject`, `sender`, `recipient`, `reason_code`) and its value.
        page_size: 1 to 500.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    item: dict[str, Any] = {"admin": True, "start": format_date(start), "end": format_date(end)}
    if search_by is not None:
        item["searchBy"] = _search_by(search_by, SEARCH_FIELDS)
    yield from listed(
        client, capabilities.HOLD_LIST, item, HeldMessage.parse, page_size=page_size, on_unreadable=on_unreadable
    )


def get_hold_summary_list(client: MimecastClient) -> list[HoldSummary]:
    """How many messages each policy holds. Effect: reads."""
    return [parse_summary(entry) for entry in client.call(capabilities.HOLD_SUMMARY).data]


def get_held_release_logs(
    client: MimecastClient,
    *,
    start: datetime,
    end: datetime,
    search_by: tuple[str, str] | None = None,
    status: str | None = None,
    page_size: int = 100,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[ReleaseLogEntry]]:
    """The log of released and rejected held mail, one list per page. Effect: reads.

    Args:
        client: Which tenant.
        start: Earliest time of the release or rejection, aware.
        end: Latest time, aware.
        search_by: A field (`all`, `operator`, `from`, `to`, `subject`, `info`, `heldReason`) and its value.
        status: `released` or `rejected`; None = both. Checked again on our side.
        page_size: 1 to 500.
        on_unreadable: As for the hold list.

    Raises:
        ResponseError: An entry, or the log as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    item: dict[str, Any] = {"start": format_date(start), "end": format_date(end)}
    if search_by is not None:
        item["searchBy"] = _search_by(search_by, LOG_SEARCH_FIELDS)
    if status is not None:
        if status not in {"released", "rejected"}:
            raise InvalidInputError(f"status {status!r}: the release log knows 'released' and 'rejected'")
        item["filterBy"] = [{"fieldName": "status", "value": status}]
    for lines in listed(
        client, capabilities.RELEASE_LOGS, item, ReleaseLogEntry.parse, page_size=page_size,
        on_unreadable=on_unreadable, entries=entries_in("heldReleaseLogs"),
    ):  # fmt: skip
        yield [line for line in lines if status is None or line.status == status]


def hold_release(client: MimecastClient, hold_ids: Sequence[str]) -> dict[str, Outcome]:
    """Deliver held messages. Effect: changes the tenant; irreversible; never repeated blindly.

    Args:
        client: Which tenant.
        hold_ids: Ids of the hold list (not tracking ids); one request for all of them.

    Returns:
        One outcome per id, in the order asked.

    Raises:
        EffectUnknownError: The answer was not seen or is silent about some ids; see its `outcomes` and `unknown`.
        TransientError: Certainly not sent.
        MailroomError: As `client.call`: refused as a whole.
    """
    ids = _checked_ids(hold_ids)
    if not ids:
        return {}
    return _effect(client, capabilities.HOLD_RELEASE, ids, [{"id": item} for item in ids], "release")


def hold_reject(
    client: MimecastClient,
    hold_ids: Sequence[str],
    *,
    note: str = "",
    reason: str = "Select One",
    notify_sender: bool = False,
) -> dict[str, Outcome]:
    """Reject held messages. Effect: changes the tenant; irreversible; never repeated blindly.

    Args:
        client: Which tenant.
        hold_ids: Ids of the hold list; one request for all of them.
        note: Text of the rejection notice.
        reason: A name of `REJECT_REASONS`; `Select One` sends none.
        notify_sender: Whether the sender is told.

    Returns:
        One outcome per id, in the order asked.

    Raises:
        InvalidInputError: Unknown reason.
        EffectUnknownError, TransientError, MailroomError: As `hold_release`.
    """
    wanted = reason_type(reason)
    ids = _checked_ids(hold_ids)
    if not ids:
        return {}
    item: dict[str, Any] = {"ids": ids, "notify": notify_sender}
    if note:
        item["message"] = note
    if wanted:
        item["reasonType"] = wanted
    return _effect(client, capabilities.HOLD_REJECT, ids, [item], "reject")


def release_to_sandbox(client: MimecastClient, tracking_id: str) -> Outcome:
    """Release a held message to the attachment sandbox. API 1.0 only. Effect: changes the tenant.

    Raises:
        NotOfferedError: The client uses API 2.0; nothing is sent.
        EffectUnknownError, TransientError, MailroomError: As `hold_release`.
    """
    return _single(client, capabilities.RELEASE_TO_SANDBOX, {"id": _checked_ids([tracking_id])[0]})


def _effect(
    client: MimecastClient,
    function: capabilities.Function,
    ids: list[str],
    items: list[dict[str, Any]],
    flag: str,
) -> dict[str, Outcome]:
    faultpoint("mimecast.before_send")
    envelope = client.call(function, items, per_item=True, targets=ids)
    faultpoint("mimecast.after_send")
    return outcomes_of(function, ids, envelope, flag)


def _single(client: MimecastClient, function: capabilities.Function, item: dict[str, Any]) -> Outcome:
    """The undocumented console functions: an answer that is an envelope without `fail` means done."""
    faultpoint("mimecast.before_send")
    envelope = client.call(function, [item], targets=[item["id"]])
    faultpoint("mimecast.after_send")
    if not envelope.has_data and envelope.meta_status is None:
        raise EffectUnknownError(
            f"{function.path}: the answer is no envelope; look the message up before anything else is tried",
            {},
            (item["id"],),
        )
    return Outcome(True)


def _search_by(search_by: tuple[str, str], fields: frozenset[str]) -> dict[str, str]:
    name, value = search_by
    if name not in fields or not value:
        raise InvalidInputError(f"search_by ({name!r}, ...): the field is one of {', '.join(sorted(fields))}")
    return {"fieldName": name, "value": value}


def reason_type(name: str) -> str:
    """What `hold-reject` calls a reason of the drop-down; "" sends none. Makes no call.

    Raises:
        InvalidInputError: Unknown reason.
    """
    if name not in REJECT_REASONS:
        raise InvalidInputError(f"reason {name!r}: choose one of {', '.join(REJECT_REASONS)}")
    return REJECT_REASONS[name]


def _checked_ids(ids: Sequence[str]) -> list[str]:
    if isinstance(ids, str) or not all(isinstance(item, str) and item.strip() for item in ids):
        raise InvalidInputError("ids must be a list of non-empty texts, passed on exactly as Mimecast gave them")
    return list(dict.fromkeys(ids))
