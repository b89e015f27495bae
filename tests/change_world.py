"""Every kind of change: how a test wishes for it, and how the sandbox tenant remembers it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from mailroom.effects.changes import change_of, change_once
from mailroom.effects.changes.outcome import ChangeResult
from mailroom.mimecast import MimecastClient, groups, managed_urls, policies
from mailroom.mimecast.managed_urls import UrlWish
from mailroom.mimecast.policy_models import PolicyWish
from mailroom.store import Store
from sandbox import Tenant

SENDER, PERSON = "billing@evil.example", "ann@northwind.example"
TENANT = "northwind"
POLICY = {
    "description": "case 42", "sender": SENDER, "sender_type": "Email Address", "recipient_type": "Internal Addresses",
}  # fmt: skip
HASH = "ab" * 32
REST = "/policy-management/cloud-gateway/v1/blocked-senders/policies/"


@dataclass(frozen=True)
class Case:
    """One kind of change.

    Attributes:
        kind: As in the ledger.
        effect: As the sandbox calls it.
        path: Which function is called, as a pattern for faults; two when the generations differ.
        wish: Its parameters; may prepare the tenant by calls of its own.
        looked_up: An outcome nobody saw is found by looking.
        repeated: What cannot be seen is done again without harm.
    """

    kind: str
    effect: str
    path: dict[str, str]
    wish: Callable[[Tenant, MimecastClient], dict[str, Any]]
    looked_up: bool = True
    repeated: bool = False
    generations: tuple[str, ...] = ("2.0", "1.0")

    def times(self, tenant: Tenant) -> int:
        """How often it happened."""
        return sum(effect.kind == self.effect for effect in tenant.effects)

    def calls(self, tenant: Tenant, generation: str = "2.0") -> int:
        """How often it was asked for."""
        wanted = self.path[generation].rstrip("*")
        return sum(
            call.path.startswith(wanted) and (call.method in {"POST", "PATCH", "DELETE"}) for call in tenant.calls
        )


def _both(path: str) -> dict[str, str]:
    return {"1.0": path, "2.0": path}


def block_list(client: MimecastClient) -> str:
    """The id of the group that holds blocked senders."""
    (group,) = [one for page in groups.find_groups(client, "Blocked Senders - SOC") for one in page]
    return group.id


def some_policy(client: MimecastClient) -> str:
    """The id of a policy that somebody made before."""
    known = next((one for one in policies.list_policies(client) if one.description == "made before"), None)
    return (known or policies.create_policy(client, PolicyWish(**POLICY | {"description": "made before"}))).id


def some_url(client: MimecastClient) -> str:
    """The id of a managed URL that somebody made before."""
    wish = UrlWish(url="http://old.evil.example/x", comment="made before")
    return (managed_urls.find_managed_url(client, wish) or managed_urls.create_managed_url(client, wish)).id


def report_wish(tenant: Tenant, _client: MimecastClient) -> dict[str, Any]:
    """A held message."""
    [entry, *_] = tenant.hold_queue()
    return {"message_id": tenant.tracking_id(entry["id"]), "report_as": "Phishing", "comment": "case 42"}


def removal_wish(_tenant: Tenant, client: MimecastClient) -> dict[str, Any]:
    """A member of the big group, on its second page."""
    (group,) = [one for page in groups.find_groups(client, "Blocked Senders - Legacy") for one in page]
    return {"group_id": group.id, "member": "old1234@spam34.example"}


_MANAGED = "/api/managedsender/permit-or-block-sender"
_URL = "/api/ttp/url/"
CASES = {
    case.kind: case
    for case in (
        Case("report_message", "report", _both("/api/message-finder/report-message"), report_wish, looked_up=False,
             generations=("1.0",)),
        Case("block_sender", "block_sender", _both(_MANAGED), lambda *_: {"sender": SENDER, "recipient": PERSON},
             looked_up=False, repeated=True),
        Case("permit_sender", "permit_sender", _both(_MANAGED), lambda *_: {"sender": SENDER, "recipient": PERSON},
             looked_up=False, repeated=True),
        Case("create_block_sender_policy", "create_policy", _both("/api/policy/blockedsenders/create-policy"),
             lambda *_: dict(POLICY)),
        Case("update_block_sender_policy", "update_policy",
             {"1.0": "/api/policy/blockedsenders/update-policy", "2.0": REST + "*"},
             lambda _tenant, client: POLICY | {"policy_id": some_policy(client), "enforced": True}),
        Case("delete_block_sender_policy", "delete_policy",
             {"1.0": "/api/policy/blockedsenders/delete-policy", "2.0": REST + "*"},
             lambda _tenant, client: {"policy_id": some_policy(client)}),
        Case("create_managed_url", "create_managed_url", _both(_URL + "create-managed-url"),
             lambda *_: {"url": "https://login.evil.example/a?b=1", "comment": "case 42"}),
        Case("delete_managed_url", "delete_managed_url", _both(_URL + "delete-managed-url"),
             lambda _tenant, client: {"url_id": some_url(client)}),
        Case("create_remediation_incident", "create_incident", _both("/api/ttp/remediation/create"),
             lambda *_: {"reason": "case 42", "search_by": "messageId", "values": ["<m1@evil.example>"]}),
        Case("add_group_member", "add_group_member", _both("/api/directory/add-group-member"),
             lambda _tenant, client: {"group_id": block_list(client), "member": SENDER}),
        Case("remove_group_member", "remove_group_member", _both("/api/directory/remove-group-member"), removal_wish),
        Case("block_file_hash", "upload_hashes", _both("/api/byo-threat-intelligence/create-batch"),
             lambda *_: {"file_hash": HASH}, looked_up=False),
    )
}  # fmt: skip


def run(client: MimecastClient, store: Store, kind: str, parameters: dict[str, Any], **more: Any) -> ChangeResult:
    """One change, as a playbook makes it."""
    return change_once(client, store, change_of(kind), parameters, **{"tenant": TENANT, "requested_by": "ann"} | more)
