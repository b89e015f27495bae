"""Mimecast action "Get TTP Impersonation Logs"."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mailroom.comma_list import comma_list
from mailroom.mimecast import capabilities, ttp_logs
from mailroom.mimecast.archive_frames import TimeFrame
from mailroom.mimecast.rows import take
from mailroom.mimecast.ttp_models import Impersonation
from tasks._catalogue import reading
from tasks.mimecast._found import opened, shown

SearchIn = Literal["all", "senderAddress", "recipientAddress", "subject", "policy"]


@reading(
    "Get TTP Impersonation Logs",
    functions=(capabilities.IMPERSONATION_LOGS,),
    example='mimecast.get_ttp_impersonation_logs("contoso", search_in="senderAddress")',
)
def get_ttp_impersonation_logs(
    search_for: str = "",
    *,
    search_in: SearchIn = "all",
    identifiers: str = "",
    actions: str = "",
    only_malicious: bool = False,
    time_frame: TimeFrame = "Last 24 Hours",
    start_time: str = "",
    end_time: str = "",
    max_entries: Annotated[int, Field(ge=1, le=100_000)] = 500,
    time_zone: str = "UTC",
    mimecast: str = "default",
) -> list[Impersonation]:
    """Read which mails pretended to be from somebody, and what gave them away.

    Effect: reads. Twice is harmless.

    Args:
        search_for: Text to look for; empty: everything.
        search_in: Where to look for it.
        identifiers: E.g. similar_internal_domain, reply_address_mismatch; separated by commas; empty: all.
        actions: Of hold, bounce, none; separated by commas; empty: all.
        only_malicious: Only those tagged as malicious.
        time_frame: Last Week and Last Month are the last whole calendar week (from Monday) and month.
        start_time: ISO 8601; mandatory when the time frame is Custom.
        end_time: ISO 8601; with Custom, empty means now.
        max_entries: Stop after so many, the newest.
        time_zone: IANA name of the zone for calendar weeks and months, and for times without offset.
        mimecast: Name of the MimecastCredentials block.

    Returns:
        Impersonations, newest first.

    Raises:
        InvalidInputError: a field of the form cannot be meant.
        PermissionMissingError: the role lacks Monitoring | Impersonation Protection | Read.

    Source: https://integrations.mimecast.com/documentation/endpoint-reference/logs-and-statistics/get-ttp-impersonation-protect-logs/
    """
    client, bounds = opened(mimecast, time_frame, start_time, end_time, time_zone)
    walk = ttp_logs.impersonation_logs(
        client, start=bounds.start, end=bounds.end, search_by=(search_in, search_for) if search_for else None,
        tagged_malicious=only_malicious or None, identifiers=comma_list(identifiers), actions=comma_list(actions),
    )  # fmt: skip
    return shown("ttp-impersonation-logs", take(walk, max_entries), bounds)
