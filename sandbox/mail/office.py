"""The post office: accounts with their folders, delivery, and the people who answer. No sockets.

Everything here runs on one event loop; `MailServer` is the door for other threads.
"""

from __future__ import annotations

import hashlib
import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from pymap.parsing.message import AppendMessage
from pymap.parsing.specials.flag import Flag, Seen

from sandbox.clock import TenantClock
from sandbox.data.people import OWN_DOMAINS
from sandbox.mail import answering, delivery
from sandbox.mail.answering import PLANS, Answer
from sandbox.mail.boxes import Boxes, StoredMail
from sandbox.mail.delivery import Origin
from sandbox.mail.incoming import PHISH, SOC, Truth, incoming
from sandbox.mail.memory import Memory
from sandbox.mail.people import Habit, Person, everybody
from sandbox.mail.reading import is_automatic, question
from sandbox.mail.smtp import Handed

SERVICE_ACCOUNTS = (SOC[1], PHISH[1])


@dataclass(frozen=True)
class Asked:
    """A mail that a person will deal with."""

    index: int
    person: Person
    raw: bytes
    at: datetime
    number: int
    """How many this person got before."""


class PostOffice:
    """Everything the mail server knows.

    Args:
        messages: Mails that lie in the mailboxes at the start.
        seed: Decides people, passwords and mails.
        base: When the world begins; the mails are older.
        clock: Its time.
        memory: What outlives the process.
        habits: Address -> habit, for those who shall not be as the seed wants; an address at another domain becomes a
            person outside.
        slowest: Nobody takes longer to answer, in seconds.
        stores_sent_copy: Submitted mail appears in the sender's Sent folder, as at Gmail and Microsoft 365.
        keep_forged_results: Mail may come in with Authentication-Results of our name.

    Attributes:
        boxes: Address -> folders.
        passwords: Address -> password; people share one.
        people: Address -> person.
        sent: What was handed in by SMTP, in order.
        answers: What people and machines sent back, in order, with the truth about it.
        truths: The truth about the mails of the start.
    """

    def __init__(
        self,
        *,
        messages: int,
        seed: int,
        base: datetime,
        clock: TenantClock,
        memory: Memory,
        habits: Mapping[str, Habit],
        slowest: float,
        stores_sent_copy: bool,
        keep_forged_results: bool,
    ) -> None:
        self.seed = seed
        self.clock = clock
        self.memory = memory
        self.stores_sent_copy = stores_sent_copy
        self.keep_forged_results = keep_forged_results
        self.people = everybody(seed, slowest=slowest)
        for address, habit in habits.items():
            self.set_habit(address, habit)
        self.passwords = {address: _password(seed, address) for address in SERVICE_ACCOUNTS}
        everyone = _password(seed, "people")
        self.passwords |= {address: everyone for address in self.people if self._is_ours(address)}
        validity = int(base.timestamp()) // 10 * 10
        self.boxes = {address: Boxes(address, validity, memory.keep) for address in self.passwords}
        self.sent: list[Handed] = []
        self.answers: list[Answer] = []
        self.truths: list[Truth] = []
        self._asked: list[Asked] = []
        self._counts: Counter[str] = Counter()
        self._told_away: set[tuple[str, str]] = set()
        self._plan: list[tuple[float, int, int]] = []
        self._queue_number = 0
        self._fill(messages, base)
        memory.replay(self._replay)

    # Accounts

    def account(self, login: str) -> str | None:
        """The address behind a login name or a recipient: any case, either own domain, with or without a plus part."""
        local, _, domain = login.strip().lower().rpartition("@")
        if not local:
            local, domain = domain, OWN_DOMAINS[0]
        if domain not in OWN_DOMAINS:
            return None
        for name in (local, local.partition("+")[0]):
            for own in (domain, *OWN_DOMAINS):
                if f"{name}@{own}" in self.passwords:
                    return f"{name}@{own}"
        return None

    def check(self, login: str, password: str) -> str | None:
        """The account's address when the password is right."""
        address = self.account(login)
        return address if address is not None and self.passwords[address] == password else None

    def refuse_recipient(self, recipient: str, user: str) -> str:
        """Why a recipient is not taken; empty when it is."""
        if self._is_ours(recipient):
            known = self.account(recipient) is not None
            return "" if known else f"550 5.1.1 <{recipient}>: Recipient address rejected: User unknown"
        return "" if user else f"554 5.7.1 <{recipient}>: Relay access denied"

    def set_habit(self, address: str, habit: Habit) -> Person:
        """From now on this person deals with questions like that."""
        address = address.lower()
        known = self.people.get(address)
        self.people[address] = replace(known, habit=habit) if known else Person("", address, habit)
        return self.people[address]

    # Delivery

    async def take(self, handed: Handed) -> str:
        """Take a mail that was handed in by SMTP and deliver it; its queue id."""
        self._queue_number += 1
        self.sent.append(handed)
        self.memory.keep(
            {
                "event": "sent",
                "sender": handed.sender,
                "recipients": handed.recipients,
                "raw": handed.raw.decode("latin-1"),
                "user": handed.user,
                "ip": handed.ip,
                "helo": handed.helo,
            }
        )
        origin = Origin(handed.sender, handed.ip, handed.helo, user=handed.user)
        for recipient in handed.recipients:
            await self.deliver(handed.raw, recipient, origin)
        if handed.user and self.stores_sent_copy:
            copy = AppendMessage(handed.raw, self.clock.now(), frozenset({Seen}))
            await self.boxes[handed.user].find("Sent").append(copy)
        return f"Q{self._queue_number:07}"

    async def deliver(
        self, raw: bytes, recipient: str, origin: Origin, *, at: datetime | None = None, flags: tuple[str, ...] = ()
    ) -> StoredMail | None:
        """Put a mail into a mailbox, and in front of its owner; None when it left our world or bounced."""
        at = at or self.clock.now()
        address = self.account(recipient)
        person = self.people.get(address or recipient.lower())
        bounces = person is not None and person.habit.kind == "bounces"
        stored = None
        if address is not None and not bounces:
            arrived = self._stamped(raw, recipient, origin, at)
            mail = AppendMessage(arrived, at, frozenset(Flag(flag) for flag in flags))
            stored = await self.boxes[address].find("INBOX").append(mail, recent=True)
        if (
            person is not None
            and origin.envelope_sender
            and delivery.author(raw) not in self.people
            and not is_automatic(raw)
        ):
            self._ask(person, raw, at)
        return stored

    def _stamped(self, raw: bytes, recipient: str, origin: Origin, at: datetime) -> bytes:
        self._queue_number += 1
        return delivery.received(
            raw,
            recipient,
            origin,
            at,
            OWN_DOMAINS,
            number=self._queue_number,
            keep_forged_results=self.keep_forged_results,
        )

    # People

    def _ask(self, person: Person, raw: bytes, at: datetime) -> None:
        asked = Asked(len(self._asked), person, raw, at, self._counts[person.address])
        self.memory.keep(
            {
                "event": "asked",
                "person": person.address,
                "at": at.timestamp(),
                "raw": raw.decode("latin-1"),
                "habit": vars(person.habit),
            }
        )
        self._remember(asked)

    def _remember(self, asked: Asked) -> None:
        self._asked.append(asked)
        self._counts[asked.person.address] += 1
        for step in range(len(PLANS[asked.person.habit.kind])):
            heapq.heappush(self._plan, (asked.at.timestamp() + answering.due(asked.person, step), asked.index, step))

    @property
    def next_due(self) -> float | None:
        """When somebody acts next, in seconds since 1970 of the server's time; None when nobody will."""
        return self._plan[0][0] if self._plan else None

    @property
    def pending(self) -> int:
        """How many mails people have yet to send."""
        return len(self._plan)

    async def act(self) -> int:
        """Let everybody act whose time has come; how many did."""
        done = 0
        while self._plan and self._plan[0][0] <= self.clock.epoch():
            at, index, step = heapq.heappop(self._plan)
            self.memory.keep({"event": "step", "asked": index, "step": step})
            made = self._write(self._asked[index], step, datetime.fromtimestamp(at, UTC))
            if made is None:
                continue
            done += 1
            self.answers.append(made)
            if self.account(made.to) is not None:
                await self.deliver(made.raw, made.to, made.origin, at=made.at)
        return done

    def _write(self, asked: Asked, step: int, at: datetime) -> Answer | None:
        read = question(asked.raw, asked.at)
        if PLANS[asked.person.habit.kind][step] == "away":  # once per sender, as vacation programs do
            pair = asked.person.address, read.reply_to[1].lower()
            if pair in self._told_away:
                return None
            self._told_away.add(pair)
        return answering.answer(
            asked.person,
            step,
            read,
            asked.raw,
            at,
            seed=self.seed,
            number=asked.number,
            colleagues=[person for person in self.people.values() if self._is_ours(person.address)],
        )

    # The beginning, and memory

    def _fill(self, count: int, base: datetime) -> None:
        staff = [person for person in self.people.values() if self._is_ours(person.address)]
        for mail in incoming(count, self.seed, base, staff):
            box = self.boxes[mail.truth.account].find("INBOX")
            raw = self._stamped(mail.raw, mail.truth.account, mail.origin, mail.at)
            stored = box.put(raw, mail.at, (Seen,) if mail.seen else ())
            self.truths.append(replace(mail.truth, uid=stored.uid))

    def _replay(self, record: dict[str, Any]) -> None:
        match record["event"]:
            case "sent":
                self._queue_number += 1
                fields = {name: value for name, value in record.items() if name != "event"}
                fields |= {"raw": record["raw"].encode("latin-1"), "recipients": tuple(record["recipients"])}
                self.sent.append(Handed(**fields))
            case "asked":
                person = self.people.get(record["person"]) or Person("", record["person"], Habit())
                person = replace(person, habit=Habit(**record["habit"]))
                at = datetime.fromtimestamp(record["at"], UTC)
                number = self._counts[person.address]
                self._remember(Asked(len(self._asked), person, record["raw"].encode("latin-1"), at, number))
            case "step":
                entry = next(item for item in self._plan if item[1:] == (record["asked"], record["step"]))
                self._plan.remove(entry)
                heapq.heapify(self._plan)
                made = self._write(self._asked[entry[1]], entry[2], datetime.fromtimestamp(entry[0], UTC))
                if made is not None:
                    self.answers.append(made)
            case "advance":
                self.clock.advance(timedelta(seconds=record["seconds"]))
            case "folder":
                _replay_folder(self.boxes[record["owner"]], record)
            case _:
                _replay_mail(self.boxes, record)

    def _is_ours(self, address: str) -> bool:
        return address.lower().rpartition("@")[2] in OWN_DOMAINS


def _replay_folder(boxes: Boxes, record: dict[str, Any]) -> None:
    match record["do"]:
        case "create":
            boxes.create(record["name"])
        case "remove":
            boxes.remove(record["name"])
        case "rename":
            boxes.rename(record["name"], record["to"])


def _replay_mail(boxes: Mapping[str, Boxes], record: dict[str, Any]) -> None:
    owner, name = record["box"]
    box = boxes[owner].find(name)
    match record["event"]:
        case "put":
            flags = [Flag(flag) for flag in record["flags"]]
            box.put(record["raw"].encode("latin-1"), datetime.fromtimestamp(record["at"], UTC), flags)
        case "flags":
            box.change_flags(record["uid"], frozenset(Flag(flag) for flag in record["flags"]))
        case "copy":
            mail = box.mails[record["uid"]]
            target = boxes[record["to"][0]].find(record["to"][1])
            target.put(mail.raw, mail.internal_date, mail.permanent_flags)
        case "gone":
            box.drop(record["uids"])
        case "renumber":
            box.renumber(record["number"])


def _password(seed: int, name: str) -> str:
    return "nw-" + hashlib.sha256(f"{seed}/password/{name}".encode()).hexdigest()[:16]
