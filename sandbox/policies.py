"""The tenant's memory of blocked-sender policies and of permitted and blocked senders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from sandbox.clock import TenantClock
from sandbox.envelope import stamp
from sandbox.ids import IdMint
from sandbox.journal import Journal
from sandbox.records import Effect

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Policy:
    """One blocked-sender policy. `content` is its `policy` object without the two times."""

    number: int
    option: str
    content: Content
    created: float
    updated: float


@dataclass(frozen=True, slots=True)
class ManagedSender:
    """One recipient's permit or block of one sender."""

    number: int
    sender: str
    to: str
    action: str


class PolicyBook:
    """Policies and managed senders, kept in the journal. Callers hold the tenant's lock.

    Args:
        mint: Writes the ids.
        clock: Tenant time.
        journal: Remembers every change.
        effects: Gets an entry for every change.
    """

    def __init__(self, mint: IdMint, clock: TenantClock, journal: Journal, effects: list[Effect]) -> None:
        self._mint = mint
        self._clock = clock
        self._journal = journal
        self._effects = effects
        self._made = 0
        self._policies: dict[int, Policy] = {}
        self._senders: dict[tuple[str, str], ManagedSender] = {}

    # --- looking -----------------------------------------------------------------------------

    def __contains__(self, number: int) -> bool:
        return number in self._policies

    def policies(self) -> list[Content]:
        """All policies as the API shows them, oldest first."""
        return [self.show(number) for number in self._policies]

    def show(self, number: int) -> Content:
        """One policy as the API shows it."""
        policy = self._policies[number]
        times = {"createTime": stamp(policy.created), "lastUpdated": stamp(policy.updated)}
        return {"option": policy.option, "id": self._mint.policy(number), "policy": {**policy.content, **times}}

    def senders(self) -> list[Content]:
        """All managed senders as the API shows them."""
        return [self._show_sender(entry) for entry in self._senders.values()]

    def _show_sender(self, entry: ManagedSender) -> Content:
        return {
            "id": "MTOKEN:" + self._mint.other("managedsender", entry.number),
            "sender": entry.sender,
            "to": entry.to,
            "type": entry.action.capitalize(),
        }

    # --- changing ----------------------------------------------------------------------------

    def create(self, option: str, content: Content, operator: str, params: Content) -> Content:
        """Add a policy, even if an equal one is there. Returns it as shown."""
        number = self._made + 1
        self._change("create_policy", number, operator, params, option=option, content=content)
        return self.show(number)

    def update(self, number: int, option: str, content: Content, operator: str, params: Content) -> Content:
        """Replace what a policy says; its id and the time of its creation stay."""
        self._change("update_policy", number, operator, params, option=option, content=content)
        return self.show(number)

    def delete(self, number: int, operator: str, kind: str = "delete_policy") -> bool:
        """Remove a policy; False when it is not there (then nothing changes)."""
        if number not in self._policies:
            return False
        self._change(kind, number, operator, {})
        return True

    def manage(self, sender: str, to: str, action: str, operator: str) -> Content:
        """Permit or block a sender for one recipient; a later choice for the same pair replaces the earlier."""
        known = self._senders.get((sender.lower(), to.lower()))
        number = known.number if known else self._made + 1
        params = {"sender": sender, "to": to, "action": action}
        self._change(f"{action}_sender", number, operator, params)
        return self._show_sender(self._senders[sender.lower(), to.lower()])

    def _change(self, kind: str, number: int, operator: str, params: Content, **more: Any) -> None:
        record = {
            "event": "policy",
            "kind": kind,
            "number": number,
            "operator": operator,
            "params": params,
            "at": self._clock.epoch(),
            **more,
        }
        self._journal.append(record)
        self.replay(record)

    def replay(self, record: dict[str, Any]) -> None:
        """Apply one journaled change; also used when a tenant is loaded again."""
        number, at, params = record["number"], record["at"], record["params"]
        target = self._mint.policy(number)
        match record["kind"]:
            case "create_policy":
                self._policies[number] = Policy(number, record["option"], record["content"], at, at)
            case "update_policy":
                self._policies[number] = replace(
                    self._policies[number], option=record["option"], content=record["content"], updated=at
                )
            case "permit_sender" | "block_sender":
                entry = ManagedSender(number, params["sender"], params["to"], params["action"])
                self._senders[entry.sender.lower(), entry.to.lower()] = entry
                target = self._show_sender(entry)["id"]
            case _:
                del self._policies[number]
        self._made = max(self._made, number)
        moment = datetime.fromtimestamp(at, UTC)
        self._effects.append(Effect(record["kind"], target, moment, record["operator"], params))
