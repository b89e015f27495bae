"""The tenant's memory of URLs that are always blocked or always permitted."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from sandbox.book import Book, Content

_DEFAULTS = {"disableRewrite": False, "disableUserAwareness": False, "disableLogClick": False, "comment": ""}


class ManagedUrlBook(Book):
    """Managed URLs by number. An explicit URL, or a domain, appears once."""

    event = "managed_url"

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
        self._urls: dict[int, Content] = {}
        self._made = 0

    def __contains__(self, number: int) -> bool:
        return number in self._urls

    def find(self, wanted: Content) -> int | None:
        """Number of the entry for the same URL (or the same domain); None when there is none."""
        key = _key(read_url(wanted["url"]) or {}, wanted["matchType"])
        return next((number for number, entry in self._urls.items() if _key(entry, entry["matchType"]) == key), None)

    def create(self, operator: str, params: Content) -> Content:
        """Add an entry; returned as shown."""
        self.change("create_managed_url", operator, params, number=self._made + 1)
        return self.show(self._made)

    def delete(self, number: int, operator: str) -> None:
        """Remove an entry."""
        self.change("delete_managed_url", operator, {}, number=number)

    def replay(self, record: Content) -> None:
        """Apply one journaled change; also used when a tenant is loaded again."""
        number, params = record["number"], record["params"]
        url = params.get("url", "")
        if record["kind"] == "create_managed_url":
            rest = {name: params.get(name, default) for name, default in _DEFAULTS.items()}
            parts = read_url(url) or {}
            self._urls[number] = {**parts, "matchType": params["matchType"], "action": params["action"], **rest}
        else:
            gone = self._urls.pop(number)
            url = f"{gone['scheme']}://{gone['domain']}{gone['path']}"
        self._made = max(self._made, number)
        self.note(record, self.mint.other("managedurl", number), url)

    def show(self, number: int) -> Content:
        """One entry as the API shows it."""
        return {"id": self.mint.other("managedurl", number), **self._urls[number]}

    def all(self) -> list[Content]:
        """Every entry, oldest first."""
        return [self.show(number) for number in self._urls]

    def action(self, url: str) -> str:
        """`block`, `permit` or "" for a link somebody clicks."""
        parts = read_url(url)
        for entry in self._urls.values() if parts else ():
            if _key(parts or {}, entry["matchType"]) == _key(entry, entry["matchType"]):
                return str(entry["action"])
        return ""


def read_url(url: str) -> Content | None:
    """The parts of a URL as the API lists them; None when it is none."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in ("http", "https", "ftp") or not parts.hostname or "." not in parts.hostname:
        return None
    return {
        "scheme": parts.scheme,
        "domain": parts.hostname,
        "port": -1 if port is None else port,
        "path": parts.path,
        "queryString": parts.query,
    }


def _key(parts: Content, match: str) -> tuple[Any, ...]:
    if match == "domain":
        return (match, parts.get("domain"))
    return (match, parts.get("domain"), parts.get("port"), parts.get("path"), parts.get("queryString"))
