"""What a cycle of the tracking connector fetches, how far it goes, and what it puts into an alert."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailroom.errors import InvalidInputError
from mailroom.indicators import UserPattern

CONNECTOR = "tracked"
"""What sources and alerts of message tracking are filed under."""

STATUSES = ("delivery", "held", "accepted", "bounced", "deferred", "rejected", "archived")
ROUTES = ("internal", "outbound", "inbound")
RISKS = ("negligible", "low", "medium", "high")
MOST_HOURS = 30 * 24
"""The documented reach. Mimecast itself refuses the last hour of it: `tracking.REACH` counts."""

_DOMAIN = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})+")
_NUMBERS = (
    # Parameter, field, lowest, highest
    ("Max Hours Backwards", "max_hours_backwards", 1, MOST_HOURS),
    ("Max Messages To Return", "max_messages", 0, 10_000_000),
    ("Script Timeout", "time_limit", 0, 86_400),
    ("overlap_minutes", "overlap_minutes", 0, 24 * 60),
    ("look_back_hours", "look_back_hours", 0, 29 * 24),
    ("workers", "workers", 1, 64),
    ("slice_size", "slice_size", 1, 5_000),
    ("page_size", "page_size", 1, 500),
    ("window_hours", "window_hours", 1, 29 * 24),
)


@dataclass(frozen=True)
class TrackedSettings:
    """What a cycle fetches and how far it goes. `TrackedForm` makes one of what people write.

    Attributes:
        domains: Messages to and from these domains; subdomains are domains of their own. At least one.
        lowest_risk: Leave out messages below this risk; empty = keep all.
        statuses: Keep only these statuses; empty = all.
        routes: Keep only these routes; empty = all.
        queue_reasons: Keep only messages in the queue for one of these reasons; empty = all.
        ingest_without_risk: Keep messages without risk information where `lowest_risk` is set.
        max_hours_backwards: Reach of the first cycle, in hours.
        max_messages: Messages looked at in detail per cycle; the rest waits, written down. 0 = no limit.
        allow_list: Values of `queueDetailStatus`, `bounceType` or `info`; empty = no filter.
        allow_list_denies: Leave out what is in the list, instead of what is not.
        time_limit: Seconds after which a cycle keeps what it has and ends. 0 = no limit.
        product_field: Field of the event that names the product.
        event_field: Field of the event that names the event.
        environment: Environment of the alerts when no field names one.
        environment_field: Field that names it: of our event, or of the record as Mimecast sends it
            (`fromHdr_emailAddress`).
        environment_regex: What of that field's value is the environment; None = the default environment.
        instance: Name of this connector; two instances on one tenant keep separate cursors.
        overlap_minutes: How far each cycle looks back behind its cursor, for messages that are indexed late.
        look_back_hours: How far the first cycle of each day (UTC) looks back, for what became held or arrived much
            later. 0 = no further than the others.
        workers: Message infos fetched at a time.
        slice_size: Messages settled per transaction.
        page_size: Records asked for at a time.
        window_hours: A longer span is listed in windows, the first of this length, each kept before the next one is
            asked for; quiet times make them longer, busy ones shorter.
    """

    domains: tuple[str, ...]
    lowest_risk: str = ""
    statuses: tuple[str, ...] = ("held",)
    routes: tuple[str, ...] = ()
    queue_reasons: tuple[str, ...] = ()
    ingest_without_risk: bool = True
    max_hours_backwards: int = 1
    max_messages: int = 100
    allow_list: tuple[str, ...] = ()
    allow_list_denies: bool = True
    time_limit: float = 180.0
    product_field: str = "Product Name"
    event_field: str = "event_type"
    environment: str = "Default Environment"
    environment_field: str = ""
    environment_regex: UserPattern | None = None
    instance: str = CONNECTOR
    overlap_minutes: int = 60
    look_back_hours: int = 24
    workers: int = 8
    slice_size: int = 250
    page_size: int = 500
    window_hours: int = 6

    def __post_init__(self) -> None:
        if not self.domains:
            raise InvalidInputError(
                "Domains is empty: write the domains whose messages are wanted, separated by commas, such as "
                "northwind.example"
            )
        for domain in self.domains:
            if len(domain) > 253 or not _DOMAIN.fullmatch(domain):
                raise InvalidInputError(
                    f"Domains: {domain[:80]!r} is not a domain: write northwind.example, without @ and without scheme; "
                    "international names in their xn-- form"
                )
        _check_choices("Status Filter", self.statuses, STATUSES)
        _check_choices("Route Filter", self.routes, ROUTES)
        _check_choices("Lowest Risk To Fetch", (self.lowest_risk,) if self.lowest_risk else (), RISKS)
        for parameter, name, low, high in _NUMBERS:
            value = getattr(self, name)
            if not low <= value <= high:
                raise InvalidInputError(f"{parameter} is {value:g}: write a number from {low} to {high}")
        for parameter, text in (
            ("Product Field Name", self.product_field),
            ("Event Field Name", self.event_field),
            ("instance", self.instance),
        ):
            if not text.strip():
                raise InvalidInputError(f"{parameter} is empty: write a name, or leave the parameter out")


def _check_choices(parameter: str, values: tuple[str, ...], choices: tuple[str, ...]) -> None:
    for value in values:
        if value not in choices:
            raise InvalidInputError(f"{parameter}: {value[:80]!r} is not possible: use {', '.join(choices)}")
