"""How blocked-sender policies are written: nested for the older functions, flat and with other names for REST."""

from __future__ import annotations

from typing import Any

from mailroom.mimecast.dates import format_date
from mailroom.mimecast.reading import dict_of, text_of

VALUE_FIELDS = {
    "email_domain": "emailDomain",
    "individual_email_address": "emailAddress",
    "header_display_name": "headerDisplayName",
    "profile_group": "groupId",
}
"""Where the value of a type stands; other types have none that this version writes."""


def as_item(said: dict[str, Any]) -> dict[str, Any]:
    """The item of `create-policy`: a date ends eternity, and what is empty is left out."""
    policy: dict[str, Any] = {"description": said["description"], "fromPart": said["fromPart"]}
    if said["comment"]:
        policy["comment"] = said["comment"]
    for side in ("from", "to"):
        kind, value = said[side]
        policy[side] = {"type": kind} | ({VALUE_FIELDS[kind]: value} if value else {})
    for name, moment in (("from", said["start"]), ("to", said["end"])):
        policy[f"{name}Eternal"] = moment is None
        if moment is not None:
            policy[f"{name}Date"] = format_date(moment)
    policy |= {name: said[name] for name in ("bidirectional", "enabled", "enforced", "override")}
    if said["sourceIPs"]:
        policy["conditions"] = {"sourceIPs": said["sourceIPs"]}
    return {"option": said["option"], "policy": policy}


def as_rest(item: dict[str, Any]) -> dict[str, Any]:
    """The flat body of the REST resource, which has other names for domains, groups, dates and networks.

    Everything is named, also what is empty: a PATCH leaves alone what it does not find.
    """
    policy = item["policy"]
    body = {name: policy[name] for name in ("description", "fromPart")}
    body |= {"option": item["option"], "comment": policy.get("comment", "")}
    for side in ("from", "to"):
        sent = dict(policy[side])
        if "emailDomain" in sent:
            sent["domain"] = sent.pop("emailDomain")
        if "groupId" in sent:
            sent["group"] = {"id": sent.pop("groupId")}
        body[side] = sent
        body[f"{side}Eternal"] = policy[f"{side}Eternal"]
        if f"{side}Date" in policy:
            body[f"{side}DateTime"] = policy[f"{side}Date"]
    body |= {name: policy[name] for name in ("bidirectional", "enabled", "enforced", "override")}
    return body | {"sourceIPs": policy.get("conditions", {}).get("sourceIPs", [])}


def side_of(policy: dict[str, Any], side: str) -> tuple[str, str]:
    """Type and value of `from` or `to`, from the nested object or from the older flat fields."""
    nested = dict_of(policy.get(side))
    kind = text_of(nested.get("type")) or text_of(policy.get(f"{side}Type"))
    value = text_of(nested.get(VALUE_FIELDS.get(kind, ""))) or text_of(policy.get(f"{side}Value"))
    return kind, value
