"""What the API reference says a request may contain, field by field; written down by hand, independent of the sandbox.

A field is `text`, `flag`, `date`, `texts` (a list of texts), a set of allowed texts, an object (a table), or a list of
objects (a table in a list). A name with `!` must be there; a set with None in it lets other values through.
"""

from __future__ import annotations

import re
from typing import Any

Table = dict[str, Any]

_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000\Z")
_SPAN: Table = {"start": "date", "end": "date"}
_BY_ID: Table = {"id!": "text"}
_ROUTES = {"all", "inbound", "outbound", "internal"}


def _search(*names: str) -> Table:
    return {"fieldName!": set(names), "value!": "text"}


_TTP: Table = {"from": "date", "to": "date", "route": _ROUTES, "oldestFirst": "flag"}
_PARTY: Table = {
    "type!": {
        "everyone", "internal_addresses", "external_addresses", "email_domain", "profile_group",
        "individual_email_address", "address_attribute_value", "free_mail_domains", "header_display_name",
    },
    "emailDomain": "text",
    "groupId": "text",
    "emailAddress": "text",
    "attribute": {"id": "text", "name": "text", "value": "text"},
    "headerDisplayName": "text",
}  # fmt: skip
_POLICY: Table = {
    "option!": {"block_sender", "no_action"},
    "policy!": {
        "description!": "text",
        "comment": "text",
        "fromPart": {"envelope_from", "header_from", "both"},
        "from": _PARTY,
        "to": _PARTY,
        "fromEternal": "flag",
        "toEternal": "flag",
        "fromDate": "date",
        "toDate": "date",
        "bidirectional": "flag",
        "enabled": "flag",
        "enforced": "flag",
        "override": "flag",
        "conditions": {"sourceIPs": "texts", "hostnames": "texts", "spfDomains": "texts"},
    },
}
_LOG_QUERY: Table = {**_SPAN, "query": "text"}
_MEMBER: Table = {"id!": "text", "emailAddress": "text", "domain": "text", "notes": "text"}

