"""Blocked-sender policies as API 2.0's REST resource: flat bodies, other field names."""

from __future__ import annotations

from typing import Any

from sandbox.endpoints.policy_form import FROM_PARTS, TYPES, read_policy
from sandbox.endpoints.rest import RestCall, answer, not_found, wrong
from sandbox.envelope import Item, error, refuse
from sandbox.ids import DamagedIdError
from sandbox.validate import boolean, check_item, record, strings, text
from sandbox.wire import Reply

PATH = "/policy-management/cloud-gateway/v1/blocked-senders/policies"
_GROUP = {"id": text(required=True)}
_ATTRIBUTE = {"id": text(), "value": text(required=True)}
_SIDE = {
    "type": text(required=True, values=TYPES),
    "domain": text(),
    "emailAddress": text(),
    "headerDisplayName": text(),
    "group": record(inside=_GROUP),
    "attribute": record(inside=_ATTRIBUTE),
}
_OPTIONS = {"block_sender", "no_action"}
CREATE = {
    "description": text(required=True),
    "option": text(required=True, values=_OPTIONS),
    "comment": text(),
    "fromPart": text(values=FROM_PARTS),
    "from": record(required=True, inside=_SIDE),
    "to": record(required=True, inside=_SIDE),
    "enabled": boolean(),
    "enforced": boolean(),
    "override": boolean(),
    "bidirectional": boolean(),
    "fromEternal": boolean(),
    "toEternal": boolean(),
    "fromDateTime": text(),
    "toDateTime": text(),
    "sourceIPs": strings(),
}
_SAME = ("description", "comment", "fromPart", "enabled", "enforced", "override", "bidirectional")
_ETERNAL = ("fromEternal", "toEternal")


def list_policies(call: RestCall) -> Reply:
    """`GET .../policies`: by pages, oldest first."""
    fields = call.query(("pageSize", "pageToken"))
    shown, after = call.page(fields, "pageToken", call.world.policies.policies())
    pagination: dict[str, Any] = {"pageSize": len(shown)}
    if after:
        pagination["nextPage"] = after
    name = call.tenant.policy_list_name
    return answer({name: [as_rest(one) for one in shown], "meta": {"pagination": pagination}})


def create_policy(call: RestCall) -> Reply:
    """`POST .../policies`: every call makes a policy, equal or not."""
    body = call.body()
    option, content, errors = _read(call, body)
    if errors:
        return wrong(errors)
    made = call.world.policies.create(option, content, call.operator, body)
    return answer({call.tenant.policy_id_name: made["id"]}, 201)


def get_policy(call: RestCall) -> Reply:
    """`GET .../policies/{policy_id}`."""
    number = _number(call)
    return not_found() if number is None else answer(as_rest(call.world.policies.show(number)))


def update_policy(call: RestCall) -> Reply:
    """`PATCH .../policies/{policy_id}`: what is not named stays as it is."""
    number = _number(call)
    if number is None:
        return not_found()
    body = call.body()
    known = as_rest(call.world.policies.show(number))
    merged = {name: value for name, value in known.items() if name in CREATE} | body
    for side in ("from", "to"):  # a date that stays must not fight an eternity that is new, and the other way round
        if body.get(f"{side}Eternal") is True or (known[f"{side}Eternal"] and f"{side}DateTime" not in body):
            merged.pop(f"{side}DateTime", None)
        elif f"{side}DateTime" in body:
            merged[f"{side}Eternal"] = False
    option, content, errors = _read(call, merged)
    if errors:
        return wrong(errors)
    return answer(as_rest(call.world.policies.update(number, option, content, call.operator, body)))


def delete_policy(call: RestCall) -> Reply:
    """`DELETE .../policies/{policy_id}`."""
    number = _number(call)
    if number is None:
        return not_found()
    call.world.policies.delete(number, call.operator)
    return Reply(status=204, body=b"", content_type="")


def _number(call: RestCall) -> int | None:
    """Number of the policy in the path; None when there is none.

    Raises:
        RefusalError: HTTP 400 for an id that is none.
    """
    try:
        found = call.world.mint.read(call.values["policy_id"])
    except DamagedIdError as err:
        raise refuse(400, "err_validation", "the policy id is not valid", flat=True) from err
    return found.number if found.kind == "policy" and found.number in call.world.policies else None


def _read(call: RestCall, body: Item) -> tuple[str, dict[str, Any], list[Item]]:
    """(option, the policy's content, complaints) of a flat body."""
    given = {name: value for name, value in body.items() if value is not None}
    errors = check_item(given, CREATE, strict=True)
    for side in ("from", "to"):
        if not errors and side in given:
            errors = [
                {**entry, "field": f"{side}.{entry['field']}"} for entry in check_item(given[side], _SIDE, strict=True)
            ]
    if errors:
        return "", {}, errors
    policy: Item = {name: given[name] for name in _SAME if name in given}
    policy |= {side: _side(given[side]) for side in ("from", "to")}
    for side in ("from", "to"):
        if f"{side}DateTime" in given:
            policy[f"{side}Date"] = given[f"{side}DateTime"]
        if f"{side}Eternal" in given:
            policy[f"{side}Eternal"] = given[f"{side}Eternal"]
    if given.get("sourceIPs"):
        policy["conditions"] = {"sourceIPs": given["sourceIPs"]}
    content, complaints = read_policy(policy, iso_z=call.tenant.iso_z_accepted)
    return given["option"], content, [_renamed(entry) for entry in complaints]


def _side(sent: Item) -> Item:
    """`from` or `to` in the words of the older functions."""
    nested = {name: value for name, value in sent.items() if value is not None}
    if "domain" in nested:
        nested["emailDomain"] = nested.pop("domain")
    if "group" in nested:
        nested["groupId"] = nested.pop("group").get("id", "")
    return nested


def _renamed(entry: Item) -> Item:
    name = str(entry.get("field", "")).removeprefix("policy.")
    for old, new in (("emailDomain", "domain"), ("fromDate", "fromDateTime"), ("toDate", "toDateTime")):
        name = new if name == old else name
    return error(entry["code"], entry["message"], name, retryable=entry["retryable"])


def as_rest(shown: dict[str, Any]) -> dict[str, Any]:
    """A policy of the older functions in the words of this one."""
    policy = shown["policy"]
    made: dict[str, Any] = {"id": shown["id"], "option": shown["option"]}
    made |= {name: policy[name] for name in (*_SAME, *_ETERNAL) if name in policy}
    for side in ("from", "to"):
        nested = dict(policy[side])
        if "emailDomain" in nested:
            nested["domain"] = nested.pop("emailDomain")
        if "groupId" in nested:
            nested["group"] = {"id": nested.pop("groupId")}
        made[side] = nested
        made[f"{side}DateTime"] = policy[f"{side}Date"]
    made["sourceIPs"] = policy["conditions"].get("sourceIPs", [])
    return made | {name: policy[name] for name in ("createTime", "lastUpdated")}
