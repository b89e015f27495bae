"""What tests and people may ask of a tenant besides its API."""

from __future__ import annotations

import threading
from typing import Any

from sandbox.data import body
from sandbox.data.people import OWN_DOMAINS
from sandbox.groups import show_member
from sandbox.records import Effect, Label
from sandbox.world import World


class Looking:
    """The looking half of `Tenant`."""

    world: World
    lock: threading.RLock

    @property
    def effects(self) -> list[Effect]:
        """Every change, in order."""
        return self.world.effects

    def times_applied(self, kind: str, key: str | tuple[str, str]) -> int:
        """How often an effect happened to one thing.

        Args:
            kind: Kind of the effect: release, create_policy, block_sender, remediate, ...
            key: The id of what was changed (hold entry, policy, incident, ...), or another name of it: a policy's
                description, `(sender, recipient)` of a managed sender, a URL, a group member, a hash, the Message-ID
                of a reported mail, an incident's reason, code, or what it searched for.
        """
        name = " ".join(key).lower() if isinstance(key, tuple) else key
        return sum(effect.kind == kind and name in (effect.hold_id, *effect.keys) for effect in self.effects)

    def hold_queue(self) -> list[dict[str, Any]]:
        """The held entries as the hold list shows them, newest first."""
        from sandbox.endpoints.hold import row

        with self.lock:
            self.world.tick()
            return [row(self.world, *entry) for entry in self.world.held_entries()]

    def policies(self) -> list[dict[str, Any]]:
        """The blocked-sender policies as `get-policy` shows them, oldest first."""
        with self.lock:
            return self.world.policies.policies()

    def policies_in_force(self) -> list[dict[str, Any]]:
        """Those policies that act now: enabled, begun and not ended."""
        with self.lock:
            return self.world.policies.in_force()

    def managed_senders(self) -> list[dict[str, Any]]:
        """Senders permitted or blocked for one recipient each."""
        with self.lock:
            return self.world.policies.senders()

    def managed_urls(self) -> list[dict[str, Any]]:
        """URLs that are always blocked or permitted."""
        with self.lock:
            return self.world.urls.all()

    def incidents(self) -> list[dict[str, Any]]:
        """Remediation incidents as `get-incident` shows them; looking here does not move them on."""
        with self.lock:
            return [self.world.incidents.show(incident.number) for incident in self.world.incidents]

    def group_members(self, description: str) -> list[dict[str, Any]]:
        """Members of the group with this description."""
        with self.lock:
            (group,) = [one for one in self.world.groups.groups.values() if one.description == description]
            return [show_member(member, note) for member, note in group.members.items()]

    def threat_hashes(self) -> dict[str, str]:
        """Hash -> ALLOW or BLOCK of the customer's own list."""
        with self.lock:
            return dict(self.world.threats.hashes)

    def archived(self) -> list[dict[str, Any]]:
        """Every archived message, newest first: archive id, Message-ID, addresses, subject, who still has a copy."""
        from sandbox.archive_query import ArchiveQuery

        with self.lock:
            world = self.world
            world.tick()
            return [
                {
                    "id": world.mint.archive(number),
                    "messageId": world.mail(number).message_id,
                    "from": world.mail(number).from_addr,
                    "to": [address for _, address in world.mail(number).recipients],
                    "subject": world.mail(number).subject,
                    "received": world.messages[number].received,
                    "category": world.messages[number].category,
                    "copies": [world.recipient_of(number, p)[1] for p in world.archive.copies(world.messages[number])],
                }
                for number in world.archive.find(ArchiveQuery())
            ]

    @property
    def labels(self) -> dict[str, Label]:
        """Hold id -> truth, for every entry that is or was held."""
        with self.lock:
            return {
                self.world.hold_id(message.number, recipient): self.world.label(message.number)
                for message in self.world.messages
                if message.status == "held" or message.states
                for recipient in range(message.recipients)
            }

    @staticmethod
    def protect(url: str) -> str:
        """A link as the gateway rewrites it; `decode-url` gives the true address back."""
        return body.protect(url)

    @staticmethod
    def is_own(address: str) -> bool:
        """Whether an address belongs to the tenant's company."""
        return address.lower().rpartition("@")[2] in OWN_DOMAINS
