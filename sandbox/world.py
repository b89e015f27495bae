"""The tenant's memory: messages, the hold queue, what was done to them and by whom."""

from __future__ import annotations

import gc
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sandbox.archive import Archive
from sandbox.clock import TenantClock
from sandbox.data import Component, Mail, compose
from sandbox.data.compose import recipients, turn_round
from sandbox.groups import GroupBook
from sandbox.holdqueue import Arrivals, Message, Timeline
from sandbox.ids import IdMint
from sandbox.incidents import Copy, IncidentBook
from sandbox.index import Index
from sandbox.journal import Journal
from sandbox.managed_urls import ManagedUrlBook
from sandbox.policies import PolicyBook
from sandbox.records import Effect, Label
from sandbox.searches import Searches
from sandbox.switches import Switches
from sandbox.threat_list import ThreatList

ADMIN = "administrator@northwind.example"
_CACHE = 3000
_REMEMBERED = 12


@dataclass(frozen=True, slots=True)
class LogRow:
    """One line of the release log."""

    number: int
    message: int
    recipient: int
    status: str
    at: float
    operator: str
    note: str = ""
    reason: str = ""


class World:
    """State and its changes. Callers hold the tenant's lock."""

    def __init__(
        self, seed: int, messages: list[Message], clock: TenantClock, switches: Switches, journal: Journal
    ) -> None:
        self.seed = seed
        self.clock = clock
        self.switches = switches
        self.hold_seconds = int(switches.hold_days * 86_400)
        self.journal = journal
        self.mint = IdMint(seed)
        self.messages = messages
        self.held = Timeline()
        self.tracked = Timeline()
        self.logs: list[LogRow] = []
        self.effects: list[Effect] = []
        shared = self.mint, clock, journal, self.effects
        self.policies = PolicyBook(*shared)
        self.incidents = IncidentBook(*shared)
        self.incidents.pull = self._pull
        self.urls = ManagedUrlBook(*shared)
        self.groups = GroupBook(*shared)
        self.threats = ThreatList(*shared)
        self.searches = Searches(clock, journal)
        self.index = Index(self.mail)
        self.archive = Archive(self)
        self.version = 0
        self.found: OrderedDict[Any, list[int]] = OrderedDict()
        self._arrivals = Arrivals()
        self._mails: dict[int, Mail] = {}
        self._most = _CACHE
        self._by_recipient: dict[str, list[tuple[int, int]]] | None = None
        now = clock.epoch()
        visible = [message for message in messages if message.visible_at <= now]
        for message in messages:
            if message.visible_at > now:
                self._arrivals.add(message.visible_at, message.number)
        self.tracked.fill(Timeline.key(message.received, message.number) for message in visible)
        self.held.fill(
            Timeline.key(message.received, message.number, recipient)
            for message in visible
            if message.status == "held"
            for recipient in range(message.recipients)
        )

    # --- looking -----------------------------------------------------------------------------

    def mail(self, number: int) -> Mail:
        """The mail of a message, written on first sight."""
        found = self._mails.get(number)
        if found is None:
            message = self.messages[number]
            if message.given is not None:
                found = message.given
            else:
                to = recipients(self.seed, number, message.recipients)
                found = compose(self.seed, number, message.category, message.content, to, nasty=message.nasty)
                if message.route != "inbound":
                    turn_round(found, message.route)
                if message.inline:
                    logo = Component("PNG Image", "logo.png", "image/png", 2_000, f"{number:016x}", False, inline=True)
                    found.components.append(logo)
                    found.size += 2_700
            if len(self._mails) >= self._most:
                self._mails.clear()
            self._mails[number] = found
        return found

    def write_all(self) -> None:
        """Write every mail now and keep it, so that no question has to wait for the fiction (some KB each)."""
        self._most = len(self.messages) + _CACHE
        for number in range(len(self.messages)):
            self.mail(number)
        gc.collect()
        gc.freeze()

    def recipient_of(self, number: int, recipient: int) -> tuple[str, str]:
        """(display name, address) without writing the mail."""
        message = self.messages[number]
        if message.given is not None or message.route != "inbound":
            return self.mail(number).recipients[recipient]
        return recipients(self.seed, number, message.recipients)[recipient]

    def entries_of(self, address: str) -> list[tuple[int, int]]:
        """(message, recipient) of all copies for one address, held or not."""
        if self._by_recipient is None:
            self._by_recipient = {}
            for message in self.messages:
                self._index(message)
        return self._by_recipient.get(address.lower(), [])

    def _index(self, message: Message) -> None:
        if self._by_recipient is None:
            return
        to = message.given.recipients if message.given else None
        for place, (_, address) in enumerate(to or recipients(self.seed, message.number, message.recipients)):
            self._by_recipient.setdefault(address.lower(), []).append((message.number, place))

    def visible(self, number: int) -> bool:
        """Whether searches and lookups may find the message."""
        return 0 <= number < len(self.messages) and self.messages[number].visible_at <= self.clock.epoch()

    def held_entries(self) -> Iterator[tuple[int, int]]:
        """(message, recipient) of the hold queue, newest first."""
        for key in self.held.slice(0, len(self.held)):
            yield Timeline.entry(key)

    def remember(self, question: Any, keys: list[int]) -> list[int]:
        """Keep what a filtered search found: a page after the first does not filter all again."""
        while len(self.found) >= _REMEMBERED:
            self.found.popitem(last=False)
        self.found[question] = keys
        return keys

    def hold_id(self, number: int, recipient: int) -> str:
        """The hold id of a copy."""
        return self.mint.hold(number, recipient)

    def tracking_id(self, number: int) -> str:
        """The tracking id in the message's present status."""
        return self.mint.tracking(number, self.messages[number].status)

    def label(self, number: int) -> Label:
        """The truth about a message."""
        mail = self.mail(number)
        return Label(mail.category, mail.expected_verdict, mail.decidable)

    # --- changing ----------------------------------------------------------------------------

    def tick(self) -> None:
        """Let time do its work: late messages appear, old ones expire."""
        now = self.clock.epoch()
        for number in self._arrivals.due(now):
            self._show(self.messages[number])
        while (key := self.held.oldest()) is not None:
            number, recipient = Timeline.entry(key)
            if self.messages[number].received + self.hold_seconds > now:
                break
            self.settle(number, recipient, "expired", kind="expire", operator="system")
        self.incidents.tick(self.switches.remediation_seconds)

    def _show(self, message: Message) -> None:
        self.version += 1
        self.tracked.add(Timeline.key(message.received, message.number))
        if message.status == "held":
            for recipient in range(message.recipients):
                if message.state(recipient) == "held":
                    self.held.add(Timeline.key(message.received, message.number, recipient))

    def add(self, message: Message) -> None:
        """Take in a new message; one with `visible_at` in the future waits."""
        self.messages.append(message)
        self._index(message)
        if message.visible_at > self.clock.epoch():
            self._arrivals.add(message.visible_at, message.number)
        else:
            self._show(message)

    def is_held(self, number: int, recipient: int) -> bool:
        """Whether a copy is in the queue now."""
        if not self.visible(number):
            return False
        message = self.messages[number]
        return recipient < message.recipients and message.state(recipient) == "held"

    def settle(
        self,
        number: int,
        recipient: int,
        state: str,
        *,
        kind: str,
        operator: str,
        params: dict[str, Any] | None = None,
    ) -> bool:
        """End the holding of one copy.

        Args:
            number: The message.
            recipient: Which copy.
            state: released, rejected or expired.
            kind: Name of the effect.
            operator: Who did it.
            params: What the caller asked for besides.

        Returns:
            False when the copy was not held (then nothing changes).
        """
        if not self.is_held(number, recipient):
            return False
        at = self.clock.epoch()
        record = {
            "event": "settle",
            "message": number,
            "recipient": recipient,
            "state": state,
            "kind": kind,
            "operator": operator,
            "params": params or {},
            "at": at,
        }
        self.journal.append(record)
        self.replay_settle(record)
        return True

    def replay_settle(self, record: dict[str, Any]) -> None:
        """Apply one journaled end of holding; also used when a tenant is loaded again."""
        number, recipient = record["message"], record["recipient"]
        message = self.messages[number]
        self.version += 1
        self.held.remove(Timeline.key(message.received, number, recipient))
        message.set_state(recipient, record["state"])
        if record["kind"] == "release_to_sandbox":
            message.sandboxed = True
        self.note(record)
        if record["state"] in ("released", "rejected"):
            params = record["params"]
            self.logs.append(
                LogRow(
                    number=len(self.logs),
                    message=number,
                    recipient=recipient,
                    status=record["state"],
                    at=record["at"],
                    operator=record["operator"],
                    note=str(params.get("message") or params.get("notes") or ""),
                    reason=str(params.get("reasonType") or params.get("reason") or ""),
                )
            )

    def judge(self, number: int) -> str:
        """Let the policies decide about one archived message; returns the status it has then."""
        if self.policies.refuses(self.mail(number), self.recipient_of(number, 0)[1]):
            record = {"event": "judge", "message": number, "status": "rejected"}
            self.journal.append(record)
            self.replay_judge(record)
        return self.messages[number].status

    def replay_judge(self, record: dict[str, Any]) -> None:
        """Apply one journaled decision of the policies."""
        self.version += 1
        self.messages[record["message"]].status = record["status"]

    def _pull(self, copy: Copy) -> None:
        """Take one copy out of its mailbox."""
        message = self.messages[copy[0]]
        message.pulled = (message.pulled or set()) | {copy[1]}
        self.version += 1

    def replay(self, record: dict[str, Any]) -> bool:
        """Apply a journaled record of one of the books; False when it belongs to none."""
        for book in (self.policies, self.incidents, self.urls, self.groups, self.threats, self.searches):
            if book.event == record["event"]:
                book.replay(record)
                return True
        return False

    def note(self, record: dict[str, Any]) -> None:
        """Remember an effect for those who count."""
        keys = (self.mail(record["message"]).message_id,) if record["kind"] == "report" else ()
        self.effects.append(
            Effect(
                kind=record["kind"],
                hold_id=self.hold_id(record["message"], record["recipient"]),
                at=datetime.fromtimestamp(record["at"], UTC),
                operator=record["operator"],
                params=record["params"],
                keys=keys,
            )
        )

    def report(self, number: int, operator: str, params: dict[str, Any]) -> None:
        """Remember that a message was reported to the vendor."""
        record = {
            "event": "report",
            "message": number,
            "recipient": 0,
            "kind": "report",
            "operator": operator,
            "params": params,
            "at": self.clock.epoch(),
        }
        self.journal.append(record)
        self.note(record)
