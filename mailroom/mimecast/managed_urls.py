"""URLs that are always blocked or permitted: making one, removing one, finding the one for a URL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import urlsplit

from mailroom.errors import ResponseError
from mailroom.mimecast import capabilities
from mailroom.mimecast.client import MimecastClient
from mailroom.mimecast.field_checks import checked_choice, checked_flag, checked_id, checked_text, checked_url
from mailroom.mimecast.single_change import change, unclear
from mailroom.mimecast.url_tools import ManagedUrl, list_managed_urls

UrlAction = Literal["block", "permit"]
MatchType = Literal["explicit", "domain"]
URL_ACTIONS: tuple[UrlAction, ...] = ("block", "permit")
MATCH_TYPES: tuple[MatchType, ...] = ("explicit", "domain")
LONGEST_COMMENT = 500
EXISTS = "err_managed_url_exists_code"
"""The code with which Mimecast refuses a URL that is managed already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UrlWish:
    """A managed URL that somebody wants.

    Raises:
        InvalidInputError: A field cannot be meant.
    """

    url: str
    action: str = "block"
    match_type: str = "explicit"
    """`explicit`: this URL; `domain`: everything on its domain."""
    comment: str = ""
    disable_rewrite: bool = False
    disable_user_awareness: bool = False
    disable_log_click: bool = False

    def __post_init__(self) -> None:
        for name, value in {
            "url": checked_url(self.url, "URL"),
            "action": checked_choice(self.action, URL_ACTIONS, "Action"),
            "match_type": checked_choice(self.match_type, MATCH_TYPES, "Match Type"),
            "comment": checked_text(self.comment, "Comment", most=LONGEST_COMMENT),
            "disable_rewrite": checked_flag(self.disable_rewrite, "Disable Rewrite"),
            "disable_user_awareness": checked_flag(self.disable_user_awareness, "Disable User Awareness"),
            "disable_log_click": checked_flag(self.disable_log_click, "Disable Log Click"),
        }.items():
            object.__setattr__(self, name, value)

    @property
    def place(self) -> tuple[str, ...]:
        """What a tenant can have only one entry for."""
        parts = urlsplit(self.url if "://" in self.url else f"http://{self.url}")
        if self.match_type == "domain":
            return ("domain", parts.hostname or "")
        port = "" if parts.port is None else str(parts.port)
        return ("explicit", parts.hostname or "", port, parts.path, parts.query)

    def item(self) -> dict[str, Any]:
        """The request item."""
        made: dict[str, Any] = {
            "url": self.url, "action": self.action, "matchType": self.match_type,
            "disableRewrite": self.disable_rewrite, "disableUserAwareness": self.disable_user_awareness,
            "disableLogClick": self.disable_log_click,
        }  # fmt: skip
        return made | ({"comment": self.comment} if self.comment else {})

    @classmethod
    def again(cls, known: ManagedUrl) -> UrlWish:
        """The wish that would make an entry once more."""
        return cls(
            url=known.url, action=known.action, match_type=known.match_type, comment=known.comment,
            disable_rewrite=known.disable_rewrite is True, disable_log_click=known.disable_log_click is True,
            disable_user_awareness=known.disable_user_awareness is True,
        )  # fmt: skip


def create_managed_url(client: MimecastClient, wish: UrlWish) -> ManagedUrl:
    """Block or permit a URL, or a whole domain, for everybody. Effect: changes the tenant.

    Raises:
        RejectedError: Refused; with the code `EXISTS` when the URL is managed already.
        EffectUnknownError: The answer was not seen; `find_managed_url` tells.
        MailroomError: As `client.call`.
    """
    entry = change(client, capabilities.CREATE_MANAGED_URL, wish.item(), wish.url)
    asked = {"action": wish.action, "matchType": wish.match_type, "comment": wish.comment}
    try:
        return ManagedUrl.parse(asked | entry)
    except ResponseError as error:
        raise unclear(capabilities.CREATE_MANAGED_URL, wish.url) from error


def delete_managed_url(client: MimecastClient, url_id: str) -> None:
    """Remove an entry. Effect: changes the tenant; twice is refused with NotFoundError.

    Raises:
        InvalidInputError: No id.
        NotFoundError: It is gone already.
        EffectUnknownError: The answer was not seen; the list of all tells.
        MailroomError: As `client.call`.
    """
    known = checked_id(url_id, "The id of the managed URL")
    change(client, capabilities.DELETE_MANAGED_URL, {"id": known}, known)


def find_managed_url(client: MimecastClient, wish: UrlWish) -> ManagedUrl | None:
    """The entry that occupies the place of a wish, whatever its action. Effect: reads the whole list."""
    return next((known for known in _all(client) if place_of(known) == wish.place), None)


def place_of(known: ManagedUrl) -> tuple[str, ...]:
    """What a tenant can have only one entry for, as `UrlWish.place`."""
    if known.match_type == "domain":
        return ("domain", known.domain.lower())
    return ("explicit", known.domain.lower(), "" if known.port is None else str(known.port), known.path, known.query)


def _all(client: MimecastClient) -> list[ManagedUrl]:
    return [known for page in list_managed_urls(client, page_size=500) for known in page]
