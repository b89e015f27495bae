"""The archive: which delivered messages a query finds, newest first."""

from __future__ import annotations

import re
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from sandbox.archive_query import ArchiveQuery
from sandbox.data.people import OWN_DOMAINS
from sandbox.holdqueue import Message, Timeline
from sandbox.index import Facts

if TYPE_CHECKING:
    from sandbox.world import World

_REMEMBERED = 8
_WORD = re.compile(r"[^\s\"]+")
_SCOPES = ("subject", "body", "from", "to")
_ALWAYS = 4102444800.0
"""2100: later than every message."""
_DOCUMENTS = {
    "documents": (".doc", ".docx", ".docm", ".pdf", ".odt"),
    "spreadsheets": (".xls", ".xlsx", ".xlsm", ".csv"),
    "presentations": (".ppt", ".pptx"),
    "text": (".txt", ".html", ".htm"),
    "images": (".png", ".jpg", ".gif", ".svg"),
    "media": (".mp3", ".mp4", ".wav"),
    "zips": (".zip", ".7z", ".rar"),
}


class Archive:
    """Delivered mail of a tenant. Callers hold the tenant's lock."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._found: OrderedDict[Any, list[int]] = OrderedDict()

    def holds(self, message: Message, *, active: bool = False) -> bool:
        """Whether a message is archived; with `active` also one that is accepted and not indexed yet."""
        return bool(message.delivered(queued=active)) and self._world.visible(message.number)

    def find(self, query: ArchiveQuery) -> list[int]:
        """Numbers of the messages that a query finds, newest first."""
        question = self._world.version, self._world.switches.remediated_vanish, repr(query)
        known = self._found.get(question)
        if known is not None:
            return known
        while len(self._found) >= _REMEMBERED:
            self._found.popitem(last=False)
        found = self._found[question] = [number for number in self._window(query) if self._fits(number, query)]
        return found

    def _window(self, query: ArchiveQuery) -> list[int]:
        world = self._world
        end = _ALWAYS if query.end is None else query.end
        first, last = world.tracked.window(query.start or 0.0, end)
        numbers = (Timeline.entry(key)[0] for key in world.tracked.slice(first, last))
        return [number for number in numbers if world.messages[number].delivered(queued=query.active)]

    def _fits(self, number: int, query: ArchiveQuery) -> bool:
        message = self._world.messages[number]
        if self.gone(message):
            return False
        if query.route and message.route != query.route:
            return False
        if not (query.mailboxes or query.sent_from or query.sent_to or query.text) and query.documents == "optional":
            return True
        facts = self._world.index[number]
        return (
            _in_mailboxes(facts, query.mailboxes)
            and (not query.sent_from or any(_side(facts.senders, wanted) for wanted in query.sent_from))
            and (not query.sent_to or any(_side(facts.people, wanted) for wanted in query.sent_to))
            and _documents(facts, query)
            and (not query.text or text_matches(facts, query.text.lower()))
        )

    def copies(self, message: Message) -> list[int]:
        """Recipients who still have the message in their mailbox."""
        pulled = message.pulled or set()
        return [place for place in message.delivered() if place not in pulled]

    def gone(self, message: Message) -> bool:
        """Whether every copy was pulled back and the tenant shows that by showing nothing."""
        return bool(self._world.switches.remediated_vanish and message.pulled and not self.copies(message))

    def smash(self, number: int) -> str:
        """A value that looks like an id and is none."""
        return blake2b(f"{self._world.seed}/{number}".encode(), digest_size=16).hexdigest()


def _domain(address: str) -> str:
    return address.rpartition("@")[2]


def _side(addresses: tuple[str, ...], wanted: str) -> bool:
    """An address, or a domain with everything below it."""
    if "@" in wanted:
        return wanted in addresses
    return any(_domain(address) == wanted or _domain(address).endswith("." + wanted) for address in addresses)


def _in_mailboxes(facts: Facts, boxes: list[tuple[str, bool]]) -> bool:
    if not boxes:
        return True
    own = [address for address in (*facts.senders, *facts.people) if _domain(address) in OWN_DOMAINS]
    for wanted, aliases in boxes:
        local, _, domain = wanted.partition("@")
        if wanted in own:
            return True
        if aliases and domain in OWN_DOMAINS and any(address.partition("@")[0] == local for address in own):
            return True
    return False


def _documents(facts: Facts, query: ArchiveQuery) -> bool:
    files = facts.files
    match query.documents:
        case "optional":
            return True
        case "none":
            return not files
        case "any":
            fitting = [name for name, _ in files]
        case kind:
            fitting = [name for name, _ in files if name.endswith(_DOCUMENTS[kind])]
    words = query.document_words.split()
    return any(all(word in name for word in words) for name in fitting)


def text_matches(facts: Facts, text: str) -> bool:
    """Loose matching: an alternative fits when half of its words begin a word of the mail.

    Args:
        facts: The message.
        text: The query's text in lower case; `or` parts alternatives, `subject:` and the like say where to look.
    """
    return any(_loosely(facts, part) for part in re.split(r"\s+or\s+", text) if part.strip())


def _loosely(facts: Facts, part: str) -> bool:
    scope, hits, asked = "", 0, 0
    for word in _WORD.findall(part):
        name, colon, rest = word.partition(":")
        if colon and name in _SCOPES:
            scope, word = name, rest
        stem = word.strip(".,;:!?()[]<>")
        if not stem:
            continue
        asked += 1
        hits += _begins(stem[:6] if len(stem) > 7 and "@" not in stem else stem, _searched(facts, scope))
    return asked == 0 or hits * 2 >= asked


def _searched(facts: Facts, scope: str) -> str:
    senders = " ".join((*facts.senders, facts.sender_name))
    people = " ".join(facts.people)
    texts = {"subject": facts.subject, "body": facts.body, "from": senders, "to": people}
    return texts[scope] if scope else " ".join((facts.subject, senders, people, facts.body))


def _begins(stem: str, text: str) -> bool:
    at = text.find(stem)
    while at >= 0:
        if at == 0 or not text[at - 1].isalnum():
            return True
        at = text.find(stem, at + 1)
    return False
