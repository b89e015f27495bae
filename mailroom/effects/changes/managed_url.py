"""Create and Delete Managed URL: a URL, or a whole domain, is always blocked or permitted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar

from mailroom.effects.changes.model import LOOKS, Change, Ended, Found, Parameters, UndoWish
from mailroom.errors import InvalidInputError, RejectedError, ResponseError
from mailroom.mimecast import MimecastClient, capabilities, managed_urls
from mailroom.mimecast.capabilities import Function
from mailroom.mimecast.field_checks import checked_id
from mailroom.mimecast.managed_urls import UrlWish
from mailroom.mimecast.url_tools import ManagedUrl, list_managed_urls
from mailroom.store.actions import Action

_FIELDS = tuple(UrlWish.__dataclass_fields__)


class CreateManagedUrl(Change):
    """A tenant has one entry per URL or domain: a second one is refused, so looking and repeating are safe."""

    kind, action, past = "create_managed_url", "Create Managed URL", "created"
    needs = ("url",)
    takes: ClassVar[Mapping[str, Any]] = {
        "action": "block", "match_type": "explicit", "comment": "", "disable_rewrite": False,
        "disable_user_awareness": False, "disable_log_click": False,
    }  # fmt: skip

    def functions(self, _client: MimecastClient, _parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        return (capabilities.CREATE_MANAGED_URL,)

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        wish = UrlWish(**parameters)
        return {name: getattr(wish, name) for name in _FIELDS}

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return f"{parameters['match_type']} {parameters['url']}"

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        meant = "everything on the domain of" if parameters["match_type"] == "domain" else "exactly"
        return [f"{parameters['action']} {meant} {shown_url(parameters['url'])} for everybody"]

    def already(self, client: MimecastClient, parameters: Parameters) -> Found | None:
        """See `Change`."""
        wish = UrlWish(**parameters)
        known = managed_urls.find_managed_url(client, wish)
        if known is None:
            return None
        if known.action != wish.action:
            raise RejectedError(
                f"the URL is managed already, to {known.action} (id {known.id}): delete that entry first",
                managed_urls.EXISTS,
            )
        return Found("applied", shown(known), f"the URL is managed already, to {known.action}", managed_urls.EXISTS)

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        return shown(managed_urls.create_managed_url(client, UrlWish(**action.parameters)))

    def look(self, client: MimecastClient, action: Action, _age: timedelta) -> Found:
        """See `Change`."""
        wish = UrlWish(**action.parameters)
        known = managed_urls.find_managed_url(client, wish)
        if known is None or known.action != wish.action:
            return Found("not_applied", detail="looked up: the URL is not managed this way")
        return Found("applied", shown(known), "looked up: the managed URL is there")

    def undo(self, action: Action) -> UndoWish | None:
        """See `Change`."""
        url_id = action.result.get("id")
        return UndoWish("delete_managed_url", {"url_id": url_id}) if url_id else None

    def refused_as_done(self, code: str) -> bool:
        """See `Change`."""
        return code == managed_urls.EXISTS


class DeleteManagedUrl(Change):
    """An entry is removed."""

    kind, action, past = "delete_managed_url", "Delete Managed URL", "deleted"
    needs = ("url_id",)

    def functions(self, _client: MimecastClient, _parameters: Parameters) -> tuple[Function, ...]:
        """See `Change`."""
        return (capabilities.DELETE_MANAGED_URL,)

    def read(self, parameters: Parameters) -> Parameters:
        """See `Change`."""
        return {"url_id": checked_id(parameters["url_id"], "The id of the managed URL")}

    def target(self, parameters: Parameters) -> str:
        """See `Change`."""
        return str(parameters["url_id"])

    def preview(self, parameters: Parameters) -> list[str]:
        """See `Change`."""
        return [f"delete managed URL {parameters['url_id']}"]

    def already(self, client: MimecastClient, parameters: Parameters) -> Found | None:
        """See `Change`."""
        known, others = _seen(client, parameters["url_id"])
        if known is None and not others:  # deleting what is gone is refused and harms nothing
            return Found("unknown", detail="no managed URL at all can be seen")
        if known is None:
            return Found("applied", {"id": parameters["url_id"]}, "there is no such entry, or no longer", "gone")
        return Found("not_applied", {"id": known.id, "before": known.raw}, f"{known.action}s {shown_url(known.url)}")

    def send(self, client: MimecastClient, action: Action) -> Parameters:
        """See `Change`."""
        managed_urls.delete_managed_url(client, action.parameters["url_id"])
        return {"id": action.parameters["url_id"]}

    def look(self, client: MimecastClient, action: Action, _age: timedelta) -> Found:
        """See `Change`."""
        known, _ = _seen(client, action.parameters["url_id"])
        if known is None:
            return Found("applied", {"id": action.target}, "looked up: the entry is gone")
        return Found("not_applied", detail="looked up: the entry is still there")

    def undo(self, action: Action) -> UndoWish | None:
        """See `Change`."""
        try:
            wish = UrlWish.again(ManagedUrl.parse(action.result.get("before")))
        except (InvalidInputError, ResponseError):
            return None
        return UndoWish("create_managed_url", {name: getattr(wish, name) for name in _FIELDS})

    def ends(self, action: Action) -> tuple[Ended, ...]:
        """See `Change`."""
        return (Ended(("create_managed_url",), result_id=action.target),)

    def gone_is_done(self) -> bool:
        """See `Change`."""
        return True


def _seen(client: MimecastClient, url_id: str) -> tuple[ManagedUrl | None, bool]:
    """An entry, and whether any is there at all. One list without it proves nothing: it may be empty by mistake."""
    others = False
    for _ in range(LOOKS):
        for page in list_managed_urls(client, page_size=500):
            if found := [one for one in page if one.id == url_id]:
                return found[0], True
            others = others or bool(page)
    return None, others


def shown(known: ManagedUrl) -> dict[str, Any]:
    """An entry as a result."""
    return {"id": known.id, "action": known.action, "matchType": known.match_type, "url": known.url}


def shown_url(url: str) -> str:
    """A URL that nothing opens by mistake."""
    return url.replace("http", "hxxp", 1).replace("://", "[:]//", 1)
