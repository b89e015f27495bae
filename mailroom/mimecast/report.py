"""Reporting a message to Mimecast as spam, malware or phishing. API 1.0 only."""

from __future__ import annotations

from typing import Any, Literal

from mailroom.faults import faultpoint
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.field_checks import checked_choice, checked_id, checked_text
from mailroom.mimecast.single_change import unclear

ReportAs = Literal["Spam", "Malware", "Phishing"]
REPORT_AS: tuple[ReportAs, ...] = ("Spam", "Malware", "Phishing")
"""The names of the drop-down; the function takes them in lower case."""
LONGEST_COMMENT = 1_000


def report_message(client: MimecastClient, tracking_id: str, *, report_as: str = "Spam", comment: str = "") -> None:
    """Report one held, archived or bounced message. Effect: changes the tenant; final, and twice is two reports.

    Args:
        client: Which tenant.
        tracking_id: As message tracking shows it (not a hold id).
        report_as: A name of `REPORT_AS`.
        comment: For Mimecast's analysts.

    Raises:
        InvalidInputError: A field cannot be meant; nothing is sent.
        NotOfferedError: The client uses API 2.0, which has no such function; the message says what to do instead.
        EffectUnknownError: The answer was not seen. No function lists reports, so it cannot be looked up.
        MailroomError: As `client.call`: refused.
    """
    kind = checked_choice(report_as, REPORT_AS, "Report As")
    item: dict[str, Any] = {"id": checked_id(tracking_id, "Message ID"), "type": kind.lower()}
    if words := checked_text(comment, "Comment", most=LONGEST_COMMENT):
        item["comment"] = words
    function = capabilities.REPORT_MESSAGE
    faultpoint("mimecast.before_send")
    envelope = client.call(function, [item], targets=(item["id"],))
    faultpoint("mimecast.after_send")
    if not envelope.has_data and envelope.meta_status is None:  # an undocumented function: no `fail` means done
        raise unclear(function, item["id"])
