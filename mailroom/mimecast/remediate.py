"""Pulling delivered mail back out of mailboxes: beginning an incident. `remediation` looks at incidents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from mailroom.errors import InvalidInputError, NotOfferedError, ResponseError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.field_checks import (
    checked_choice,
    checked_message_id,
    checked_sha256,
    checked_text,
    checked_time,
    checked_url,
)
from mailroom.mimecast.incident import Incident
from mailroom.mimecast.single_change import change, unclear

SearchBy = Literal["hash", "messageId", "url"]
SEARCH_BY: tuple[SearchBy, ...] = ("hash", "messageId", "url")
LONGEST_REASON = 400
MOST_MESSAGE_IDS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentWish:
    """Which mail shall be pulled back, and why.

    Raises:
        InvalidInputError: A field cannot be meant.
    """

    reason: str
    search_by: str
    values: tuple[str, ...]
    """One SHA-256, one URL, or Message-IDs (several need API 2.0)."""
    start: datetime | None = None
    """Received at this time or later, aware; None: a month back."""
    end: datetime | None = None

    def __post_init__(self) -> None:
        by = checked_choice(self.search_by, SEARCH_BY, "Search By")
        check = {"hash": checked_sha256, "messageId": checked_message_id, "url": checked_url}[by]
        values = tuple(dict.fromkeys(check(value, "Value") for value in self.values))
        most = MOST_MESSAGE_IDS if by == "messageId" else 1
        if not 1 <= len(values) <= most:
            raise InvalidInputError(f"an incident by {by} takes 1 to {most} values, not {len(values)}")
        start, end = checked_time(self.start, "Start"), checked_time(self.end, "End")
        if start is not None and end is not None and start >= end:
            raise InvalidInputError("the time begins after its end: exchange Start and End")
        reason = checked_text(self.reason, "Reason", most=LONGEST_REASON, needed=True)
        checked = {"reason": reason, "search_by": by, "values": values, "start": start, "end": end}
        for name, value in checked.items():
            object.__setattr__(self, name, value)


def create_incident(client: MimecastClient, wish: IncidentWish, *, marker: str = "") -> Incident:
    """Begin to pull mail back out of our mailboxes. Effect: changes the tenant; twice is two incidents.

    Args:
        client: Which tenant.
        wish: Which mail.
        marker: Put behind the reason, so that the incident is found again when the answer is lost.

    Returns:
        The incident as it begins; `remediation.follow_incident` watches it.

    Raises:
        NotOfferedError: Several Message-IDs, and the client uses API 1.0.
        EffectUnknownError: The answer was not seen; `remediation.find_incidents` by the marker tells.
        MailroomError: As `client.call`: refused.
    """
    need_generation(client, wish)
    item: dict[str, Any] = {"reason": f"{wish.reason} {marker}".strip(), "searchBy": wish.search_by}
    if wish.start is not None:
        item["start"] = format_date(wish.start)
    if wish.end is not None:
        item["end"] = format_date(wish.end)
    function = capabilities.CREATE_INCIDENT
    if len(wish.values) > 1:
        function = capabilities.CREATE_INCIDENT_V2
        item |= {"searchBy": "message_ids", "messageIds": list(wish.values)}
    elif wish.search_by == "url":
        item["url"] = wish.values[0]
    else:
        item["hashOrMessageId"] = wish.values[0]
    try:
        return Incident.parse(change(client, function, item, wish.values[0]))
    except ResponseError as error:
        raise unclear(function, wish.values[0]) from error


def need_generation(client: MimecastClient, wish: IncidentWish) -> None:
    """Refuse what this generation cannot do.

    Raises:
        NotOfferedError: Several Message-IDs over API 1.0.
    """
    if len(wish.values) > 1 and client.generation == "1.0":
        raise NotOfferedError("API 1.0 takes one Message-ID per incident: make one incident for each")
