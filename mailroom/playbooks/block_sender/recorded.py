"""What the ledger and the tenant say about a block: made before, run out, deleted by somebody, or there by another."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from mailroom.effects.changes.policy import wish_of
from mailroom.errors import InvalidInputError, NotFoundError
from mailroom.mimecast import MimecastClient, policies
from mailroom.mimecast.policy_models import EXTRACTED_DATA, BlockPolicy
from mailroom.playbooks.block_sender.model import POLICY, Subject
from mailroom.store import Store
from mailroom.store.actions import Action

_BOTH_PARTS = EXTRACTED_DATA["Both"]
_EVERYBODY = ("everyone", "internal_addresses")
_UPDATE = "update_block_sender_policy"


def policy_of(client: MimecastClient, action: Action) -> BlockPolicy | None:
    """The policy that an applied action made; None when it is gone. Effect: reads."""
    known = str(action.result.get("id") or "")
    if not known:
        return None
    try:
        return policies.get_policy(client, known)
    except NotFoundError:
        return None


def as_we_left_it(store: Store, action: Action, policy: BlockPolicy) -> bool:
    """Whether a policy still says what we last made it say."""
    last = _last_writing(store, action, policy)
    if last.kind not in (POLICY, _UPDATE):
        return False
    try:
        wish = wish_of(last.parameters)
    except (InvalidInputError, KeyError):
        return False
    return wish.same_as(policy) and wish.description == policy.description


def given_more_time(store: Store, action: Action, policy: BlockPolicy, now: datetime) -> bool:
    """Whether a policy that is as we left it ends later than the action that made it says, or not at all."""
    if policy.end is None:
        return _last_writing(store, action, policy).kind == _UPDATE
    return policy.end > now


def _last_writing(store: Store, action: Action, policy: BlockPolicy) -> Action:
    changes = store.ledger.find(action.tenant, kinds=(_UPDATE,), states=("applied",), target=policy.id)
    return max([action, *changes], key=lambda one: one.id)


def covering(known: Iterable[BlockPolicy], subject: Subject, recipient: str, now: datetime) -> BlockPolicy | None:
    """A policy in force that blocks the subject for this recipient, or for everybody when it is empty.

    One that looks at the envelope or at From alone blocks less than what is wanted here.
    """
    for policy in known:
        if policy.option != "block_sender" or not policy.enabled or policy.source_ips or policy.further_conditions:
            continue
        if policy.from_part != _BOTH_PARTS:
            continue
        if (policy.start and policy.start > now) or (policy.end and policy.end <= now):
            continue
        whole = policy.sender_type == "email_domain" and policy.sender.lower() == subject.domain
        single = policy.sender_type == "individual_email_address" and policy.sender.lower() == subject.value
        for_them = policy.recipient_type in _EVERYBODY or (
            bool(recipient) and policy.recipient_type == "individual_email_address"
            and policy.recipient.lower() == recipient
        )  # fmt: skip
        if for_them and (whole or (single and not subject.whole_domain)):
            return policy
    return None


def shown(policy: BlockPolicy) -> str:
    """A policy, for people."""
    until = f"until {policy.end:%Y-%m-%d %H:%M} UTC" if policy.end else "without end"
    return f"by policy {policy.description[:80]!r} (…{policy.id[-12:]}), {until}"
