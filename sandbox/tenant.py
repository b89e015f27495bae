"""The tenant: the one object that tests, the demo and the server hold."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Self

from sandbox.clock import TenantClock
from sandbox.contract import Violation
from sandbox.data import Mail
from sandbox.data.compose import SHARES, recipients
from sandbox.data.compose import compose as write_mail
from sandbox.faults import FaultBoard
from sandbox.holdqueue import Message
from sandbox.ids import MAX_RECIPIENTS
from sandbox.journal import Journal, message_from, message_record
from sandbox.limits import Limits
from sandbox.looking import Looking
from sandbox.permissions import ALL_PRODUCTS, Role
from sandbox.plan import plan
from sandbox.plan_more import plan_archive, plan_tracked
from sandbox.records import Call, make_credentials
from sandbox.switches import SIZES, Switches
from sandbox.world import ADMIN, World

__all__ = ["FORMAT", "Switches", "Tenant"]

FORMAT = 1


class Tenant(Looking, Switches):
    """A mail-security tenant with a memory. Make one with `generate` or `load_or_generate`.

    Attributes:
        clock: Tenant time.
        calls: Every request that arrived, in order.
        faults: What shall go wrong.
        lock: Held while a call changes or reads the tenant.
    """

    def __init__(
        self,
        *,
        messages: int,
        seed: int,
        base: datetime,
        clock: TenantClock,
        journal: Journal | None = None,
        **switches: Any,
    ) -> None:
        super().__init__(**switches)
        self.seed = seed
        self.base = base
        self.clock = clock
        self.lock = threading.RLock()
        self.credentials_v1, self.credentials_v2 = make_credentials(seed)
        self.role = Role()
        self.products = set(ALL_PRODUCTS)
        self.binding_expired = False
        self.bindings_made = 0
        """Logins that asked for a new binding instead of extending the old one."""
        self.tokens: dict[str, float] = {}
        self.faults = FaultBoard()
        self.limits = Limits()
        self.calls: list[Call] = []
        self.leaks: list[str] = []
        """Paths of downloads that wrongly carried credentials."""
        self.reused_request_ids: list[str] = []
        self._request_ids: set[str] = set()
        self.summary: dict[str, int] = {}
        self.summary_version = -1
        self.url = ""
        self.mail: Callable[[str, str, dict[str, Any]], Any] | None = None
        """The back door of a mail server beside the tenant: (method, name, body) -> answer."""
        made = plan(
            messages=messages,
            seed=seed,
            base=int(base.timestamp()),
            span_days=self.span_days,
            max_recipients=self.max_recipients,
            history=messages // 5 if self.history is None else self.history,
            hostile_percent=30 if self.hostile else 0,
        )
        shared = {"seed": seed, "base": int(base.timestamp()), "max_recipients": self.max_recipients}
        shared["hostile_percent"] = 30 if self.hostile else 0
        made += plan_archive(count=self.archive, first=len(made), held=made[:messages], **shared)
        made += plan_tracked(count=self.tracked, first=len(made), late_percent=self.late_percent, **shared)
        self.world = World(seed, made, clock, self, journal or Journal(None))
        self.contract_violations: list[Violation] = []
        """Every field of a request that is not as documented, accepted or not."""
        self.ignored_tags: list[str] = []
        """Tags and return fields of archive queries that meant nothing."""

    @classmethod
    def generate(
        cls,
        messages: int = 500,
        seed: int = 7,
        now: datetime | None = None,
        *,
        frozen: bool = False,
        **switches: Any,
    ) -> Self:
        """Make a tenant; equal (messages, seed, now) make equal tenants.

        Args:
            messages: Messages in the hold queue. One message with N recipients makes N entries.
            seed: Decides everything that looks random.
            now: Tenant time at this moment; None means the machine's time.
            frozen: Tenant time moves only by `advance`.
            **switches: See `Switches`.
        """
        clock = TenantClock(now, frozen=frozen)
        return cls(messages=messages, seed=seed, base=now or clock.now(), clock=clock, **switches)

    @classmethod
    def load_or_generate(
        cls,
        state_dir: Path,
        messages: int = 500,
        seed: int = 7,
        now: datetime | None = None,
        *,
        frozen: bool = False,
        **switches: Any,
    ) -> Self:
        """A tenant whose memory outlives the process: base time and effects are kept in `state_dir`.

        Raises:
            ValueError: The folder holds a tenant of another size or seed.
        """
        state_dir.mkdir(parents=True, exist_ok=True)
        facts = state_dir / "tenant.json"
        clock = TenantClock(now, frozen=frozen)
        wanted = {"format": FORMAT, "messages": messages, "seed": seed}
        if facts.exists():
            known = json.loads(facts.read_text())
            if {name: known.get(name) for name in wanted} != wanted:
                raise ValueError(
                    f"{state_dir} holds a tenant with messages={known.get('messages')} and "
                    f"seed={known.get('seed')}: use these values or another folder"
                )
        else:
            fixed = asdict(Switches(**switches))
            known = {**wanted, "base": (now or clock.now()).timestamp(), "switches": fixed}
            partial = facts.with_suffix(".new")
            partial.write_text(json.dumps(known))
            partial.replace(facts)
        journal = Journal(state_dir / "journal.jsonl")
        base = datetime.fromtimestamp(known["base"], UTC)
        settings = {**known["switches"], **switches}
        for name in SIZES:
            kept = known["switches"].get(name, 0)
            if settings.get(name, kept) != kept:
                raise ValueError(f"{state_dir} holds a tenant with {name}={kept}: use this value or another folder")
            settings[name] = kept
        tenant = cls(messages=messages, seed=seed, base=base, clock=clock, journal=journal, **settings)
        for record in journal.read():
            tenant._replay(record)
        return tenant

    def _replay(self, record: dict[str, Any]) -> None:
        match record["event"]:
            case "settle":
                self.world.replay_settle(record)
            case "report":
                self.world.note(record)
            case "judge":
                self.world.replay_judge(record)
            case "message":
                self.world.add(message_from(record))
            case "advance":
                self.clock.advance(timedelta(seconds=record["seconds"]))
            case _:
                self.world.replay(record)

    # --- who may do what ---------------------------------------------------------------------

    def revoke(self, permission: str) -> None:
        """Take a permission from the role, e.g. `Account | Monitoring | Held | Edit`."""
        self.role.revoke(permission)

    def grant(self, permission: str) -> None:
        """Give the role a permission."""
        self.role.grant(permission)

    def unassign_product(self, name: str) -> None:
        """Take a product from the API 2.0 application."""
        self.products.discard(name)

    def expire_binding(self) -> None:
        """From now on API 1.0 calls answer 418, until a login renews the binding."""
        self.binding_expired = True

    def expire_tokens(self) -> None:
        """All access tokens are too old from now on."""
        self.tokens = dict.fromkeys(self.tokens, 0.0)

    def note_request_id(self, request_id: str) -> None:
        """Remember the id of a signed request; a second use goes to `reused_request_ids`."""
        if request_id in self._request_ids:
            self.reused_request_ids.append(request_id)
        self._request_ids.add(request_id)

    def set_rate_limit(
        self, path: str | None = None, *, calls: int, per_seconds: float = 1.0, headers: bool = True
    ) -> None:
        """Allow `calls` per window for each function whose path matches (None = all, each by itself)."""
        with self.lock:
            self.limits.set(path, calls, per_seconds, headers=headers)

    # --- what happens besides the API ----------------------------------------------------------

    def advance(self, step: timedelta) -> None:
        """Move tenant time forward; late messages appear and old ones expire."""
        with self.lock:
            self.world.journal.append({"event": "advance", "seconds": step.total_seconds()})
            self.clock.advance(step)
            self.world.tick()

    def add_message(
        self,
        *,
        category: str = "business",
        received: datetime | None = None,
        to: Sequence[str] = (),
        status: str = "held",
        visible_in: timedelta | None = None,
        hostile: bool = False,
        **fields: Any,
    ) -> list[str]:
        """Put a message into the tenant.

        Args:
            category: Key of the fiction's categories.
            received: Tenant time of receipt; None means now.
            to: Recipients' addresses; empty draws one.
            status: `held` or another tracking status.
            visible_in: Searches find it only after this time.
            hostile: Poison some of its strings.
            **fields: Any field of `sandbox.data.Mail` (subject, from_addr, from_name, risk, ...).

        Returns:
            The hold ids, one per recipient, in the order of `to`.
        """
        if category not in SHARES:
            raise ValueError(f"unknown category {category!r}: use one of {', '.join(SHARES)}")
        with self.lock:
            number = len(self.world.messages)
            people = [("", address) for address in to] or recipients(self.seed, number, 1)
            if len(people) > MAX_RECIPIENTS:
                raise ValueError(f"a message has at most {MAX_RECIPIENTS} recipients")
            mail: Mail = write_mail(self.seed, number, category, f"added/{number}", people, nasty=hostile)
            for name, value in fields.items():
                if not hasattr(mail, name):
                    raise ValueError(f"a mail has no field {name!r}")
                setattr(mail, name, value)
            now = self.clock.epoch()
            message = Message(
                number=number,
                category=category,
                content=f"added/{number}",
                received=int(received.timestamp() if received else now),
                recipients=len(people),
                status=status,
                visible_at=now + visible_in.total_seconds() if visible_in else 0.0,
                given=mail,
                route=mail.route,
            )
            self.world.journal.append(message_record(message))
            self.world.add(message)
            return [self.world.hold_id(number, place) for place in range(len(people))]

    def deliver(self, *, to: Sequence[str], **fields: Any) -> dict[str, str]:
        """Mail arrives from outside and the policies decide: archived, or rejected.

        Args:
            to: Recipients' addresses; each gets a message of his own.
            **fields: As for `add_message`.

        Returns:
            Recipient -> `archived` or `rejected`.
        """
        done = {}
        with self.lock:
            for address in to:
                (hold_id,) = self.add_message(to=[address], status="archived", **fields)
                number = self.world.mint.read(hold_id).number
                done[address] = self.world.judge(number)
        return done

    def report(
        self, message: str, *, person: str = "", how: str = "attached", to: str = "phish@northwind.example"
    ) -> dict[str, Any]:
        """Somebody who got a message forwards it to a mailbox of the mail server beside the tenant.

        Args:
            message: Message-ID or hold id.
            person: Who reports; empty: its first recipient.
            how: `attached` or `inline`.
            to: Where the report goes.

        Returns:
            The truth about the report.

        Raises:
            ValueError: There is no mail server, or no such message.
        """
        if self.mail is None or how not in ("attached", "inline"):
            raise ValueError("a report needs a mail server beside the tenant, and goes attached or inline")
        with self.lock:
            numbers = (one.number for one in self.world.messages if self.world.visible(one.number))
            if message.startswith("<"):
                number = next((one for one in numbers if self.world.mail(one).message_id == message), None)
            else:
                number = self.world.mint.read(message).number
            if number is None:
                raise ValueError(f"no message {message}")
            mail, received = self.world.mail(number), self.world.messages[number].received
        sent = {
            "person": person or mail.recipients[0][1],
            "mail": mail,
            "received": datetime.fromtimestamp(received, UTC),
            "enclosed": how == "attached",
            "to": to,
        }
        done: dict[str, Any] = self.mail("POST", "report", sent)
        return done

    def add_late_message(self, visible_in: timedelta, **fields: Any) -> list[str]:
        """A message received now that searches find only after `visible_in`. Returns its hold ids."""
        return self.add_message(visible_in=visible_in, **fields)

    def expire(self, hold_id: str) -> bool:
        """Purge a held copy as old age would; False when it was not held."""
        return self._by_hand(hold_id, "expired", "expire", "system")

    def admin_release(self, hold_id: str) -> bool:
        """Another administrator releases a copy; False when it was not held."""
        return self._by_hand(hold_id, "released", "admin_release", ADMIN)

    def admin_reject(self, hold_id: str) -> bool:
        """Another administrator rejects a copy; False when it was not held."""
        return self._by_hand(hold_id, "rejected", "admin_reject", ADMIN)

    def admin_delete_policy(self, policy_id: str) -> bool:
        """Another administrator deletes a policy; False when there is none of this id."""
        with self.lock:
            found = self.world.mint.read(policy_id)
            return found.kind == "policy" and self.world.policies.delete(found.number, ADMIN, "admin_delete_policy")

    def _by_hand(self, hold_id: str, state: str, kind: str, operator: str) -> bool:
        with self.lock:
            entry = self.world.mint.read(hold_id)
            return self.world.settle(entry.number, entry.recipient, state, kind=kind, operator=operator)

    def tracking_id(self, hold_id: str) -> str:
        """The present tracking id of the message that a hold entry belongs to."""
        return self.world.tracking_id(self.world.mint.read(hold_id).number)

    def close(self) -> None:
        """Release the journal file."""
        self.world.journal.close()