ITEMS: dict[str, Table] = {
    "/api/account/get-account": {},
    "/api/message-finder/search": {
        "start!": "date",
        "end!": "date",
        "searchReason": "text",
        "messageId": "text",
        "route": "texts",
        "status": "texts",
        "advancedTrackAndTraceOptions": {
            "from": "text", "to": "text", "subject": "text", "senderIP": "text", "url": "text",
        },
    },
    "/api/message-finder/get-message-info": _BY_ID,
    "/api/message-finder/release-held-email-to-sandbox": _BY_ID,
    "/api/message-finder/report-message": {
        "id!": "text", "type!": {"spam", "malware", "phishing"}, "comment": "text",
    },
    "/api/gateway/get-hold-message-list": {
        "admin!": "flag",
        "start!": "date",
        "end": "date",
        "searchBy": _search("all", "subject", "sender", "recipient", "reason_code"),
    },
    "/api/gateway/get-hold-summary-list": {},
    "/api/gateway/hold-release": _BY_ID,
    "/api/gateway/hold-reject": {
        "ids!": "texts",
        "message": "text",
        "notify": "flag",
        "reasonType": {
            "MESSAGE CONTAINS UNDESIRABLE CONTENT", "MESSAGE CONTAINS CONFIDENTIAL INFORMATION",
            "REVIEWER DISAPPROVES OF CONTENT", "INAPPROPRIATE COMMUNICATION", "MESSAGE GOES AGAINST EMAIL POLICIES",
        },
    },
    "/api/gateway/get-held-release-logs": {
        **_SPAN,
        "searchBy": _search("all", "operator", "from", "to", "subject", "info", "heldReason"),
        "filterBy": [_search("route", "status", "attachments")],
    },
    "/api/gateway/find-processing-messages": {
        "sortOrder": {"asc", "desc"},
        **_SPAN,
        "searchBy": {"fieldName!": "text", "value!": "text"},
        "filterBy": [{"attachments": "flag", "route": "text"}],
    },
    "/api/gateway/get-rejections": {"admin!": "flag", **_SPAN},
    "/api/email/get-email-queues": _SPAN,
    "/api/gateway/message/get-message-detail": {
        "id!": "text", "context": {"DELIVERED", "RECEIVED"}, "viewType": "text", "mailbox": "text",
    },
    "/api/gateway/message/get-file": _BY_ID,
    "/api/managedsender/permit-or-block-sender": {"sender!": "text", "to!": "text", "action!": {"permit", "block"}},
    "/api/policy/blockedsenders/create-policy": _POLICY,
    "/api/policy/blockedsenders/get-policy": {"id": "text"},
    "/api/policy/blockedsenders/update-policy": {"id!": "text", **_POLICY},
    "/api/policy/blockedsenders/delete-policy": _BY_ID,
    "/api/archive/search": {"admin!": "flag", "query!": "text"},
    "/api/archive/get-message-detail": {"id!": "text", "admin": "flag", "context": {"RECEIVED", "DELIVERED"}},
    "/api/archive/get-message-part": {
        "id!": "text",
        "type!": {
            "HTML", "PLAIN", "RFC822", "TRANSMISSION_MESSAGE_BODY",
            "html", "plain", "rfc822", "transmission_message_body",
        },
        "context!": {"DELIVERED", "RECEIVED"},
        "mailbox": "text",
    },
    "/api/archive/get-file": _BY_ID,
    "/api/archive/get-archive-search-logs": _LOG_QUERY,
    "/api/archive/get-search-logs": _LOG_QUERY,
    "/api/archive/get-view-logs": _LOG_QUERY,
    "/api/ttp/url/get-logs": {**_TTP, "scanResult": {"clean", "malicious", "all"}},
    "/api/ttp/attachment/get-logs": {**_TTP, "result": {"all", None}},
    "/api/ttp/impersonation/get-logs": {
        **_TTP,
        "taggedMalicious": "flag",
        "searchField": {"senderAddress", "recipientAddress", "subject", "policy", "all"},
        "query": "text",
        "identifiers": "texts",
        "actions": "texts",
    },
    "/api/ttp/url/decode-url": {"url!": "text"},
    "/api/ttp/url/create-managed-url": {
        "url!": "text",
        "action!": {"block", "permit"},
        "matchType": {"explicit", "domain"},
        "comment": "text",
        "disableRewrite": "flag",
        "disableUserAwareness": "flag",
        "disableLogClick": "flag",
    },
    "/api/ttp/url/get-all-managed-urls": {},
    "/api/ttp/url/delete-managed-url": _BY_ID,
    "/api/ttp/remediation/create": {
        "reason!": "text",
        "searchBy!": {"hash", "messageId", "url"},
        "hashOrMessageId": "text",
        "url": "text",
        **_SPAN,
    },
    "/api/ttp/remediation/v2/create": {
        "reason!": "text",
        "searchBy!": {"hash", "message_ids", "url"},
        "hash": "text",
        "messageIds": "texts",
        "url": "text",
        **_SPAN,
    },
    "/api/ttp/remediation/get-incident": _BY_ID,
    "/api/ttp/remediation/find-incidents": {
        **_SPAN,
        "searchBy": [_search("all", "code", "file_hash", "reason")],
        "filterBy": [_search("type")],
    },
    "/api/ttp/remediation/search-hash": {"hashes!": "texts"},
    "/api/directory/find-groups": {"query": "text", "source": {"cloud", "ldap"}},
    "/api/directory/get-group-members": _BY_ID,
    "/api/directory/add-group-member": _MEMBER,
    "/api/directory/remove-group-member": _MEMBER,
    "/api/byo-threat-intelligence/create-batch": {
        "hashList!": [{"hash!": "text", "description": "text"}], "operationType!": {"ALLOW", "BLOCK"},
    },
    "/api/audit/get-audit-events": {
        "startDateTime!": "date", "endDateTime!": "date", "query": "text", "categories": "texts",
    },
}  # fmt: skip
"""Path -> what an item of `data` may contain."""

