"""The `policy` object of a blocked-sender policy: strict reading, defaults, and how it is shown."""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from sandbox.envelope import Item, error, stamp
from sandbox.validate import DateError, boolean, check_item, read_date, record, strings, text

ADDRESS = re.compile(r"[^@\s<>,;\"]{1,64}@[^@\s<>,;\"]{1,255}\.[^@\s<>,;\".]{2,63}\Z")
FROM_PARTS = {"envelope_from", "header_from", "both"}
VALUE_FIELDS = {
    "everyone": "",
    "internal_addresses": "",
    "external_addresses": "",
    "free_mail_domains": "",
    "email_domain": "emailDomain",
    "profile_group": "groupId",
    "individual_email_address": "emailAddress",
    "address_attribute_value": "attribute",
    "header_display_name": "headerDisplayName",
}
"""Kinds of sender and recipient, and the field that holds the value of each."""
TYPES = set(VALUE_FIELDS)
_ATTRIBUTE = {"id": text(), "name": text(), "value": text(required=True)}
_SIDE = {
    "type": text(required=True, values=TYPES),
    "emailDomain": text(),
    "groupId": text(),
    "emailAddress": text(),
    "attribute": record(inside=_ATTRIBUTE),
    "headerDisplayName": text(),
}
CONDITIONS = {"sourceIPs": strings(), "hostnames": strings(), "spfDomains": strings()}
POLICY = {
    "description": text(required=True),
    "comment": text(),
    "fromPart": text(values=FROM_PARTS),
    "from": record(inside=_SIDE),
    "to": record(inside=_SIDE),
    "fromType": text(values=TYPES),
    "fromValue": text(),
    "toType": text(values=TYPES),
    "toValue": text(),
    "fromEternal": boolean(),
    "toEternal": boolean(),
    "fromDate": text(),
    "toDate": text(),
    "bidirectional": boolean(),
    "enabled": boolean(),
    "enforced": boolean(),
    "override": boolean(),
    "conditions": record(inside=CONDITIONS),
}
_FLAGS = {"override": False, "bidirectional": False, "enabled": True, "enforced": False}
_ETERNAL = {"fromDate": "1900-01-01T00:00:00+0000", "toDate": "2100-01-01T23:59:59+0000"}


def read_policy(sent: Item, *, iso_z: bool) -> tuple[dict[str, Any], list[Item]]:
    """(what the policy says, complaints). With complaints the first part means nothing."""
    given = {name: value for name, value in sent.items() if value is not None}
    errors = check_item(given, POLICY, strict=True)
    if errors:
        return {}, [_below("policy", entry) for entry in errors]
    conditions = given.get("conditions", {})
    shown: dict[str, Any] = {"description": given["description"], "fromPart": given.get("fromPart", "envelope_from")}
    for side in ("from", "to"):
        shown[side], wrong = _side(given, side)
        errors += wrong
    for name in ("fromDate", "toDate"):
        dates, wrong = _date(given, name, iso_z=iso_z)
        shown |= dates
        errors += wrong
    errors += [_below("conditions", entry) for entry in _conditions(conditions)]
    if errors:
        return {}, [_below("policy", entry) for entry in errors]
    for side in ("from", "to"):
        shown |= _flat(shown[side], side)
    shown |= {name: given.get(name, default) for name, default in _FLAGS.items()}
    return {**shown, "conditions": conditions}, []


def _below(name: str, entry: Item) -> Item:
    return {**entry, "field": f"{name}.{entry['field']}"}


def _side(given: Item, side: str) -> tuple[Item, list[Item]]:
    """`from` or `to` in the nested form, made from the older flat fields where only those were sent."""
    nested: Item | None = given.get(side)
    flat: str | None = given.get(f"{side}Type")
    if nested is None:
        if flat is None:
            return {}, [error("err_validation_null", "must not be null", side)]
        value = given.get(f"{side}Value")
        held = {"value": value} if flat == "address_attribute_value" else value
        nested = {"type": flat, VALUE_FIELDS[flat] or "value": held}
    nested = {name: value for name, value in nested.items() if value is not None}
    errors = [_below(side, entry) for entry in check_item(nested, _SIDE, strict=True)]
    if not errors and flat not in (None, nested["type"]):
        errors = [error("err_validation", f"{side}Type contradicts {side}", f"{side}Type")]
    if not errors and not _fits(nested):
        # The real gateway calls this retryable, and it is not.
        errors = [error(f"err_policy_invalid_{side}_value", "does not fit its type", side, retryable=True)]
    return nested, errors


def _fits(nested: Item) -> bool:
    """Whether a side has the one value that its type needs, and no other."""
    wanted = VALUE_FIELDS[nested["type"]]
    if set(nested) - {"type"} != ({wanted} if wanted else set()):
        return False
    match wanted:
        case "emailAddress":
            return ADDRESS.match(nested[wanted]) is not None
        case "emailDomain":
            return ADDRESS.match("someone@" + nested[wanted]) is not None
        case "attribute":
            return not check_item(nested[wanted], _ATTRIBUTE, strict=True)
    return not wanted or bool(nested[wanted])


def _flat(nested: Item, side: str) -> Item:
    """The older fields, which are always shown; a type without value has no value field."""
    value = nested.get(VALUE_FIELDS[nested["type"]])
    shown = {f"{side}Type": nested["type"]}
    if value is not None:
        shown[f"{side}Value"] = value["value"] if isinstance(value, dict) else value
    return shown


def _date(given: Item, name: str, *, iso_z: bool) -> tuple[Item, list[Item]]:
    """`fromDate` and `fromEternal` (or `to...`): a date ends eternity, and without one there must be eternity."""
    eternal = name.replace("Date", "Eternal")
    if name not in given:
        if given.get(eternal, True):
            return {eternal: True, name: _ETERNAL[name]}, []
        return {}, [error("err_validation_null", "must not be null", name)]
    try:
        moment = read_date(given[name], iso_z=iso_z)
    except DateError:
        return {}, [error("err_validation_date", f"{name} is not a date of the form ...+0000", name)]
    return {eternal: False, name: stamp(moment or 0)}, []


def _conditions(conditions: Item) -> list[Item]:
    errors = check_item(conditions, CONDITIONS, strict=True)
    if errors:
        return errors
    try:
        for network in conditions.get("sourceIPs") or []:
            ipaddress.ip_network(network, strict=False)
    except ValueError:
        return [error("err_validation_value_not_allowed", "not a network", "sourceIPs")]
    return []
