"""How a fault looks on the wire."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from sandbox.envelope import Item, Outcome, answer, dumps, error, failure, refuse, stamp
from sandbox.faults import Fault
from sandbox.ids import page_token
from sandbox.wire import Reply

if TYPE_CHECKING:
    from sandbox.tenant import Tenant

_CODES = {
    401: ("err_xdk_invalid_signature", "0004 Invalid Signature"),
    403: ("err_xdk_insufficient_permission", "0018 Insufficient permission"),
    418: ("err_xdk_binding_expired", "Access key binding has expired"),
    429: ("err_rate_limited", "too many calls"),
}
_ANY_BODY = ("cut_body", "bad_json", "bom")
HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"


def instead(fault: Fault, tenant: Tenant, items: list[Item], generation: str) -> Reply:
    """The answer of a fault that takes the function's place."""
    options = fault.options
    match fault.kind:
        case "status":
            return _status(options, generation)
        case "fail_without_applying":
            return _how(fault)
        case "rate_limited":
            return _rate_limited(options)
        case "reset":
            return Reply(reset=True)
        case "html":
            return Reply(status=options.get("status", 200), body=HTML, content_type="text/html; charset=utf-8")
        case "empty_body":
            return Reply(status=options.get("status", 200))
        case "huge_body":
            block = b" " * (1 << 20)
            return Reply(body=block, repeat=options.get("megabytes", 300))
        case "deep_json":
            depth = options.get("depth", 100_000)
            return Reply(body=b'{"data":' + b"[" * depth + b"]" * depth + b"}")
        case "token_expired":
            tenant.expire_tokens()
            return refuse(401, "token_expired", "access token has expired", flat=True).reply
        case "flat_fail":
            code, words = options.get("code", "app_error"), options.get("message", "flat failure")
            reply = Reply(status=options.get("status", 200), body=dumps({"fail": [{"code": code, "message": words}]}))
            reply.content_type = options.get("content_type", reply.content_type)
            return reply
        case "page_token_expired":
            return refuse(options.get("status", 400), "err_page_token_expired", "the page token has expired").reply
        case "release_false":
            ids = [text for item in items for text in (item.get("ids") or [item.get("id")])]
            name = "reject" if any("ids" in item for item in items) else "release"
            return answer(Outcome(data=[{"id": text, name: False} for text in ids]))
        case "fail_in_200":
            return all_failed(fault, items or [{}])
    return answer(Outcome())  # empty_data


def _status(options: dict[str, Any], generation: str) -> Reply:
    status = options.get("status", 503)
    code, words = _CODES.get(status, ("err_internal", "something went wrong on the other side"))
    if status == 401 and generation == "2.0":
        code, words = "token_verification_failed", "token verification failed"
    flat = generation == "2.0" and status in (401, 403)
    reply = refuse(status, options.get("code", code), options.get("message", words), flat=flat).reply
    reply.headers.update(options.get("headers", {}))
    if options.get("body") is not None:
        reply.body = options["body"]
    return reply


def _rate_limited(options: dict[str, Any]) -> Reply:
    reply = refuse(429, "err_rate_limited", "too many calls").reply
    headers = options.get("headers", True)
    if isinstance(headers, dict):
        reply.headers.update({name: str(value) for name, value in headers.items()})
    elif headers:
        reply.headers.update(
            {
                "X-RateLimit-Limit": "10",
                "X-RateLimit-Remaining": "0",
                "X-RateLimit-Reset": str(options.get("reset_ms", 50)),
            }
        )
    return reply


def fail_after(fault: Fault, reply: Reply) -> Reply:
    """The function has run; the caller does not learn it."""
    if fault.options.get("how") == "slow":
        time.sleep(fault.options.get("seconds", 5.0))
        return reply
    return _how(fault)


def _how(fault: Fault) -> Reply:
    options = fault.options
    if options.get("how", "status") == "reset":
        return Reply(reset=True)
    if options.get("how") == "slow":
        time.sleep(options.get("seconds", 5.0))
    return _status({"status": options.get("status", 503)}, "")


def split(fault: Fault, items: list[Item]) -> tuple[list[Item], list[Item]]:
    """(items that work, items that fail). An item with `ids` loses one id instead of all."""
    if len(items) == 1 and len(items[0].get("ids") or []) > 1:
        ids = list(items[0]["ids"])
        lost = ids.pop(fault.options.get("n", -1))
        return [{**items[0], "ids": ids}], [{"id": lost}]
    kept = list(items)
    lost_item = kept.pop(fault.options.get("n", -1))
    return kept, [lost_item]


