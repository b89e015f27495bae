"""The mail server as tests, the demo and people hold it: ports, mailboxes, and a way to see and change everything."""

from __future__ import annotations

import asyncio
import tempfile
import threading
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Self, TypeVar

from sandbox.clock import TenantClock
from sandbox.data import Mail
from sandbox.mail import reporting, smtp
from sandbox.mail.answering import Answer
from sandbox.mail.certificate import identity
from sandbox.mail.delivery import Origin
from sandbox.mail.faults import FaultBoard
from sandbox.mail.imap import ImapSide
from sandbox.mail.incoming import PHISH, SOC, Truth
from sandbox.mail.memory import Memory
from sandbox.mail.office import PostOffice
from sandbox.mail.people import Habit, Person

T = TypeVar("T")


@dataclass(frozen=True)
class Stored:
    """A mail in a mailbox."""

    uid: int
    flags: tuple[str, ...]
    internal_date: datetime
    raw: bytes


class MailServer:
    """IMAP and SMTP on loopback, with people behind it who answer.

        with MailServer(people={"amy@northwind.example": Habit("answers", says="no")}).serve() as mail:
            ...  # mail.smtp_port, mail.imap_port, mail.passwords["soc@northwind.example"], mail.ca_file

    Args:
        messages: Mails that lie in the analysts' and the reporting mailbox at the start.
        seed: Decides people, passwords and mails.
        people: Address -> habit, for those who shall not be as the seed wants.
        slowest: Nobody takes longer to answer, in seconds.
        state: Folder that keeps everything over restarts; None forgets.
        now: The server's time at this moment; None means the machine's.
        frozen: Its time moves only by `advance`.
        clock: A clock to share, instead of `now` and `frozen`.
        stores_sent_copy: Submitted mail appears in the sender's Sent folder.
        keep_forged_results: Mail may come in with Authentication-Results of our own name.

    Attributes:
        host: Where it listens, and what its certificate is for.
        imap_port: STARTTLS.
        imaps_port: TLS from the first byte.
        smtp_port: Submission with STARTTLS and login.
        smtps_port: Submission with TLS from the first byte and login.
        relay_port: As port 25: no login, mail for our people only.
        ca_file: What a client must trust.
        faults: What shall go wrong.
        clock: Its time.

    Raises:
        ValueError: `state` holds a server of another size or seed.
    """

    def __init__(
        self,
        *,
        messages: int = 0,
        seed: int = 7,
        people: Mapping[str, Habit] | None = None,
        slowest: float = 90.0,
        state: Path | None = None,
        now: datetime | None = None,
        frozen: bool = False,
        clock: TenantClock | None = None,
        stores_sent_copy: bool = False,
        keep_forged_results: bool = False,
    ) -> None:
        self.clock = clock or TenantClock(now, frozen=frozen)
        self.faults = FaultBoard()
        self.host = "127.0.0.1"
        self.imap_port = self.imaps_port = self.smtp_port = self.smtps_port = self.relay_port = 0
        self._temporary = None if state else tempfile.TemporaryDirectory(prefix="sandbox-mail-")
        folder = state or Path(self._temporary.name if self._temporary else "")
        self._memory = Memory(state)
        base = self._memory.begin(messages=messages, seed=seed, now=now or self.clock.now())
        self._identity = identity(folder)
        self.ca_file = self._identity.ca_file
        self._office = PostOffice(
            messages=messages,
            seed=seed,
            base=base,
            clock=self.clock,
            memory=self._memory,
            habits=people or {},
            slowest=slowest,
            stores_sent_copy=stores_sent_copy,
            keep_forged_results=keep_forged_results,
        )
        self._imap: ImapSide | None = None
        self._servers: list[asyncio.Server] = []
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _loop, _context: None)  # clients that vanish are what we are for
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox-mail", daemon=True)
        self._woken = asyncio.Event()

    def serve(
        self,
        host: str = "127.0.0.1",
        *,
        imap_port: int = 0,
        imaps_port: int = 0,
        smtp_port: int = 0,
        smtps_port: int = 0,
        relay_port: int = 0,
    ) -> Self:
        """Start listening, in a thread; 0 takes a free port. Returns itself, for `with`."""
        self.host = host
        self._thread.start()
        self._call(self._start(host, [imap_port, imaps_port, smtp_port, smtps_port, relay_port]))
        return self

    def close(self) -> None:
        """Stop listening, end every connection, and forget what is not in `state`."""
        if self._thread.is_alive():
            self._call(self._stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(10)
        if not self._loop.is_closed():
            self._loop.close()
        self._memory.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Looking

    @property
    def passwords(self) -> dict[str, str]:
        """Address -> password, of the two service accounts and of everybody."""
        return dict(self._office.passwords)

    @property
    def people(self) -> dict[str, Person]:
        """Address -> person."""
        return dict(self._office.people)

    @property
    def sent(self) -> list[smtp.Handed]:
        """What was handed in by SMTP, in order."""
        return list(self._office.sent)

    @property
    def answers(self) -> list[Answer]:
        """What came back, in order, with the truth about it."""
        return list(self._office.answers)

    @property
    def truths(self) -> list[Truth]:
        """The truth about the mails of the start."""
        return list(self._office.truths)

    @property
    def pending(self) -> int:
        """How many mails people have yet to send."""
        return self._office.pending

    def mails(self, address: str = SOC[1], folder: str = "INBOX") -> list[Stored]:
        """What lies in a folder, by UID.

        Raises:
            KeyError: There is no such account or folder.
        """

        async def read() -> list[Stored]:
            box = self._office.boxes[address].find(folder)
            return [Stored(mail.uid, mail.flag_names, mail.internal_date, mail.raw) for mail in box.mails.values()]

        return self._call(read())

    # Changing

    def set_habit(self, address: str, habit: Habit) -> Person:
        """From now on this person deals with questions like that. Not kept over restarts."""

        async def change() -> Person:
            return self._office.set_habit(address, habit)

        return self._call(change())

    def deliver(
        self,
        raw: bytes,
        to: str = SOC[1],
        *,
        sender: str = "someone@outside.example",
        at: datetime | None = None,
        flags: tuple[str, ...] = (),
        **origin: str,
    ) -> int:
        r"""Put a mail into an INBOX as if a server outside had sent it.

        Args:
            raw: The mail.
            to: One of our addresses; a plus part is allowed.
            sender: Envelope sender; empty for a bounce.
            at: When it arrived; None means now.
            flags: For example `\Seen`.
            **origin: More fields of `Origin`: `ip`, `helo`, `spf`, `dkim`, `dmarc`, `user`.

        Returns:
            Its UID.

        Raises:
            KeyError: Nobody here has that address.
        """
        stored = self._call(self._office.deliver(raw, to, Origin(sender, **origin), at=at, flags=flags))
        if stored is None:
            raise KeyError(to)
        self._wake()
        return stored.uid

    def report(
        self, person: str, mail: Mail, received: datetime, *, enclosed: bool = True, to: str = PHISH[1]
    ) -> Truth:
        """Somebody forwards a mail of the tenant to one of our mailboxes, because it looks wrong.

        Args:
            person: Address of whoever reports.
            mail: The tenant's mail.
            received: When the tenant received it.
            enclosed: Attached as a file instead of quoted.
            to: Where the report goes.

        Returns:
            The truth about the report, with its UID; it is among `truths` too.

        Raises:
            KeyError: Nobody here has the address `to`.
        """
        who = self.people.get(person.lower()) or Person("", person.lower(), Habit())
        raw, origin, truth = reporting.report(
            who, mail, received, enclosed=enclosed, to=("Report phishing", to), at=self.clock.now(),
            seed=str(self._office.seed),
        )  # fmt: skip
        stored = self._call(self._office.deliver(raw, to, origin))
        if stored is None:
            raise KeyError(to)
        truth = replace(truth, uid=stored.uid)
        self._office.truths.append(truth)
        self._wake()
        return truth

    def advance(self, step: timedelta | float) -> int:
        """Move the server's time forward (seconds, or a span); whoever is due by then has acted when this returns.

        Returns:
            How many mails were sent.
        """
        seconds = step.total_seconds() if isinstance(step, timedelta) else float(step)

        async def move() -> int:
            self._memory.keep({"event": "advance", "seconds": seconds})
            self.clock.advance(timedelta(seconds=seconds))
            return await self._office.act()

        return self._call(move())

    def renumber(self, address: str, folder: str, uid_validity: int) -> None:
        """Give a folder another UIDVALIDITY, as after a restore."""

        async def change() -> None:
            self._office.boxes[address].find(folder).renumber(uid_validity)
            self._memory.keep({"event": "renumber", "box": [address, folder], "number": uid_validity})

        self._call(change())

    def expunge(self, address: str, folder: str, *uids: int) -> None:
        """Remove mails behind every client's back."""
        self._call(self._office.boxes[address].find(folder).delete(uids))

    def cut_connections(self) -> int:
        """Reset every IMAP connection; how many there were."""

        async def cut() -> int:
            return self._imap.cut_all() if self._imap else 0

        return self._call(cut())

    def description(self) -> dict[str, object]:
        """What a client needs, for JSON."""
        return {
            "host": self.host,
            "imap_port": self.imap_port,
            "imaps_port": self.imaps_port,
            "smtp_port": self.smtp_port,
            "smtps_port": self.smtps_port,
            "relay_port": self.relay_port,
            "ca_file": str(self.ca_file),
            "accounts": {address: self._office.passwords[address] for address in (SOC[1], PHISH[1])},
            "people_password": next(
                password for address, password in self.passwords.items() if address not in (SOC[1], PHISH[1])
            ),
            "people": {address: person.habit.kind for address, person in self.people.items()},
        }

    def back_door(self, method: str, name: str, sent: dict[str, Any]) -> Any:
        """Answer a request below `/__sandbox__/mail/`; None when there is nothing of that name."""
        from sandbox.mail import control

        return control.read(self, name) if method == "GET" else control.change(self, name, sent)

    # Inside

    async def _start(self, host: str, ports: list[int]) -> None:
        office, context = self._office, self._identity.context()
        self._imap = ImapSide(office.boxes, office.passwords, office.account, self.faults, context)
        rules = smtp.Rules(office.check, office.refuse_recipient, self._take, self.faults)
        self._servers = [
            await self._imap.listen(host, ports[0], tls=False),
            await self._imap.listen(host, ports[1], tls=True),
            await smtp.listen(rules, context, host, ports[2], kind="submission"),
            await smtp.listen(rules, context, host, ports[3], kind="submissions"),
            await smtp.listen(rules, context, host, ports[4], kind="relay"),
        ]
        numbers = [int(server.sockets[0].getsockname()[1]) for server in self._servers]
        self.imap_port, self.imaps_port, self.smtp_port, self.smtps_port, self.relay_port = numbers
        self._ticker = asyncio.create_task(self._tick())

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in rest:
            task.cancel()
        await asyncio.gather(*rest, return_exceptions=True)

    async def _take(self, handed: smtp.Handed) -> str:
        queue_id = await self._office.take(handed)
        self._woken.set()
        return queue_id

    async def _tick(self) -> None:
        """Let people act when their time comes."""
        while True:
            await self._office.act()
            due = self._office.next_due
            self._woken.clear()
            wait = None if due is None else max(0.0, due - self.clock.epoch())
            with suppress(TimeoutError):
                # A clock that somebody else moves is looked at every second.
                await asyncio.wait_for(self._woken.wait(), None if wait is None else min(wait, 1.0))

    def _wake(self) -> None:
        self._loop.call_soon_threadsafe(self._woken.set)

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        if not self._thread.is_alive():
            return self._loop.run_until_complete(work)
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(120)
