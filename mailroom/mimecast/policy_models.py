"""A blocked-sender policy: what somebody wants (`PolicyWish`) and what the tenant has (`BlockPolicy`)."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from mailroom.errors import InvalidInputError, ResponseError
from mailroom.mimecast.dates import parse_date
from mailroom.mimecast.field_checks import (
    checked_address,
    checked_choice,
    checked_domain,
    checked_flag,
    checked_id,
    checked_text,
    checked_time,
)
from mailroom.mimecast.paging import id_of
from mailroom.mimecast.policy_form import as_item, side_of
from mailroom.mimecast.reading import bool_of, dict_of, list_of, object_of, text_of

Response = Literal["No Action", "Block Sender"]
ExtractedData = Literal["Both", "From Envelope", "From Headers"]
PartyType = Literal[
    "Everyone", "Email Address", "Email Domain", "Header Display Name", "Internal Addresses", "External Addresses"
]
RESPONSES: dict[str, str] = {"No Action": "no_action", "Block Sender": "block_sender"}
EXTRACTED_DATA: dict[str, str] = {"Both": "both", "From Envelope": "envelope_from", "From Headers": "header_from"}
PARTY_TYPES: dict[str, str] = {
    "Everyone": "everyone",
    "Email Address": "individual_email_address",
    "Email Domain": "email_domain",
    "Header Display Name": "header_display_name",
    "Internal Addresses": "internal_addresses",
    "External Addresses": "external_addresses",
    "Profile Group": "profile_group",
    "Free Mail Domains": "free_mail_domains",
}
"""The names of the drop-downs, and what Mimecast calls them. The last two stand in no drop-down."""
NEEDS_VALUE = {"Email Domain", "Email Address", "Header Display Name", "Profile Group"}
LONGEST_DESCRIPTION = 255
LONGEST_COMMENT = 1_000
_FIRST_YEAR, _LAST_YEAR = 1901, 2099
"""Eternal dates are shown as 1900 and 2100."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWish:
    """A blocked-sender policy that somebody wants, in the words of the documented action.

    Raises:
        InvalidInputError: A field cannot be meant, or a sender or recipient is missing that its type needs.
    """

    description: str
    response: str = "Block Sender"
    extracted_data: str = "Both"
    """Which sender counts: that of the envelope, that of the header, or both."""
    sender: str = ""
    """Needed for Email Domain, Email Address and Header Display Name; ignored for the other types."""
    sender_type: str = "Email Domain"
    recipient: str = ""
    recipient_type: str = "Email Domain"
    comment: str = ""
    bidirectional: bool = False
    """Also stops mail from the recipients to the sender."""
    enforced: bool = False
    """Comes before policies that are more specific."""
    start: datetime | None = None
    """None: since ever."""
    end: datetime | None = None
    """None: for ever."""
    enabled: bool = True
    override: bool = False
    source_ips: tuple[str, ...] = ()
    """Networks the mail must come from."""

    def __post_init__(self) -> None:
        sender_type, sender = _party("Sender", self.sender_type, self.sender)
        recipient_type, recipient = _party("Recipient", self.recipient_type, self.recipient)
        checked = {
            "description": checked_text(self.description, "Description", most=LONGEST_DESCRIPTION, needed=True),
            "response": checked_choice(self.response, tuple(RESPONSES), "Response"),
            "extracted_data": checked_choice(self.extracted_data, tuple(EXTRACTED_DATA), "Extracted Data"),
            "sender": sender,
            "sender_type": sender_type,
            "recipient": recipient,
            "recipient_type": recipient_type,
            "comment": checked_text(self.comment, "Comment", most=LONGEST_COMMENT),
            "start": checked_time(self.start, "Start Time"),
            "end": checked_time(self.end, "End Time"),
            "source_ips": tuple(_network(one) for one in self.source_ips),
        }
        for name in ("bidirectional", "enforced", "enabled", "override"):
            checked_flag(getattr(self, name), name.capitalize())
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        if self.start is not None and self.end is not None and self.start >= self.end:
            raise InvalidInputError("the policy would end before it begins: exchange Start Time and End Time")
        for moment in (self.start, self.end):
            if moment is not None and not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
                raise InvalidInputError("a time outside 1901 to 2099 means eternity to Mimecast: leave it empty")

    @property
    def title(self) -> str:
        """Who is blocked for whom, in a few words."""
        who = self.sender or self.sender_type.lower()
        return f"{who} -> {self.recipient or self.recipient_type.lower()}"

    def item(self) -> dict[str, Any]:
        """The request item of `create-policy`: `option` and the nested `policy`, with real booleans."""
        return as_item(
            {
                "option": RESPONSES[self.response], "description": self.description, "comment": self.comment,
                "fromPart": EXTRACTED_DATA[self.extracted_data],
                "from": (PARTY_TYPES[self.sender_type], self.sender),
                "to": (PARTY_TYPES[self.recipient_type], self.recipient),
                "start": self.start, "end": self.end, "bidirectional": self.bidirectional, "enabled": self.enabled,
                "enforced": self.enforced, "override": self.override, "sourceIPs": list(self.source_ips),
            }
        )  # fmt: skip

    @classmethod
    def again(cls, known: BlockPolicy) -> PolicyWish:
        """The wish that would make a policy once more.

        Raises:
            InvalidInputError: It says something that this version cannot say (an attribute, for example).
        """
        return cls(
            description=known.description,
            response=_name(RESPONSES, known.option, "response"),
            extracted_data=_name(EXTRACTED_DATA, known.from_part, "part"),
            sender=known.sender,
            sender_type=_name(PARTY_TYPES, known.sender_type, "type of sender"),
            recipient=known.recipient,
            recipient_type=_name(PARTY_TYPES, known.recipient_type, "type of recipient"),
            comment=known.comment,
            bidirectional=known.bidirectional,
            enforced=known.enforced,
            start=known.start,
            end=known.end,
            enabled=known.enabled,
            override=known.override,
            source_ips=known.source_ips,
        )

    def same_as(self, known: BlockPolicy) -> bool:
        """Whether a policy does what this one would do; description and comment do nothing."""
        return (
            RESPONSES[self.response] == known.option
            and EXTRACTED_DATA[self.extracted_data] == known.from_part
            and (PARTY_TYPES[self.sender_type], self.sender.lower()) == (known.sender_type, known.sender.lower())
            and (PARTY_TYPES[self.recipient_type], self.recipient.lower())
            == (known.recipient_type, known.recipient.lower())
            and (self.bidirectional, self.enforced, self.enabled, self.override)
            == (known.bidirectional, known.enforced, known.enabled, known.override)
            and (self.start, self.end) == (known.start, known.end)
            and set(self.source_ips) == set(known.source_ips)
            and not known.further_conditions
        )


