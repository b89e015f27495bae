"""The tracking connector's parameters as people write them: in `mailroom.toml`, in a flow's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from mailroom.connectors.tracked import TrackedSettings
    from mailroom.indicators import UserPattern

EVERYTHING = "everything"
"""A word for "no filter" where an empty value would be hard to see."""

_LABEL = "[^\\x00-\\x2c\\x2e\\x2f\\x3a-\\x40\\x5b-\\x5e\\x60\\x7b-\\x7f\u3002\uff0e\uff61]+"
"""Letters, digits, - and _, and whatever is not ASCII and no dot."""
_NAME = f"@?{_LABEL}([.\u3002\uff0e\uff61]{_LABEL})+[.]*"
DOMAINS_PATTERN = f"^[\\s,]*{_NAME}(\\s*,[\\s,]*{_NAME})*[\\s,]*$"
"""Domains separated by commas, for forms that check while somebody types; nothing that is possible is refused."""

REGEX_SCHEMA: dict[str, Any] = {
    "if": {"pattern": r"\\[pPzQC]|\[\[:|\(\?[A-Za-z]*U"},
    "else": {"format": "regex"},
}
"""A regular expression, for the same forms: they know Python's, and leave what only RE2 knows to the run."""


@dataclass(frozen=True)
class TrackedForm:
    """Texts, numbers and switches. Lists are lists, or texts separated by commas (a backslash keeps a comma).

    Upper and lower case do not matter in choices and domains.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    domains: str | list[str] = ""
    """Domains: whose messages are queried, to and from."""
    lowest_risk: str = ""
    """Lowest Risk To Fetch: negligible, low, medium, high; empty or "everything": all."""
    status_filter: str | list[str] = "held"
    """Status Filter: delivery, held, accepted, bounced, deferred, rejected, archived; empty: all."""
    route_filter: str | list[str] = ""
    """Route Filter: internal, outbound, inbound; empty: all."""
    queue_reason_filter: str | list[str] = ""
    """Queue Reason Filter; empty: all."""
    ingest_without_risk: bool = True
    """Ingest Messages Without Risk; counts where there is a lowest risk."""
    max_hours_backwards: int = 1
    """Max Hours Backwards, of the first cycle; at most 720."""
    max_messages: int = 100
    """Max Messages To Return per cycle; 0: no limit."""
    allow_list: str | list[str] = ""
    """The dynamic list: values of queueDetailStatus, bounceType or info."""
    use_allow_list_as_deny_list: bool = True
    """Use Allow List As Deny List."""
    time_limit: float = 180.0
    """Script Timeout in seconds; 0: no limit."""
    product_field: str = "Product Name"
    event_field: str = "event_type"
    environment: str = "Default Environment"
    environment_field: str = ""
    """Environment Field Name."""
    environment_regex: str = ".*"
    """Environment Regex Pattern: its first group, or what it matches, is the environment; empty: the default one."""
    overlap_minutes: int = 60
    look_back_hours: int = 24
    workers: int = 8
    instance: str = "tracked"
    tenant: str = ""
    """Name of the tenant in the store; empty: the account code."""

    def settings(self) -> TrackedSettings:
        """The same, checked and compiled.

        Raises:
            InvalidInputError: a value is not acceptable; the message names the parameter and says why.
        """
        from mailroom.connectors.tracked import TrackedSettings  # only who uses message tracking pays for it

        risk = self.lowest_risk.strip().lower()
        return TrackedSettings(
            domains=tuple(dict.fromkeys(_domain(one) for one in _listed(self.domains))),
            lowest_risk="" if risk == EVERYTHING else risk,
            statuses=_choices(self.status_filter),
            routes=_choices(self.route_filter),
            queue_reasons=_listed(self.queue_reason_filter),
            ingest_without_risk=self.ingest_without_risk,
            max_hours_backwards=self.max_hours_backwards,
            max_messages=self.max_messages,
            allow_list=_listed(self.allow_list),
            allow_list_denies=self.use_allow_list_as_deny_list,
            time_limit=self.time_limit,
            product_field=self.product_field,
            event_field=self.event_field,
            environment=self.environment,
            environment_field=self.environment_field.strip(),
            environment_regex=_compiled(self.environment_regex),
            overlap_minutes=self.overlap_minutes,
            look_back_hours=self.look_back_hours,
            workers=self.workers,
            instance=self.instance,
        )


def checked_domains(text: str) -> str:
    """The text as it is, when it names domains. Raises InvalidInputError, which is a ValueError to forms."""
    TrackedForm(domains=text).settings()
    return text


def checked_environment_regex(text: str) -> str:
    """The text as it is, when it is a regular expression or blank. Raises as `checked_domains`."""
    _compiled(text)
    return text


def _compiled(pattern: str) -> UserPattern | None:
    from mailroom.errors import InvalidInputError
    from mailroom.indicators import compile_user

    try:
        return compile_user(pattern) if pattern.strip() else None
    except InvalidInputError as error:
        raise InvalidInputError(f"Environment Regex Pattern: {error}") from error


def _listed(value: str | list[str]) -> tuple[str, ...]:
    if not isinstance(value, str):
        return tuple(one.strip() for one in value if one.strip())
    from mailroom.mail.imap import parse_list

    return parse_list(value)


def _choices(value: str | list[str]) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(one.lower() for one in _listed(value)))
    return () if found == (EVERYTHING,) else found


def _domain(text: str) -> str:
    """As Mimecast compares it: lower case, without a leading @, international names in their ASCII form."""
    name = text.strip().removeprefix("@").rstrip(".").lower()
    if name.isascii():
        return name
    from mailroom.mimecast.field_checks import ascii_domain

    return ascii_domain(name) or name  # refused by name when the settings are checked
