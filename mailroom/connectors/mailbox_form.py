"""The mailbox connector's parameters as people write them: in `mailroom.toml`, in a flow's form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Literal

from mailroom.errors import InvalidInputError

if TYPE_CHECKING:
    from mailroom.connectors.mailbox import MailboxSettings
    from mailroom.mail.imap import MailFilters


@dataclass(frozen=True)
class MailboxForm:
    """Plain texts, numbers and switches. Lists are separated by commas; a backslash keeps a comma."""

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    folders: str = ""
    """Folder to check for emails; empty: those of the mailbox's credentials."""
    fetch_type: Literal["", "unread", "latest", "everything"] = ""
    """Email Fetch Type: `unread`, or `latest` (everything that arrives; first what is unread). Empty: see below."""
    unread_only: bool = True
    """Unread Emails Only; off: read mails too. Counts where there is no fetch type."""
    mark_as_read: bool = True
    """Mark Emails as Read, after they are stored."""
    skip_own_conversations: bool = True
    """Answers to our own questions and our own mail become no alerts."""
    attach_original_eml: bool = False
    offset_days: int = 5
    """Offset Time In Days: how far back the first cycle looks."""
    max_per_cycle: int = 10
    """Max Emails Per Cycle; 0: no limit."""
    time_limit: float = 60.0
    """Script Timeout in seconds; 0: no limit."""
    server_time_zone: str = ""
    """IANA name; empty: that of the mailbox's credentials."""
    product_field: str = "device_product"
    event_field: str = "event_name"
    environment: str = "Default Environment"
    environment_field: str = ""
    environment_regex: str = ""
    """Environment Regex Pattern: its first group, or what it matches, is the environment."""
    dynamic_list: str = ""
    """Rules `display name: regular expression`, one per line."""
    forward_regexes: str = ""
    """Regular expressions for forwarded emails: one JSON object with subject, from and to."""
    from_filter: str = ""
    to_filter: str = ""
    subject_filter: str = ""
    body_filter: str = ""
    header_name: str = ""
    header_filter: str = ""
    not_from: str = ""
    not_to: str = ""
    not_subject: str = ""
    not_body: str = ""
    not_header_name: str = ""
    not_header: str = ""
    ask_server: bool = True
    """Let the mail server narrow the search by the filters."""
    attached_mails: Literal["events", "alerts", "no"] = "events"
    indicators: bool = True
    max_message_mb: int = 35
    tenant: str = ""
    """Name of the tenant in the store; empty: the mailbox's address."""

    def settings(self) -> MailboxSettings:
        """The same, checked and compiled.

        Raises:
            InvalidInputError: a value is not acceptable; the message says which and why.
        """
        from mailroom.connectors.mailbox import MailboxSettings  # only who uses a mailbox pays for it
        from mailroom.indicators import compile_user, parse_rules
        from mailroom.mail.imap import parse_list
        from mailroom.mail.replies import ForwardRegexes

        environment_field = self.environment_field.strip()
        if self.environment_regex and not environment_field:
            raise InvalidInputError(
                "environment_field is empty: name the field of the event that environment_regex looks at, "
                "such as to or sender"
            )
        return MailboxSettings(
            folders=parse_list(self.folders),
            fetch=self.fetch_type or ("unread" if self.unread_only else "everything"),
            filters=self._filters(),
            ask_server=self.ask_server,
            offset_days=self.offset_days,
            max_per_cycle=self.max_per_cycle,
            time_limit=self.time_limit,
            mark_as_read=self.mark_as_read,
            skip_own_conversations=self.skip_own_conversations,
            attach_original_eml=self.attach_original_eml,
            max_message=self.max_message_mb << 20,
            server_time_zone=self.server_time_zone,
            product_field=self.product_field,
            event_field=self.event_field,
            environment=self.environment,
            environment_field=environment_field,
            environment_regex=compile_user(self.environment_regex) if self.environment_regex else None,
            rules=tuple(parse_rules(self.dynamic_list)),
            forward_regexes=ForwardRegexes.from_json(self.forward_regexes),
            attached_mails=self.attached_mails,
            indicators=self.indicators,
        )

    def _filters(self) -> MailFilters:
        from mailroom.mail.imap import MailFilters, parse_list

        header, not_header = self.header_name.strip(), self.not_header_name.strip()
        for name, values, given in (
            ("header_name", self.header_filter, header), ("not_header_name", self.not_header, not_header)
        ):  # fmt: skip
            if values.strip() and not given:
                raise InvalidInputError(f"{name} is empty: write which header has to say that, such as List-Id")
        return MailFilters(
            from_=parse_list(self.from_filter),
            to=parse_list(self.to_filter),
            subject=parse_list(self.subject_filter),
            body=parse_list(self.body_filter),
            header=(header, parse_list(self.header_filter)) if header else None,
            not_from=parse_list(self.not_from),
            not_to=parse_list(self.not_to),
            not_subject=parse_list(self.not_subject),
            not_body=parse_list(self.not_body),
            not_header=(not_header, parse_list(self.not_header)) if not_header else None,
        )
