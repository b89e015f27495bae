"""Blocked-sender policies, and permitted and blocked senders of one recipient."""

from __future__ import annotations

from typing import Any

from sandbox.data.people import OWN_DOMAINS
from sandbox.endpoints.context import Context
from sandbox.endpoints.policy_form import ADDRESS, POLICY, read_policy
from sandbox.envelope import Item, Outcome, error, failure
from sandbox.validate import record, text

_OPTIONS = {"block_sender", "no_action"}
CREATE = {"option": text(required=True, values=_OPTIONS), "policy": record(required=True, inside=POLICY)}
UPDATE = {"id": text(required=True), **CREATE}
BY_ID = {"id": text(required=True)}
MANAGE = {
    "sender": text(required=True),
    "to": text(required=True),
    "action": text(required=True, values={"permit", "block"}),
}


def create_policy(context: Context) -> Outcome:
    """`/api/policy/blockedsenders/create-policy`: every call makes a policy, equal or not."""
    context.need_items()
    outcome = Outcome()
    fields = {**CREATE, "id": text()} if context.tenant.create_policy_updates_by_id else CREATE
    for item in context.valid(outcome, fields, strict=True):
        content = _content(context, item, outcome)
        if content is None:
            continue
        if item.get("id"):
            _replace(context, item, content, outcome)
        else:
            outcome.data.append(context.world.policies.create(item["option"], content, context.operator, dict(item)))
    return outcome


def update_policy(context: Context) -> Outcome:
    """`/api/policy/blockedsenders/update-policy`: the policy is replaced as a whole."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, UPDATE, strict=True):
        content = _content(context, item, outcome)
        if content is not None:
            _replace(context, item, content, outcome)
    return outcome


def get_policy(context: Context) -> Outcome:
    """`/api/policy/blockedsenders/get-policy`: one by its id, or all."""
    outcome = Outcome()
    book = context.world.policies
    if not context.items:
        outcome.data = book.policies()
    for item in context.valid(outcome, BY_ID, strict=True):
        number = _number(context, item, outcome)
        if number is not None:
            outcome.data.append(book.show(number))
    return outcome


def delete_policy(context: Context) -> Outcome:
    """`/api/policy/blockedsenders/delete-policy`."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, BY_ID, strict=True):
        number = _number(context, item, outcome)
        if number is not None:
            context.world.policies.delete(number, context.operator)
            outcome.data.append({"id": item["id"]})
    return outcome


def permit_or_block_sender(context: Context) -> Outcome:
    """`/api/managedsender/permit-or-block-sender`: for one recipient; the last word counts."""
    context.need_items()
    outcome = Outcome()
    for item in context.valid(outcome, MANAGE, strict=True):
        wrong = [name for name in ("sender", "to") if not ADDRESS.match(item[name])]
        outside = item["to"].lower().rpartition("@")[2] not in OWN_DOMAINS
        if not wrong and outside and not context.tenant.managed_sender_for_outsiders:
            wrong = ["to"]
        if wrong:
            code, words = "err_validation_invalid_email_address", "not an email address that may stand here"
            outcome.fail.append(failure(item, *(error(code, words, name) for name in wrong)))
            continue
        book = context.world.policies
        outcome.data.append(book.manage(item["sender"], item["to"], item["action"], context.operator))
    return outcome


def _content(context: Context, item: Item, outcome: Outcome) -> dict[str, Any] | None:
    """What the policy of an item says, complete; None when it is wrong (then `fail` says so)."""
    content, errors = read_policy(item["policy"], iso_z=context.tenant.iso_z_accepted)
    if errors:
        outcome.fail.append(failure(item, *errors))
        return None
    return content


def _replace(context: Context, item: Item, content: dict[str, Any], outcome: Outcome) -> None:
    number = _number(context, item, outcome)
    if number is not None:
        shown = context.world.policies.update(number, item["option"], content, context.operator, dict(item))
        outcome.data.append(shown)


def _number(context: Context, item: Item, outcome: Outcome) -> int | None:
    """Number of the policy an item names; an unknown one is `meta.status` 404 with nothing in `data` or `fail`."""
    found = context.read_id(item["id"])
    if found.kind != "policy":
        outcome.fail.append(failure(item, error("xdk_failure", "0007 Invalid token", "id")))
        return None
    if found.number not in context.world.policies:
        outcome.meta_status = 404
        return None
    return found.number
