"""Threat remediation, reading: incidents, how far they are, and where a file was seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailroom.errors import InvalidInputError, NotFoundError, ResponseError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.incident import Incident
from mailroom.mimecast.paging import entries_in, listed
from mailroom.mimecast.reading import OnUnreadable, bool_of, dict_of, list_of, text_of

SEARCH_FIELDS = ("all", "code", "file_hash", "reason")
TYPES = ("automatic", "manual", "notify_only", "restored")
_FIRST_PAUSE, _LONGEST_PAUSE, _GROWTH = 2.0, 60.0, 1.6
_NOTHING_AFTER = 300.0
"""Seconds after which an incident that has identified nothing will not do so any more."""

OnProgress = Callable[[Incident], None]


@dataclass(frozen=True, slots=True)
class Followed:
    """How following an incident ended."""

    incident: Incident
    """As last seen."""
    finished: bool
    """False: the deadline came first; follow it again later."""
    seconds: float
    looks: int


@dataclass(frozen=True, slots=True)
class HashSearch:
    """Which files were seen in the tenant."""

    detected: dict[str, bool]
    """By SHA-256, in lower case."""
    failed: tuple[str, ...]
    """Hashes that Mimecast could not look up."""


def get_incident(client: MimecastClient, incident_id: str) -> Incident:
    """One incident as it is now. Effect: reads.

    Args:
        client: Which tenant.
        incident_id: The id (not the code `TR-...`; `find_incidents` finds an incident by its code).

    Raises:
        NotFoundError: No such incident.
        RejectedError: Not an id of this kind.
        ResponseError: The answer cannot be read.
        MailroomError: As `client.call`.
    """
    function = capabilities.GET_INCIDENT
    envelope = client.call(function, [{"id": incident_id}])
    if not envelope.data:
        raise NotFoundError(f"{function.path}: no incident {incident_id[:200]!r}; find it by its code")
    return Incident.parse(envelope.data[0])


def incident_of(client: MimecastClient, name: str) -> Incident:
    """One incident by its id or by its code (`TR-...`). Effect: reads.

    Raises:
        InvalidInputError: Nothing was given.
        NotFoundError: No such incident.
        MailroomError: As `get_incident`.
    """
    wanted = name.strip()
    if not wanted:
        raise InvalidInputError("give the incident: its id or its code, TR-...")
    if not wanted.upper().startswith("TR-"):
        return get_incident(client, wanted)
    for found in find_incidents(client, search_by=("code", wanted)):
        for incident in found:
            if incident.code.upper() == wanted.upper():
                return get_incident(client, incident.id)
    raise NotFoundError(f"{capabilities.FIND_INCIDENTS.path}: no incident has the code {wanted[:100]!r}")


def find_incidents(
    client: MimecastClient,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    search_by: tuple[str, str] | None = None,
    kind: str = "",
    page_size: int = 100,
    on_unreadable: OnUnreadable | None = None,
) -> Iterator[list[Incident]]:
    """Incidents that fit, newest first, one list per page. Effect: reads. Mimecast wants at least one criterion.

    Args:
        client: Which tenant.
        start: Made at this time or later, aware; None: Mimecast's own window.
        end: Made until then.
        search_by: A field (`all`, `code`, `file_hash`, `reason`) and its value.
        kind: `automatic`, `manual`, `notify_only` or `restored`; empty = every one.
        page_size: 1 to 500.
        on_unreadable: Takes entries that cannot be read; without it such an entry is an error.

    Raises:
        InvalidInputError: No criterion, or an unknown one.
        ResponseError: An entry, or the list as a whole, cannot be read.
        MailroomError: As `client.call`.
    """
    item: dict[str, Any] = {}
    if start is not None:
        item["start"] = format_date(start)
    if end is not None:
        item["end"] = format_date(end)
    if search_by is not None:
        name, value = search_by
        if name not in SEARCH_FIELDS or not value:
            raise InvalidInputError(f"search_by ({name!r}, ...): the field is one of {', '.join(SEARCH_FIELDS)}")
        item["searchBy"] = [{"fieldName": name, "value": value}]
    if kind:
        if kind not in TYPES:
            raise InvalidInputError(f"kind {kind!r}: choose one of {', '.join(TYPES)}")
        item["filterBy"] = [{"fieldName": "type", "value": kind}]
    if not {"searchBy", "filterBy"} & set(item):
        raise InvalidInputError("finding incidents needs a criterion: a text (all, code, file_hash, reason) or a kind")
    return listed(
        client, capabilities.FIND_INCIDENTS, item, Incident.parse, page_size=page_size, on_unreadable=on_unreadable,
        entries=entries_in("incidents"),
    )  # fmt: skip


def search_hash(client: MimecastClient, hashes: Sequence[str]) -> HashSearch:
    """Whether files were seen in the tenant's mail. Effect: reads.

    Args:
        client: Which tenant.
        hashes: SHA-256 of files, in hexadecimal.

    Raises:
        InvalidInputError: None given, or one that is no SHA-256.
        ResponseError: The answer says nothing.
        MailroomError: As `client.call`.
    """
    wanted = list(dict.fromkeys(text.strip().lower() for text in hashes))
    wrong = [text for text in wanted if len(text) != 64 or set(text) - set("0123456789abcdef")]
    if wrong or not wanted:
        raise InvalidInputError(f"not a SHA-256 (64 hexadecimal digits): {', '.join(wrong)[:300] or 'nothing given'}")
    function = capabilities.SEARCH_HASH
    envelope = client.call(function, [{"hashes": wanted}])
    if not envelope.data:
        raise ResponseError(f"{function.path}: the answer says nothing about the files")
    detected: dict[str, bool] = {}
    failed: list[str] = []
    for entry in map(dict_of, envelope.data):
        for status in map(dict_of, list_of(entry.get("hashStatus"))):
            name, seen = text_of(status.get("hash")).lower(), bool_of(status.get("detected"))
            if name and seen is not None:
                detected[name] = seen
        failed += [text_of(one).lower() for one in list_of(entry.get("failedHashes")) if text_of(one)]
    failed += [name for name in wanted if name not in detected and name not in failed]
    return HashSearch(detected, tuple(dict.fromkeys(failed)))


def follow_incident(
    client: MimecastClient,
    incident_id: str,
    *,
    until: Callable[[Incident], bool] | None = None,
    on_progress: OnProgress | None = None,
    deadline: float = 900.0,
    first_pause: float = _FIRST_PAUSE,
) -> Followed:
    """Look at an incident again and again, with growing pauses, until it is done. Effect: reads.

    Its counters grow after it was made, and no field says that it has ended. So by default it is done when every
    message that was identified has succeeded or failed, and a second look says the same; or when nothing was
    identified for five minutes.

    Args:
        client: Which tenant; its clock waits.
        incident_id: The id of the incident.
        until: What ends it instead.
        on_progress: Told each new state.
        deadline: Seconds; at its end the state as last seen is returned.
        first_pause: Seconds between the first two looks; later ones up to a minute.

    Raises:
        InvalidInputError: A number is not usable.
        NotFoundError: No such incident.
        MailroomError: As `get_incident`.
    """
    if not deadline > 0 or not first_pause > 0:
        raise InvalidInputError("deadline and first_pause are seconds, more than 0")
    started = client.clock.monotonic()
    pause, looks, before = first_pause, 0, None
    while True:
        incident = get_incident(client, incident_id)
        looks += 1
        if on_progress is not None and incident != before:
            on_progress(incident)
        spent = client.clock.monotonic() - started
        if until is not None:
            done = until(incident)
        else:
            handled = incident.all_handled or (not incident.identified and spent >= _NOTHING_AFTER)
            done = handled and incident == before
        if done or spent >= deadline:
            return Followed(incident, done, spent, looks)
        before = incident
        client.clock.sleep(min(pause, max(deadline - spent, 0.001)))
        pause = min(pause * _GROWTH, _LONGEST_PAUSE)