def all_failed(fault: Fault, items: list[Item]) -> Reply:
    """HTTP 200, `data` empty, every item in `fail`."""
    return answer(Outcome(fail=[_failure(fault, item) for item in items]))


def with_failures(reply: Reply, fault: Fault, items: list[Item]) -> Reply:
    """Add failures to an answer."""
    if not reply.body.startswith(b"{"):
        return reply
    body = json.loads(reply.body)
    body["fail"] = [*body.get("fail", []), *(_failure(fault, item) for item in items)]
    reply.body = dumps(body)
    return reply


def _failure(fault: Fault, item: Item) -> Item:
    code = fault.options.get("code", "err_internal")
    words = fault.options.get("message", "the item could not be processed")
    return failure(item, error(code, words, retryable=bool(fault.options.get("retryable", False))))


def distort(fault: Fault, reply: Reply, page: Item) -> Reply:
    """Damage the answer of a function that has run."""
    options = fault.options
    if fault.kind not in _ANY_BODY and not reply.body.startswith(b"{"):
        return reply  # bytes of a mail or a file: there is no JSON to damage
    match fault.kind:
        case "cut_body":
            reply.cut_after = options.get("keep", max(1, len(reply.body) // 2))
        case "bad_json":
            reply.body = reply.body[: len(reply.body) * 2 // 3]
        case "bom":
            reply.body = b"\xef\xbb\xbf" + reply.body
        case "wrong_charset":
            text = json.dumps(json.loads(reply.body), ensure_ascii=False)
            reply.body = text.encode("latin-1", "replace").replace(b'"status"', b'"stat\xfc\xfe":"\xe4","status"', 1)
        case "duplicate_keys":
            reply.body = reply.body.replace(b"{", b'{"meta":{"status":200},"data":[],', 1)
        case "nan":
            body = json.loads(reply.body)
            _rows(body, lambda row: row.update({"spamScore": float("nan"), "size": float("inf")}))
            reply.body = json.dumps(body).encode()
        case "page_loop":
            body = json.loads(reply.body)
            block = body.setdefault("meta", {}).setdefault("pagination", {})
            size = max(1, block.get("pageSize", 25))
            used = page.get("pageToken") or page_token(size, size)
            after = page_token(size, size) if options.get("to") == "first" else used
            if "@nextPage" in body:
                body |= {"@nextPage": after, "isCaughtUp": False}
            else:
                block["next" if "data" in body and "status" in body["meta"] else "nextPage"] = after
            reply.body = dumps(body)
        case "drift":
            body = json.loads(reply.body)
            _rows(body, lambda row: _drift(row, options.get("how", "all"), options.get("field")))
            reply.body = dumps(body)
    return reply


_NESTED = (
    "trackedEmails",
    "heldReleaseLogs",
    "items",
    "logs",
    "clickLogs",
    "attachmentLogs",
    "impersonationLogs",
    "folders",
    "groupMembers",
    "incidents",
    "messages",
)


def _rows(body: Item, change: Any) -> None:
    """Apply a change to every row of an answer, nested lists of rows included."""
    for row in next((body[name] for name in ("data", "definitions", "policies", "value") if name in body), []):
        if not isinstance(row, dict):
            continue
        nested = next((row[name] for name in _NESTED if row.get(name)), None)
        for inner in nested if isinstance(nested, list) else [row]:
            change(inner)


def _drift(row: Item, how: str, name: str | None) -> None:
    """What a vendor changes one night without telling."""
    if how in ("unknown_status", "all"):
        if "status" in row:
            row["status"] = "quarantined_v2"
        if "reasonCode" in row:
            row["reasonCode"] = "message_hold_applied_quantum_policy"
        verdict = row.get("spamInfo", {}).get("spamProcessingDetail", {}).get("verdict")
        if verdict:
            verdict["risk"] = "critical"
    if how in ("missing_field", "all"):
        row.pop(name or "policyInfo", None)
        row.pop("detectionLevel", None)
    if how in ("new_type", "all"):
        for field_name in (name,) if name else ("size", "spamScore", "hasAttachments"):
            if field_name in row:
                row[field_name] = {"value": row[field_name], "unit": "new"}
    if how in ("extra_field", "all"):
        row["brandNew"] = {"nested": [1, "two", None], "at": stamp(0)}