_REST_PARTY: Table = {
    "type!": _PARTY["type!"], "domain": "text", "emailAddress": "text", "headerDisplayName": "text",
    "group": {"id": "text"}, "attribute": {"id": "text", "value": "text"},
}  # fmt: skip
_REST_POLICY: Table = {
    "description": "text",
    "option": {"block_sender", "no_action"},
    "fromPart": {"envelope_from", "header_from", "both"},
    "from": _REST_PARTY,
    "to": _REST_PARTY,
    "enabled": "flag",
    "enforced": "flag",
    "override": "flag",
    "bidirectional": "flag",
    "fromEternal": "flag",
    "toEternal": "flag",
    "fromDateTime": "date",
    "toDateTime": "date",
    "sourceIPs": "texts or none",
    "comment": "text or empty",  # not in the reference's list of the resource; create-policy has it
}
_POLICIES = "/policy-management/cloud-gateway/v1/blocked-senders/policies"
REST: dict[str, tuple[set[str], Table | None]] = {
    "GET /identity/whoami": (set(), None),
    f"GET {_POLICIES}": ({"pageSize", "pageToken"}, None),
    f"POST {_POLICIES}": (set(), _REST_POLICY),
    f"GET {_POLICIES}/{{policy_id}}": (set(), None),
    f"PATCH {_POLICIES}/{{policy_id}}": (set(), _REST_POLICY),
    f"DELETE {_POLICIES}/{{policy_id}}": (set(), None),
    "GET /threat-reporting/v1/reported-emails": ({"pageSize", "pageToken"}, None),
}
"""Function -> (its query parameters, what its body may contain; None = it has no body)."""


def complaints(item: Any, table: Table, where: str = "item") -> list[str]:
    """Everything in an item that is not as documented."""
    if not isinstance(item, dict):
        return [f"{where} is no object"]
    known = {name.rstrip("!"): wanted for name, wanted in table.items()}
    found = [f"{where}.{name} is unknown" for name in item if name not in known]
    found += [f"{where}.{name[:-1]} is missing" for name in table if name.endswith("!") and name[:-1] not in item]
    for name, value in item.items():
        if name in known:
            found += _value(value, known[name], f"{where}.{name}")
    return found


def _value(value: Any, wanted: Any, where: str) -> list[str]:
    if isinstance(wanted, dict):
        return complaints(value, wanted, where)
    if isinstance(wanted, list):
        if not isinstance(value, list):
            return [f"{where} is no list"]
        return [text for place, one in enumerate(value) for text in complaints(one, wanted[0], f"{where}[{place}]")]
    if isinstance(wanted, set):
        fits = isinstance(value, str) and (value in wanted or None in wanted)
        return [] if fits else [f"{where} is {value!r}, which is not allowed"]
    fits = {
        "text": isinstance(value, str) and bool(value),
        "text or empty": isinstance(value, str),
        "flag": isinstance(value, bool),
        "date": isinstance(value, str) and _DATE.match(value) is not None,
        "texts": isinstance(value, list) and bool(value) and all(isinstance(one, str) and one for one in value),
        "texts or none": isinstance(value, list) and all(isinstance(one, str) and one for one in value),
    }[wanted]
    return [] if fits else [f"{where} is {value!r}, which is no {wanted}"]


def envelope_complaints(body: Any) -> list[str]:
    """What is wrong with the outside of an envelope request."""
    if not isinstance(body, dict) or set(body) - {"meta", "data"}:
        return ["the envelope has the members meta and data"]
    found = [] if isinstance(body.get("data"), list) else ["data is no list"]
    meta = body.get("meta", {"pagination": {}})
    if not isinstance(meta, dict) or set(meta) != {"pagination"}:
        return [*found, "meta has the member pagination"]
    page = meta["pagination"]
    found += [f"pagination.{name} is unknown" for name in page if name not in {"pageSize", "pageToken"}]
    size = page.get("pageSize", 1)
    if not isinstance(size, int) or isinstance(size, bool) or not 1 <= size <= 500:
        found.append(f"pageSize is {size!r}")
    if not isinstance(page.get("pageToken", ""), str):
        found.append("pageToken is no text")
    return found
