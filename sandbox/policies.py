"""The tenant's memory of blocked-sender policies and of permitted and blocked senders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from sandbox.book import Book, Content
from sandbox.data import Mail
from sandbox.envelope import stamp
from sandbox.policy_effects import matches


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


class PolicyBook(Book):
    """Policies and managed senders, kept in the journal. Callers hold the tenant's lock."""

    event = "policy"

    def __init__(self, *rest: Any) -> None:
        super().__init__(*rest)
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
        return {"option": policy.option, "id": self.mint.policy(number), "policy": {**policy.content, **times}}

    def senders(self) -> list[Content]:
        """All managed senders as the API shows them."""
        return [self._show_sender(entry) for entry in self._senders.values()]

    def in_force(self) -> list[Content]:
        """Policies that act at this moment: enabled, begun and not ended."""
        now = stamp(self.clock.epoch())
        return [
            shown
            for shown in self.policies()
            if shown["policy"]["enabled"]
            and shown["policy"]["fromDate"][:19] <= now[:19] <= shown["policy"]["toDate"][:19]
        ]

    def refuses(self, mail: Mail, recipient: str) -> bool:
        """Whether new mail to one recipient is rejected: by the recipient's own list, else by a policy."""
        for sender in (mail.from_addr, mail.from_env):
            entry = self._senders.get((sender.lower(), recipient.lower()))
            if entry is not None:
                return entry.action == "block"
        acting = [shown for shown in self.in_force() if matches(shown["policy"], mail, recipient)]
        return any(shown["option"] == "block_sender" for shown in acting)

    def _show_sender(self, entry: ManagedSender) -> Content:
        return {
            "id": "MTOKEN:" + self.mint.other("managedsender", entry.number),
            "sender": entry.sender,
            "to": entry.to,
            "type": entry.action.capitalize(),
        }

    # --- changing ----------------------------------------------------------------------------

    def create(self, option: str, content: Content, operator: str, params: Content) -> Content:
        """Add a policy, even if an equal one is there. Returns it as shown."""
        number = self._made + 1
        self.change("create_policy", operator, params, number=number, option=option, content=content)
        return self.show(number)

    def update(self, number: int, option: str, content: Content, operator: str, params: Content) -> Content:
        """Replace what a policy says; its id and the time of its creation stay."""
        self.change("update_policy", operator, params, number=number, option=option, content=content)
        return self.show(number)

    def delete(self, number: int, operator: str, kind: str = "delete_policy") -> bool:
        """Remove a policy; False when it is not there (then nothing changes)."""
        if number not in self._policies:
            return False
        self.change(kind, operator, {}, number=number)
        return True

    def manage(self, sender: str, to: str, action: str, operator: str) -> Content:
        """Permit or block a sender for one recipient; a later choice for the same pair replaces the earlier."""
        known = self._senders.get((sender.lower(), to.lower()))
        number = known.number if known else self._made + 1
        params = {"sender": sender, "to": to, "action": action}
        self.change(f"{action}_sender", operator, params, number=number)
        return self._show_sender(self._senders[sender.lower(), to.lower()])

    def replay(self, record: Content) -> None:
        """Apply one journaled change; also used when a tenant is loaded again."""
        number, at, params = record["number"], record["at"], record["params"]
        self._made = max(self._made, number)
        if record["kind"] in ("permit_sender", "block_sender"):
            entry = ManagedSender(number, params["sender"], params["to"], params["action"])
            self._senders[entry.sender.lower(), entry.to.lower()] = entry
            self.note(record, self._show_sender(entry)["id"], f"{entry.sender} {entry.to}".lower())
            return
        if record["kind"] == "create_policy":
            self._policies[number] = Policy(number, record["option"], record["content"], at, at)
        elif record["kind"] == "update_policy":
            self._policies[number] = replace(
                self._policies[number], option=record["option"], content=record["content"], updated=at
            )
        description = self._policies[number].content["description"]
        if record["kind"] not in ("create_policy", "update_policy"):
            del self._policies[number]
        self.note(record, self.mint.policy(number), description)
