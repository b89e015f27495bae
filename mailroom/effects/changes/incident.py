"""Create Remediation Incident: delivered mail is pulled back out of our mailboxes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from mailroom.effects.changes.model import CLOCKS_DIFFER_BY, Change, Found, Parameters
from mailroom.mimecast import MimecastClient, capabilities, remediate, remediation
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.dates import format_date
from mailroom.mimecast.field_checks import checked_time
from mailroom.mimecast.incident import Incident
from mailroom.mimecast.remediate import IncidentWish
from mailroom.store.actions import Action


class CreateIncident(Change):
    """An incident is begun. Twice is two incidents; a marker behind the reason finds it again."""

    kind, action, past = "create_remediation_incident", "Create Remediation Incident", "begun"
    needs = ("reason", "search_by", "values")
    takes: ClassVar[Mapping[str, Any]] = {"start_time": "", "end_time": ""}
    absence_tells_after = timedelta(minutes=2)
    note = "messages disappear from mailboxes; restoring them is possible in the console only"

    def functions(self, _client: MimecastClient, parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        many = len(parameters["values"]) > 1
        return (capabilities.CREATE_INCIDENT_V2 if many else capabilities.CREATE_INCIDENT,)

    def check_now(self, client: MimecastClient, parameters: Parameters) -> None:
        """See `Change`."""
        remediate.need_generation(client, _wish(parameters))
        super().check_now(client, parameters)

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        wish = _wish(parameters)
        return {
            "reason": wish.reason, "search_by": wish.search_by, "values": list(wish.values),
            "start_time": wish.start.isoformat() if wish.start else "",
            "end_time": wish.end.isoformat() if wish.end else "",
        }  # fmt: skip

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return f"{parameters['search_by']} {' '.join(sorted(parameters['values']))}"

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        wish = _wish(parameters)
        since = format_date(wish.start) if wish.start else "a month back"
        number = "" if len(wish.values) == 1 else f" and {len(wish.values) - 1} more"
        return [
            f"pull back every message with {wish.search_by} {wish.values[0].replace('http', 'hxxp')}{number}, received "
            f"since {since}{' until ' + format_date(wish.end) if wish.end else ''}",
            f"reason: {wish.reason}",
        ]

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        return _shown(remediate.create_incident(client, _wish(action.parameters), marker=marker(action)))

    def made_before(self, client: MimecastClient, action: Action, age: timedelta) -> Found | None:
        """See `Change`."""
        found = self.look(client, action, age)
        return found if found.state == "applied" else None

    def look(self, client: MimecastClient, action: Action, age: timedelta) -> Found:
        """See `Change`."""
        mark = marker(action)
        since = client.now() - age - CLOCKS_DIFFER_BY
        found = remediation.find_incidents(client, start=since, search_by=("reason", mark))
        ours = [one for page in found for one in page if mark in one.reason]
        if not ours:
            return Found("not_applied", detail="looked up: there is no incident with our mark")
        return Found("applied", _shown(ours[-1]), f"looked up: incident {ours[-1].code} is there")


def marker(action: Action) -> str:
    """What stands behind the reason of an incident of ours, unlike that of any other action."""
    return f"[mailroom {action.id}-{action.digest[:8]}]"


def _wish(parameters: Parameters) -> IncidentWish:
    return IncidentWish(
        reason=parameters["reason"], search_by=parameters["search_by"], values=tuple(parameters["values"]),
        start=checked_time(parameters["start_time"], "Start Time"),
        end=checked_time(parameters["end_time"], "End Time"),
    )  # fmt: skip


def _shown(incident: Incident) -> Parameters:
    return {
        "id": incident.id, "code": incident.code, "type": incident.type, "reason": incident.reason,
        "identified": incident.identified, "successful": incident.successful, "failed": incident.failed,
    }  # fmt: skip
