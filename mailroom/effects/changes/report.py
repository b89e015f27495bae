"""Report Message: to Mimecast's analysts. It cannot be looked up, so it is never repeated by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from mailroom.effects.changes.model import Change, Found, Parameters
from mailroom.mimecast import MimecastClient, capabilities
from mailroom.mimecast import report as wing
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.field_checks import checked_choice, checked_id, checked_text
from mailroom.store.actions import Action


class ReportMessage(Change):
    """A held, archived or bounced message is reported as spam, malware or phishing. API 1.0 only."""

    kind, action, past = "report_message", "Report Message", "reported"
    needs = ("message_id",)
    takes: ClassVar[Mapping[str, Any]] = {"report_as": "Spam", "comment": ""}
    note = "a report cannot be withdrawn"

    def functions(self, _client: MimecastClient, _parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        return (capabilities.REPORT_MESSAGE,)

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        return {
            "message_id": checked_id(parameters["message_id"], "Message ID"),
            "report_as": checked_choice(parameters["report_as"], wing.REPORT_AS, "Report As"),
            "comment": checked_text(parameters["comment"], "Comment", most=wing.LONGEST_COMMENT),
        }

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return str(parameters["message_id"])

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        return [f"report message …{parameters['message_id'][-16:]} as {parameters['report_as'].lower()}"]

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        wanted = action.parameters
        wing.report_message(client, wanted["message_id"], report_as=wanted["report_as"], comment=wanted["comment"])
        return {"id": wanted["message_id"], "type": wanted["report_as"].lower()}

    def look(self, _client: MimecastClient, _action: Action, _age: timedelta) -> Found:
        """See `Change`."""
        return Found(
            "unknown", detail="whether it was reported cannot be looked up: no function lists reports. It is not "
            "repeated by itself; do it again by hand if one report more does no harm", code="cannot_be_looked_up",
        )  # fmt: skip