@dataclass(frozen=True, slots=True)
class BlockPolicy:
    """One blocked-sender policy of the tenant. Types and parts are in Mimecast's words."""

    id: str
    option: str
    """`block_sender`, `no_action`, or something newer."""
    description: str
    comment: str
    from_part: str
    sender_type: str
    sender: str
    """Empty for types without a value."""
    recipient_type: str
    recipient: str
    start: datetime | None
    """None: eternal."""
    end: datetime | None
    bidirectional: bool
    enforced: bool
    enabled: bool
    override: bool
    source_ips: tuple[str, ...]
    further_conditions: bool
    """Host names or SPF domains stand in it, which a `PolicyWish` cannot say."""
    created_at: datetime | None
    updated_at: datetime | None
    raw: dict[str, Any] = field(repr=False, compare=False)

    @property
    def title(self) -> str:
        """Who is blocked for whom, in a few words."""
        return f"{self.sender or self.sender_type} -> {self.recipient or self.recipient_type}"

    def as_json(self) -> dict[str, Any]:
        """The documented JSON: `option`, `id`, `policy{...}`, as Mimecast sent it."""
        return {"option": self.option, "id": self.id, "policy": dict_of(self.raw.get("policy"))}

    @classmethod
    def parse(cls, raw: object) -> BlockPolicy:
        """Read one policy, nested or with the older flat fields.

        Raises:
            ResponseError: Not an object, or without id.
        """
        entry = object_of("blocked-sender policies", raw)
        if not id_of(entry):
            raise ResponseError("blocked-sender policies: an entry has no id")
        policy = dict_of(entry.get("policy"))
        get = policy.get
        sender_type, sender = side_of(policy, "from")
        recipient_type, recipient = side_of(policy, "to")
        conditions = dict_of(get("conditions"))
        networks = [_network_or_text(text_of(one)) for one in list_of(conditions.get("sourceIPs"))]
        return cls(
            id_of(entry),
            text_of(entry.get("option")),
            text_of(get("description")),
            text_of(get("comment")),
            text_of(get("fromPart")) or "envelope_from",
            sender_type,
            sender,
            recipient_type,
            recipient,
            None if bool_of(get("fromEternal")) is True else _finite(get("fromDate")),
            None if bool_of(get("toEternal")) is True else _finite(get("toDate")),
            bool_of(get("bidirectional")) is True,
            bool_of(get("enforced")) is True,
            bool_of(get("enabled")) is not False,
            bool_of(get("override")) is True,
            tuple(networks),
            any(list_of(conditions.get(name)) for name in ("hostnames", "spfDomains")),
            parse_date(get("createTime")),
            parse_date(get("lastUpdated")),
            entry,
        )


def _party(what: str, kind: str, value: str) -> tuple[str, str]:
    """Type and value of sender or recipient; a value that its type does not take is ignored, as documented."""
    name = checked_choice(kind, tuple(PARTY_TYPES), f"{what} Type")
    if name not in NEEDS_VALUE:
        return name, ""
    if not str(value).strip():
        raise InvalidInputError(
            f'"{what}" is mandatory when "{what} Type" is {name}: fill it in, or choose another type'
        )
    if name == "Email Address":
        return name, checked_address(value, what)
    if name == "Email Domain":
        return name, checked_domain(value, what)
    if name == "Profile Group":
        return name, checked_id(value, f"{what} (the id of a group)")
    return name, checked_text(value, what, most=LONGEST_DESCRIPTION, needed=True)


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(str(text).strip(), strict=False))
    except ValueError:
        raise InvalidInputError(f"source IP {str(text)[:60]!r} is no address or network: write 192.0.2.0/24") from None


def _network_or_text(text: str) -> str:
    try:
        return _network(text)
    except InvalidInputError:
        return text


def _finite(value: object) -> datetime | None:
    moment = parse_date(value)
    return moment if moment is not None and _FIRST_YEAR <= moment.year <= _LAST_YEAR else None


def _name(names: dict[str, str], value: str, what: str) -> str:
    found = next((name for name, said in names.items() if said == value), None)
    if found is None:
        raise InvalidInputError(
            f"the policy has a {what} ({value[:60]!r}) that cannot be written here: use the console"
        )
    return found
